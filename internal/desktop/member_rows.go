package desktop

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// memberRow has the columns that only pool desktops use.
type memberRow struct {
	bun.BaseModel  `bun:"table:desktops,alias:d"`
	ID             string `bun:",pk"`
	Isolated       bool
	Used           bool
	IdleSince      time.Time `bun:",nullzero"`
	BoundUser      string    `bun:",nullzero"`
	BoundAt        time.Time `bun:",nullzero"`
	DisconnectedAt time.Time `bun:",nullzero"`
}

// SaveMember writes what only Member has: Isolated, Used, IdleSince and the binding, with its assignment in the given privilege
// group; it deletes the assignment of the former binding. An empty group keeps the privilege of an unchanged user, and means
// GroupDefault for a new one. It returns false and writes nothing if the desktop is gone, its binding is no longer the one that
// was read (was), or the user has another desktop of the pool: another transaction was first. CodeConflict if the user was
// deleted.
func SaveMember(ctx context.Context, t *store.Tx, m Member, was Binding, group workspace.UserGroup) (bool, error) {
	saved, err := writeMember(ctx, t, m, was)
	if err != nil || !saved {
		return false, err
	}
	if err := PoolsChanged(ctx, t, m.PoolID); err != nil {
		return false, err
	}
	if was.UserID != "" && was.UserID != m.UserID {
		_, err := t.NewDelete().Model((*assignmentRow)(nil)).Where("desktop_id = ? AND user_id = ?", m.DesktopID, was.UserID).Exec(ctx)
		if err != nil {
			return false, err
		}
	}
	return true, assignMember(ctx, t, m, was, group)
}

// writeMember writes the row. If two transactions bind a user to different desktops of a pool, the unique index lets only one
// succeed. The savepoint is for PostgreSQL, where the transaction could not continue after that error.
func writeMember(ctx context.Context, t *store.Tx, m Member, was Binding) (saved bool, err error) {
	row := memberRow{
		ID: m.DesktopID, Isolated: m.Isolated, Used: m.Used, IdleSince: m.IdleSince,
		BoundUser: m.UserID, BoundAt: m.BoundAt, DisconnectedAt: m.Disconnected,
	}
	former := memberRow{BoundUser: was.UserID, BoundAt: was.BoundAt, DisconnectedAt: was.Disconnected}
	update := func(db bun.IDB) error {
		n, err := store.Affected(db.NewUpdate().Model(&row).WherePK().Where("d.pool_id = ?", m.PoolID).
			Where("d.bound_user IS NOT DISTINCT FROM ?", store.Nullable(former.BoundUser)).
			Where("d.bound_at IS NOT DISTINCT FROM ?", store.Nullable(former.BoundAt)).
			Where("d.disconnected_at IS NOT DISTINCT FROM ?", store.Nullable(former.DisconnectedAt)).Exec(ctx))
		saved = n > 0
		return err
	}
	if m.UserID == "" || m.UserID == was.UserID {
		err = update(t.Tx)
		return saved, err
	}
	err = t.RunInTx(ctx, nil, func(_ context.Context, inner bun.Tx) error { return update(inner) })
	if err != nil && t.Violated(err) == "desktops_pool_id" {
		return false, nil
	}
	return saved, t.Dangling(err)
}

// assignMember writes the assignment of a member's binding.
func assignMember(ctx context.Context, t *store.Tx, m Member, was Binding, group workspace.UserGroup) error {
	switch {
	case m.UserID == "" || m.UserID == was.UserID && group == "":
		return nil
	case group == "":
		group = workspace.GroupDefault
	}
	row := assignmentRow{assignment: assignment{DesktopID: m.DesktopID, UserID: m.UserID, Group: group, Created: m.BoundAt}}
	_, err := t.Inserting(&row).On("CONFLICT (desktop_id, user_id) DO UPDATE").Set("user_group = EXCLUDED.user_group").Exec(ctx)
	return t.Dangling(err)
}

// EndBindings ends a user's bindings before the user is deleted. The desktops remain used; assignments are deleted with the user.
func EndBindings(ctx context.Context, t *store.Tx, userID string) error {
	var pools []string
	err := t.NewRaw(`UPDATE desktops SET bound_user = NULL, bound_at = NULL, disconnected_at = NULL
		WHERE bound_user = ? RETURNING pool_id`, userID).Scan(ctx, &pools)
	if err != nil {
		return err
	}
	return PoolsChanged(ctx, t, pools...)
}
