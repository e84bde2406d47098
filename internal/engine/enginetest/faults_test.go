package enginetest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var spec = engine.Spec{
	ID: "7c1f8a52-desk", Name: "desk", Image: sim.DefaultImages()[0].ID, CPUs: 1, MemoryMiB: 512, Processes: 1000,
	Root: engine.Disk{Class: "SSD", GiB: 80}, Network: "test0", Address: "10.87.0.2",
	Guest: guest.Desktop{Hostname: "desk", Accounts: []guest.Account{{Name: "alice", Group: guest.GroupUser}}},
}

// simulation is one with a network and no machine.
func simulation(t *testing.T) engine.Engine {
	e, err := sim.Open(sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.EnsureNetwork(t.Context(), engine.Network{ID: "test0", CIDR: "10.87.0.0/16", Gateway: "10.87.0.1"}); err != nil {
		t.Fatal(err)
	}
	return e
}

func exists(t *testing.T, e engine.Engine) bool {
	t.Helper()
	_, err := e.Find(t.Context(), spec.ID)
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func launch(t *testing.T, e engine.Engine) error {
	_, err := e.Launch(t.Context(), spec)
	return err
}

func TestFailLaunchOnceMakesNothingTheFirstTime(t *testing.T) {
	e := simulation(t)
	f := enginetest.FailLaunchOnce(e)
	if err := launch(t, f); !errors.Is(err, enginetest.ErrFault) || exists(t, e) {
		t.Errorf("first: %v; exists: %v", err, exists(t, e))
	}
	if err := launch(t, f); err != nil || !exists(t, e) {
		t.Errorf("second: %v; exists: %v", err, exists(t, e))
	}
}

func TestHangStartEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := simulation(t)
		if err := errors.Join(launch(t, e), e.Stop(t.Context(), spec.ID, true)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		err := enginetest.HangStart(e).Start(ctx, spec.ID)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Hour {
			t.Errorf("it ended after %v with %v", time.Since(begin), err)
		}
		if m, err := e.Find(t.Context(), spec.ID); err != nil || m.State != engine.Stopped {
			t.Errorf("found %+v, %v", m, err)
		}
	})
}

func TestVanishAfterLaunchReportsSuccessAndLeavesNothing(t *testing.T) {
	e := simulation(t)
	f := enginetest.VanishAfterLaunch(e)
	if err := launch(t, f); err != nil || exists(t, e) {
		t.Errorf("first: %v; exists: %v", err, exists(t, e))
	}
	if err := launch(t, f); err != nil || !exists(t, e) {
		t.Errorf("second: %v; exists: %v", err, exists(t, e))
	}
}

func TestALostReplyIsAFailureWithTheWorkDone(t *testing.T) {
	e := simulation(t)
	if err := launch(t, enginetest.LoseReplyOnLaunch(e)); !errors.Is(err, enginetest.ErrFault) || !exists(t, e) {
		t.Errorf("launch: %v; exists: %v", err, exists(t, e))
	}
	if _, err := enginetest.LoseReplyOnRebuild(e).Rebuild(t.Context(), spec, "wish"); !errors.Is(err, enginetest.ErrFault) {
		t.Errorf("rebuild: %v", err)
	}
	if m, err := e.Find(t.Context(), spec.ID); err != nil || m.Mark != "wish" {
		t.Errorf("after the rebuild: %+v, %v", m, err)
	}
	f := enginetest.LoseReplyOnDelete(e)
	if err := f.Delete(t.Context(), spec.ID); !errors.Is(err, enginetest.ErrFault) || exists(t, e) {
		t.Errorf("delete: %v; exists: %v", err, exists(t, e))
	}
	if err := f.Delete(t.Context(), spec.ID); err != nil {
		t.Errorf("delete again: %v", err)
	}
}

// calls makes every call of an engine but Close and returns how each ended.
func calls(t *testing.T, e engine.Engine) []error {
	ctx, id := t.Context(), spec.ID
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	_, err := e.Describe(ctx)
	add(err)
	add(e.EnsureNetwork(ctx, engine.Network{ID: "other", CIDR: "10.88.0.0/16", Gateway: "10.88.0.1"}))
	_, err = e.Images(ctx)
	add(err)
	add(launch(t, e))
	_, err = e.Find(ctx, id)
	add(err)
	_, err = e.List(ctx)
	add(err)
	_, err = e.Configure(ctx, id, spec.Guest)
	add(err)
	add(e.Await(ctx, id, "alice"))
	_, err = e.Status(ctx, id)
	add(err)
	add(e.Notify(ctx, id, guest.Message{Title: "Hello", Text: "Hello"}))
	stream, err := e.Display(ctx, id, "alice")
	if err == nil {
		stream.Close()
	}
	add(err)
	_, err = e.Rebuild(ctx, spec, "wish")
	add(err)
	_, err = e.Reshape(ctx, spec)
	add(err)
	add(e.Hibernate(ctx, id))
	add(e.Start(ctx, id))
	add(e.Stop(ctx, id, true))
	add(e.Delete(ctx, id))
	return errs
}

func TestUnavailableReachesEveryCallAndEnds(t *testing.T) {
	e := simulation(t)
	f := enginetest.Unavailable(e)
	for i, err := range calls(t, f) {
		if !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	f.End()
	if err := errors.Join(calls(t, f)...); err != nil {
		t.Error(err)
	}
	f.Begin()
	if err := launch(t, f); !errors.Is(err, engine.ErrUnavailable) || exists(t, e) {
		t.Errorf("launch: %v; exists: %v", err, exists(t, e))
	}
}

func TestAStoppedProcessMakesNoCallAfterTheOneItDiedAt(t *testing.T) {
	total := len(calls(t, simulation(t)))
	kinds := map[string]struct {
		stop func(engine.Engine, int) *enginetest.Stopper
		done int // calls that did their work, beyond those before the n-th
	}{
		"before": {enginetest.StopAtCall, 0},
		"after":  {enginetest.StopAfterCall, 1},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= total+1; n++ {
				var made []string
				e := enginetest.Around(simulation(t), func(c enginetest.Call, do func() error) error {
					made = append(made, c.Method)
					return do()
				})
				f := kind.stop(e, n)
				for i, err := range calls(t, f) {
					if dead := i+1 >= n; dead != errors.Is(err, enginetest.ErrStopped) {
						t.Errorf("dying at %d, call %d ended with %v", n, i+1, err)
					}
				}
				if want := min(n-1+kind.done, total); len(made) != want {
					t.Errorf("dying at %d, these were made: %q; want %d", n, made, want)
				}
				if died := closed(f.Done()); died != (n <= total) || f.Calls() != total {
					t.Errorf("dying at %d: died %v, %d calls", n, died, f.Calls())
				}
			}
		})
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAroundSeesEveryCallWithItsMachine(t *testing.T) {
	var seen []enginetest.Call
	e := enginetest.Around(simulation(t), func(c enginetest.Call, do func() error) error {
		seen = append(seen, c)
		return do()
	})
	if err := errors.Join(calls(t, e)...); err != nil {
		t.Error(err)
	}
	for _, want := range []enginetest.Call{{"Describe", ""}, {"Launch", spec.ID}, {"Display", spec.ID}, {"Delete", spec.ID}} {
		if !slices.Contains(seen, want) {
			t.Errorf("%+v was not seen among %+v", want, seen)
		}
	}
	if len(seen) != 17 {
		t.Errorf("%d calls were seen", len(seen))
	}
}
