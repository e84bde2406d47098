package incus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// StartRun implements engine.Runs.
func (e *Engine) StartRun(ctx context.Context, id string, r guest.Run) (guest.RunState, error) {
	document, err := json.Marshal(r)
	if err != nil {
		return guest.RunState{}, fmt.Errorf("writing the script: %w", err)
	}
	return e.script(ctx, "starting a script in "+id, id, document, "run")
}

// AwaitRun implements engine.Runs. The guest's answer is awaited; if the machine is switched off, Incus ends the waiting process.
func (e *Engine) AwaitRun(ctx context.Context, id, run string) (guest.RunState, error) {
	return e.script(ctx, "waiting for a script in "+id, id, nil, "run-await", run)
}

// StopRun implements engine.Runs.
func (e *Engine) StopRun(ctx context.Context, id, run string) (guest.RunState, error) {
	return e.script(ctx, "stopping a script in "+id, id, nil, "run-stop", run)
}

func (e *Engine) script(ctx context.Context, doing, id string, in []byte, arguments ...string) (guest.RunState, error) {
	var state guest.RunState
	s, err := e.connect(ctx)
	if err != nil {
		return state, err
	}
	out, err := e.ask(ctx, s, doing, id, in, arguments...)
	if exit, ok := errors.AsType[*exitError](err); ok {
		if exit.status < 0 || exit.status >= signalled { // the process was killed, and has complained of nothing
			return state, err
		}
		return state, fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	}
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(out, &state); err != nil {
		return state, fmt.Errorf("%s: reading the guest's answer: %w", doing, err)
	}
	return state, nil
}

// signalled is where the statuses of processes begin that a signal has ended.
const signalled = 128
