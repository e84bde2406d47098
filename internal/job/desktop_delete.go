package job

import (
	"context"
	"errors"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// deleteDesktop waits until no other worker touches the machine, lets its system shut down unless that was not asked for, then deletes
// it with its disks, and then the row.
func (r *Runner) deleteDesktop(_ context.Context, s *workspace.SubJob, _ *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[desktop.DeleteParams](*s)
	if err != nil {
		return plan{}, err
	}
	steps := []Step{{Name: "waiting for other work to stop", Do: func(ctx context.Context) error { return r.awaitAlone(ctx, *s) }}}
	if !params.Force {
		steps = append(steps, Step{Name: "shutting down", Do: func(ctx context.Context) error { return r.shutDown(ctx, s.DesktopID) }})
	}
	return plan{
		limit: 15 * time.Minute,
		steps: append(steps, Step{
			Name: "removing the machine",
			Done: r.machineGone(s.DesktopID),
			Do:   func(ctx context.Context) error { return r.engine.Delete(ctx, s.DesktopID) },
		}),
		succeed: func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
			if d == nil {
				return nil
			}
			return user.RemoveDesktop(ctx, tx, *d, params)
		},
	}, nil
}

// awaitAlone postpones the sub-job while the worker of another one may be touching the machine.
func (r *Runner) awaitAlone(ctx context.Context, s workspace.SubJob) error {
	others := 0
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		others, err = tx.LeasedSubJobs(ctx, s.DesktopID, s.ID)
		return err
	})
	if err == nil && others > 0 {
		err = postponed{after: 200 * time.Millisecond}
	}
	return err
}

// shutDown lets the system of a machine that runs shut down, so that programs can end what they do elsewhere, such as writing to shared
// folders. If it does not within shutdownGrace, or cannot, the deletion cuts its power.
func (r *Runner) shutDown(ctx context.Context, desktopID string) error {
	m, err := r.engine.Find(ctx, desktopID)
	switch {
	case isNotFound(err) || err == nil && m.State != engine.Running:
		return nil
	case err != nil:
		return err
	}
	gentle, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	if err := r.engine.Stop(gentle, desktopID, false); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "desktop did not shut down before its deletion, cutting its power", "desktop", desktopID, "error", err)
	}
	return ctx.Err()
}

// machineGone returns false the first time, since there may be disks of a machine that was never completed, which Delete removes.
func (r *Runner) machineGone(desktopID string) func(context.Context) (bool, error) {
	asked := false
	return func(ctx context.Context) (bool, error) {
		if !asked {
			asked = true
			return false, nil
		}
		_, err := r.engine.Find(ctx, desktopID)
		if isNotFound(err) {
			return true, nil
		}
		return false, err
	}
}

func isConflict(err error) bool { return errors.Is(err, engine.ErrConflict) }

func isNotFound(err error) bool { return errors.Is(err, engine.ErrNotFound) }
