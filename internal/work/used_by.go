package work

import (
	"context"
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/namepolicy"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DeleteNamePolicies deletes 1 to 50 policies; existing names stay. Unknown ids are ignored, since deleting them is a success; if
// all are unknown, it fails with CodePolicyNotFound. CodeConflict while a pool uses one.
func (s *Service) DeleteNamePolicies(ctx context.Context, c workspace.Caller, ids []string) error {
	if err := workspace.CheckIDsUpTo(namepolicy.MaxPolicies, "policy_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		return workspace.DeleteEach("policy_ids", ids, workspace.CodePolicyNotFound, func(id string) error {
			p, err := namepolicy.Lock(ctx, tx, c.ProjectID, id)
			if err != nil {
				return err
			}
			if err := pool.NoPool(ctx, tx, fmt.Sprintf("name policy %q", p.Name), pool.PoolQuery{ProjectID: c.ProjectID, NamePolicyID: p.ID}); err != nil {
				return err
			}
			return namepolicy.Delete(ctx, tx, p)
		})
	}))
}

// DeleteOU deletes a unit that no desktop is in and no pool creates desktops in. The row's lock and foreign keys decide between it and
// transactions that put something into the unit. CodeOUNotFound, CodeConflict.
func (s *Service) DeleteOU(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		o, err := directory.LockOU(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		_, n, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: c.ProjectID, OUID: o.ID})
		if err != nil {
			return err
		}
		if n > 0 {
			return workspace.Errorf(workspace.CodeConflict, "unit %q has %s, delete them first", o.Name, workspace.Plural(n, "desktop"))
		}
		if err := pool.NoPool(ctx, tx, fmt.Sprintf("unit %q", o.Name), pool.PoolQuery{ProjectID: c.ProjectID, OUID: o.ID}); err != nil {
			return err
		}
		return directory.DeleteOU(ctx, tx, o)
	}))
}
