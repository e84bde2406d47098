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
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
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
	}))
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

// RunPoolPowerAction is a request for a power action on all desktops of a pool.
type RunPoolPowerAction struct {
	workspace.Caller
	PoolID string
	Action string // the word of the call for pools
	How    string // SOFT, HARD, or empty, which means SOFT
}

// PowerAction returns the requested power action, and whether to force it.
func (r *RunPoolPowerAction) PowerAction() (action desktop.PowerAction, force bool, err error) {
	switch r.How {
	case "", "SOFT", "HARD":
	default:
		return "", false, workspace.Invalid("type", "%q is unknown, use SOFT or HARD", r.How)
	}
	force = r.How == "HARD"
	switch r.Action {
	case "os-start":
		return desktop.PowerStart, force, nil
	case "os-stop":
		return desktop.PowerStop, force, nil
	case "reboot":
		return desktop.PowerReboot, force, nil
	case "hibernate", "os-hibernate": // the second is the word of the call for desktops
		return desktop.PowerHibernate, force, nil
	}
	return "", false, workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop, reboot or hibernate", r.Action)
}

// Busy returns why a power action on a whole pool is refused, or nil: CodeConflict if all its desktops are busy. If only some
// are, it applies to the others.
func Busy(p Pool, members []desktop.Member) error {
	for _, m := range members {
		if m.Task == workspace.NoTask {
			return nil
		}
	}
	if len(members) == 0 {
		return workspace.Errorf(workspace.CodeConflict, "pool %s has no desktops", p.Name)
	}
	return workspace.Errorf(workspace.CodeConflict, "all %d desktops of pool %s are busy, try again when they are done", len(members), p.Name)
}
