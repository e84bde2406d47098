package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// UpdatePool changes a pool's settings; existing desktops stay as they are. CodePoolNotFound, CodeNameTaken, CodeInvalid.
func (s *Service) UpdatePool(ctx context.Context, c workspace.Caller, poolID string, change PoolChange) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		p, err := LockPool(ctx, tx, c.ProjectID, poolID)
		if err != nil {
			return err
		}
		next, err := change.Apply(p)
		if err != nil {
			return err
		}
		if err := resettle(ctx, tx, p, &next); err != nil {
			return err
		}
		return SavePool(ctx, tx, next)
	}))
}

// resettle checks the settings that a change sets. It does not check the others, so that the settings of a pool can be repaired
// in any order.
func resettle(ctx context.Context, tx *store.Tx, was Pool, p *Pool) (err error) {
	if p.Zone != was.Zone && p.Zone != "" {
		if _, err := desktop.FindZone(ctx, tx, p.Zone); err != nil {
			return err
		}
	}
	if p.Root.Type != was.Root.Type || !slices.Equal(p.Data, was.Data) {
		if err := desktop.CheckVolumeTypes(ctx, tx, p.Order()); err != nil {
			return err
		}
	}
	if p.VPCID != was.VPCID || !slices.Equal(p.SubnetIDs, was.SubnetIDs) {
		if err := p.settleSubnets(ctx, tx); err != nil {
			return err
		}
	}
	if p.OUName != was.OUName {
		if p.OUID, err = directory.FindOU(ctx, tx, p.ProjectID, p.OUName); err != nil {
			return err
		}
	}
	if !slices.Equal(p.SecurityGroups, was.SecurityGroups) {
		if _, err := desktop.FindSecurityGroups(ctx, tx, p.ProjectID, p.SecurityGroups); err != nil {
			return err
		}
	}
	if p.NamePolicyID != was.NamePolicyID {
		return p.checkNamePolicy(ctx, tx)
	}
	return nil
}

// DeletePool deletes a pool that has no desktops, with its grants, decision log and waiting list. CodePoolNotFound; CodeConflict
// while it has desktops; CodeServiceLocked.
func (s *Service) DeletePool(ctx context.Context, c workspace.Caller, poolID string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireUnlocked(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		p, err := LockPool(ctx, tx, c.ProjectID, poolID)
		if err != nil {
			return err
		}
		if n := p.Counts.Desktops; n > 0 {
			return workspace.Errorf(workspace.CodeConflict, "pool %s has %s, delete them first", p.Name, workspace.Plural(n, "desktop"))
		}
		return DeletePool(ctx, tx, p.ID)
	}))
}
