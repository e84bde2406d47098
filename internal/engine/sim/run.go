package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"carrel/internal/engine"
	"carrel/internal/guest"
	"carrel/internal/guest/smallshell"
)

// scriptRun is a run of a script in a machine. What it does follows from the script (package smallshell) and the time.
type scriptRun struct {
	guest.Run
	Began time.Time
	Ends  time.Time    // by itself, at its limit or when it was stopped
	Cut   guest.RunCut `json:",omitempty"`
	Error string       `json:",omitempty"` // why it could not be started
	Lost  bool         `json:",omitempty"`
}

// begun is r from now on.
func begun(r guest.Run, now time.Time) scriptRun {
	s := scriptRun{Run: r, Began: now, Ends: now}
	steps, _ := smallshell.Parse(r.Script, r.Account)
	for _, step := range steps {
		s.Ends = s.Ends.Add(step.Sleep)
	}
	if limit := now.Add(r.Limit); s.Ends.After(limit) {
		s.Ends, s.Cut = limit, guest.CutLate
	}
	return s
}

// state is how far a run is.
func (s scriptRun) state(now time.Time) guest.RunState {
	switch {
	case s.Lost:
		return guest.RunState{Phase: guest.RunLost}
	case now.Before(s.Ends):
		return guest.RunState{Phase: guest.RunGoing}
	case s.Error != "":
		return guest.RunState{Phase: guest.RunEnded, Exit: -1, Error: s.Error}
	}
	account := s.Account
	if account == "" {
		account = "root"
	}
	steps, exit := smallshell.Parse(s.Script, account)
	var printed strings.Builder
	at := s.Began
	for _, step := range steps {
		if at = at.Add(step.Sleep); at.After(s.Ends) {
			break
		}
		printed.WriteString(step.Print)
	}
	var output guest.Output
	_, _ = output.Write([]byte(printed.String()))
	if s.Cut != "" {
		exit = -1
	}
	return guest.RunState{Phase: guest.RunEnded, Exit: exit, Cut: s.Cut, Output: output.String()}
}

// interrupted is what a power-off leaves of runs.
func interrupted(runs map[string]scriptRun, now time.Time) map[string]scriptRun {
	left := maps.Clone(runs)
	for id, s := range left {
		if now.Before(s.Ends) {
			s.Lost = true
			left[id] = s
		}
	}
	return left
}

// StartRun implements engine.Runs.
func (e *Engine) StartRun(ctx context.Context, id string, r guest.Run) (guest.RunState, error) {
	state, err := e.changeRun(ctx, id, r.ID, func(m *machine, _ scriptRun, known bool) (scriptRun, bool) {
		s := begun(r, time.Now())
		if r.Account != "" && !m.inside.has(r.Account) {
			s.Error, s.Cut, s.Ends = fmt.Sprintf("finding the account %q: no such account", r.Account), "", s.Began
		}
		return s, !known
	})
	return state, wrap("starting a script in", id, err)
}

// StopRun implements engine.Runs.
func (e *Engine) StopRun(ctx context.Context, id, run string) (guest.RunState, error) {
	state, err := e.changeRun(ctx, id, run, func(_ *machine, s scriptRun, known bool) (scriptRun, bool) {
		now := time.Now()
		if !known {
			return scriptRun{Run: guest.Run{ID: run}, Began: now, Ends: now, Cut: guest.CutStopped}, true
		}
		if s.Lost || !now.Before(s.Ends) {
			return s, false
		}
		s.Ends, s.Cut = now, guest.CutStopped
		return s, true
	})
	return state, wrap("stopping a script in", id, err)
}

// changeRun replaces a run of a running machine by what next returns, if that says so, and returns its state.
func (e *Engine) changeRun(ctx context.Context, id, run string, next func(m *machine, was scriptRun, known bool) (scriptRun, bool)) (guest.RunState, error) {
	if _, err := e.talk(ctx, id); err != nil {
		return guest.RunState{}, err
	}
	var state guest.RunState
	err := e.change(ctx, id, func(context.Context) error {
		m, err := e.running(id)
		if err != nil {
			return err
		}
		was, known := m.Runs[run]
		s, changed := next(m, was, known)
		if !changed {
			state = was.state(time.Now())
			return nil
		}
		kept := *m
		kept.Runs = map[string]scriptRun{run: s}
		for other, o := range m.Runs {
			if other != run {
				kept.Runs[other] = o
			}
		}
		if err := e.put(&kept); err != nil {
			return err
		}
		m.inside.wake()
		state = s.state(time.Now())
		return nil
	})
	return state, err
}

// AwaitRun implements engine.Runs.
func (e *Engine) AwaitRun(ctx context.Context, id, run string) (guest.RunState, error) {
	state, err := e.awaitRun(ctx, id, run)
	return state, wrap("waiting for a script in", id, err)
}

func (e *Engine) awaitRun(ctx context.Context, id, run string) (guest.RunState, error) {
	in, err := e.talk(ctx, id)
	if err != nil {
		return guest.RunState{}, err
	}
	for {
		changed := in.change()
		m, err := e.machine(id)
		if err != nil {
			return guest.RunState{}, err
		}
		if m.inside != in || m.State != engine.Running {
			return guest.RunState{}, fmt.Errorf("it was switched off: %w", engine.ErrConflict)
		}
		s, known := m.Runs[run]
		if !known {
			return guest.RunState{Phase: guest.RunLost}, nil
		}
		now := time.Now()
		if state := s.state(now); state.Phase != guest.RunGoing {
			return state, nil
		}
		if err := e.until(ctx, s.Ends.Sub(now), changed); err != nil {
			return guest.RunState{}, err
		}
	}
}

// has reports whether the guest has an account.
func (in *inside) has(account string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.sessions[account] != nil
}

// change returns a channel that is closed at the next change.
func (in *inside) change() <-chan struct{} {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.changed
}

// wake announces a change.
func (in *inside) wake() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.announce()
}

// Runs returns the ids of the runs that a machine remembers.
func (e *Engine) Runs(id string) []string {
	m, err := e.machine(id)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(m.Runs))
}
