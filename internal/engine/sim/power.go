package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carrel/internal/engine"
)

// Start implements engine.Engine. A broken machine boots again.
func (e *Engine) Start(ctx context.Context, id string) error {
	err := e.change(ctx, id, func(ctx context.Context) error {
		m, err := e.machine(id)
		if err != nil || m.State == engine.Running {
			return err
		}
		if _, yes := e.chance.strikes(StartHangs, id); yes {
			return errHangs
		}
		_, err = e.run(ctx, m)
		return err
	})
	if errors.Is(err, errHangs) {
		err = e.hang(ctx)
	}
	return wrap("starting", id, err)
}

// run boots or resumes a machine. The caller has its turn.
func (e *Engine) run(ctx context.Context, m *machine) (*machine, error) {
	if err := m.whole(); err != nil {
		return nil, err
	}
	if _, yes := e.chance.strikes(StartFails, m.ID); yes {
		return nil, fmt.Errorf("%w: %s", errSim, StartFails)
	}
	if m.State == engine.Hibernated {
		if err := e.pause(ctx, e.config.Latency.Hibernate, "hibernate", m.ID); err != nil {
			return nil, err
		}
		awake := *m
		awake.State = engine.Running
		return &awake, e.put(&awake)
	}
	if err := e.pause(ctx, e.config.Latency.Start, "start", m.ID); err != nil {
		return nil, err
	}
	running := e.booted(m)
	return running, e.put(running)
}

// booted returns m after it was switched on.
func (e *Engine) booted(m *machine) *machine {
	b := *m
	b.State = engine.Running
	b.Ready = time.Now().Add(e.chance.spread(e.config.Latency.Boot, "boot", m.ID))
	b.inside = newInside(m.Guest, b.Ready, e.chance.spread(e.config.Latency.Session, "session", m.ID))
	if _, yes := e.chance.strikes(GuestFails, m.ID); yes {
		b.inside.failed = errGuestFails
	}
	_, b.inside.silent = e.chance.strikes(GuestSilent, m.ID)
	return &b
}

// off returns m without power.
func (m *machine) off(state engine.State) *machine {
	o := *m
	o.State, o.Ready, o.inside = state, time.Time{}, nil
	return &o
}

// Stop implements engine.Engine. A hibernated machine is switched off with and without force.
func (e *Engine) Stop(ctx context.Context, id string, force bool) error {
	err := e.change(ctx, id, func(ctx context.Context) error {
		m, err := e.machine(id)
		if err != nil || m.State == engine.Stopped {
			return err
		}
		return e.halt(ctx, m, force)
	})
	if errors.Is(err, errHangs) {
		err = e.hang(ctx)
	}
	return wrap("stopping", id, err)
}

// halt switches a machine off. The caller has its turn.
func (e *Engine) halt(ctx context.Context, m *machine, force bool) error {
	if !force && m.State == engine.Running {
		if _, yes := e.chance.strikes(StopHangs, m.ID); yes {
			return errHangs
		}
		if err := e.pause(ctx, e.config.Latency.Stop, "stop", m.ID); err != nil {
			return err
		}
	}
	return e.power(m, engine.Stopped)
}

// power records that m is off, and why.
func (e *Engine) power(m *machine, state engine.State) error {
	if err := e.put(m.off(state)); err != nil {
		return err
	}
	if m.inside != nil {
		m.inside.shutDown()
	}
	return nil
}

// Hibernate implements engine.Engine. The content of sessions stays; displays end.
func (e *Engine) Hibernate(ctx context.Context, id string) error {
	err := e.change(ctx, id, func(ctx context.Context) error {
		m, err := e.machine(id)
		if err != nil || m.State == engine.Hibernated {
			return err
		}
		if m.State != engine.Running {
			return fmt.Errorf("it is %s: %w", m.State, engine.ErrConflict)
		}
		if err := e.pause(ctx, e.config.Latency.Hibernate, "hibernate", id); err != nil {
			return err
		}
		asleep := *m
		asleep.State = engine.Hibernated
		if err := e.put(&asleep); err != nil {
			return err
		}
		m.inside.disconnect()
		return nil
	})
	return wrap("hibernating", id, err)
}

// Delete implements engine.Engine.
func (e *Engine) Delete(ctx context.Context, id string) error {
	err := e.change(ctx, id, func(ctx context.Context) error {
		if _, err := e.machine(id); err != nil {
			return nil // gone already
		}
		if _, yes := e.chance.strikes(DeleteFails, id); yes {
			return fmt.Errorf("%w: %s", errSim, DeleteFails)
		}
		if err := e.pause(ctx, e.config.Latency.Delete, "delete", id); err != nil {
			return err
		}
		return e.drop(id)
	})
	return wrap("deleting", id, err)
}

// breakDown is the fault: the machine is broken and off.
func (e *Engine) breakDown(id string) error {
	m, err := e.machine(id)
	if err != nil {
		return nil // gone before it could break
	}
	return e.power(m, engine.Broken)
}

// wrap adds what was being done to an error, if there is one.
func wrap(doing, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s machine %s: %w", doing, id, err)
}
