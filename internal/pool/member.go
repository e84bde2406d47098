package pool

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Pattern returns the settings that the pool's desktops share.
func (p Pool) Pattern() desktop.Pattern {
	pattern := desktop.Pattern{PoolID: p.ID, ProductID: p.ProductID, ImageID: p.ImageID, RootGB: p.Root.GB}
	for _, v := range p.Data {
		pattern.DataGB = append(pattern.DataGB, v.GB)
	}
	return pattern
}

// Differences lists how a desktop differs from its pool, except for isolation, which Member knows.
func (p Pool) Differences(d desktop.Desktop) []desktop.Difference {
	var found []desktop.Difference
	if d.ProductID != p.ProductID {
		found = append(found, desktop.DiffersInProduct)
	}
	if d.ImageID != p.ImageID {
		found = append(found, desktop.DiffersInImage)
	}
	if len(d.Data) != len(p.Data) {
		found = append(found, desktop.DiffersInDisks)
	}
	smaller := d.Root.GB != p.Root.GB
	for i := range min(len(d.Data), len(p.Data)) {
		smaller = smaller || d.Data[i].GB != p.Data[i].GB
	}
	if smaller {
		found = append(found, desktop.DiffersInDiskSize)
	}
	return found
}

// NoteScaled records with a pool that a desktop created by autoscaling (JobCreateDesktops) is ready or has failed. Call it in the
// transaction that ends the sub-job, before locking the desktop: pools are locked before desktops. It does nothing if the pool is
// gone.
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

// PoolCountdown is a pending rebuild of a desktop that is in use.
type PoolCountdown struct {
	At      time.Time // when the rebuild begins
	Message string    // from the administrator
	Left    bool      // the user has said that they are ready
}

// DecisionsKept is the number of entries kept in a pool's decision log.
const DecisionsKept = 1000
