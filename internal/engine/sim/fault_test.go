package sim_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

// once is a fault that happens one time.
var once = sim.Fault{Count: 1}

// withFault runs a test in a bubble on an engine with one fault.
func withFault(t *testing.T, name string, f sim.Fault, test func(t *testing.T, e *sim.Engine)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := open(t, sim.Config{})
			if err := e.Inject(name, f); err != nil {
				t.Fatal(err)
			}
			test(t, e)
		})
	})
}

// giveUp makes a call with a minute's patience that must run out.
func giveUp(t *testing.T, call func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	if d := took(func() { err = call(ctx) }); d != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call ended after %v with %v; want it to hang", d, err)
	}
}

func TestFaultsOfLaunch(t *testing.T) {
	again := func(t *testing.T, e *sim.Engine) {
		t.Helper()
		if s := state(t, e, launch(t, e, 1)); s != engine.Running {
			t.Errorf("after a second launch the machine is %s", s)
		}
	}
	withFault(t, sim.LaunchFails, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Launch(t.Context(), spec(1)); err == nil {
			t.Error("the launch succeeded")
		}
		if _, err := e.Find(t.Context(), spec(1).ID); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("finding: %v", err)
		}
		again(t, e)
	})
	withFault(t, sim.LaunchBreaks, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Launch(t.Context(), spec(1)); err == nil {
			t.Error("the launch succeeded")
		}
		if s := state(t, e, spec(1).ID); s != engine.Stopped {
			t.Errorf("half-made, the machine is %s", s)
		}
		again(t, e)
	})
	withFault(t, sim.LaunchHangs, once, func(t *testing.T, e *sim.Engine) {
		giveUp(t, func(ctx context.Context) error { _, err := e.Launch(ctx, spec(1)); return err })
		again(t, e)
	})
	withFault(t, sim.NoCapacity, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Launch(t.Context(), spec(1)); !errors.Is(err, engine.ErrNoCapacity) {
			t.Errorf("launching: %v", err)
		}
		again(t, e)
	})
	withFault(t, sim.ReplyLost, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Launch(t.Context(), spec(1)); err == nil {
			t.Error("the launch succeeded")
		}
		if s := state(t, e, spec(1).ID); s != engine.Running {
			t.Errorf("the machine is %s", s)
		}
		again(t, e)
	})
	withFault(t, sim.Unavailable, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Launch(t.Context(), spec(1)); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("launching: %v", err)
		}
		again(t, e)
	})
}

func TestFaultsOfAMachineLater(t *testing.T) {
	minute := sim.Fault{Count: 1, After: time.Minute}
	withFault(t, sim.Vanishes, minute, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		pass(59 * time.Second)
		if s := state(t, e, id); s != engine.Running {
			t.Errorf("before its time the machine is %s", s)
		}
		pass(time.Second)
		if _, err := e.Find(t.Context(), id); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("finding: %v", err)
		}
	})
	withFault(t, sim.Vanishes, minute, func(t *testing.T, e *sim.Engine) {
		if err := e.Delete(t.Context(), launch(t, e, 1)); err != nil {
			t.Fatal(err)
		}
		id := launch(t, e, 1) // another one, which is spared
		pass(time.Hour)
		if s := state(t, e, id); s != engine.Running {
			t.Errorf("the machine is %s", s)
		}
	})
	withFault(t, sim.Vanishes, once, func(t *testing.T, e *sim.Engine) {
		if _, err := e.Find(t.Context(), launch(t, e, 1)); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("finding: %v", err)
		}
	})
	withFault(t, sim.Breaks, minute, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		pass(time.Minute)
		if s := state(t, e, id); s != engine.Broken {
			t.Errorf("the machine is %s", s)
		}
		if err := e.Hibernate(t.Context(), id); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("hibernating: %v", err)
		}
		if s := state(t, e, launch(t, e, 1)); s != engine.Running {
			t.Errorf("after another launch the machine is %s", s)
		}
	})
}

func TestFaultsOfPower(t *testing.T) {
	withFault(t, sim.StartFails, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		if err := errors.Join(e.Stop(t.Context(), id, true)); err != nil {
			t.Fatal(err)
		}
		if err := e.Start(t.Context(), id); err == nil || state(t, e, id) != engine.Stopped {
			t.Errorf("starting: %v; the machine is %s", err, state(t, e, id))
		}
		if err := e.Start(t.Context(), id); err != nil {
			t.Errorf("starting again: %v", err)
		}
	})
	withFault(t, sim.StartHangs, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		if err := e.Stop(t.Context(), id, true); err != nil {
			t.Fatal(err)
		}
		giveUp(t, func(ctx context.Context) error { return e.Start(ctx, id) })
		if err := e.Start(t.Context(), id); err != nil {
			t.Errorf("starting again: %v", err)
		}
	})
	withFault(t, sim.StopHangs, sim.Fault{Probability: 1}, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		giveUp(t, func(ctx context.Context) error { return e.Stop(ctx, id, false) })
		giveUp(t, func(ctx context.Context) error { return enginetest.Restart(ctx, e, id, false) })
		if s := state(t, e, id); s != engine.Running {
			t.Errorf("the machine is %s", s)
		}
		if err := e.Stop(t.Context(), id, true); err != nil {
			t.Errorf("forcing: %v", err)
		}
	})
	withFault(t, sim.DeleteFails, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		if err := e.Delete(t.Context(), id); err == nil || state(t, e, id) != engine.Running {
			t.Errorf("deleting: %v; the machine is %s", err, state(t, e, id))
		}
		if err := e.Delete(t.Context(), id); err != nil {
			t.Errorf("deleting again: %v", err)
		}
	})
}

func TestFaultsOfTheGuest(t *testing.T) {
	withFault(t, sim.GuestFails, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		if err := e.Await(t.Context(), id, "alice"); err == nil {
			t.Error("alice's display is ready")
		}
		st, err := e.Status(t.Context(), id)
		if err != nil || st.Applied || st.Error == "" {
			t.Errorf("status: %+v, %v", st, err)
		}
		if _, err := e.Configure(t.Context(), id, spec(1).Guest); err != nil {
			t.Errorf("configuring: %v", err)
		}
		if err := e.Await(t.Context(), id, "alice"); err != nil {
			t.Errorf("waiting: %v", err)
		}
	})
	withFault(t, sim.GuestSilent, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		giveUp(t, func(ctx context.Context) error { return e.Await(ctx, id, "") })
		giveUp(t, func(ctx context.Context) error { _, err := e.Status(ctx, id); return err })
		giveUp(t, func(ctx context.Context) error { _, err := e.Configure(ctx, id, spec(1).Guest); return err })
		giveUp(t, func(ctx context.Context) error { return e.Notify(ctx, id, guest.Message{}) })
		if _, err := e.Display(t.Context(), id, "alice"); err == nil {
			t.Error("a silent guest has a display")
		}
		if err := errors.Join(enginetest.Restart(t.Context(), e, id, true), e.Await(t.Context(), id, "alice")); err != nil {
			t.Errorf("after a restart: %v", err)
		}
	})
}

func TestFaultsOfTheDisplay(t *testing.T) {
	withFault(t, sim.DisplayRefused, once, func(t *testing.T, e *sim.Engine) {
		id := launch(t, e, 1)
		if _, err := e.Display(t.Context(), id, "alice"); err == nil {
			t.Error("the display was opened")
		}
		view(t, e, id)
	})
	withFault(t, sim.DisplayDrops, sim.Fault{Count: 1, After: time.Minute}, func(t *testing.T, e *sim.Engine) {
		v := view(t, e, launch(t, e, 1))
		if d := took(func() {
			for {
				if _, err := v.Next(); err != nil {
					return
				}
			}
		}); d != time.Minute {
			t.Errorf("the display dropped after %v", d)
		}
	})
}

func TestAProbabilityIsAboutKept(t *testing.T) {
	e := open(t, sim.Config{Seed: 7, Faults: map[string]sim.Fault{sim.LaunchFails: {Probability: 0.25}}})
	failed := 0
	for i := range 2000 {
		if _, err := e.Launch(t.Context(), spec(i)); err != nil {
			failed++
		}
	}
	if failed < 400 || failed > 600 {
		t.Errorf("%d of 2000 launches failed; want about 500", failed)
	}
}
