package pool

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Pattern is what the pool's desktops have in common.
func (p Pool) Pattern() desktop.Pattern {
	pattern := desktop.Pattern{PoolID: p.ID, ProductID: p.ProductID, ImageID: p.ImageID, RootGB: p.Root.GB}
	for _, v := range p.Data {
		pattern.DataGB = append(pattern.DataGB, v.GB)
	}
	return pattern
}

// Differences lists how a desktop differs from its pool, leaving isolation to Member.
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

// PoolCountdown is a rebuild that awaits a desktop somebody has.
type PoolCountdown struct {
	At      time.Time // when it begins
	Message string    // the administrator's
	Left    bool      // they have said that they are ready
}

// DecisionsKept is how many entries of a pool's decision log are kept.
const DecisionsKept = 1000
