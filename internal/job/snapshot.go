package job

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/snapshot"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// snapshotLimit is the limit for work on snapshots of a desktop. Where the storage copies, instead of sharing blocks, it takes minutes.
const snapshotLimit = 30 * time.Minute

// snapshots reads the snapshots that a sub-job is about.
func (r *Runner) snapshots(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (snapshot.Params, map[string]engine.Snapshot, error) {
	params, err := workspace.ReadParams[snapshot.Params](*s)
	if err == nil && d == nil {
		err = workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	found := map[string]engine.Snapshot{}
	if err == nil {
		err = r.store.View(ctx, func(tx *store.Tx) error {
			all, err := snapshot.Of(ctx, tx, s.DesktopID)
			for _, one := range all {
				found[one.ID] = inEngine(one)
			}
			return err
		})
	}
	return params, found, err
}

func inEngine(s snapshot.Snapshot) engine.Snapshot {
	return engine.Snapshot{ID: s.ID, Machine: s.DesktopID, System: s.System}
}

// settled ends the task of a desktop about which the work changed nothing but snapshots.
func settled(status desktop.DesktopStatus, write func(context.Context, *store.Tx) error) func(context.Context, *store.Tx, *desktop.Desktop) error {
	return func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		if err := write(ctx, tx); err != nil {
			return err
		}
		fault := d.Fault
		return desktop.MarkObserved(ctx, tx, *d, status, fault)
	}
}

// takeSnapshots takes snapshots of a desktop, which stays as it is.
func (r *Runner) takeSnapshots(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, found, err := r.snapshots(ctx, s, d)
	if err != nil {
		return plan{}, err
	}
	p := plan{limit: snapshotLimit}
	for _, id := range params.IDs {
		one, there := found[id]
		if !there {
			return plan{}, workspace.Errorf(workspace.CodeGone, "snapshot %s no longer exists", id)
		}
		p.steps = append(p.steps, Step{Name: "taking a snapshot", Do: func(ctx context.Context) error { return r.engine.TakeSnapshot(ctx, one) }})
	}
	p.succeed = settled(d.Status, func(ctx context.Context, tx *store.Tx) error { return snapshot.MarkTaken(ctx, tx, params) })
	return p, nil
}

// deleteSnapshots deletes snapshots of a desktop, which stays as it is.
func (r *Runner) deleteSnapshots(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, found, err := r.snapshots(ctx, s, d)
	if err != nil {
		return plan{}, err
	}
	p := plan{limit: snapshotLimit}
	for _, id := range params.IDs {
		if one, there := found[id]; there {
			p.steps = append(p.steps, Step{Name: "deleting a snapshot", Do: func(ctx context.Context) error { return r.engine.DeleteSnapshot(ctx, one) }})
		}
	}
	p.succeed = settled(d.Status, func(ctx context.Context, tx *store.Tx) error { return snapshot.Remove(ctx, tx, params.IDs) })
	return p, nil
}

// restoreSnapshots stops a desktop, gives its disks what was on them, and starts it again if it ran. A hibernated one is stopped afterwards: its
// session does not fit the disks.
func (r *Runner) restoreSnapshots(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, found, err := r.snapshots(ctx, s, d)
	if err != nil {
		return plan{}, err
	}
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: snapshotLimit, warning: inside.text, steps: []Step{{
		Name: "restoring",
		Do: func(ctx context.Context) error {
			for i, id := range params.IDs {
				if err := r.restore(ctx, *d, found[id], params.Keep[i]); err != nil {
					return err
				}
			}
			return nil
		},
	}}}
	after := desktop.StatusShutoff
	if d.Status == desktop.StatusActive {
		after = desktop.StatusActive
		start, err := r.start(ctx, *d)
		if err != nil {
			return plan{}, err
		}
		p.steps = append(p.steps, inside.after(start)...)
	}
	p.steps = append(p.steps, Step{Name: "deleting old snapshots", Do: func(ctx context.Context) error { return r.dropSuperfluous(ctx, d.ID) }})
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		if err := snapshot.MarkRestored(ctx, tx, params); err != nil {
			return err
		}
		return desktop.MarkObserved(ctx, tx, *d, after, inside.text())
	}
	return p, nil
}

// restore stops the machine unless the engine says that it restored this one already.
func (r *Runner) restore(ctx context.Context, d desktop.Desktop, one engine.Snapshot, keep string) error {
	if one.ID == "" {
		return workspace.Errorf(workspace.CodeGone, "the snapshot no longer exists")
	}
	if err := r.engine.RestoreSnapshot(ctx, one, keep); !isConflict(err) {
		return err
	}
	if err := r.stop(d, false).run(ctx); err != nil {
		return err
	}
	return r.engine.RestoreSnapshot(ctx, one, keep)
}

func (r *Runner) dropSuperfluous(ctx context.Context, desktopID string) error {
	var old []snapshot.Snapshot
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		old, err = snapshot.Superfluous(ctx, tx, desktopID)
		return err
	})
	if err != nil {
		return err
	}
	return r.dropSnapshots(ctx, old)
}

// dropSnapshots deletes snapshots in the engine, and then their rows.
func (r *Runner) dropSnapshots(ctx context.Context, all []snapshot.Snapshot) error {
	var ids []string
	for _, one := range all {
		if err := r.engine.DeleteSnapshot(ctx, inEngine(one)); err != nil {
			return err
		}
		ids = append(ids, one.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	return r.store.Update(ctx, func(tx *store.Tx) error { return snapshot.Remove(ctx, tx, ids) })
}

// dropSystemSnapshots deletes the snapshots of a system disk that is about to be replaced: they are of another system, and Incus replaces no disk that has
// some. It returns a remark.
func (r *Runner) dropSystemSnapshots(ctx context.Context, desktopID string) (string, error) {
	var old []snapshot.Snapshot
	err := r.store.View(ctx, func(tx *store.Tx) error {
		all, err := snapshot.Of(ctx, tx, desktopID)
		for _, one := range all {
			if one.System {
				old = append(old, one)
			}
		}
		return err
	})
	if err != nil || len(old) == 0 {
		return "", err
	}
	return fmt.Sprintf("%s of the former system disk deleted with it", workspace.Plural(len(old), "snapshot")), r.dropSnapshots(ctx, old)
}
