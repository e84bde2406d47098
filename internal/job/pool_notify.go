package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/guest"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// notifyDesktop shows a message in a desktop's sessions. If the process dies before it has recorded that, the message is shown
// twice.
func (r *Runner) notifyDesktop(_ context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	params, err := workspace.ReadParams[pool.NotifyParams](*s)
	if err != nil {
		return plan{}, err
	}
	return plan{
		limit: time.Minute,
		steps: []Step{{Name: "showing the message", Do: func(ctx context.Context) error {
			return r.engine.Notify(ctx, s.DesktopID, guest.Message{Title: params.Title, Text: params.Text})
		}}},
		succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil },
	}, nil
}
