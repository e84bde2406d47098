package sim

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/engine"
)

// Addresses implements engine.Engine.
func (e *Engine) Addresses(ctx context.Context) ([]engine.UsedAddress, error) {
	if err := e.look(ctx, ""); err != nil {
		return nil, fmt.Errorf("listing addresses: %w", err)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	used := make([]engine.UsedAddress, 0, len(e.machines))
	for _, m := range e.machines {
		used = append(used, engine.UsedAddress{Network: m.Network, Address: m.Address, Machine: m.ID, Holder: m.Name})
	}
	return used, nil
}

// Own implements engine.Engine.
func (e *Engine) Own(ctx context.Context, id, installation string) error {
	return e.note(ctx, "marking", id, func(m *machine) error {
		if m.Installation != "" && m.Installation != installation {
			return fmt.Errorf("it belongs to the installation %s: %w", m.Installation, engine.ErrConflict)
		}
		m.Installation = installation
		return nil
	})
}

// SetAside implements engine.Engine.
func (e *Engine) SetAside(ctx context.Context, id string, since time.Time) error {
	return e.note(ctx, "setting aside", id, func(m *machine) error {
		m.Aside = since.UTC().Truncate(time.Second)
		if since.IsZero() {
			m.Aside = time.Time{}
		}
		return nil
	})
}

// note changes the marks of a machine.
func (e *Engine) note(ctx context.Context, doing, id string, write func(*machine) error) error {
	err := e.change(ctx, id, func(context.Context) error {
		m, err := e.machine(id)
		if err != nil {
			return err
		}
		noted := *m
		if err := write(&noted); err != nil {
			return err
		}
		return e.put(&noted)
	})
	return wrap(doing, id, err)
}
