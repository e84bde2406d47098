package workspace

import (
	"context"
)

// LockIdlePool holds a pool of which no job is under way. CodePoolNotFound, CodeConflict.
func LockIdlePool(ctx context.Context, tx Tx, c Caller, poolID string) (Pool, error) {
	if err := requireSubscription(ctx, tx, c.ProjectID); err != nil {
		return Pool{}, err
	}
	p, err := tx.LockPool(ctx, c.ProjectID, poolID)
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
	return Errorf(CodeConflict, "pool %s is being changed (%s left), try again when that is done", p.Name, Plural(p.Counts.Working, "desktop"))
}
