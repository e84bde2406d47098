package job

import (
	"context"
	"errors"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/guest"
	"carrel/internal/notice"
	"carrel/internal/operate"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// notifyHolders shows an administrator's message to the people of a desktop. Showing it again replaces it.
func (r *Runner) notifyHolders(_ context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	params, err := workspace.ReadParams[operate.NotifyParams](*s)
	if err != nil {
		return plan{}, err
	}
	return plan{
		limit: time.Minute,
		steps: []Step{{Name: "showing the message", Do: func(ctx context.Context) error {
			var people []desktop.Assignment
			var languages map[string]string
			err := r.store.View(ctx, func(tx *store.Tx) (err error) {
				people, languages, err = holdersOf(ctx, tx, *d)
				return err
			})
			if err != nil {
				return err
			}
			for _, n := range notice.Message(people, params.Text, languages) {
				if err := r.engine.Notify(ctx, d.ID, guest.Message{ID: s.ID, Account: n.Account, Title: n.Title, Text: n.Text}); err != nil {
					return err
				}
			}
			return nil
		}}},
		succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil },
	}, nil
}

// logOffLimit is the limit for ending the sessions in a desktop.
const logOffLimit = 5 * time.Minute

// logOff ends the sessions in a desktop. Gateways close its displays first: the page then says why, and does not come back by itself.
func (r *Runner) logOff(_ context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	params, err := workspace.ReadParams[operate.LogOffParams](*s)
	if err != nil {
		return plan{}, err
	}
	wait, status := params.Wait(*d), desktop.StatusActive
	p := plan{late: "its sessions did not end in time", limit: logOffLimit + takeLimit + wait}
	p.steps = r.warned(s, *d, wait, workspace.TaskLoggingOff, func(people []desktop.Assignment, left time.Duration, languages map[string]string) []notice.Notice {
		return notice.LogOff(people, params.Message, left, languages)
	})
	p.steps = append(p.steps,
		Step{Name: "closing its displays", Do: func(ctx context.Context) error { return r.awaitClosed(ctx, d.ID) }},
		Step{Name: "ending its sessions", Limit: logOffLimit, Do: func(ctx context.Context) error {
			err := r.engine.EndSessions(ctx, d.ID, s.Begun.Add(wait))
			if !errors.Is(err, engine.ErrConflict) {
				return err
			}
			m, err := r.engine.Find(ctx, d.ID) // somebody has shut it down meanwhile: there is no session
			status = StatusOf(m.State)
			return err
		}})
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		return operate.MarkLoggedOff(ctx, tx, *d, status)
	}
	return p, nil
}

// awaitClosed postpones the sub-job while displays of the desktop are open. A gateway closes them when it next looks; the lease of one
// that has died ends.
func (r *Runner) awaitClosed(ctx context.Context, desktopID string) error {
	open, err := store.View(ctx, r.store, func(tx *store.Tx) ([]desktop.Connection, error) { return desktop.Connections(ctx, tx, desktopID) })
	if err != nil || len(open) == 0 {
		return err
	}
	return postponed{after: 500 * time.Millisecond}
}
