package pool

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NoteScaled tells a pool that a desktop which autoscaling ordered (JobCreateDesktops) has been made or has failed. It is called in
// the transaction that ends the sub-job, before the desktop is locked: whoever holds both holds the pool first. A pool that is gone
// needs not be told.
func NoteScaled(ctx context.Context, tx *store.Tx, s workspace.SubJob) error {
	p, err := LockPool(ctx, tx, s.ProjectID, s.PoolID)
	if workspace.CodeOf(err) == workspace.CodePoolNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	next := p.Scale.AfterCreation(s.Created, s.State == workspace.SubJobSuccess, tx.Now())
	if next == p.Scale {
		return nil
	}
	p.Scale = next
	return SavePool(ctx, tx, p)
}
