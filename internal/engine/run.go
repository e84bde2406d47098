package engine

import (
	"context"

	"carrel/internal/guest"
)

// Runs is the part of an Engine that runs scripts in machines. The machine itself remembers a run and goes on with it when nobody waits
// for it any more; it forgets runs that ended long ago. A run that was interrupted, because the machine was switched off, is lost: it is
// never started again. All methods return ErrNotFound if there is no machine, ErrConflict if it does not run, and ErrInvalid if the guest
// cannot do it, such as one from before there were scripts.
type Runs interface {
	// StartRun starts a run in a running machine, once for its id, and returns its state.
	StartRun(ctx context.Context, id string, r guest.Run) (guest.RunState, error)

	// AwaitRun blocks until the run has ended or is lost. It returns the context's error if that comes first.
	AwaitRun(ctx context.Context, id, run string) (guest.RunState, error)

	// StopRun kills a run, with the processes of its group, and returns its state when it has ended. A run that has not begun will not
	// begin; one that has ended stays as it is.
	StopRun(ctx context.Context, id, run string) (guest.RunState, error)
}
