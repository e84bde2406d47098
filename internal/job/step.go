package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carrel/internal/backoff"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Step is one idempotent part of a sub-job.
type Step struct {
	Name string
	// Done checks whether the step's result exists. It is nil if Do itself checks and verifies, and checking alone is expensive.
	Done func(ctx context.Context) (bool, error)
	// Do produces the result. It may run again after a crash, and concurrently with a worker that has lost its lease.
	Do func(ctx context.Context) error
	// Limit is the time for this step and all after it together, from when it is first reached; 0: what the sub-job has left.
	Limit time.Duration
	// Brief is for a step that usually ends very quickly, and that no later attempt needs to know of: it is written that it was
	// reached only if it takes longer. A type with thousands of sub-jobs then needs one write for each, at its end.
	Brief bool
}

// plan says how a sub-job is executed.
type plan struct {
	limit time.Duration // from the first claim to the deadline
	steps []Step
	// succeed writes the result to the desktop, in the transaction that ends the sub-job. The desktop's row is locked; d is nil
	// if it is gone.
	succeed func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error
	remark  string // shown with the success
	// warning returns, after the steps, what does not work although they succeeded; it is shown with the success. Nil means no
	// warning.
	warning func() string
	late    string // the failure's reason if a step's Limit is exceeded

	// again makes the sub-job wait again after its steps, rather than end, until the time that it returns in the transaction
	// which writes that. The sub-job has no deadline until it ends; limit is that of this one attempt.
	again func(ctx context.Context, tx *store.Tx) (time.Time, error)
}

// bound returns a context that limits the time of an attempt.
func (p plan) bound(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	if p.again != nil {
		return context.WithTimeout(ctx, p.limit)
	}
	return context.WithDeadline(ctx, deadline)
}

// postponed is an error that makes the runner try again later, without counting it as a fault.
type postponed struct{ after time.Duration }

func (p postponed) Error() string { return fmt.Sprintf("postponed by %v", p.after) }

// run executes one step: check, act, verify.
func (s Step) run(ctx context.Context) error {
	if s.Done == nil {
		return s.Do(ctx)
	}
	if done, err := s.Done(ctx); err != nil || done {
		return err
	}
	if err := s.Do(ctx); err != nil {
		return err
	}
	done, err := s.Done(ctx)
	if err == nil && !done {
		err = fmt.Errorf("%s: the engine said it was done, but it is not", s.Name)
	}
	return err
}

// The causes with which the runner cancels the work on a sub-job.
var (
	errLeaseLost = errors.New("another worker has the sub-job, or it was superseded")
	errDraining  = errors.New("the process is stopping")
)

// retryDecision is what to do with a sub-job whose steps ended with an error.
type retryDecision struct {
	final  bool
	code   workspace.Code
	reason string
	after  time.Duration // if not final
	fault  bool          // it counts as a transient fault
}

// classify decides what an error means for a sub-job: give up, or try again later. tries is the number of transient faults
// before, left the time to the deadline.
func classify(err error, step string, tries int, left time.Duration) retryDecision {
	var later postponed
	switch {
	case errors.As(err, &later) && left > 0:
		return retryDecision{after: later.after}
	case errors.Is(err, engine.ErrAddressTaken):
		return retryDecision{final: true, code: workspace.CodeAddressTaken, reason: step + ": another machine in the engine has the desktop's address; see carrel audit"}
	case errors.Is(err, engine.ErrInvalid), errors.Is(err, engine.ErrConflict):
		return retryDecision{final: true, code: workspace.CodeEngineRefused, reason: step + ": " + err.Error()}
	case errors.Is(err, engine.ErrNotFound):
		return retryDecision{final: true, code: workspace.CodeGone, reason: step + ": the desktop's machine no longer exists"}
	case workspace.CodeOf(err) != workspace.CodeInternal && workspace.CodeOf(err) != workspace.CodeNoDatabase:
		return retryDecision{final: true, code: workspace.CodeOf(err), reason: workspace.MessageOf(err)}
	case left <= 0 && errors.Is(err, engine.ErrNoCapacity):
		return retryDecision{final: true, code: workspace.CodeNoCapacity, reason: step + ": add a host or delete desktops: " + err.Error()}
	case left <= 0:
		return retryDecision{final: true, code: workspace.CodeDeadline,
			reason: fmt.Sprintf("%s: not done in time, last fault: %v; retry the job, or delete the desktop", step, err)}
	default:
		v := retryDecision{after: min(afterFaults.Wait(tries), left), fault: true}
		v.code, v.reason = passing(err, step)
		return v
	}
}

// passing returns code and reason of a transient fault, shown while the sub-job waits for its next attempt.
func passing(err error, step string) (workspace.Code, string) {
	switch {
	case errors.Is(err, engine.ErrNoCapacity):
		return workspace.CodeNoCapacity, step + ": no host has capacity; Carrel tries again: add a host or delete desktops"
	case errors.Is(err, engine.ErrUnavailable):
		return workspace.CodeUnavailable, step + ": the engine does not answer; it is tried again"
	default:
		return workspace.CodeUnavailable, fmt.Sprintf("%s: %v; it is tried again", step, err)
	}
}

// afterFaults is the delay after faults in a row.
var afterFaults = backoff.Doubling{First: 500 * time.Millisecond, Limit: 30 * time.Second}
