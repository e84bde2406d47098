package workspace

import (
	"context"
	"slices"
)

// UpdatePool changes a pool's settings; desktops that are there stay as they are. CodePoolNotFound, CodeNameTaken, CodeInvalid.
func (s *PoolService) UpdatePool(ctx context.Context, c Caller, poolID string, change PoolChange) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if err := requireSubscription(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		p, err := tx.LockPool(ctx, c.ProjectID, poolID)
		if err != nil {
			return err
		}
		next, err := UpdatePool(p, change)
		if err != nil {
			return err
		}
		if err := resettle(ctx, tx, p, &next); err != nil {
			return err
		}
		return tx.SavePool(ctx, next)
	})
}

// resettle checks what a change of a pool brings in. What stays is not looked at, so that a pool can be mended in any order.
func resettle(ctx context.Context, tx Tx, was Pool, p *Pool) (err error) {
	if p.Zone != was.Zone && p.Zone != "" {
		if _, err := FindZone(ctx, tx, p.Zone); err != nil {
			return err
		}
	}
	if p.Root.Type != was.Root.Type || !slices.Equal(p.Data, was.Data) {
		if err := CheckVolumeTypes(ctx, tx, p.order()); err != nil {
			return err
		}
	}
	if p.VPCID != was.VPCID || !slices.Equal(p.SubnetIDs, was.SubnetIDs) {
		if err := p.settleSubnets(ctx, tx); err != nil {
			return err
		}
	}
	if p.OUName != was.OUName {
		if p.OUName, err = FindOU(ctx, tx, p.ProjectID, p.OUName); err != nil {
			return err
		}
	}
	if !slices.Equal(p.SecurityGroups, was.SecurityGroups) {
		if _, err := FindSecurityGroups(ctx, tx, p.ProjectID, p.SecurityGroups); err != nil {
			return err
		}
	}
	if p.NamePolicyID != was.NamePolicyID {
		return p.checkNamePolicy(ctx, tx)
	}
	return nil
}

// DeletePool removes a pool that has no desktops, with its people, its decision log and whoever waits. CodePoolNotFound;
// CodeConflict while it has desktops.
func (s *PoolService) DeletePool(ctx context.Context, c Caller, poolID string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.LockPool(ctx, c.ProjectID, poolID)
		if err != nil {
			return err
		}
		if n := p.Counts.Desktops; n > 0 {
			return Errorf(CodeConflict, "pool %s has %s, delete them first", p.Name, Plural(n, "desktop"))
		}
		return tx.DeletePool(ctx, p.ID)
	})
}
