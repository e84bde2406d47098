package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/notice"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// takeLimit is how long a sub-job that has warned people waits for other work on its desktop to end.
const takeLimit = 30 * time.Minute

// words makes the messages for the people of a desktop, with the time that is left to them; languages has those of users by id.
type words func(people []desktop.Assignment, left time.Duration, languages map[string]string) []notice.Notice

// warned returns the steps before work on a desktop of which people are told: they see a countdown for a time that begins with the first
// claim, and can work until it is over; then the sub-job becomes the owner of the desktop. Between messages the sub-job is in the queue.
// It has no steps for a sub-job that owns its desktop already.
func (r *Runner) warned(s *workspace.SubJob, d desktop.Desktop, wait time.Duration, task workspace.Task, say words) []Step {
	if d.TaskOwner == s.ID {
		return nil
	}
	until := s.Begun.Add(wait)
	return []Step{
		{Name: "telling its people", Do: func(ctx context.Context) error {
			if wait == 0 {
				return nil
			}
			return r.tellUntil(ctx, d, until, say)
		}},
		{Name: "waiting for other work on the desktop", Do: func(ctx context.Context) error {
			return r.take(ctx, s, d, task, until)
		}},
	}
}

// tellUntil shows the countdown, and postpones the sub-job until the next message or the end.
func (r *Runner) tellUntil(ctx context.Context, d desktop.Desktop, until time.Time, say words) error {
	var people []desktop.Assignment
	var languages map[string]string
	var now time.Time
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		people, languages, err = holdersOf(ctx, tx, d)
		return err
	})
	if err != nil || !now.Before(until) {
		return err
	}
	next := notice.NextReminder(until, now).Sub(now)
	if !r.notify(ctx, d.ID, say(people, until.Sub(now), languages), until) {
		next = min(next, tellAgain)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return postponed{after: next}
}

// take makes the sub-job the owner of its desktop, or postpones it while another one is, or if the desktop has changed since its plan was
// made.
func (r *Runner) take(ctx context.Context, s *workspace.SubJob, d desktop.Desktop, task workspace.Task, since time.Time) error {
	taken, again := false, time.Duration(0)
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		now, owned, err := desktop.Take(ctx, tx, *s, task)
		if taken = owned; err == nil && !owned {
			again = turnAfter(tx.Now().Sub(since))
		}
		if err == nil && owned && now.Status != d.Status {
			again = time.Millisecond // the plan is made again, for the desktop as it is
		}
		return err
	})
	if err == nil && (!taken || again > 0) {
		return postponed{after: again}
	}
	return err
}
