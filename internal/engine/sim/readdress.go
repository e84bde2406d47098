package sim

import (
	"context"
	"fmt"

	"carrel/internal/engine"
)

// Readdress implements engine.Engine.
func (e *Engine) Readdress(ctx context.Context, s engine.Spec) error {
	if _, err := e.find(ctx, s.ID); err != nil {
		return wrap("moving", s.ID, err)
	}
	if err := e.validate(s); err != nil {
		return wrap("moving", s.ID, err)
	}
	return wrap("moving", s.ID, e.change(ctx, s.ID, func(ctx context.Context) error {
		m, err := e.machine(s.ID)
		if err != nil {
			return err
		}
		if err := m.whole(); err != nil {
			return err
		}
		moved := *m
		moved.Network, moved.Address, moved.Guest = s.Network, s.Address, s.Guest
		if same := m.Network == s.Network && m.Address == s.Address; same && m.State != engine.Stopped {
			return nil
		}
		if m.State != engine.Stopped {
			return fmt.Errorf("it is %s: %w", m.State, engine.ErrConflict)
		}
		if err := e.pause(ctx, e.config.Latency.Reshape, "move", s.ID); err != nil {
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if owner := e.owners[address{s.Network, s.Address}]; owner != "" && owner != s.ID {
			return fmt.Errorf("machine %s has %s: %w", owner, s.Address, engine.ErrAddressTaken)
		}
		return e.record(&moved)
	}))
}
