package job

import (
	"context"
	"errors"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/engine"
	"carrel/internal/guest"
	"carrel/internal/notice"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// tellLimit is the limit for showing a message in one desktop, and tellAgain the delay before it is tried again after a failure.
const (
	tellLimit = time.Minute
	tellAgain = 30 * time.Second
)

// rebuildMember does what the pool's rollout has decided for one of its desktops: wait, show a message, rebuild it, or skip it.
func (r *Runner) rebuildMember(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[rollout.RebuildParams](*s)
	if err != nil {
		return plan{}, err
	}
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	item, now, err := r.rolloutItem(ctx, s.ID)
	if err != nil {
		return plan{}, err
	}
	if item.State == progress.ItemWarned && !now.Before(item.Deadline) {
		if err := rollout.AdvanceRollout(ctx, r.store, s.JobID); err != nil {
			return plan{}, err
		}
		if item, _, err = r.rolloutItem(ctx, s.ID); err != nil {
			return plan{}, err
		}
	}
	switch item.State {
	case progress.ItemWaiting, progress.ItemWarned:
		return r.parked(*s, *d, item, params, now), nil
	case progress.ItemSkipped, progress.ItemStopped:
		return r.leaveAlone(*d, item), nil
	default:
		return r.rebuild(ctx, s, *d, params.ImageID, item.Wipe)
	}
}

func (r *Runner) rolloutItem(ctx context.Context, subJobID string) (item rollout.RolloutEntry, now time.Time, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		now = tx.Now()
		item, err = rollout.ReadRolloutItem(ctx, tx, subJobID)
		return err
	})
	return item, now, err
}

// parked is the plan of a sub-job that waits again: for its turn, or for the next message. Whether its turn came meanwhile is
// checked with the pool locked, as when turns are given.
func (r *Runner) parked(s workspace.SubJob, d desktop.Desktop, item rollout.RolloutEntry, params rollout.RebuildParams, now time.Time) plan {
	late, told := !now.Before(item.Deadline), true
	p := plan{limit: tellLimit}
	if item.State == progress.ItemWarned && !late {
		p.steps = []Step{{Name: "telling its people", Do: func(ctx context.Context) (err error) {
			told, err = r.countDown(ctx, s, d, params, item.Deadline)
			return err
		}}}
	}
	p.again = func(ctx context.Context, tx *store.Tx) (time.Time, error) {
		if _, err := pool.LockPool(ctx, tx, s.ProjectID, s.PoolID); err != nil {
			return time.Time{}, err
		}
		item, err := rollout.ReadRolloutItem(ctx, tx, s.ID)
		next := item.Next(late, tx.Now())
		if soon := tx.Now().Add(tellAgain); !told && next.After(soon) {
			next = soon
		}
		return next, err
	}
	return p
}

// countDown shows the users of a desktop how much time they have. It returns false if that failed, for example while a session is
// starting: it is tried again soon, since it must not delay the rebuild.
func (r *Runner) countDown(ctx context.Context, s workspace.SubJob, d desktop.Desktop, params rollout.RebuildParams, deadline time.Time) (bool, error) {
	var people []desktop.Assignment
	var languages map[string]string
	var now time.Time
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		if _, err = rollout.NoteTold(ctx, tx, s.ID, "", now); err != nil {
			return err
		}
		people, languages, err = holdersOf(ctx, tx, d)
		return err
	})
	if err != nil {
		return false, err
	}
	return r.notify(ctx, d.ID, notice.Rebuild(people, params.Message, deadline.Sub(now), languages), deadline), ctx.Err()
}

// leaveAlone withdraws the messages in a desktop, and ends its sub-job.
func (r *Runner) leaveAlone(d desktop.Desktop, item rollout.RolloutEntry) plan {
	p := plan{limit: tellLimit, remark: "not rebuilt: " + item.Reason}
	p.succeed = func(context.Context, *store.Tx, *desktop.Desktop) error { return nil }
	if !item.Told.IsZero() {
		p.steps = append(p.steps, Step{Name: "telling its people", Do: func(ctx context.Context) error {
			var people []desktop.Assignment
			var languages map[string]string
			err := r.store.View(ctx, func(tx *store.Tx) (err error) {
				people, languages, err = holdersOf(ctx, tx, d)
				return err
			})
			if err == nil {
				r.notify(ctx, d.ID, notice.RebuildCancelled(people, languages), time.Time{})
			}
			return err
		}})
	}
	if item.State == progress.ItemStopped {
		p.steps = append(p.steps, Step{Name: "waiting for its turn", Do: func(context.Context) error {
			return workspace.Errorf(workspace.CodeStopped, "not rebuilt: %s", item.Reason)
		}})
	}
	return p
}

// countdownID identifies the message about a rebuild, so that each replaces the one before.
const countdownID = "rebuild"

// notify shows messages in a desktop, with a countdown if until is not zero, and returns whether they were shown, or nobody could
// see them.
func (r *Runner) notify(ctx context.Context, desktopID string, notices []notice.Notice, until time.Time) bool {
	shown := true
	for _, n := range notices {
		err := r.engine.Notify(ctx, desktopID, guest.Message{
			ID: countdownID, Account: n.Account, Title: n.Title, Text: n.Text, Urgent: true, Until: until,
		})
		if err == nil || errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrNotFound) {
			continue
		}
		shown = false
		r.log.WarnContext(ctx, "a message about a rebuild was not shown", "desktop", desktopID, "account", n.Account, "error", err)
	}
	return shown
}

// holdersOf reads the users of a desktop, and their languages by user id.
func holdersOf(ctx context.Context, tx *store.Tx, d desktop.Desktop) ([]desktop.Assignment, map[string]string, error) {
	people, err := assignment.Holdings(ctx, tx, []string{d.ID}, nil)
	if err != nil {
		return nil, nil, err
	}
	languages := map[string]string{}
	for _, a := range people {
		u, err := directory.ReadUser(ctx, tx, d.ProjectID, a.UserID)
		if err != nil {
			return nil, nil, err
		}
		languages[a.UserID] = u.Language
	}
	return people, languages, nil
}
