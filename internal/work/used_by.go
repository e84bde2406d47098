package work

import (
	"context"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/namepolicy"
	"carrel/internal/operate"
	"carrel/internal/pool"
	"carrel/internal/rollout"
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

// DeleteImage takes an image from everybody and has it deleted in the engine, which a loop of package app does. While desktops of any project have it,
// pools create desktops from it, or desktops or pools are going to be rebuilt with it, it is refused; the lock of its row decides between it and those who order such
// (catalog.HoldImage). CodeCloudImageNotFound, CodeImageNotOwned, CodeConflict.
func (s *Service) DeleteImage(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		i, err := catalog.LockOwnImage(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if i.Protected {
			return workspace.Errorf(workspace.CodeConflict, "image %s (%s) is protected: set protected to false first", id, i.Name)
		}
		_, desktops, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ImageID: id})
		if err != nil {
			return err
		}
		_, pools, err := pool.Pools(ctx, tx, pool.PoolQuery{ImageID: id})
		if err != nil {
			return err
		}
		rebuilds, err := rollout.Using(ctx, tx, id)
		if err != nil {
			return err
		}
		waiting, err := operate.RebuildsWith(ctx, tx, id)
		if err != nil {
			return err
		}
		if desktops+pools+rebuilds+waiting > 0 {
			return workspace.Errorf(workspace.CodeConflict, "image %s (%s) is used by %s, %s, and by %s and %s that are rebuilt: delete them or give them another image first",
				id, i.Name, workspace.Plural(desktops, "desktop"), workspace.Plural(pools, "pool"), workspace.Plural(rebuilds, "pool"), workspace.Plural(waiting, "desktop"))
		}
		return catalog.BeginDeletingImage(ctx, tx, i)
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
