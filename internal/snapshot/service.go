package snapshot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service orders that snapshots are taken, restored and deleted, and lists them. Each method is one transaction, which changes nothing if one of the desktops
// cannot be changed now; the job runner does the work on machines. It is safe for concurrent use, also by several processes on one database: callers
// lock the rows of the desktops.
type Service struct{ Store store.Transactions }

// Take is a request for snapshots of desktops, which keep running.
type Take struct {
	workspace.Caller
	DesktopIDs []string
	Disks      string // SYSTEM_DISK, DATA_DISKS, ALL; empty: those with a description
	System     *Text
	Data       *Text
}

// Text is what a snapshot is called.
type Text struct{ Name, Description string }

func (t *Text) check(field string) error {
	switch {
	case t == nil:
		return nil
	case utf8.RuneCountInString(t.Name) > MaxName:
		return workspace.Invalid(field+".name", "at most %d characters are allowed", MaxName)
	case utf8.RuneCountInString(t.Description) > MaxDescription:
		return workspace.Invalid(field+".description", "at most %d characters are allowed", MaxDescription)
	}
	return nil
}

// kinds returns of which disks snapshots are wanted: true is the system disk.
func (r *Take) kinds() ([]bool, error) {
	if err := workspace.CheckIDsUpTo(MaxPerRequest, "desktop_ids", r.DesktopIDs); err != nil {
		return nil, err
	}
	if err := r.System.check("system_disk_snapshot"); err != nil {
		return nil, err
	}
	if err := r.Data.check("data_disk_snapshot"); err != nil {
		return nil, err
	}
	switch r.Disks {
	case "SYSTEM_DISK":
		return []bool{true}, nil
	case "DATA_DISKS":
		return []bool{false}, nil
	case "ALL":
		return []bool{true, false}, nil
	case "":
		var kinds []bool
		if r.System != nil {
			kinds = append(kinds, true)
		}
		if r.Data != nil {
			kinds = append(kinds, false)
		}
		if len(kinds) > 0 {
			return kinds, nil
		}
	}
	return nil, workspace.Invalid("disk_type", "use SYSTEM_DISK, DATA_DISKS or ALL")
}

// Take orders snapshots, and returns the job's id. CodeDesktopNotFound; CodeConflict, also for a desktop with too many, or without data disks.
func (s *Service) Take(ctx context.Context, r Take) (string, error) {
	kinds, err := r.kinds()
	if err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		desktops, had, err := lock(ctx, tx, r.ProjectID, r.DesktopIDs)
		if err != nil {
			return "", err
		}
		var fresh []Snapshot
		orders := map[string]Params{}
		for _, d := range desktops {
			var params Params
			for _, system := range kinds {
				if err := mayTake(d, had[d.ID], system); err != nil {
					return "", err
				}
				text := r.Data
				if system {
					text = r.System
				}
				one := newSnapshot(tx, d, system, text)
				fresh, params.IDs = append(fresh, one), append(params.IDs, one.ID)
			}
			orders[d.ID] = params
		}
		if err := insert(ctx, tx, fresh); err != nil {
			return "", err
		}
		return order(ctx, tx, r.Caller, workspace.JobTakeSnapshots, desktops, orders)
	}))
}

func mayTake(d desktop.Desktop, had []Snapshot, system bool) error {
	if !system && len(d.Data) == 0 {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s has no data disks; take a snapshot of its system disk", d.Name)
	}
	n := 0
	for _, s := range had {
		if s.System == system && !s.Automatic && s.Status != CreateFailed {
			n++
		}
	}
	if n >= MaxPerDisks {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s has %d snapshots of these disks, at most %d are possible: delete one", d.Name, n, MaxPerDisks)
	}
	return nil
}

func newSnapshot(tx *store.Tx, d desktop.Desktop, system bool, text *Text) Snapshot {
	s := Snapshot{ID: workspace.NewID(), ProjectID: d.ProjectID, DesktopID: d.ID, System: system, Status: Creating, Created: tx.Now()}
	if text != nil {
		s.Name, s.Description = text.Name, text.Description
	}
	if s.Name == "" {
		s.Name = d.Name + "-" + tx.Now().UTC().Format("20060102-150405")
	}
	return s
}

// Restore orders that the disks of desktops get what is in snapshots: at most one of a desktop's system disk, and one of its data disks. Desktops that run
// are stopped for it and started again. What was on the disks before is kept in an automatic snapshot. It returns the job's id. CodeSnapshotNotFound, CodeConflict.
func (s *Service) Restore(ctx context.Context, c workspace.Caller, ids []string) (string, error) {
	return s.change(ctx, c, ids, workspace.JobRestoreSnapshots, func(ctx context.Context, tx *store.Tx, d desktop.Desktop, chosen []Snapshot) (Params, error) {
		var params Params
		var kept []Snapshot
		seen := map[bool]bool{}
		for _, one := range chosen {
			switch {
			case seen[one.System]:
				return params, workspace.Invalid("snapshot_ids", "two are of the same disks of desktop %s", d.Name)
			case !one.there():
				return params, workspace.Errorf(workspace.CodeConflict, "snapshot %s of desktop %s is %s, it cannot be restored", one.Name, d.Name, one.Status)
			case !one.System && len(d.Data) == 0:
				return params, workspace.Errorf(workspace.CodeConflict, "desktop %s no longer has data disks", d.Name)
			}
			seen[one.System] = true
			keep := newSnapshot(tx, d, one.System, &Text{Name: "before-" + one.Name, Description: "What was on the disks before " + one.Name + " was restored"})
			keep.Name, keep.Automatic = workspace.Clip(keep.Name, MaxName), true
			kept = append(kept, keep)
			params.IDs, params.Keep = append(params.IDs, one.ID), append(params.Keep, keep.ID)
		}
		if err := mark(ctx, tx, params.IDs, Restoring, ""); err != nil {
			return params, err
		}
		return params, insert(ctx, tx, kept)
	})
}

// Delete orders the deletion of snapshots, and returns the job's id. Ids that do not exist are ignored, since deleting them is a success.
// CodeSnapshotNotFound if none exists; CodeConflict.
func (s *Service) Delete(ctx context.Context, c workspace.Caller, ids []string) (string, error) {
	return s.change(ctx, c, ids, workspace.JobDeleteSnapshots, func(_ context.Context, _ *store.Tx, _ desktop.Desktop, chosen []Snapshot) (Params, error) {
		return Params{IDs: store.Convert(chosen, func(one Snapshot) string { return one.ID })}, nil
	})
}

// change orders a change of existing snapshots, with a sub-job for each of their desktops.
func (s *Service) change(
	ctx context.Context, c workspace.Caller, ids []string, t workspace.JobType,
	ask func(context.Context, *store.Tx, desktop.Desktop, []Snapshot) (Params, error),
) (string, error) {
	if err := workspace.CheckIDsUpTo(MaxPerRequest, "snapshot_ids", ids); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		found, err := byIDs(ctx, tx, c.ProjectID, ids)
		if err != nil {
			return "", err
		}
		if len(found) == 0 || t == workspace.JobRestoreSnapshots && len(found) < len(ids) {
			return "", workspace.Errorf(workspace.CodeSnapshotNotFound, "snapshot_ids: %d of %d snapshots do not exist", len(ids)-len(found), len(ids))
		}
		of := map[string][]string{}
		for _, one := range found {
			of[one.DesktopID] = append(of[one.DesktopID], one.ID)
		}
		desktops, had, err := lock(ctx, tx, c.ProjectID, slices.Collect(maps.Keys(of)))
		if err != nil {
			return "", err
		}
		orders := map[string]Params{}
		for _, d := range desktops {
			chosen := slices.DeleteFunc(had[d.ID], func(one Snapshot) bool { return !slices.Contains(of[d.ID], one.ID) }) // as they are now, locked
			if orders[d.ID], err = ask(ctx, tx, d, chosen); err != nil {
				return "", err
			}
		}
		return order(ctx, tx, c, t, desktops, orders)
	}))
}

// lock locks desktops and reads their snapshots, which change only with the desktop locked.
func lock(ctx context.Context, tx *store.Tx, projectID string, ids []string) ([]desktop.Desktop, map[string][]Snapshot, error) {
	if err := store.RequireSubscription(ctx, tx, projectID); err != nil {
		return nil, nil, err
	}
	found, err := desktop.LockByID(ctx, tx, projectID, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		d, there := found[id]
		if !there {
			return nil, nil, workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %s does not exist", id)
		}
		if err := MayChange(d); err != nil {
			return nil, nil, err
		}
	}
	all, err := ofDesktops(ctx, tx, ids)
	had := map[string][]Snapshot{}
	for _, one := range all {
		had[one.DesktopID] = append(had[one.DesktopID], one)
	}
	return slices.SortedFunc(maps.Values(found), desktop.CompareNames), had, err
}

// order writes the job, with a sub-job for each desktop.
func order(ctx context.Context, tx *store.Tx, c workspace.Caller, t workspace.JobType, desktops []desktop.Desktop, orders map[string]Params) (string, error) {
	job := desktop.NewOrder(tx, c, t)
	for _, d := range desktops {
		sub := job.Add(d, orders[d.ID])
		d.Task, d.TaskOwner = Tasks[t], sub.ID
		if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
			return "", fmt.Errorf("ordering for desktop %s: %w", d.ID, err)
		}
	}
	return job.Write(ctx, tx)
}

// Labels reads what policies know the desktops with these snapshots by.
func (s *Service) Labels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	found, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]Snapshot, error) { return byIDs(ctx, tx, projectID, ids) })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	of := map[string]bool{}
	for _, one := range found {
		of[one.DesktopID] = true
	}
	desktops := &desktop.Service{Store: s.Store}
	return desktops.Labels(ctx, projectID, slices.Sorted(maps.Keys(of))...)
}

// List reads a page of snapshots and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Snapshot, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Snapshot, int, error) { return Snapshots(ctx, tx, q) })
}
