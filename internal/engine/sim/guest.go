package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// running returns the machine, or an error if it does not run or if its guest is silent and will never answer.
func (e *Engine) running(id string) (*machine, error) {
	m, err := e.machine(id)
	if err != nil {
		return nil, err
	}
	if m.State != engine.Running {
		return nil, fmt.Errorf("it is %s: %w", m.State, engine.ErrConflict)
	}
	return m, nil
}

// Configure implements engine.Engine.
func (e *Engine) Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error) {
	st, err := e.configure(ctx, id, d)
	return st, wrap("configuring", id, err)
}

func (e *Engine) configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error) {
	if err := e.await(ctx, id, "", true); err != nil {
		return guest.Status{}, err
	}
	var in *inside
	err := e.change(ctx, id, func(ctx context.Context) error {
		m, err := e.running(id)
		if err != nil {
			return err
		}
		if err := e.pause(ctx, e.config.Latency.Configure, "configure", id); err != nil {
			return err
		}
		kept := *m
		kept.Guest = d
		kept.Guest.Accounts = slices.Clone(d.Accounts)
		if err := e.put(&kept); err != nil {
			return err
		}
		in = m.inside
		if _, yes := e.chance.strikes(GuestFails, id); yes {
			return in.fail(errGuestFails)
		}
		in.apply(d, e.chance.spread(e.config.Latency.Session, "session", id))
		_, _, err = in.progress("")
		return err
	})
	if err != nil {
		return guest.Status{}, err
	}
	return in.status(), nil
}

// Await implements engine.Engine. ErrConflict if the machine does not run, or stops meanwhile.
func (e *Engine) Await(ctx context.Context, id, account string) error {
	return wrap("waiting for the guest of", id, e.await(ctx, id, account, false))
}

// await waits for an account, for the document or, with booted, only until the guest answers at all.
func (e *Engine) await(ctx context.Context, id, account string, booted bool) error {
	if err := e.look(ctx, id); err != nil {
		return err
	}
	for {
		m, err := e.running(id)
		if err != nil {
			return err
		}
		wait, changed, err := m.inside.progress(account)
		if booted && err != nil || err == nil && wait == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := e.until(ctx, wait, changed); err != nil {
			return err
		}
	}
}

// until waits for d, or without limit if d is negative, and returns early if something changed.
func (e *Engine) until(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	var ready <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		ready = timer.C
	}
	select {
	case <-ready:
	case <-changed:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.life.Done():
		return errClosed
	}
	return nil
}

// Status implements engine.Engine. While the machine boots, nothing is applied yet.
func (e *Engine) Status(ctx context.Context, id string) (guest.Status, error) {
	in, err := e.talk(ctx, id)
	if err != nil {
		return guest.Status{}, wrap("asking the guest of", id, err)
	}
	return in.status(), nil
}

// Notify implements engine.Engine. ErrConflict if the machine does not run.
func (e *Engine) Notify(ctx context.Context, id string, m guest.Message) error {
	in, err := e.talk(ctx, id)
	if err != nil {
		return wrap("notifying the sessions of", id, err)
	}
	in.notify(m)
	return nil
}

// EndSessions implements engine.Engine. ErrConflict if the machine does not run.
func (e *Engine) EndSessions(ctx context.Context, id string, before time.Time) error {
	in, err := e.talk(ctx, id)
	if err != nil {
		return wrap("ending the sessions of", id, err)
	}
	in.endSessions(before, e.chance.spread(e.config.Latency.Session, "session", id))
	return nil
}

// Messages returns what Notify has shown in a machine since it booted, oldest first; nothing if it does not run.
func (e *Engine) Messages(id string) []guest.Message {
	m, err := e.running(id)
	if err != nil {
		return nil
	}
	m.inside.mu.Lock()
	defer m.inside.mu.Unlock()
	return slices.Clone(m.inside.messages)
}

// talk returns the inside of a running machine after its guest answers, which may be never.
func (e *Engine) talk(ctx context.Context, id string) (*inside, error) {
	if err := e.look(ctx, id); err != nil {
		return nil, err
	}
	m, err := e.running(id)
	if err != nil {
		return nil, err
	}
	if !m.inside.silent {
		return m.inside, nil
	}
	select {
	case <-m.inside.ends:
		return nil, fmt.Errorf("it stopped: %w", engine.ErrConflict)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.life.Done():
		return nil, errClosed
	}
}
