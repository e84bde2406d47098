package job_test

import (
	"log/slog"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *env) observer(on engine.Engine) *job.Observer {
	return &job.Observer{Store: e.store, Engine: on, Log: slog.New(slog.DiscardHandler)}
}

// endTask ends the task of a desktop, as when the work on it fails for good.
func (e *env) endTask(d desktop.Desktop) {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.MarkObserved(e.t.Context(), tx, d, d.Status, "") }))
}

func TestObserverWritesWhatHappenedBehindOurBack(t *testing.T) {
	cases := map[string]struct {
		happens func(e *env, id string)
		status  desktop.DesktopStatus
	}{
		"a person shuts their desktop down from inside": {
			func(e *env, id string) { e.must(e.sim.Stop(e.t.Context(), id, true)) }, desktop.StatusShutoff,
		},
		"an administrator hibernates it in the engine": {
			func(e *env, id string) { e.must(e.sim.Hibernate(e.t.Context(), id)) }, desktop.StatusHibernated,
		},
		"an administrator deletes it in the engine": {
			func(e *env, id string) { e.must(e.sim.Delete(e.t.Context(), id)) }, desktop.StatusError,
		},
		"nothing happens": {func(*env, string) {}, desktop.StatusActive},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inEnv(t, sim.Config{}, func(e *env) {
				p := e.start("a", e.store, e.sim)
				e.finished(e.create(1))
				p.kill()
				c.happens(e, e.ids()[0])
				o := &job.Observer{Store: e.store, Engine: e.sim, Log: slog.New(slog.DiscardHandler)}
				e.must(o.Observe(e.t.Context()))
				if d := e.desktops()[0]; d.Status != c.status || (d.Status == desktop.StatusError) != (d.Fault != "") {
					t.Errorf("desktop is %s with fault %q, want %s", d.Status, d.Fault, c.status)
				}
			})
		})
	}
}

func TestDesktopsFromBeforeThereWereLimitsOfProcessesGetThem(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(2))
		p.kill()
		ids := e.ids()
		limit := catalog.Product{CPUs: 2, MemoryMiB: 4096}.ProcessLimit()
		want := func(when string, n int) {
			e.t.Helper()
			for _, id := range ids {
				m, err := e.sim.Find(e.t.Context(), id)
				e.must(err)
				if m.Processes != n {
					e.t.Errorf("%s: the limit of a desktop is %d, want %d", when, m.Processes, n)
				}
			}
		}
		want("made now", limit)
		e.must(e.sim.LimitProcesses(e.t.Context(), ids[0], 1<<20))
		e.must(e.sim.LimitProcesses(e.t.Context(), ids[1], 1<<20))
		e.must(e.sim.Stop(e.t.Context(), ids[1], true))
		o := &job.Observer{Store: e.store, Engine: e.sim, Log: slog.New(slog.DiscardHandler)}
		e.must(o.Observe(e.t.Context()))
		want("from before", limit)
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			return catalog.PutProducts(e.t.Context(), tx, []catalog.Product{{ID: product, CPUs: 2, MemoryMiB: 4096, OSType: "Linux", Status: "normal", Processes: 777}})
		}))
		e.must(o.Observe(e.t.Context()))
		want("configured anew", 777)
	})
}

func TestObserverLeavesAloneWhatAJobIsDoing(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(1))
		p.kill()
		// The job is asked for after the observer has read the rows, and before it has seen the machines.
		racing := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "List" {
				operateAll(desktop.PowerStop)(e)
				e.must(e.sim.Stop(e.t.Context(), e.ids()[0], true))
			}
			return do()
		})
		o := &job.Observer{Store: e.store, Engine: racing, Log: slog.New(slog.DiscardHandler)}
		e.must(o.Observe(e.t.Context()))
		if d := e.desktops()[0]; d.Task != workspace.TaskPoweringOff {
			t.Errorf("the observer ended the task of a running job: %s %q", d.Status, d.Task)
		}
	})
}
