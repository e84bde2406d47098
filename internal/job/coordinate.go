package job

import (
	"context"
	"time"

	"carrel/internal/rollout"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

// coordinate continues rebuilds of pools, and tasks of scripts whose desktops were deleted, once at the start for what a former process
// left, and then at intervals until the runner stops, for events that no sub-job reports: a desktop is free again, a session has ended. A
// deadline is the time of a sub-job itself, and the end of a sub-job continues its rebuild immediately. Several processes may do so; the
// pool's lock decides.
func (r *Runner) coordinate(ctx context.Context) {
	tick := time.NewTicker(r.conf.Coordinate)
	defer tick.Stop()
	for {
		if err := rollout.AdvanceRollouts(ctx, r.store); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "advancing rollouts", "error", err)
		}
		if err := script.Mend(ctx, r.store); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "ending records of scripts in deleted desktops", "error", err)
		}
		select {
		case <-tick.C:
		case <-r.quit:
			return
		case <-ctx.Done():
			return
		}
	}
}

// giveTurns continues the rebuild that an ended sub-job was part of. If that fails, coordinate does it later.
func (r *Runner) giveTurns(ctx context.Context, s workspace.SubJob) {
	if s.Type != workspace.JobRebuildPool {
		return
	}
	if err := rollout.AdvanceRollout(ctx, r.store, s.JobID); err != nil {
		r.log.WarnContext(ctx, "advancing a rollout", "job", s.JobID, "error", err)
	}
}
