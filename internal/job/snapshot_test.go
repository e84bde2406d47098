package job_test

import (
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/snapshot"
	"carrel/internal/workspace"
)

const (
	onSystem = "/home/user-0/letter"
	onDisk   = "/data/disk1/thesis"
)

func (e *env) writeAll(text string) {
	e.t.Helper()
	for _, id := range e.ids() {
		e.must(e.sim.WriteFile(e.t.Context(), id, onSystem, text))
		e.must(e.sim.WriteFile(e.t.Context(), id, onDisk, text))
	}
}

func (e *env) takeAll() string {
	e.t.Helper()
	id, err := e.service.Snapshots.Take(e.t.Context(), snapshot.Take{Caller: me, DesktopIDs: e.ids(), Disks: "ALL"})
	e.must(err)
	return id
}

func (e *env) snapshotsOf(automatic bool) []snapshot.Snapshot {
	e.t.Helper()
	all, _, err := e.service.Snapshots.List(e.t.Context(), snapshot.Query{ProjectID: project, Automatic: &automatic, Page: workspace.Page{Limit: 1000}})
	e.must(err)
	return all
}

func snapshotIDs(all []snapshot.Snapshot) (ids []string) {
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	return ids
}

func (e *env) restoreAll(automatic bool) string {
	e.t.Helper()
	id, err := e.service.Snapshots.Restore(e.t.Context(), me, snapshotIDs(e.snapshotsOf(automatic)))
	e.must(err)
	return id
}

// wantText fails unless all desktops have the text on all disks, and the engine has the snapshots of the rows.
func (e *env) wantText(want string, rows int) {
	e.t.Helper()
	for _, id := range e.ids() {
		for _, file := range []string{onSystem, onDisk} {
			if text, _ := e.sim.ReadFile(id, file); text != want {
				e.t.Errorf("%s of desktop %s has %q, want %q", file, id, text, want)
			}
		}
	}
	there, err := e.sim.Snapshots(e.t.Context())
	e.must(err)
	all := append(e.snapshotsOf(false), e.snapshotsOf(true)...)
	known := map[engine.Snapshot]bool{}
	for _, one := range all {
		known[engine.Snapshot{ID: one.ID, Machine: one.DesktopID, System: one.System}] = true
		if one.Status != snapshot.Created && one.Status != snapshot.Restored {
			e.t.Errorf("snapshot %s is %s", one.Name, one.Status)
		}
	}
	for _, one := range there {
		if !known[one] {
			e.t.Errorf("the engine has %+v, of which there is no row", one)
		}
	}
	if len(all) != rows || len(there) != rows {
		e.t.Errorf("%d rows and %d snapshots, want %d", len(all), len(there), rows)
	}
}

func writtenTwo(e *env) {
	createTwo(e)
	e.writeAll("first")
}

func snapshottedTwo(e *env) {
	writtenTwo(e)
	p := e.start("setup", e.store, e.sim)
	e.finished(e.takeAll())
	p.kill()
	e.writeAll("second")
}

// snapshotScenarios is work on snapshots that a process is killed in.
var snapshotScenarios = []scenario{
	{name: "taking snapshots", setUp: writtenTwo, ask: (*env).takeAll, want: 2, state: desktop.StatusActive, check: func(e *env) { e.wantText("first", 4) }},
	{
		name: "restoring snapshots", setUp: snapshottedTwo, want: 2, state: desktop.StatusActive, check: func(e *env) { e.wantText("first", 8) },
		ask: func(e *env) string { return e.restoreAll(false) },
	},
	{
		name: "deleting snapshots", setUp: snapshottedTwo, want: 2, state: desktop.StatusActive, check: func(e *env) { e.wantText("second", 0) },
		ask: func(e *env) string {
			id, err := e.service.Snapshots.Delete(e.t.Context(), me, snapshotIDs(e.snapshotsOf(false)))
			e.must(err)
			return id
		},
	},
}

func TestARestorationCanBeUndone(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		snapshottedTwo(e)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.restoreAll(false))
		e.wantText("first", 8)
		e.finished(e.restoreAll(true))
		e.wantText("second", 12)
		for range snapshot.MaxAutomatic + 1 {
			e.finished(e.restoreAll(false))
		}
		if n := len(e.snapshotsOf(true)); n != 4*snapshot.MaxAutomatic {
			e.t.Errorf("%d automatic snapshots are kept, want %d of two desktops' system and data disks each", n, snapshot.MaxAutomatic)
		}
		e.finished(operateOne(e, e.ids()[0], desktop.PowerStop))
		e.finished(e.restoreAll(false))
		for _, d := range e.desktops() {
			if d.ID == e.ids()[0] && d.Status != desktop.StatusShutoff {
				e.t.Errorf("a desktop that was off is %s", d.Status)
			}
		}
	})
}
