package sim

import (
	"context"
	"fmt"

	"carrel/internal/engine"
)

// LimitProcesses implements engine.Engine. Nothing runs in a simulated machine, so the limit is only stored.
func (e *Engine) LimitProcesses(ctx context.Context, id string, n int) error {
	doing := "limiting the processes of"
	if n < 1 {
		return wrap(doing, id, fmt.Errorf("%d processes: %w", n, engine.ErrInvalid))
	}
	if _, err := e.find(ctx, id); err != nil {
		return wrap(doing, id, err)
	}
	return wrap(doing, id, e.change(ctx, id, func(context.Context) error {
		m, err := e.machine(id)
		if err != nil {
			return err
		}
		limited := *m
		if limited.limit(n); limited.Processes == m.Processes {
			return nil
		}
		return e.put(&limited)
	}))
}

// limit sets the limit of a machine that is not stored yet: a stored one is never modified.
func (m *machine) limit(processes int) {
	if !m.VM {
		m.Processes = processes
	}
}
