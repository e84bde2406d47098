package pool

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// LockIdlePool holds a pool of which no job is under way. CodePoolNotFound, CodeConflict.
func LockIdlePool(ctx context.Context, tx *store.Tx, c workspace.Caller, poolID string) (Pool, error) {
	if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
		return Pool{}, err
	}
	p, err := LockPool(ctx, tx, c.ProjectID, poolID)
	if err == nil {
		err = MayChange(p)
	}
	return p, err
}

// MayChange says why a pool's desktops cannot be changed now, or nil. CodeConflict.
func MayChange(p Pool) error {
	if p.Counts.Working == 0 {
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "pool %s is being changed (%s left), try again when that is done", p.Name, workspace.Plural(p.Counts.Working, "desktop"))
}
