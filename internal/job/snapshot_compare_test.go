package job_test

import (
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/job"
	"carrel/internal/snapshot"
	"carrel/internal/workspace"
)

// dropInEngine deletes a snapshot in the engine, as an administrator there does, and returns its id.
func (e *env) dropInEngine() string {
	e.t.Helper()
	gone := e.snapshotsOf(false)[0]
	e.must(e.sim.DeleteSnapshot(e.t.Context(), engine.Snapshot{ID: gone.ID, Machine: gone.DesktopID, System: gone.System}))
	return gone.ID
}

// addInEngine takes a snapshot that no row knows, as after an older database was restored, and returns its id.
func (e *env) addInEngine() string {
	e.t.Helper()
	id := workspace.NewID()
	e.must(e.sim.TakeSnapshot(e.t.Context(), engine.Snapshot{ID: id, Machine: e.ids()[0], System: true}))
	return id
}

func TestTheAuditKnowsSnapshots(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.identify()
		snapshottedTwo(e)
		gone, found := e.dropInEngine(), e.addInEngine()
		r, err := e.auditor().Audit(e.t.Context())
		e.must(err)
		told := map[string]job.Mending{}
		for _, f := range r.Findings {
			told[f.ID()] = f.Mending
		}
		if len(told) != 2 || told[gone] != job.Forget || told[found] != job.Adopt || r.Differences() != 2 {
			e.t.Fatalf("found %+v", r.Findings)
		}
		if r, err = e.auditor().Heal(e.t.Context(), []string{found}); err != nil || len(e.snapshotsOf(false)) != 5 {
			e.t.Errorf("healing one: %+v, %v", r.Findings, err)
		}
		_, err = e.auditor().Heal(e.t.Context(), []string{gone, found})
		e.must(err)
		e.wantText("second", 4)
		if r, err = e.auditor().Audit(e.t.Context()); err != nil || len(r.Findings) > 0 {
			e.t.Errorf("after healing: %+v, %v", r.Findings, err)
		}
	})
}

func TestSnapshotsOfADesktopWithoutAMachineAreNotToldAndStay(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		snapshottedTwo(e)
		e.must(e.sim.Delete(e.t.Context(), e.ids()[0]))
		r, err := e.auditor().Audit(e.t.Context())
		e.must(err)
		if len(r.Findings) != 1 || r.Findings[0].Snapshot != "" {
			e.t.Errorf("found %+v, want the desktop alone", r.Findings)
		}
		e.inventory()
		if n := len(e.snapshotsOf(false)); n != 4 {
			e.t.Errorf("%d snapshots are listed, want those of the desktop, too", n)
		}
	})
}

func TestASnapshotThatSomebodyDeletedInTheEngineGoes(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		snapshottedTwo(e)
		e.dropInEngine()
		e.inventory()
		e.wantText("second", 3)
	})
}

func TestTheEngineIsAskedForSnapshotsOnlyIfSomeAreInTransition(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		snapshottedTwo(e)
		asked := 0
		counting := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Snapshots" {
				asked++
			}
			return do()
		})
		o := e.observer(counting)
		e.must(o.Observe(e.t.Context()))
		if asked != 0 {
			e.t.Errorf("the engine was asked %d times for snapshots that are all there", asked)
		}
		e.takeAll() // nobody does the work
		e.must(o.Observe(e.t.Context()))
		if asked != 0 {
			e.t.Error("the engine was asked while the work goes on")
		}
		for _, d := range e.desktops() {
			e.endTask(d)
		}
		e.must(o.Observe(e.t.Context()))
		e.must(o.Observe(e.t.Context()))
		failed := 0
		for _, s := range e.snapshotsOf(false) {
			if s.Status == snapshot.CreateFailed {
				failed++
			}
		}
		if asked != 1 || failed != 4 {
			e.t.Errorf("the engine was asked %d times, want once; %d snapshots have failed, want 4", asked, failed)
		}
	})
}
