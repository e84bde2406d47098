package snapshot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/snapshot"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct {
	*desktoptest.Env
	service *snapshot.Service
}

var me = workspace.Caller{ProjectID: storetest.Project}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		made := &env{desktoptest.NewEnv(e), &snapshot.Service{Store: e.Store}}
		for _, p := range []string{storetest.Project, storetest.OtherProject} {
			made.Update(func(tx *store.Tx) error {
				_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s-" + p, ProjectID: p, Opened: tx.Now()})
				return err
			})
		}
		return made
	}, map[string]map[string]func(*env){"Snapshots": snapshots})
}

// running adds a desktop with a data disk that is on.
func (e *env) running(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	e.Helper()
	on := func(d *desktop.Desktop) {
		d.Status, d.EnterpriseID = desktop.StatusActive, "0"
		d.Root = desktop.Volume{ID: "root-" + d.ID, Type: "SAS", GB: 80}
		d.Data = []desktop.Volume{{ID: "disk-" + d.ID, Type: "SAS", GB: 10}}
	}
	return e.AddDesktop(name, append([]func(*desktop.Desktop){on}, changes...)...)
}

// take takes snapshots of all disks of a desktop, with nobody who does the work, and returns their ids: the system disk's first.
func (e *env) take(d desktop.Desktop, name string) []string {
	e.Helper()
	text := &snapshot.Text{Name: name}
	_, err := e.service.Take(e.Context(), snapshot.Take{Caller: workspace.Caller{ProjectID: d.ProjectID}, DesktopIDs: []string{d.ID}, Disks: "ALL", System: text, Data: text})
	e.Same(err, nil)
	all := e.of(d.ID)
	ids := []string{all[len(all)-1].ID, all[len(all)-2].ID}
	if all[len(all)-2].System {
		ids[0], ids[1] = ids[1], ids[0]
	}
	e.Clock.Advance(time.Second)
	return ids
}

// rest ends the task of a desktop and returns the row as it is then.
func (e *env) rest(id string) desktop.Desktop {
	e.Helper()
	e.Clock.Advance(time.Second)
	d := e.Desktop(id)
	e.Update(func(tx *store.Tx) error { return desktop.MarkObserved(e.Context(), tx, d, d.Status, "") })
	return e.Desktop(id)
}

// taken takes snapshots of a desktop and has them succeed.
func (e *env) taken(d desktop.Desktop, name string) []string {
	e.Helper()
	ids := e.take(d, name)
	e.Update(func(tx *store.Tx) error { return snapshot.MarkTaken(e.Context(), tx, snapshot.Params{IDs: ids}) })
	e.rest(d.ID)
	return ids
}

func (e *env) of(desktopID string) []snapshot.Snapshot {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]snapshot.Snapshot, error) {
		return snapshot.Of(ctx, tx, desktopID)
	})
}

func (e *env) correct(d desktop.Desktop, there ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return snapshot.Correct(e.Context(), tx, d.ID, d.Updated, there) })
}

// told are the names and states of a list, and how many there are in all.
func (e *env) told(q snapshot.Query) string {
	e.Helper()
	if q.ProjectID == "" {
		q.ProjectID = storetest.Project
	}
	if q.Limit == 0 {
		q.Limit = 1000
	}
	found, total, err := e.service.List(e.Context(), q)
	e.Same(err, nil)
	var names []string
	for _, s := range found {
		names = append(names, s.Name)
	}
	return fmt.Sprint(strings.Join(names, " "), "; ", total)
}

// states are those of a desktop's snapshots, in alphabetical order.
func (e *env) states(desktopID string) string {
	e.Helper()
	var all []string
	for _, s := range e.of(desktopID) {
		all = append(all, string(s.Status))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (e *env) pending() []string {
	e.Helper()
	return storetest.IDs(storetest.Get(e, snapshot.Pending), func(s snapshot.Snapshot) string { return s.ID })
}

var snapshots = map[string]func(*env){
	"a list has those of its project only, newest last, in pages": func(e *env) {
		a, b := e.running("pc-a"), e.running("pc-b")
		other := e.running("pc-a", func(d *desktop.Desktop) {
			d.ProjectID, d.SubnetID = storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
		})
		e.take(a, "one")
		e.take(b, "two")
		e.take(other, "theirs")
		system := true
		e.Same(e.told(snapshot.Query{System: &system}), "one two; 2")
		e.Same(e.told(snapshot.Query{System: &system, Descending: true}), "two one; 2")
		e.Same(e.told(snapshot.Query{System: &system, Page: workspace.Page{Offset: 1, Limit: 1}}), "two; 2")
		e.Same(e.told(snapshot.Query{System: &system, DesktopNames: []string{"PC-B"}}), "two; 1")
		e.Same(e.told(snapshot.Query{System: &system, Name: "ON"}), "one; 1")
		e.Same(e.told(snapshot.Query{System: &system, Names: []string{"two", "theirs"}}), "two; 1")
		e.Same(e.told(snapshot.Query{ProjectID: storetest.OtherProject, System: &system}), "theirs; 1")
		e.Same(e.told(snapshot.Query{DesktopIDs: []string{other.ID}}), "; 0")
		_, err := e.service.Delete(e.Context(), me, e.idsOf(other))
		e.Same(workspace.CodeOf(err), workspace.CodeSnapshotNotFound)
		_, err = e.service.Take(e.Context(), snapshot.Take{Caller: me, DesktopIDs: []string{other.ID}, Disks: "ALL"})
		e.Same(workspace.CodeOf(err), workspace.CodeDesktopNotFound)
	},
	"a list leaves out the desktops that the caller may not see": func(e *env) {
		mine := e.running("pc-a", func(d *desktop.Desktop) { d.EnterpriseID = "mine" })
		e.take(mine, "one")
		e.take(e.running("pc-b"), "two")
		only := &workspace.Selection{Allow: []workspace.ResourceTests{{{
			Attribute: workspace.AttributeEnterprise, Patterns: []workspace.TextPattern{{Text: "mine"}},
		}}}}
		e.Same(e.told(snapshot.Query{Visible: only}), "one one; 2")
		e.Same(e.told(snapshot.Query{Visible: &workspace.Selection{}}), "; 0")
	},
	"of callers at once one gets the desktop": func(e *env) {
		d := e.running("pc-a")
		errs := storetest.Together(4, func(int) error {
			_, err := e.service.Take(e.Context(), snapshot.Take{Caller: me, DesktopIDs: []string{d.ID}, Disks: "SYSTEM_DISK"})
			return err
		})
		e.One(errs, workspace.CodeConflict) // the desktop's row is locked, and has a task then
		e.Same(len(e.of(d.ID)), 1)
	},
	"there are ten of a desktop's disks at most, failed ones aside": func(e *env) {
		d := e.running("pc-a")
		for range snapshot.MaxPerDisks {
			e.taken(d, "x")
		}
		_, err := e.service.Take(e.Context(), snapshot.Take{Caller: me, DesktopIDs: []string{d.ID}, Disks: "SYSTEM_DISK"})
		e.Same(workspace.CodeOf(err), workspace.CodeConflict)
		e.Update(func(tx *store.Tx) error {
			return snapshot.Remove(e.Context(), tx, []string{e.of(d.ID)[0].ID, e.of(d.ID)[1].ID})
		})
		e.taken(d, "y")
	},
	"snapshots go with their desktop": func(e *env) {
		d := e.running("pc-a")
		e.take(d, "one")
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, d.ID) })
		e.Same(e.told(snapshot.Query{}), "; 0")
	},
	"pending are those in transition of desktops that nothing works on": func(e *env) {
		d := e.running("pc-a")
		e.taken(e.running("pc-b"), "done")
		ids := e.take(d, "one")
		e.Same(len(e.pending()), 0) // there is a task
		d = e.rest(d.ID)
		e.Same(len(e.pending()), 2)
		e.correct(d, ids[0])
		e.Same(e.states(d.ID), "create_failed create_success")
		e.Same(len(e.pending()), 0)
	},
	"what the engine had before the desktop was changed decides nothing": func(e *env) {
		d := e.running("pc-a")
		e.take(d, "one")
		before := e.rest(d.ID)
		e.taken(before, "two")
		e.correct(before) // with an empty list, as it was before the second two were taken
		e.Same(e.states(d.ID), "create_success create_success creating creating")
		e.correct(e.Desktop(d.ID))
		e.Same(e.states(d.ID), "create_failed create_failed")
	},
	"all resting ones are read in pages, but not those of broken desktops": func(e *env) {
		a := e.running("pc-a")
		e.taken(a, "one")
		e.taken(e.running("pc-b"), "two")
		broken := e.running("pc-c")
		e.taken(broken, "three")
		d := e.Desktop(broken.ID)
		e.Update(func(tx *store.Tx) error {
			return desktop.MarkObserved(e.Context(), tx, d, desktop.StatusError, "broken")
		})
		after, seen := "", 0
		for {
			page := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]snapshot.Snapshot, error) {
				return snapshot.Resting(ctx, tx, after, 3)
			})
			if len(page) == 0 {
				break
			}
			after, seen = page[len(page)-1].ID, seen+len(page)
			if page[0].DesktopUpdated.IsZero() {
				e.Error("it is not told when the desktop was changed")
			}
		}
		e.Same(seen, 4)
	},
	"one that only the engine has is listed, once": func(e *env) {
		d := e.running("pc-a")
		id := workspace.NewID()
		adopt := func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error { return snapshot.Adopt(e.Context(), tx, d.ID, id, true) })
		}
		e.All(storetest.Together(3, adopt)) // the desktop's row is locked
		e.Same(e.told(snapshot.Query{}), "found-pc-a; 1")
		e.Same(e.states(d.ID), "create_success")
		_, err := e.service.Restore(e.Context(), me, []string{id})
		e.Same(err, nil)
	},
}

func (e *env) idsOf(d desktop.Desktop) []string {
	return storetest.IDs(e.of(d.ID), func(s snapshot.Snapshot) string { return s.ID })
}
