package pool

import (
	"context"
	"maps"
	"slices"

	"carrel/internal/capacity"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// RunPoolPowerAction starts, stops, restarts or hibernates all desktops of a pool, and returns the job's id. For a desktop whose state
// does not allow it, the sub-job is FAILED with CodeConflict; the others continue, and the job ends as failed. CodePoolNotFound;
// CodeConflict if all desktops are busy. The row locks of the desktops decide between concurrent callers.
func (s *Service) RunPoolPowerAction(ctx context.Context, r RunPoolPowerAction) (string, error) {
	action, force, err := r.PowerAction()
	if err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		members, found, err := LockMembers(ctx, tx, p)
		if err != nil {
			return "", err
		}
		if err := Busy(p, members); err != nil {
			return "", err
		}
		desktops := slices.SortedFunc(maps.Values(found), desktop.CompareNames)
		return orderPoolPowerAction(ctx, tx, r, desktops, desktop.PowerParams{Action: action, Force: force})
	})
}

func orderPoolPowerAction(ctx context.Context, tx *store.Tx, r RunPoolPowerAction, desktops []desktop.Desktop, params desktop.PowerParams) (string, error) {
	job := workspace.Job{
		ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobOperateDesktops, PoolID: r.PoolID, RequestID: r.RequestID, Created: tx.Now(),
	}
	left, err := capacity.ReadFree(ctx, tx)
	if err != nil {
		return "", err
	}
	var moved []desktop.Desktop
	for _, d := range desktops {
		sub := desktop.NewSubJob(&job, d, params)
		next, err := desktop.ApplyPowerActionWithin(ctx, tx, left, d, params.Action, params.Force)
		if err != nil && workspace.CodeOf(err) == workspace.CodeInternal {
			return "", err
		}
		if err != nil {
			sub.State, sub.Code, sub.Reason = workspace.SubJobFailed, workspace.CodeOf(err), workspace.MessageOf(err)
			sub.Begun, sub.Ended = job.Created, job.Created
		} else {
			next.TaskOwner = sub.ID
			moved = append(moved, next)
		}
		job.SubJobs = append(job.SubJobs, sub)
	}
	return job.ID, desktop.OrderPowerChanges(ctx, tx, moved, job, left)
}

// ShrinkPool is a request to delete some of a pool's desktops.
type ShrinkPool struct {
	workspace.Caller
	PoolID string
	Size   int // number of desktops to delete
}

// ShrinkPool deletes desktops of a pool, the least useful first (Shrink), and returns the job's id. It deletes no desktop that
// has a user: CodeConflict if too few are free. CodePoolNotFound, CodeInvalid.
func (s *Service) ShrinkPool(ctx context.Context, r ShrinkPool) (string, error) {
	return store.Update(ctx, s.Store, store.Once(ctx, r.Caller, "ShrinkDesktopPool", r, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		members, err := desktop.Members(ctx, tx, p.ID)
		if err != nil {
			return "", err
		}
		ids, err := desktop.Shrink(members, r.Size)
		if err != nil {
			return "", err
		}
		return desktop.OrderDeletion(ctx, tx, desktop.DeleteDesktops{Caller: r.Caller, IDs: ids})
	}))
}

// TakeBack is a request to end the isolation of desktops.
type TakeBack struct {
	workspace.Caller
	PoolID     string
	DesktopIDs []string
}

// TakeBack returns isolated desktops to their pool: all of them or none. A desktop that is not isolated is a success.
// CodePoolNotFound, CodeDesktopNotFound; CodeConflict if one is still broken, since it would be isolated again.
func (s *Service) TakeBack(ctx context.Context, r TakeBack) error {
	if err := workspace.CheckIDs("desktop_ids", r.DesktopIDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return err
		}
		members, _, err := LockMembers(ctx, tx, p)
		if err != nil {
			return err
		}
		for i, id := range r.DesktopIDs {
			at := slices.IndexFunc(members, func(m desktop.Member) bool { return m.DesktopID == id })
			if at < 0 {
				return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop_ids[%d]: desktop %q is not in pool %s", i, id, p.Name)
			}
			m := members[at]
			if !m.Isolated {
				continue
			}
			if m.Faulty() {
				return workspace.Errorf(workspace.CodeConflict, "desktop_ids[%d]: desktop %s is still broken, restart or rebuild it first", i, m.Name)
			}
			was := m.Binding
			m.Isolated, m.IdleSince = false, tx.Now()
			if err := desktop.PutMember(ctx, tx, m, was, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// LockMembers locks the desktops of a pool that the caller has locked. It returns them as members, and by id as desktops.
func LockMembers(ctx context.Context, tx *store.Tx, p Pool) ([]desktop.Member, map[string]desktop.Desktop, error) {
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return nil, nil, err
	}
	found, err := desktop.LockByID(ctx, tx, p.ProjectID, desktop.IdsOf(members))
	if err != nil {
		return nil, nil, err
	}
	if members, err = desktop.Members(ctx, tx, p.ID); err != nil { // again, now that they are locked
		return nil, nil, err
	}
	return slices.DeleteFunc(members, func(m desktop.Member) bool { return found[m.DesktopID].ID == "" }), found, nil
}
