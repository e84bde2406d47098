package job_test

import (
	"log/slog"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestObserverWritesWhatHappenedBehindOurBack(t *testing.T) {
	cases := map[string]struct {
		happens func(w *world, id string)
		status  desktop.DesktopStatus
	}{
		"a person shuts their desktop down from inside": {
			func(w *world, id string) { w.must(w.sim.Stop(w.t.Context(), id, true)) }, desktop.StatusShutoff,
		},
		"an administrator hibernates it in the engine": {
			func(w *world, id string) { w.must(w.sim.Hibernate(w.t.Context(), id)) }, desktop.StatusHibernated,
		},
		"an administrator deletes it in the engine": {
			func(w *world, id string) { w.must(w.sim.Delete(w.t.Context(), id)) }, desktop.StatusError,
		},
		"nothing happens": {func(*world, string) {}, desktop.StatusActive},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sim.Config{}, func(w *world) {
				p := w.start("a", w.store, w.sim)
				w.finished(w.create(1))
				p.kill()
				c.happens(w, w.ids()[0])
				o := &job.Observer{Store: w.store, Engine: w.sim, Log: slog.New(slog.DiscardHandler)}
				w.must(o.Observe(w.t.Context()))
				if d := w.desktops()[0]; d.Status != c.status || (d.Status == desktop.StatusError) != (d.Fault != "") {
					t.Errorf("desktop is %s with fault %q, want %s", d.Status, d.Fault, c.status)
				}
			})
		})
	}
}

func TestDesktopsFromBeforeThereWereLimitsOfProcessesGetThem(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(2))
		p.kill()
		ids := w.ids()
		limit := catalog.Product{CPUs: 2, MemoryMiB: 4096}.ProcessLimit()
		want := func(when string, n int) {
			w.t.Helper()
			for _, id := range ids {
				m, err := w.sim.Find(w.t.Context(), id)
				w.must(err)
				if m.Processes != n {
					w.t.Errorf("%s: the limit of a desktop is %d, want %d", when, m.Processes, n)
				}
			}
		}
		want("made now", limit)
		w.must(w.sim.LimitProcesses(w.t.Context(), ids[0], 1<<20))
		w.must(w.sim.LimitProcesses(w.t.Context(), ids[1], 1<<20))
		w.must(w.sim.Stop(w.t.Context(), ids[1], true))
		o := &job.Observer{Store: w.store, Engine: w.sim, Log: slog.New(slog.DiscardHandler)}
		w.must(o.Observe(w.t.Context()))
		want("from before", limit)
		w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
			return catalog.PutProducts(w.t.Context(), tx, []catalog.Product{{ID: product, CPUs: 2, MemoryMiB: 4096, OSType: "Linux", Status: "normal", Processes: 777}})
		}))
		w.must(o.Observe(w.t.Context()))
		want("configured anew", 777)
	})
}

func TestObserverLeavesAloneWhatAJobIsDoing(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(1))
		p.kill()
		// The job is asked for after the observer has read the rows, and before it has seen the machines.
		racing := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "List" {
				operate(desktop.OpStop)(w)
				w.must(w.sim.Stop(w.t.Context(), w.ids()[0], true))
			}
			return do()
		})
		o := &job.Observer{Store: w.store, Engine: racing, Log: slog.New(slog.DiscardHandler)}
		w.must(o.Observe(w.t.Context()))
		if d := w.desktops()[0]; d.Task != workspace.TaskPoweringOff {
			t.Errorf("the observer ended the task of a running job: %s %q", d.Status, d.Task)
		}
	})
}
