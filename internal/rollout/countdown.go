package rollout

import (
	"context"
	"time"

	"carrel/internal/notice"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Next returns when the sub-job of an item has to check again: while the countdown runs, at the next reminder, or immediately if
// a user has connected; otherwise at its deadline; immediately if something was decided. An item whose turn has not come, even
// after its deadline (late: AdvanceRollout was called then), gets its turn from AdvanceRollout.
func (e RolloutEntry) Next(late bool, now time.Time) time.Time {
	switch {
	case e.State == progress.ItemWaiting, e.State == progress.ItemWarned && late:
		return never
	case e.State == progress.ItemWarned && now.Before(e.Deadline) && !e.Told.IsZero():
		return notice.NextReminder(e.Deadline, now)
	default:
		return now
	}
}

// Remind makes the message about a countdown be shown again, because a user of the desktop has just connected: that of a rebuild of
// its pool, and those of work on this desktop alone, whose sub-jobs show it whenever they are due.
func Remind(ctx context.Context, tx *store.Tx, desktopID string) error {
	subJobs, err := NoteTold(ctx, tx, "", desktopID, time.Time{})
	if err != nil {
		return err
	}
	open, err := tx.OpenSubJobs(ctx, []string{desktopID}, workspace.JobRebuildDesktops, workspace.JobLogOffDesktops)
	for _, s := range open {
		subJobs = append(subJobs, s.ID)
	}
	if err != nil || len(subJobs) == 0 {
		return err
	}
	return tx.ScheduleSubJobs(ctx, subJobs, tx.Now())
}
