package connection

import (
	"context"

	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ResetUserDesktop resets the user's desktop in a pool to the pool's image, if the pool allows it; the user keeps the desktop and its data disks.
// The reset is a job; the desktop's card shows its progress. Errors: CodePoolNotFound if the user has no access to the pool; CodeForbidden,
// CodeRateLimited and CodeConflict as MayReset.
func (s *Service) ResetUserDesktop(ctx context.Context, v signin.Visitor, poolID string) error {
	c := v.Caller("ResetUserDesktop")
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		a, err := s.readPoolRequest(ctx, tx, v, poolID)
		if err != nil {
			return err
		}
		m, ok := a.Own()
		if !ok {
			return workspace.Errorf(workspace.CodeConflict, "you have no desktop in pool %s, open it first", a.Pool.Name)
		}
		past, err := pool.PoolResets(ctx, tx, []string{a.UserID}, tx.Now().Add(-pool.ResetWindow))
		if err != nil {
			return err
		}
		if err := pool.MayReset(a.Pool, m, a.UserID, past[a.UserID][poolID], tx.Now()); err != nil {
			return err
		}
		job, err := pool.ResetMembers(ctx, tx, c, a.Pool, []string{m.DesktopID}, "asked for by "+a.user.Name)
		if err != nil {
			return err
		}
		if job == "" {
			return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy, try again when it is done", m.Name)
		}
		return pool.InsertPoolReset(ctx, tx, poolID, a.UserID, pool.ResetWindow)
	}))
}
