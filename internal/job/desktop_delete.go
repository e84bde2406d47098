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

// deleteDesktop waits until nobody else touches the machine, removes it with its disks, and then the row.
func (r *Runner) deleteDesktop(_ context.Context, s *workspace.SubJob, _ *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[desktop.DeleteParams](*s)
	if err != nil {
		return plan{}, err
	}
	return plan{
		limit: 15 * time.Minute,
		steps: []Step{
			{Name: "waiting for other work to stop", Do: func(ctx context.Context) error { return r.awaitAlone(ctx, *s) }},
			{
				Name: "removing the machine",
				Done: r.machineGone(s.DesktopID),
				Do:   func(ctx context.Context) error { return r.engine.Delete(ctx, s.DesktopID) },
			},
		},
		succeed: func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
			if d == nil {
				return nil
			}
			return user.RemoveDesktop(ctx, tx, *d, params)
		},
	}, nil
}

// awaitAlone comes back later while another sub-job's worker may be touching the machine.
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

// machineGone never says so at the first look, since disks may be left of a machine that was never finished: Delete sweeps
// them.
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

func isNotFound(err error) bool { return errors.Is(err, engine.ErrNotFound) }
