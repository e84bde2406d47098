package snapshot

import (
	"context"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The functions in this file write what the job runner has done. Each is called with the desktop's row locked.

// MarkTaken records that the engine has the snapshots of a sub-job.
func MarkTaken(ctx context.Context, tx *store.Tx, p Params) error {
	return mark(ctx, tx, p.IDs, Created, "")
}

// MarkRestored records that the disks have the content of the snapshots of a sub-job, and that what was on them is kept.
func MarkRestored(ctx context.Context, tx *store.Tx, p Params) error {
	if err := mark(ctx, tx, p.Keep, Created, ""); err != nil {
		return err
	}
	return mark(ctx, tx, p.IDs, Restored, "")
}

// Remove deletes snapshots that the engine no longer has. Repeating it changes nothing.
func Remove(ctx context.Context, tx *store.Tx, ids []string) error { return remove(ctx, tx, ids) }

// Of reads all snapshots of a desktop, oldest first.
func Of(ctx context.Context, tx *store.Tx, desktopID string) ([]Snapshot, error) {
	return ofDesktops(ctx, tx, []string{desktopID})
}

// Superfluous returns the automatic snapshots of a desktop that go when those of a restoration are there.
func Superfluous(ctx context.Context, tx *store.Tx, desktopID string) ([]Snapshot, error) {
	all, err := Of(ctx, tx, desktopID)
	return superfluous(all), err
}

// Observed is a snapshot that differs from what the engine has.
type Observed struct {
	Snapshot
	Gone bool // its row goes
}

// Compare returns what is to change of the snapshots of a desktop that is at rest, whose snapshots in the engine have these ids: one that somebody deleted in
// the engine goes, and one whose job ended halfway is what it came to. It is a pure function.
func Compare(rows []Snapshot, there []string, fault string) (changes []Observed) {
	for _, s := range rows {
		exists := slices.Contains(there, s.ID)
		was := s.Status
		switch {
		case s.Status == Creating && exists:
			s.Status = Created
		case s.Status == Creating:
			s.Status = CreateFailed
		case s.Status == CreateFailed:
		case !exists:
			changes = append(changes, Observed{Snapshot: s, Gone: true})
			continue
		case s.Status == Restoring:
			s.Status, s.Reason = RestoreFailed, fault
		}
		if s.Status != was {
			changes = append(changes, Observed{Snapshot: s})
		}
	}
	return changes
}

// Correct writes what Compare says of a desktop. there is what the engine had after the desktop's row was read, which was updated then: if the desktop was
// changed since, what the engine had may be older than the snapshots, and nothing is written.
func Correct(ctx context.Context, tx *store.Tx, desktopID string, updated time.Time, there []string) error {
	d, err := rests(ctx, tx, desktopID)
	if err != nil || d == nil || !d.Updated.Equal(updated) {
		return err
	}
	rows, err := Of(ctx, tx, desktopID)
	if err != nil {
		return err
	}
	for _, c := range Compare(rows, there, d.Fault) {
		if c.Gone {
			err = remove(ctx, tx, []string{c.ID})
		} else {
			err = mark(ctx, tx, []string{c.ID}, c.Status, c.Reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Adopt writes the row of a snapshot that the engine has of a desktop and that no row knows, as after an older database was restored: its content can be
// brought back, and deleted, like that of others. It changes nothing if there is a row, or while the desktop is worked on.
func Adopt(ctx context.Context, tx *store.Tx, desktopID, id string, system bool) error {
	d, err := rests(ctx, tx, desktopID)
	if err != nil || d == nil {
		return err
	}
	rows, err := Of(ctx, tx, desktopID)
	if err != nil || slices.ContainsFunc(rows, func(s Snapshot) bool { return s.ID == id }) {
		return err
	}
	one := newSnapshot(tx, *d, system, &Text{Name: workspace.Clip("found-"+d.Name, MaxName), Description: "The engine had it, and the database did not"})
	one.ID, one.Status = id, Created
	return insert(ctx, tx, []Snapshot{one})
}

// rests locks a desktop and returns it, or nil if it is gone or has a task.
func rests(ctx context.Context, tx *store.Tx, desktopID string) (*desktop.Desktop, error) {
	found, err := desktop.LockDesktops(ctx, tx, "", []string{desktopID})
	if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask {
		return nil, err
	}
	return &found[0], nil
}
