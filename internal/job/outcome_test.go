package job_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// lateAnswers is a store that has ended a sub-job six seconds before its caller hears of it: longer than from one heartbeat to the next.
type lateAnswers struct {
	store.Transactions
	*statements
}

func (s lateAnswers) Update(ctx context.Context, f func(*store.Tx) error) error {
	var ends atomic.Bool
	err := s.Transactions.Update(ctx, func(tx *store.Tx) error { // one at a time on SQLite
		s.watch(func(statement string) {
			if strings.HasPrefix(statement, `UPDATE "sub_jobs"`) && strings.Contains(statement, `"state" = 'SUCCESS'`) {
				ends.Store(true)
			}
		})
		return f(tx)
	})
	if !ends.Load() {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(6 * time.Second):
		return err
	}
}

// ended counts sub-jobs that a process knows to be over.
type ended struct{ n atomic.Int32 }

func (*ended) Claimed(workspace.JobType, time.Duration)                        {}
func (*ended) Fault(workspace.JobType)                                         {}
func (e *ended) Ended(workspace.JobType, workspace.SubJobState, time.Duration) { e.n.Add(1) }

// A heartbeat extends only what still runs. What has just ended is not lost: seen on PostgreSQL, where 21 of 100,000 sub-jobs
// succeeded, and the process that had carried them out took them for another's.
func TestASubJobThatEndsAtAHeartbeatIsNotTakenForLost(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		var meter ended
		r := job.NewRunner(lateAnswers{e.store, e.statements}, e.sim, slog.New(slog.DiscardHandler), &meter, job.Config{Replica: "a"})
		e.must(r.Start(e.t.Context()))
		p := &process{r, e}
		defer p.kill()
		if j := e.finished(e.create(3)); j.Counts.Succeeded != 3 {
			t.Fatalf("%+v", j.SubJobs)
		}
		e.pass(10 * time.Second)
		if n := meter.n.Load(); n != 3 {
			t.Errorf("the process knows of %d sub-jobs that they ended, want 3", n)
		}
	})
}
