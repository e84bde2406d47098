package rollout

import (
	"context"

	"carrel/internal/desktop"
)

// addLatecomers has the rollout go on with the desktops that were made from the pool's former image since it was asked for, by
// autoscaling or because the pool was expanded: they get sub-jobs of their own. It says whether there are any. It is called once in a
// rollout, when the pool takes the image.
func (a *advance) addLatecomers(ctx context.Context) (bool, error) {
	r := a.rollout
	var ids []string
	for _, m := range a.members {
		if m.Created.After(r.Created) && m.ImageID != r.ImageID && !m.Leaving() {
			ids = append(ids, m.DesktopID)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	desktops, err := desktop.LockDesktops(ctx, a.tx, r.ProjectID, ids)
	if err != nil {
		return false, err
	}
	job, err := a.tx.Job(ctx, r.ProjectID, r.JobID, false)
	if err != nil {
		return false, err
	}
	var items []RolloutEntry
	for _, d := range desktops {
		sub := desktop.NewSubJob(&job, d, RebuildParams{ImageID: r.ImageID, Message: r.Message})
		sub.RunAt, sub.Position, sub.Created = never, len(r.Items)+len(items), a.now
		job.SubJobs = append(job.SubJobs, sub)
		items = append(items, RolloutEntry{JobID: r.JobID, DesktopID: d.ID, SubJobID: sub.ID, State: ItemWaiting})
	}
	if err := a.tx.InsertSubJobs(ctx, job); err != nil {
		return false, err
	}
	return len(items) > 0, SaveRolloutItems(ctx, a.tx, items)
}
