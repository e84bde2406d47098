package job

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/tenant"
	"carrel/internal/workspace"
)

// planner returns the plan of a sub-job. desktop is nil if its row is gone. Steps may write on s what users see of it.
type planner func(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error)

// work executes a claimed sub-job as far as possible.
func (r *Runner) work(ctx context.Context, c *claim) {
	defer r.letGo(c)
	s := &c.sub
	log := r.log.With("job", s.JobID, "sub_job", s.ID, "type", s.Type, "desktop", s.DesktopID, "attempt", s.Attempt)
	start := time.Now()
	err := r.carryOut(c, log)

	ctx, cancel := outliving(ctx)
	defer cancel()
	switch cause := context.Cause(c.ctx); {
	case err == nil: // a lease that is not extended because the sub-job has ended is not lost
	case errors.Is(cause, errLeaseLost):
		log.InfoContext(ctx, "left a sub-job that was superseded", "step", s.Step)
		err = r.store.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseSubJob(ctx, s.ID, r.owner, s.Attempt) })
	case errors.Is(cause, errDraining):
		log.InfoContext(ctx, "left a sub-job to the next process", "step", s.Step)
		err = r.requeue(ctx, s, 0)
	default:
		err = r.settle(ctx, s, err, log)
	}
	if err != nil {
		log.ErrorContext(ctx, "recording the result of a sub-job failed, it is retried when its lease expires", "error", err)
	}
	if s.State.Done() {
		r.meter.Ended(s.Type, s.State, time.Since(start))
		r.giveTurns(ctx, *s)
		log.InfoContext(ctx, "sub-job ended", "state", s.State, "reason", s.Reason, "took", time.Since(start))
	}
}

// outliving returns a context for writes that must happen even if the work is cancelled; the process waits briefly for them. The
// writes themselves check whether the sub-job is still this worker's.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// carryOut runs the steps and writes success.
func (r *Runner) carryOut(c *claim, log *slog.Logger) (err error) {
	ctx, s := c.ctx, &c.sub
	defer func() {
		if p := recover(); p != nil {
			log.ErrorContext(ctx, "panic in a step", "panic", p, "step", s.Step, "stack", string(debug.Stack()))
			err = &workspace.Error{Code: workspace.CodeInternal, Message: "an internal error occurred; it is in the server's log"}
		}
	}()
	reached := s.Step
	p, err := r.begin(c)
	if err != nil {
		return err
	}
	ctx, cancel := p.bound(ctx, s.Deadline)
	defer cancel()
	if err := r.runSteps(ctx, s, p, reached); err != nil {
		return err
	}
	if p.again != nil {
		return r.park(ctx, s, p)
	}
	return r.finish(ctx, s, p)
}

// runSteps runs a plan's steps in order. reached is the name of the step that an earlier attempt reached.
func (r *Runner) runSteps(ctx context.Context, s *workspace.SubJob, p plan, reached string) (err error) {
	// The steps before it are only checked again: that is no progress.
	first := slices.IndexFunc(p.steps, func(step Step) bool { return step.Name == reached })
	limited := slices.ContainsFunc(p.steps[:first+1], func(step Step) bool { return step.Limit > 0 })
	defer func() {
		if err != nil && limited && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = &workspace.Error{Code: workspace.CodeDeadline, Message: p.late, Err: err}
		}
	}()
	for i, step := range p.steps {
		progress := i * 100 / len(p.steps)
		if i > 0 && !step.Brief {
			if err := r.reach(ctx, s, step, progress); err != nil {
				return err
			}
		}
		if step.Limit > 0 {
			limited = true
			var cancel func()
			ctx, cancel = context.WithDeadline(ctx, s.Deadline)
			defer cancel()
		}
		run := step.run
		if step.Brief {
			run = func(ctx context.Context) error { return r.runBriefly(ctx, s, step, progress) }
		}
		if err := run(ctx); err != nil {
			return err
		}
		if i >= first {
			s.Tries, s.Code, s.Reason = 0, "", ""
		}
	}
	return nil
}

// showAfter is how long a brief step runs before it is written that the sub-job has reached it.
const showAfter = 100 * time.Millisecond

// runBriefly runs a step, and writes that it was reached only if it takes longer. If the process is killed before that, the next
// attempt begins at the step before, and finds its work done.
func (r *Runner) runBriefly(ctx context.Context, s *workspace.SubJob, step Step, progress int) (err error) {
	s.Step, s.Progress = step.Name, progress
	shown := *s // the step may modify s
	over, written := make(chan struct{}), make(chan error, 1)
	go func() {
		patience := time.NewTimer(showAfter)
		defer patience.Stop()
		select {
		case <-over:
			written <- nil
		case <-patience.C:
			written <- r.store.Update(ctx, func(tx *store.Tx) error { return save(ctx, tx, &shown) })
		}
	}()
	defer func() { // also when the step panics
		close(over)
		if fault := <-written; err == nil {
			err = fault
		}
	}()
	return step.run(ctx)
}

// begin plans the sub-job and writes its first step, unless that is brief, and, at the first claim, its deadline.
func (r *Runner) begin(c *claim) (p plan, err error) {
	if c.unread != nil {
		return plan{}, c.unread
	}
	ctx, s := c.ctx, &c.sub
	if p, err = r.plans[s.Type](ctx, s, c.desktop); err != nil {
		return plan{}, err
	}
	if s.Deadline.IsZero() && p.again == nil {
		s.Deadline = c.now.Add(p.limit)
		r.meter.Claimed(s.Type, c.now.Sub(s.Created))
	}
	if len(p.steps) > 0 && p.steps[0].Brief {
		return p, nil
	}
	first := Step{}
	if len(p.steps) > 0 {
		first = p.steps[0]
	}
	return p, r.reach(ctx, s, first, 0)
}

// reach writes which step the sub-job has reached, and its deadline. A deadline never moves back, so a step that starts again
// gets no additional time.
func (r *Runner) reach(ctx context.Context, s *workspace.SubJob, step Step, progress int) error {
	s.Step, s.Progress = step.Name, progress
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if end := tx.Now().Add(step.Limit); step.Limit > 0 && end.Before(s.Deadline) {
			s.Deadline = end
		}
		return save(ctx, tx, s)
	})
}

// save writes the sub-job's row, or returns errLeaseLost.
func save(ctx context.Context, tx *store.Tx, s *workspace.SubJob) error {
	held, err := tx.SaveSubJob(ctx, *s)
	if err == nil && !held {
		err = errLeaseLost
	}
	return err
}

// finish ends the sub-job with success and writes the result to the desktop.
func (r *Runner) finish(ctx context.Context, s *workspace.SubJob, p plan) error {
	ctx, cancel := outliving(ctx)
	defer cancel()
	done := *s
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		done.State, done.Progress, done.Step, done.Ended = workspace.SubJobSuccess, 100, "", tx.Now()
		done.Code, done.Reason = "", p.reason()
		return r.end(ctx, tx, &done, func(d *desktop.Desktop) error { return p.succeed(ctx, tx, d) })
	})
	if err == nil {
		*s = done
	}
	return err
}

// end writes a final state and its effect on the desktop in one transaction.
func (r *Runner) end(ctx context.Context, tx *store.Tx, s *workspace.SubJob, effect func(*desktop.Desktop) error) error {
	if s.Type == workspace.JobCreateDesktops && s.PoolID != "" {
		if err := pool.NoteScaled(ctx, tx, *s); err != nil {
			return err
		}
	}
	if s.Type == workspace.JobExecuteScripts {
		if err := r.afterScripts(ctx, tx, s); err != nil {
			return err
		}
	}
	desktops, err := desktop.LockDesktops(ctx, tx, s.ProjectID, []string{s.DesktopID})
	if err != nil {
		return err
	}
	if err := save(ctx, tx, s); err != nil {
		return err
	}
	if len(desktops) == 0 {
		return effect(nil)
	}
	return effect(&desktops[0])
}

// settle gives the sub-job up or schedules its next attempt.
func (r *Runner) settle(ctx context.Context, s *workspace.SubJob, cause error, log *slog.Logger) error {
	if errors.Is(cause, errLeaseLost) {
		return r.store.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseSubJob(ctx, s.ID, r.owner, s.Attempt) })
	}
	left := r.timeLeft(ctx, s)
	v := classify(cause, s.Step, s.Tries, left)
	if v.final {
		log.WarnContext(ctx, "sub-job failed", "step", s.Step, "code", v.code, "error", cause)
		return r.giveUp(ctx, s, v)
	}
	if v.fault {
		s.Tries, s.Code, s.Reason = s.Tries+1, v.code, v.reason
		r.meter.Fault(s.Type)
		log.WarnContext(ctx, "transient error, will retry", "step", s.Step, "after", v.after, "tries", s.Tries, "error", cause)
	}
	return r.requeue(ctx, s, v.after)
}

// timeLeft returns the time to the sub-job's deadline by the store's clock.
func (r *Runner) timeLeft(ctx context.Context, s *workspace.SubJob) time.Duration {
	left := time.Duration(0)
	err := r.store.View(ctx, func(tx *store.Tx) error {
		left = s.Deadline.Sub(tx.Now())
		return nil
	})
	if err != nil || s.Deadline.IsZero() {
		return time.Second // it has no deadline yet, or the store does not answer: the next attempt decides
	}
	return left
}

// requeue returns the sub-job to the queue. Its reason, if it has one, is also written to its desktop, so that users see what
// delays it.
func (r *Runner) requeue(ctx context.Context, s *workspace.SubJob, after time.Duration) error {
	return r.store.Update(ctx, func(tx *store.Tx) error {
		if s.Reason != "" {
			if err := desktop.MarkHeldUp(ctx, tx, *s); err != nil {
				return err
			}
		}
		back := *s
		back.State, back.RunAt = workspace.SubJobWaiting, tx.Now().Add(after)
		err := save(ctx, tx, &back)
		if errors.Is(err, errLeaseLost) {
			return tx.ReleaseSubJob(ctx, s.ID, r.owner, s.Attempt)
		}
		return err
	})
}

// park returns the sub-job to the queue as its plan says.
func (r *Runner) park(ctx context.Context, s *workspace.SubJob, p plan) error {
	ctx, cancel := outliving(ctx)
	defer cancel()
	return r.store.Update(ctx, func(tx *store.Tx) error {
		at, err := p.again(ctx, tx)
		if err != nil {
			return err
		}
		back := *s
		back.State, back.RunAt, back.Step, back.Progress, back.Tries = workspace.SubJobWaiting, at, "", 0, 0
		back.Code, back.Reason = "", ""
		return save(ctx, tx, &back)
	})
}

// giveUp ends the sub-job as FAILED, and the desktop's task with it.
func (r *Runner) giveUp(ctx context.Context, s *workspace.SubJob, v retryDecision) error {
	found := desktop.StatusError
	if s.DesktopID != "" {
		found = r.look(ctx, *s)
	}
	failed := *s
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		failed.State, failed.Code, failed.Reason, failed.Ended = workspace.SubJobFailed, v.code, v.reason, tx.Now()
		return r.end(ctx, tx, &failed, func(d *desktop.Desktop) error {
			if s.Type == workspace.JobOpenService {
				return tenant.NotOpened(ctx, tx, failed, v.reason)
			}
			if d == nil || d.TaskOwner != s.ID {
				return nil
			}
			status := found
			if s.Type.Creates() {
				status = desktop.StatusError // it was never complete
			}
			if err := desktop.MarkFailed(ctx, tx, *d, status, v.reason); err != nil || s.Type != workspace.JobAttachPool {
				return err
			}
			return notAttached(ctx, tx, s, *d)
		})
	})
	if errors.Is(err, errLeaseLost) {
		return r.store.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseSubJob(ctx, s.ID, r.owner, s.Attempt) })
	}
	if err == nil {
		*s = failed
	}
	return err
}

// isReset reports whether a sub-job resets a pool desktop, rebuilds whether it replaces a system disk.
func isReset(s workspace.SubJob) bool {
	return s.Type == workspace.JobRebuildDesktops && s.PoolID != ""
}

func rebuilds(s workspace.SubJob) bool {
	return s.Type == workspace.JobRebuildDesktops || s.Type == workspace.JobRebuildPool
}

// look returns the state of the machine after a failure. It is ERROR if the engine does not answer, if the desktop runs but its
// new system did not start properly, and after a failed reset, since the desktop is still used and must not be given to another
// user.
func (r *Runner) look(ctx context.Context, s workspace.SubJob) desktop.DesktopStatus {
	m, err := r.engine.Find(ctx, s.DesktopID)
	if err != nil || isReset(s) || rebuilds(s) && m.Mark == markOf(s) {
		return desktop.StatusError
	}
	return StatusOf(m.State)
}

// StatusOf returns the desktop's status for a machine's state.
func StatusOf(s engine.State) desktop.DesktopStatus {
	switch s {
	case engine.Running:
		return desktop.StatusActive
	case engine.Stopped:
		return desktop.StatusShutoff
	case engine.Hibernated:
		return desktop.StatusHibernated
	default:
		return desktop.StatusError
	}
}
