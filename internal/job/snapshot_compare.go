package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/snapshot"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// observeSnapshots settles the snapshots whose work ended halfway. The engine is asked only if there are some.
func (o *Observer) observeSnapshots(ctx context.Context) error {
	var rows []snapshot.Snapshot
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = snapshot.Pending(ctx, tx)
		return err
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	return correctSnapshots(ctx, o.Store, o.Engine, rows)
}

// compareSnapshots settles the snapshots of all desktops that have their machine: those that somebody deleted in the engine go.
func compareSnapshots(ctx context.Context, s store.Transactions, e engine.Engine) error {
	rows, err := restingSnapshots(ctx, s)
	if err != nil || len(rows) == 0 {
		return err
	}
	machines, err := e.List(ctx)
	if err != nil {
		return fmt.Errorf("listing machines: %w", err)
	}
	has := machineIDs(machines)
	return correctSnapshots(ctx, s, e, slices.DeleteFunc(rows, func(one snapshot.Snapshot) bool { return !has[one.DesktopID] }))
}

func machineIDs(machines []engine.Machine) map[string]bool {
	has := make(map[string]bool, len(machines))
	for _, m := range machines {
		has[m.ID] = true
	}
	return has
}

// correctSnapshots writes what became of the snapshots of desktops of which some rows were just read.
func correctSnapshots(ctx context.Context, s store.Transactions, e engine.Engine, rows []snapshot.Snapshot) error {
	all, err := e.Snapshots(ctx)
	if err != nil {
		return fmt.Errorf("listing snapshots: %w", err)
	}
	there, of := map[string][]string{}, map[string][]snapshot.Snapshot{}
	for _, one := range all {
		there[one.Machine] = append(there[one.Machine], one.ID)
	}
	for _, row := range rows {
		of[row.DesktopID] = append(of[row.DesktopID], row)
	}
	for id, rows := range of {
		if len(snapshot.Compare(rows, there[id], "")) == 0 {
			continue
		}
		if err := s.Update(ctx, func(tx *store.Tx) error { return snapshot.Correct(ctx, tx, id, rows[0].DesktopUpdated, there[id]) }); err != nil {
			return fmt.Errorf("correcting the snapshots of desktop %s: %w", id, err)
		}
	}
	return nil
}

// restingSnapshots reads the snapshots of all desktops without a task, page by page.
func restingSnapshots(ctx context.Context, s store.Transactions) ([]snapshot.Snapshot, error) {
	var all []snapshot.Snapshot
	for after := ""; ; after = all[len(all)-1].ID {
		var page []snapshot.Snapshot
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			page, err = snapshot.Resting(ctx, tx, after, observePage)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading snapshots: %w", err)
		}
		if all = append(all, page...); len(page) < observePage {
			return all, nil
		}
	}
}

// CompareSnapshots returns the differences between the rows of snapshots and what the engine has of the desktops. before and after are the rows, of
// desktops at rest, before and after the engine was read: a snapshot is gone if its desktop was left alone in between, and unknown if neither has it.
// Machines without a desktop, and desktops without a machine, are told by themselves, not with their snapshots. It is a pure function.
func CompareSnapshots(desktops []desktop.DesktopState, machines []engine.Machine, before, after []snapshot.Snapshot, there []engine.Snapshot) []Finding {
	var findings []Finding
	has := machineIDs(machines)
	names, known, stayed, exists := map[string]string{}, map[string]bool{}, map[string]snapshot.Snapshot{}, map[string]bool{}
	for _, d := range desktops {
		if d.Task == workspace.NoTask && d.Status != desktop.StatusError && has[d.ID] {
			names[d.ID] = d.Name
		}
	}
	for _, s := range before {
		known[s.ID] = true
	}
	for _, s := range after {
		known[s.ID], stayed[s.ID] = true, s
	}
	for _, one := range there {
		exists[one.ID] = true
		if name, ours := names[one.Machine]; ours && !known[one.ID] {
			findings = append(findings, Finding{DesktopID: one.Machine, Name: name, Snapshot: one.ID, System: one.System, Belonging: Known, Mending: Adopt})
		}
	}
	for _, s := range before {
		_, rests := names[s.DesktopID]
		now, is := stayed[s.ID]
		if !rests || !is || exists[s.ID] || !now.DesktopUpdated.Equal(s.DesktopUpdated) || s.Status == snapshot.Creating || s.Status == snapshot.CreateFailed {
			continue
		}
		findings = append(findings, Finding{DesktopID: s.DesktopID, Name: names[s.DesktopID], Snapshot: s.ID, System: s.System, Missing: true, Mending: Forget})
	}
	slices.SortFunc(findings, func(a, b Finding) int { return cmp.Or(ByName(a, b), cmp.Compare(a.Snapshot, b.Snapshot)) })
	return findings
}

// mendSnapshot lists a snapshot that is there, or removes the row of one that is gone.
func (a *Auditor) mendSnapshot(ctx context.Context, f *Finding) error {
	if f.Mending == Adopt {
		f.Healed = "listed as a snapshot of the desktop"
		return a.Store.Update(ctx, func(tx *store.Tx) error { return snapshot.Adopt(ctx, tx, f.DesktopID, f.Snapshot, f.System) })
	}
	f.Healed = "no longer listed"
	return compareSnapshots(ctx, a.Store, a.Engine)
}
