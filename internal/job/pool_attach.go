package job

import (
	"context"
	"errors"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// attachPool adds the account of a user to the pool desktop that they have just got, and waits for their display: the user is
// waiting. The sub-job owns the desktop. A stopped desktop gets the account when it starts; one that is no longer the user's is
// not changed.
func (r *Runner) attachPool(_ context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	inside := &insideWarnings{runner: r}
	p := plan{limit: 2 * time.Minute, warning: inside.text}
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d != nil {
			if err := assignment.MarkAccounts(ctx, tx, *d, s.ID, d.Status, nil, inside.text()); err != nil {
				return err
			}
		}
		return tx.WakeWorkers(ctx) // OpenPool waits for the end
	}
	params, err := workspace.ReadParams[connection.AttachParams](*s)
	if err != nil || d == nil {
		return p, err
	}
	inside.desktop = *d
	for _, a := range d.Assignments {
		if a.UserID == params.UserID {
			p.steps = []Step{{Name: "updating accounts", Do: func(ctx context.Context) error {
				return unlessOff(inside.attach(ctx, a.Account))
			}}}
		}
	}
	return p, nil
}

// attach applies the desktop's row inside, and waits for one user's display.
func (w *insideWarnings) attach(ctx context.Context, account string) error {
	if err := w.configure(ctx); err != nil {
		return err
	}
	return w.runner.engine.Await(ctx, w.desktop.ID, account)
}

// unlessOff returns nil for the error that a machine does not run, or is gone.
func unlessOff(err error) error {
	if errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}

// notAttached records that the sub-job failed to prepare the desktop.
func notAttached(ctx context.Context, tx *store.Tx, s *workspace.SubJob, d desktop.Desktop) error {
	params, err := workspace.ReadParams[connection.AttachParams](*s)
	if err != nil {
		return err
	}
	if err := connection.MarkAttachFailed(ctx, tx, d, params); err != nil {
		return err
	}
	return tx.WakeWorkers(ctx) // OpenPool waits for the end
}
