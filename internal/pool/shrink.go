package pool

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ShrinkPool is a request to delete some of a pool's desktops.
type ShrinkPool struct {
	workspace.Caller
	PoolID string
	Size   int // number of desktops to delete
}

// ShrinkPool deletes desktops of a pool, the least useful first (Shrink), and returns the job's id. It deletes no desktop that
// has a user: CodeConflict if too few are free. CodePoolNotFound, CodeInvalid.
func (s *Service) ShrinkPool(ctx context.Context, r ShrinkPool) (string, error) {
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		members, err := desktop.Members(ctx, tx, p.ID)
		if err != nil {
			return "", err
		}
		ids, err := desktop.Shrink(members, r.Size)
		if err != nil {
			return "", err
		}
		return desktop.OrderDeletion(ctx, tx, desktop.DeleteDesktops{Caller: r.Caller, IDs: ids, Force: true})
	}))
}
