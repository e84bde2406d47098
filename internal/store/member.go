package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// memberRow is what a desktop has only in a pool.
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

// SaveMember implements workspace.MemberRows. A person that is not there is a CodeConflict.
func (t *Tx) SaveMember(ctx context.Context, m workspace.Member, was workspace.Binding, group workspace.UserGroup) (bool, error) {
	saved, err := t.writeMember(ctx, m, was)
	if err != nil || !saved {
		return false, err
	}
	if err := t.PoolsChanged(ctx, m.PoolID); err != nil {
		return false, err
	}
	if was.UserID != "" && was.UserID != m.UserID {
		_, err := t.NewDelete().Model((*assignmentRow)(nil)).Where("desktop_id = ? AND user_id = ?", m.DesktopID, was.UserID).Exec(ctx)
		if err != nil {
			return false, err
		}
	}
	return true, t.assignMember(ctx, m, was, group)
}

// writeMember writes the row. That of two callers who bind a person to different desktops only one succeeds is decided by the
// unique index, which a savepoint makes a harmless answer: on PostgreSQL the transaction could not go on otherwise.
func (t *Tx) writeMember(ctx context.Context, m workspace.Member, was workspace.Binding) (saved bool, err error) {
	row := memberRow{
		ID: m.DesktopID, Isolated: m.Isolated, Used: m.Used, IdleSince: m.IdleSince,
		BoundUser: m.UserID, BoundAt: m.BoundAt, DisconnectedAt: m.Disconnected,
	}
	former := memberRow{BoundUser: was.UserID, BoundAt: was.BoundAt, DisconnectedAt: was.Disconnected}
	update := func(db bun.IDB) error {
		n, err := Affected(db.NewUpdate().Model(&row).WherePK().Where("d.pool_id = ?", m.PoolID).
			Where("d.bound_user IS NOT DISTINCT FROM ?", Nullable(former.BoundUser)).
			Where("d.bound_at IS NOT DISTINCT FROM ?", Nullable(former.BoundAt)).
			Where("d.disconnected_at IS NOT DISTINCT FROM ?", Nullable(former.DisconnectedAt)).Exec(ctx))
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

// Nullable is NULL for a zero value, which IS NOT DISTINCT FROM compares with.
func Nullable[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// assignMember writes the assignment that goes with a member's binding.
func (t *Tx) assignMember(ctx context.Context, m workspace.Member, was workspace.Binding, group workspace.UserGroup) error {
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

// EndBindings implements workspace.MemberRows: it takes a person's desktops in pools from them. Their assignments go with the person.
func (t *Tx) EndBindings(ctx context.Context, userID string) error {
	var pools []string
	err := t.NewRaw(`UPDATE desktops SET bound_user = NULL, bound_at = NULL, disconnected_at = NULL
		WHERE bound_user = ? RETURNING pool_id`, userID).Scan(ctx, &pools)
	if err != nil {
		return err
	}
	return t.PoolsChanged(ctx, pools...)
}
