package sim_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/sim"
)

// rebuilds rebuilds a machine and looks whether it runs from a new disk.
func rebuilds(t *testing.T, e *sim.Engine, mark string) {
	t.Helper()
	m, err := e.Rebuild(t.Context(), spec(1), mark)
	if err != nil || m.State != engine.Running || m.Mark != mark {
		t.Errorf("rebuilding: %v; the machine is %+v", err, m)
	}
	if _, found := e.ReadFile(spec(1).ID, "/old"); found {
		t.Error("a file of the old system disk is still there")
	}
}

// marked launches a machine with a file on its system disk.
func marked(t *testing.T, e *sim.Engine) string {
	t.Helper()
	id := launch(t, e, 1)
	if err := e.WriteFile(t.Context(), id, "/old", "old"); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFaultsOfRebuild(t *testing.T) {
	withFault(t, sim.RebuildFails, once, func(t *testing.T, e *sim.Engine) {
		id := marked(t, e)
		_, err := e.Rebuild(t.Context(), spec(1), "wish")
		if _, found := e.ReadFile(id, "/old"); err == nil || !found || state(t, e, id) != engine.Running {
			t.Errorf("rebuilding: %v; the machine is %s, the old file there: %v", err, state(t, e, id), found)
		}
		rebuilds(t, e, "wish")
	})
	withFault(t, sim.RebuildBreaks, once, func(t *testing.T, e *sim.Engine) {
		id := marked(t, e)
		if _, err := e.Rebuild(t.Context(), spec(1), "wish"); err == nil || state(t, e, id) != engine.Stopped {
			t.Errorf("rebuilding: %v; the machine is %s", err, state(t, e, id))
		}
		if err := e.Start(t.Context(), id); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("starting: %v", err)
		}
		rebuilds(t, e, "wish")
	})
	withFault(t, sim.RebuildHangs, once, func(t *testing.T, e *sim.Engine) {
		marked(t, e)
		giveUp(t, func(ctx context.Context) error { _, err := e.Rebuild(ctx, spec(1), "wish"); return err })
		rebuilds(t, e, "wish")
	})
	withFault(t, sim.StartFails, sim.Fault{}, func(t *testing.T, e *sim.Engine) {
		marked(t, e)
		rebuilds(t, e, "wish")
		if err := errors.Join(e.Stop(t.Context(), spec(1).ID, true), e.Inject(sim.StartFails, once)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Rebuild(t.Context(), spec(1), "wish"); err == nil {
			t.Error("a machine that cannot start was rebuilt")
		}
		rebuilds(t, e, "wish")
	})
	withFault(t, sim.ReplyLost, sim.Fault{}, func(t *testing.T, e *sim.Engine) {
		id := marked(t, e)
		if err := e.Inject(sim.ReplyLost, once); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Rebuild(t.Context(), spec(1), "wish"); err == nil {
			t.Error("the reply arrived")
		}
		if err := e.WriteFile(t.Context(), id, "/new", "new"); err != nil {
			t.Fatal(err)
		}
		rebuilds(t, e, "wish")
		if _, found := e.ReadFile(id, "/new"); !found {
			t.Error("the machine was rebuilt a second time")
		}
	})
}

func TestFaultsOfReshape(t *testing.T) {
	bigger := spec(1)
	bigger.CPUs++
	withFault(t, sim.ReshapeFails, once, func(t *testing.T, e *sim.Engine) {
		launch(t, e, 1)
		if _, err := e.Reshape(t.Context(), bigger); err == nil {
			t.Error("reshaping succeeded")
		}
		if m, err := e.Reshape(t.Context(), bigger); err != nil || m.CPUs != bigger.CPUs {
			t.Errorf("reshaping again: %v; the machine is %+v", err, m)
		}
	})
}

func TestAVirtualMachineIsReshapedOnlyWhenItIsOff(t *testing.T) {
	e := open(t, sim.Config{VMs: true, Images: []sim.Image{{ID: "machine", Alias: "machine", VM: true}}})
	s := spec(1)
	s.Image = "machine"
	if _, err := e.Launch(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Reshape(t.Context(), s); err != nil {
		t.Errorf("reshaping to what it is: %v", err)
	}
	s.MemoryMiB *= 2
	if _, err := e.Reshape(t.Context(), s); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("reshaping while it runs: %v", err)
	}
	if err := e.Stop(t.Context(), s.ID, true); err != nil {
		t.Fatal(err)
	}
	if m, err := e.Reshape(t.Context(), s); err != nil || m.MemoryMiB != s.MemoryMiB {
		t.Errorf("reshaping when it is off: %v; the machine is %+v", err, m)
	}
}

func TestAProcessThatEndsInARebuildLeavesItToTheNextOne(t *testing.T) {
	config := sim.Config{File: filepath.Join(t.TempDir(), "machines.jsonl"), Latency: sim.Latency{Rebuild: time.Hour}}
	synctest.Test(t, func(t *testing.T) {
		first, err := sim.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := first.EnsureNetwork(t.Context(), network); err != nil {
			t.Fatal(err)
		}
		id := marked(t, first)
		ended := make(chan error)
		go func() {
			_, err := first.Rebuild(t.Context(), spec(1), "wish")
			ended <- err
		}()
		synctest.Wait()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the rebuild outlived its process")
		}
		second, err := sim.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if err := second.Start(t.Context(), id); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("starting: %v", err)
		}
		rebuilds(t, second, "wish")
	})
}

// TestAChangeThatIsGivenUpSharesNothingWithItsCaller is one for the race detector.
func TestAChangeThatIsGivenUpSharesNothingWithItsCaller(t *testing.T) {
	e := open(t, sim.Config{})
	launch(t, e, 1)
	for i := range 200 {
		for _, change := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := e.Rebuild(ctx, spec(1), strconv.Itoa(i)); return err },
			func(ctx context.Context) error {
				s := spec(1)
				s.CPUs += i % 2
				_, err := e.Reshape(ctx, s)
				return err
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if err := change(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancel()
		}
	}
}
