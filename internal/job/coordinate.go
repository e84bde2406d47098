package job

import (
	"context"
	"time"

	"carrel/internal/rollout"
	"carrel/internal/workspace"
)

// turnsEvery is how often rebuilds of pools are looked at for what no sub-job tells: that a desktop is free again, that a session has
// ended. A deadline is a sub-job's own time, and an end moves its rebuild on at once.
const turnsEvery = 5 * time.Second

// coordinate moves rebuilds of pools on, at once for what a former process left and then from time to time, until the runner stops.
// Several processes may; the pool's lock decides.
func (r *Runner) coordinate(ctx context.Context) {
	tick := time.NewTicker(turnsEvery)
	defer tick.Stop()
	for {
		if err := rollout.AdvanceRollouts(ctx, r.store); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "advancing rollouts", "error", err)
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

// giveTurns moves the rebuild on that a sub-job which has ended was part of. If it fails, coordinate does it.
func (r *Runner) giveTurns(ctx context.Context, s workspace.SubJob) {
	if s.Type != workspace.JobRebuildPool {
		return
	}
	if err := rollout.AdvanceRollout(ctx, r.store, s.JobID); err != nil {
		r.log.WarnContext(ctx, "advancing a rollout", "job", s.JobID, "error", err)
	}
}
