package job

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Observer detects changes of machines that Carrel did not make (a user shut one down from inside, a host restarted, an
// administrator deleted one in the engine) and writes them to the desktops' rows. Create it with its fields set; call Start once.
type Observer struct {
	Store  store.Transactions
	Engine engine.Engine
	Log    *slog.Logger
	Every  time.Duration // 0 means 15 s

	rounds rounds
}

// Start starts the background work.
func (o *Observer) Start(ctx context.Context) error {
	o.rounds.start(ctx, cmp.Or(o.Every, 15*time.Second), func(ctx context.Context) {
		if err := o.Observe(ctx); err != nil && ctx.Err() == nil {
			o.Log.WarnContext(ctx, "observing machines", "error", err)
		}
	})
	return nil
}

// Stop ends the background work and waits for it.
func (o *Observer) Stop(context.Context) {
	o.rounds.stop()
}

// observePage is the number of desktops that are compared at a time.
const observePage = 1000

// Observe compares all desktops without a task with their machines once.
//
// It reads rows before machines, and writes a row only if it is unchanged since: then no job ran in between, and the machine's
// state is the desktop's.
func (o *Observer) Observe(ctx context.Context) error {
	if err := o.observeSnapshots(ctx); err != nil {
		return err
	}
	rows, err := o.restingDesktops(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	machines, err := o.Engine.List(ctx)
	if err != nil {
		return fmt.Errorf("listing machines: %w", err)
	}
	byID := make(map[string]engine.Machine, len(machines))
	for _, m := range machines {
		byID[m.ID] = m
	}
	limits, err := o.processLimits(ctx, rows)
	if err != nil {
		return err
	}
	for _, d := range rows {
		m, exists := byID[d.ID]
		if exists {
			o.limitProcesses(ctx, d, m, limits[d.ProductID])
		}
		status, fault := drift(d, m.State, exists)
		if status == d.Status {
			continue
		}
		if err := o.correct(ctx, d, status, fault); err != nil {
			return err
		}
	}
	return nil
}

// drift returns the actual state of a desktop without a task and, if that is ERROR, why. A desktop in ERROR stays so until it is
// repaired: a running machine does not mean that what failed works now.
func drift(d desktop.DesktopState, state engine.State, exists bool) (desktop.DesktopStatus, string) {
	if d.Status == desktop.StatusError {
		return d.Status, d.Fault
	}
	if !exists {
		return desktop.StatusError, "its machine is missing in the engine; delete the desktop, or run carrel audit"
	}
	status := StatusOf(state)
	if status == desktop.StatusError {
		return status, "the engine reports an error for its machine"
	}
	return status, ""
}

func (o *Observer) restingDesktops(ctx context.Context) ([]desktop.DesktopState, error) {
	rows, err := allDesktops(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(d desktop.DesktopState) bool { return d.Task != workspace.NoTask }), nil
}

// allDesktops reads the states of the desktops of all projects, page by page.
func allDesktops(ctx context.Context, s store.Transactions) ([]desktop.DesktopState, error) {
	var all []desktop.DesktopState
	for after := ""; ; after = all[len(all)-1].ID {
		var page []desktop.DesktopState
		err := s.View(ctx, func(tx *store.Tx) (err error) {
			page, err = desktop.DesktopStates(ctx, tx, after, observePage)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading desktops: %w", err)
		}
		if all = append(all, page...); len(page) < observePage {
			return all, nil
		}
	}
}

func (o *Observer) correct(ctx context.Context, seen desktop.DesktopState, status desktop.DesktopStatus, fault string) error {
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		found, err := desktop.LockDesktops(ctx, tx, seen.ProjectID, []string{seen.ID})
		if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask || !found[0].Updated.Equal(seen.Updated) {
			return err
		}
		o.Log.InfoContext(ctx, "desktop changed without a task", "desktop", seen.ID, "was", seen.Status, "is", status)
		return desktop.MarkObserved(ctx, tx, found[0], status, fault)
	})
}
