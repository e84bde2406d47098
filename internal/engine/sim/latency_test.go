package sim_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

var slow = sim.Latency{
	Read: time.Second, Launch: 10 * time.Second, Start: 20 * time.Second, Stop: 30 * time.Second,
	Hibernate: 40 * time.Second, Delete: 50 * time.Second, Boot: time.Minute, Session: 2 * time.Minute,
	Configure: 3 * time.Minute, Display: 5 * time.Second,
}

func TestEveryOperationTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{Latency: slow})
		ctx, id := t.Context(), spec(1).ID
		steps := []struct {
			name string
			want time.Duration
			call func() error
		}{
			{"launch", slow.Launch, func() error { _, err := e.Launch(ctx, spec(1)); return err }},
			{"launch again", 0, func() error { _, err := e.Launch(ctx, spec(1)); return err }},
			{"find", slow.Read, func() error { _, err := e.Find(ctx, id); return err }},
			{"boot", slow.Boot - slow.Read, func() error { return e.Await(ctx, id, "") }},
			{"session", slow.Session, func() error { return e.Await(ctx, id, "alice") }},
			{"display", slow.Display, func() error {
				d, err := e.Display(ctx, id, "alice")
				if err == nil {
					err = d.Close()
				}
				return err
			}},
			{"configure", slow.Read + slow.Configure, func() error {
				_, err := e.Configure(ctx, id, guest.Desktop{Hostname: "new"})
				return err
			}},
			{"hibernate", slow.Hibernate, func() error { return e.Hibernate(ctx, id) }},
			{"resume", slow.Hibernate, func() error { return e.Start(ctx, id) }},
			{"start of a running machine", 0, func() error { return e.Start(ctx, id) }},
			{"stop", slow.Stop, func() error { return e.Stop(ctx, id, false) }},
			{"start", slow.Start, func() error { return e.Start(ctx, id) }},
			{"forced stop", 0, func() error { return e.Stop(ctx, id, true) }},
			{"delete", slow.Delete, func() error { return e.Delete(ctx, id) }},
			{"delete again", 0, func() error { return e.Delete(ctx, id) }},
		}
		for _, s := range steps {
			got := took(func() {
				if err := s.call(); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			})
			if got != s.want {
				t.Errorf("%s took %v; want %v", s.name, got, s.want)
			}
		}
	})
}

func TestTheSeedDecidesTheJitter(t *testing.T) {
	times := func(seed uint64, order []int) map[int]time.Duration {
		got := map[int]time.Duration{}
		synctest.Test(t, func(t *testing.T) {
			e := open(t, sim.Config{Seed: seed, Latency: sim.Latency{Launch: time.Minute, Jitter: 0.5}})
			for _, i := range order {
				got[i] = took(func() { launch(t, e, i) })
			}
		})
		return got
	}
	one, same, other := times(1, []int{1, 2, 3}), times(1, []int{3, 1, 2}), times(2, []int{1, 2, 3})
	for i, d := range one {
		if d < 30*time.Second || d > 90*time.Second {
			t.Errorf("machine %d took %v; want a minute, give or take a half", i, d)
		}
		if same[i] != d {
			t.Errorf("machine %d took %v, and %v in another order", i, d, same[i])
		}
		if other[i] == d {
			t.Errorf("machine %d took %v with both seeds", i, d)
		}
	}
	if one[1] == one[2] {
		t.Errorf("two machines took the same time: %v", one)
	}
}

func TestAChangeGoesOnWhenItsCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{Latency: slow})
		ctx, cancel := context.WithTimeout(t.Context(), slow.Launch/2)
		defer cancel()
		if _, err := e.Launch(ctx, spec(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("launching: %v", err)
		}
		if s := state(t, e, spec(1).ID); s != engine.Stopped {
			t.Errorf("in the middle of its launch the machine is %s", s)
		}
		pass(slow.Launch)
		if s := state(t, e, spec(1).ID); s != engine.Running {
			t.Errorf("in the end the machine is %s", s)
		}
	})
}

func TestAMachineIsDeletedAfterTheLaunchThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{Latency: slow})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := e.Launch(ctx, spec(1)); err == nil {
			t.Fatal("the launch took less than a second")
		}
		if err := e.Delete(t.Context(), spec(1).ID); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		if m, err := e.Find(t.Context(), spec(1).ID); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("found %+v, %v", m, err)
		}
	})
}

func TestMachinesDoNotWaitForOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{Latency: slow})
		done := make(chan error)
		got := took(func() {
			for i := range 100 {
				go func() {
					_, err := e.Launch(t.Context(), spec(i))
					done <- err
				}()
			}
			for range 100 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		})
		if got != slow.Launch {
			t.Errorf("100 launches took %v; want %v", got, slow.Launch)
		}
	})
}

func TestCloseEndsEverythingThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{Latency: slow, Faults: map[string]sim.Fault{sim.Vanishes: {Probability: 1, After: time.Hour}}})
		ctx := context.Background()
		id := launch(t, e, 1)
		if err := e.Await(ctx, id, "alice"); err != nil {
			t.Fatal(err)
		}
		v := view(t, e, id)
		errs := make(chan error)
		go func() { _, err := e.Launch(ctx, spec(2)); errs <- err }()
		go func() { errs <- e.Await(ctx, id, "nobody") }()
		go func() { errs <- e.Stop(ctx, id, false) }()
		go func() {
			var err error
			for err == nil {
				_, err = v.Next()
			}
			errs <- err
		}()
		synctest.Wait()
		if d := took(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}); d != 0 {
			t.Errorf("closing took %v", d)
		}
		for range 4 {
			if err := <-errs; err == nil {
				t.Error("a call that Close has ended succeeded")
			}
		}
		if _, err := e.List(ctx); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("listing after Close: %v", err)
		}
	})
}
