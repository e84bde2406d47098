package sim

import (
	"context"
	"fmt"
	"maps"

	"carrel/internal/engine"
)

// snap is a snapshot: the files that were on the disks.
type snap struct {
	System bool
	Files  map[string]string
	Disks  []engine.Disk `json:",omitempty"` // data disks only
}

// Snapshots implements engine.Snapshots.
func (e *Engine) Snapshots(ctx context.Context) ([]engine.Snapshot, error) {
	if err := e.look(ctx, ""); err != nil {
		return nil, fmt.Errorf("listing snapshots: %w", err)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	var all []engine.Snapshot
	for _, m := range e.machines {
		for id, s := range m.Snaps {
			all = append(all, engine.Snapshot{ID: id, Machine: m.ID, System: s.System})
		}
	}
	return all, nil
}

// TakeSnapshot implements engine.Snapshots.
func (e *Engine) TakeSnapshot(ctx context.Context, s engine.Snapshot) error {
	err := e.change(ctx, s.Machine, func(ctx context.Context) error {
		m, err := e.machine(s.Machine)
		if err != nil {
			return err
		}
		next, err := m.withSnapshot(s)
		if err != nil || next == m {
			return err
		}
		if err := e.pause(ctx, e.config.Latency.Snapshot, "snapshot", s.Machine); err != nil {
			return err
		}
		return e.put(next)
	})
	return wrap("taking a snapshot of", s.Machine, err)
}

// withSnapshot returns the machine with a snapshot of what is on its disks, or itself if there is one of this id.
func (m *machine) withSnapshot(s engine.Snapshot) (*machine, error) {
	if err := m.whole(); err != nil {
		return nil, err
	}
	if _, there := m.Snaps[s.ID]; there {
		return m, nil
	}
	if !s.System && len(m.Data) == 0 {
		return nil, fmt.Errorf("it has no data disks: %w", engine.ErrInvalid)
	}
	taken := snap{System: s.System, Files: m.filesOf(s.System)}
	if !s.System {
		taken.Disks = m.Data
	}
	next := *m
	next.Snaps = maps.Clone(m.Snaps)
	if next.Snaps == nil {
		next.Snaps = map[string]snap{}
	}
	next.Snaps[s.ID] = taken
	return &next, nil
}

// filesOf returns the files on the system disk, or those on the data disks.
func (m *machine) filesOf(system bool) map[string]string {
	data := m.filesUnder(m.Data)
	if !system {
		return data
	}
	files := maps.Clone(m.Files)
	maps.DeleteFunc(files, func(file, _ string) bool { _, on := data[file]; return on })
	return files
}

// RestoreSnapshot implements engine.Snapshots.
func (e *Engine) RestoreSnapshot(ctx context.Context, s engine.Snapshot, keep string) error {
	err := e.change(ctx, s.Machine, func(ctx context.Context) error {
		m, err := e.machine(s.Machine)
		if err != nil {
			return err
		}
		if m.Restored == keep {
			return nil
		}
		if m.State != engine.Stopped {
			return fmt.Errorf("it is %s: %w", m.State, engine.ErrConflict)
		}
		was, there := m.Snaps[s.ID]
		if !there || was.System != s.System {
			return fmt.Errorf("it has no snapshot %s: %w", s.ID, engine.ErrNotFound)
		}
		kept, err := m.withSnapshot(engine.Snapshot{ID: keep, Machine: s.Machine, System: s.System})
		if err != nil {
			return err
		}
		if err := e.pause(ctx, e.config.Latency.Snapshot, "restore", s.Machine); err != nil {
			return err
		}
		return e.put(kept.restored(was, keep))
	})
	return wrap("restoring a snapshot of", s.Machine, err)
}

// restored returns the machine with the files of a snapshot. Data disks that have come since keep what is on them, and those that are gone stay gone.
func (m *machine) restored(was snap, keep string) *machine {
	next := *m
	next.Restored = keep
	next.Files = map[string]string{}
	if was.System {
		maps.Copy(next.Files, m.filesOf(false))
		maps.Copy(next.Files, was.Files)
		return &next
	}
	maps.Copy(next.Files, m.Files)
	var held []engine.Disk
	for _, d := range m.Data {
		for _, had := range was.Disks {
			if had.ID == d.ID {
				held = append(held, d)
			}
		}
	}
	for file := range m.filesUnder(held) {
		delete(next.Files, file)
	}
	before := machine{Files: was.Files}
	maps.Copy(next.Files, before.filesUnder(held))
	return &next
}

// DeleteSnapshot implements engine.Snapshots.
func (e *Engine) DeleteSnapshot(ctx context.Context, s engine.Snapshot) error {
	err := e.change(ctx, s.Machine, func(context.Context) error {
		m, err := e.machine(s.Machine)
		if err != nil {
			return nil // gone with its snapshots
		}
		if _, there := m.Snaps[s.ID]; !there {
			return nil
		}
		next := *m
		next.Snaps = maps.Clone(m.Snaps)
		delete(next.Snaps, s.ID)
		return e.put(&next)
	})
	return wrap("deleting a snapshot of", s.Machine, err)
}

// systemSnapshots returns an error if a machine has a snapshot of its system disk.
func (m *machine) systemSnapshots() error {
	for id, s := range m.Snaps {
		if s.System {
			return fmt.Errorf("its system disk has the snapshot %s: %w", id, engine.ErrConflict)
		}
	}
	return nil
}
