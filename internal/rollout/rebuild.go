package rollout

import (
	"cmp"
	"context"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// RebuildParams are the parameters of a rebuildDesktopPool sub-job.
type RebuildParams struct {
	ImageID string `json:"image_id"`
	Message string `json:"message,omitempty"`
}

// RebuildPool gives a pool's desktops a new image and returns the job, with a sub-job for each of them. With OnlyNew, or if there
// is nothing to rebuild, there are no sub-jobs, and the pool has the image immediately. CodeConflict while a job of the pool is
// in progress; the pool's row decides between concurrent callers.
func (s *Service) RebuildPool(ctx context.Context, r RebuildPool) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		p, err := pool.LockIdlePool(ctx, tx, r.Caller, r.PoolID)
		if err != nil {
			return "", err
		}
		return rebuildPool(ctx, tx, p, r, s.Limits)
	}))
}

// RevertPool gives a pool's desktops the image that the pool had before its current one, and returns the job. It stops a rebuild
// in progress, and reverts the desktops that have the new image. Desktops with the former image are not rebuilt. CodeConflict if
// the pool never had another image, or while a job of another kind is in progress.
func (s *Service) RevertPool(ctx context.Context, c workspace.Caller, poolID string) (string, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return "", err
		}
		p, err := pool.LockPool(ctx, tx, c.ProjectID, poolID)
		if err != nil {
			return "", err
		}
		open, err := OpenRollouts(ctx, tx, p.ID)
		if err != nil {
			return "", err
		}
		if err := pool.MayChange(p); err != nil && len(open) == 0 {
			return "", err
		}
		r := RebuildPool{Caller: c, PoolID: p.ID, ImageID: p.ImageID}
		if len(open) == 0 || open[len(open)-1].Taken {
			former, err := p.FormerImage()
			if err != nil {
				return "", err
			}
			r.ImageID = former.ImageID
		}
		if r.DesktopIDs, err = stopRollouts(ctx, tx, open); err != nil {
			return "", err
		}
		return revertPool(ctx, tx, p, r, s.Limits)
	}))
}

// revertPool rebuilds the desktops that have another image, and those of r, which will have one.
func revertPool(ctx context.Context, tx *store.Tx, p pool.Pool, r RebuildPool, limits progress.Limits) (string, error) {
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if m.ImageID != r.ImageID && !m.Leaving() && !slices.Contains(r.DesktopIDs, m.DesktopID) {
			r.DesktopIDs = append(r.DesktopIDs, m.DesktopID)
		}
	}
	if len(r.DesktopIDs) == 0 {
		r.Handle = pool.OnlyNew
	}
	return rebuildPool(ctx, tx, p, r, limits)
}

// RetryRebuild continues a failed rebuild with the desktops that are not done, the first of them alone if none is done.
// CodeConflict if the pool has had another image since.
func RetryRebuild(ctx context.Context, tx *store.Tx, job workspace.Job) error {
	p, err := pool.LockPool(ctx, tx, job.ProjectID, job.PoolID)
	if err != nil {
		return err
	}
	if err := pool.MayChange(p); err != nil {
		return err
	}
	subs, err := tx.RetryFailed(ctx, job.ID)
	if err != nil {
		return err
	}
	r, err := ReadRollout(ctx, tx, job.ID)
	if err != nil {
		return err
	}
	if n := len(p.History); n > 0 && p.History[n-1].Since.After(r.Created) && p.ImageID != r.ImageID {
		return workspace.Errorf(workspace.CodeConflict, "pool %s has another image by now; request a rebuild with the image that you want", p.Name)
	}
	var waiting []string
	for i := range r.Items {
		item := &r.Items[i]
		failed := slices.ContainsFunc(subs, func(s workspace.SubJob) bool { return s.ID == item.SubJobID })
		if failed && item.State != progress.ItemSkipped { // the desktop of a skipped item is gone, and its sub-job will report that again
			*item = RolloutEntry{JobID: item.JobID, DesktopID: item.DesktopID, SubJobID: item.SubJobID, State: progress.ItemWaiting}
			waiting = append(waiting, item.SubJobID)
		}
	}
	r.Stopped, r.Ended = "", time.Time{}
	if err := SaveRolloutItems(ctx, tx, r.Items); err != nil {
		return err
	}
	if err := SaveRollout(ctx, tx, r); err != nil {
		return err
	}
	if err := tx.ScheduleSubJobs(ctx, waiting, never); err != nil {
		return err
	}
	return AdvanceLocked(ctx, tx, p, job.ID)
}

// stopRollouts cancels the waiting items of open rollouts; the caller has locked their pool. It returns the desktops that are being
// rebuilt: those continue.
func stopRollouts(ctx context.Context, tx *store.Tx, open []PoolRollout) (begun []string, err error) {
	for _, o := range open {
		r, err := ReadRollout(ctx, tx, o.JobID)
		if err != nil {
			return nil, err
		}
		l := lockedRollout{tx: tx, rollout: &r, before: slices.Clone(r.Items), now: tx.Now()}
		for _, item := range r.Items {
			if item.State == progress.ItemRebuilding && item.SubJob != "" && !item.SubJob.Done() {
				begun = append(begun, item.DesktopID)
			}
		}
		if err := l.carryOut(ctx, progress.Halt(l.state().Items, "an administrator went back to the former image")); err != nil {
			return nil, err
		}
		r.Ended = l.now
		if err := l.save(ctx); err != nil {
			return nil, err
		}
	}
	return begun, nil
}

// rebuildPool begins a rollout; the caller has locked the pool. It returns the id of the job.
func rebuildPool(ctx context.Context, tx *store.Tx, p pool.Pool, r RebuildPool, limits progress.Limits) (string, error) {
	image, err := catalog.HoldImage(ctx, tx, p.ProjectID, r.ImageID)
	if err != nil {
		return "", workspace.InField("image_id", err)
	}
	if err := image.Is(r.ImageType, r.OSType); err != nil {
		return "", err
	}
	holder := catalog.Holder{Name: "the pool", ProductID: p.ProductID, ImageID: p.ImageID, RootGB: p.Root.GB}
	if err := catalog.ImageFits(ctx, tx, holder, image); err != nil {
		return "", err
	}
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return "", err
	}
	targets, err := r.Targets(members)
	if err != nil {
		return "", err
	}
	found, err := desktop.LockByID(ctx, tx, p.ProjectID, desktop.IdsOf(targets))
	if err != nil {
		return "", err
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: p.ProjectID, Type: workspace.JobRebuildPool, PoolID: p.ID, RequestID: r.RequestID, Created: tx.Now()}
	rollout := PoolRollout{
		JobID: job.ID, ProjectID: p.ProjectID, PoolID: p.ID, ImageID: image.ID, ImageType: cmp.Or(r.ImageType, image.Type),
		Delay: time.Duration(r.DelayMinutes) * time.Minute, Message: r.Message, OrderID: r.OrderID, Handle: r.Handle, Fix: r.Fix,
		Limits: limits, Created: job.Created,
	}
	for _, m := range targets {
		d, there := found[m.DesktopID]
		if !there {
			continue
		}
		sub := desktop.NewSubJob(&job, d, RebuildParams{ImageID: image.ID, Message: r.Message})
		sub.RunAt = never
		job.SubJobs = append(job.SubJobs, sub)
		rollout.Items = append(rollout.Items, RolloutEntry{DesktopID: d.ID, SubJobID: sub.ID, State: progress.ItemWaiting})
	}
	if err := tx.InsertJob(ctx, job); err != nil {
		return "", err
	}
	if err := InsertRollout(ctx, tx, rollout); err != nil {
		return "", err
	}
	return job.ID, AdvanceLocked(ctx, tx, p, job.ID)
}
