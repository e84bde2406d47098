package pool

import (
	"cmp"
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// LockIdlePool locks a pool that has no job in progress. CodePoolNotFound, CodeConflict.
func LockIdlePool(ctx context.Context, tx *store.Tx, c workspace.Caller, poolID string) (Pool, error) {
	if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
		return Pool{}, err
	}
	return lockIdle(ctx, tx, c, poolID)
}

// HoldIdlePool is LockIdlePool for what gives desktops more: it holds what the project may still get.
func HoldIdlePool(ctx context.Context, tx *store.Tx, c workspace.Caller, poolID string) (Pool, *quota.Allowance, error) {
	allowance, err := quota.Hold(ctx, tx, c.ProjectID)
	if err != nil {
		return Pool{}, nil, err
	}
	p, err := lockIdle(ctx, tx, c, poolID)
	return p, allowance, err
}

func lockIdle(ctx context.Context, tx *store.Tx, c workspace.Caller, poolID string) (Pool, error) {
	p, err := LockPool(ctx, tx, c.ProjectID, poolID)
	if err == nil {
		err = MayChange(p)
	}
	return p, err
}

// MayChange returns why a pool's desktops cannot be changed now, or nil. CodeConflict.
func MayChange(p Pool) error {
	if p.Counts.Working == 0 {
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "pool %s is being changed (%s left), try again when that is done", p.Name, workspace.Plural(p.Counts.Working, "desktop"))
}

// HandleType says which of a pool's desktops a change applies to. It always applies to those created later.
type HandleType string

// The handle types. Empty means all.
const (
	OnlyNew    HandleType = "ONLY_FOR_EXPAND"
	NewAndIdle HandleType = "FOR_EXPAND_AND_IDLE"
	NewAndAll  HandleType = "FOR_EXPAND_AND_ALL"
)

// CheckHandleType returns why a handle type is not valid, or nil.
func CheckHandleType(field string, h HandleType) error {
	switch h {
	case "", OnlyNew, NewAndIdle, NewAndAll:
		return nil
	}
	return workspace.Invalid(field, "%q is unknown, use ONLY_FOR_EXPAND, FOR_EXPAND_AND_IDLE or FOR_EXPAND_AND_ALL", h)
}

// Targets returns the pool's desktops that a change applies to: those of the handle type and, unless ids is empty, with these
// ids. Desktops that are being deleted are omitted. CodeDesktopNotFound if an id is not of the pool.
func Targets(members []desktop.Member, h HandleType, ids []string) ([]desktop.Member, error) {
	for i, id := range ids {
		if !slices.ContainsFunc(members, func(m desktop.Member) bool { return m.DesktopID == id }) {
			return nil, workspace.Errorf(workspace.CodeDesktopNotFound, "desktop_ids[%d]: the pool has no desktop %s", i, id)
		}
	}
	var chosen []desktop.Member
	for _, m := range members {
		reached := h == "" || h == NewAndAll || h == NewAndIdle && !m.Bound() && !m.Connected()
		if reached && !m.Leaving() && (len(ids) == 0 || slices.Contains(ids, m.DesktopID)) {
			chosen = append(chosen, m)
		}
	}
	slices.SortFunc(chosen, func(a, b desktop.Member) int { return cmp.Compare(a.DesktopID, b.DesktopID) })
	return chosen, nil
}

func ByDesktop(members []desktop.Member) map[string]desktop.Member {
	all := make(map[string]desktop.Member, len(members))
	for _, m := range members {
		all[m.DesktopID] = m
	}
	return all
}
