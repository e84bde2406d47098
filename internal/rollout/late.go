package rollout

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/rollout/progress"
)

// addLatecomers adds the desktops that were created from the pool's former image after the request, by autoscaling or because the pool was
// expanded: they get sub-jobs of their own. It returns whether there are any. It is called once per rollout, when the pool takes the image.
func (l *lockedRollout) addLatecomers(ctx context.Context) (bool, error) {
	r := l.rollout
	var ids []string
	for _, m := range l.members {
		if m.Created.After(r.Created) && m.ImageID != r.ImageID && !m.Leaving() {
			ids = append(ids, m.DesktopID)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	desktops, err := desktop.LockDesktops(ctx, l.tx, r.ProjectID, ids)
	if err != nil {
		return false, err
	}
	job, err := l.tx.Job(ctx, r.ProjectID, r.JobID, false)
	if err != nil {
		return false, err
	}
	var items []RolloutEntry
	for _, d := range desktops {
		sub := desktop.NewSubJob(&job, d, RebuildParams{ImageID: r.ImageID, Message: r.Message})
		sub.RunAt, sub.Position, sub.Created = never, len(r.Items)+len(items), l.now
		job.SubJobs = append(job.SubJobs, sub)
		items = append(items, RolloutEntry{JobID: r.JobID, DesktopID: d.ID, SubJobID: sub.ID, State: progress.ItemWaiting})
	}
	if err := l.tx.InsertSubJobs(ctx, job); err != nil {
		return false, err
	}
	return len(items) > 0, SaveRolloutItems(ctx, l.tx, items)
}
