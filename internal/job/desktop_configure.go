package job

import (
	"context"
	"time"

	"carrel/internal/workspace"
)

// configureDesktop brings the accounts inside a running desktop up to date. One that does not run gets them when it starts.
func (r *Runner) configureDesktop(_ context.Context, s *workspace.SubJob, d *workspace.Desktop) (plan, error) {
	p := plan{
		limit:   10 * time.Minute,
		succeed: func(context.Context, workspace.Tx, *workspace.Desktop) error { return nil },
	}
	if d == nil {
		return p, nil
	}
	p.steps = []Step{{Name: "updating accounts", Do: func(ctx context.Context) error {
		return unlessOff(r.configure(ctx, s.ProjectID, s.DesktopID))
	}}}
	return p, nil
}
