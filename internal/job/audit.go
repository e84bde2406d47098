package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DefaultKeep is how long machines are set aside before they are deleted, if the configuration does not say.
const DefaultKeep = 7 * 24 * time.Hour

// Auditor compares the rows with the machines. Create it with its fields set. It is safe for concurrent use, also by several
// processes.
type Auditor struct {
	Store  store.Transactions
	Engine engine.Engine
	Keep   time.Duration // how long a machine is set aside before it is deleted; 0 means DefaultKeep
}

// Audit compares and changes nothing. It reads machines before rows, and rows are written before their machines are created, so a
// machine without a row is not being created.
func (a *Auditor) Audit(ctx context.Context) (Report, error) {
	before, err := restingSnapshots(ctx, a.Store)
	if err != nil {
		return Report{}, err
	}
	machines, err := a.Engine.List(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("listing machines: %w", err)
	}
	there, err := a.Engine.Snapshots(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("listing snapshots: %w", err)
	}
	rows, err := allDesktops(ctx, a.Store)
	if err != nil {
		return Report{}, err
	}
	after, err := restingSnapshots(ctx, a.Store)
	if err != nil {
		return Report{}, err
	}
	var installation string
	var now time.Time
	err = a.Store.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		installation, err = catalog.Installation(ctx, tx)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("reading the installation's id: %w", err)
	}
	keep := a.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	r := Compare(rows, machines, installation, keep, now)
	r.Findings = append(r.Findings, CompareSnapshots(rows, machines, before, after, there)...)
	return r, nil
}

// ErrDoubt means that nothing was healed, since the database may not belong to these machines.
var ErrDoubt = errors.New("nothing was healed")

// Heal heals the findings with these ids that still exist: it sets machines without a desktop aside, deletes those that
// have been set aside long enough, restores those that have a desktop, marks desktops without a machine as ERROR, and lists the snapshots
// that there are. It never
// touches a machine that another installation created. ErrDoubt. It may be killed at any point and run again.
func (a *Auditor) Heal(ctx context.Context, ids []string) (Report, error) {
	r, err := a.Audit(ctx)
	if err != nil {
		return r, err
	}
	if err := r.Doubt(); err != nil {
		return r, fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Mending == LeaveAlone || !slices.Contains(ids, f.ID()) {
			continue
		}
		if err := a.mend(ctx, f); err != nil {
			return r, fmt.Errorf("mending %s: %w", f.Name, err)
		}
	}
	return r, nil
}

func (a *Auditor) mend(ctx context.Context, f *Finding) error {
	switch f.Mending {
	case Adopt, Forget:
		return a.mendSnapshot(ctx, f)
	case PutAside:
		f.Healed = "set aside"
		return a.setAside(ctx, f)
	case Remove:
		f.Healed = "removed with its disks"
		return a.Engine.Delete(ctx, f.DesktopID)
	case BringBack:
		f.Healed = "brought back"
		return a.Engine.SetAside(ctx, f.DesktopID, time.Time{})
	case MarkError:
		f.Healed = "marked as ERROR; delete the desktop"
		return a.markMissing(ctx, f.DesktopID)
	default:
		return nil
	}
}

// setAside writes the mark first: a stopped machine without it would look as if it were just off.
func (a *Auditor) setAside(ctx context.Context, f *Finding) error {
	err := a.Store.View(ctx, func(tx *store.Tx) error {
		f.Aside = tx.Now()
		return nil
	})
	if err == nil {
		err = a.Engine.SetAside(ctx, f.DesktopID, f.Aside)
	}
	if err != nil {
		return err
	}
	gentle, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	if err := a.Engine.Stop(gentle, f.DesktopID, false); err == nil || gentle.Err() == nil {
		return err
	}
	return a.Engine.Stop(ctx, f.DesktopID, true)
}

func (a *Auditor) markMissing(ctx context.Context, desktopID string) error {
	return a.Store.Update(ctx, func(tx *store.Tx) error {
		found, err := desktop.LockDesktops(ctx, tx, "", []string{desktopID})
		if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask {
			return err
		}
		return desktop.MarkObserved(ctx, tx, found[0], desktop.StatusError, "its machine is missing in the engine; delete the desktop")
	})
}

// Restore removes the mark from a machine that is set aside and starts it, so that its disks can be read. The next audit finds a
// machine without a desktop again. It returns the engine's name of the machine.
func (a *Auditor) Restore(ctx context.Context, id string) (string, error) {
	m, err := a.Engine.Find(ctx, id)
	if err != nil {
		return "", err
	}
	if m.Aside.IsZero() {
		return m.Name, fmt.Errorf("%w: it is not set aside", engine.ErrConflict)
	}
	if err := a.Engine.SetAside(ctx, id, time.Time{}); err != nil {
		return m.Name, err
	}
	return m.Name, a.Engine.Start(ctx, id)
}
