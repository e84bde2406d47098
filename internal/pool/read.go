package pool

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PoolDetail is a pool with the catalogue entries that its desktops are created from.
type PoolDetail struct {
	Pool
	Product catalog.Product
	Image   catalog.Image
	Groups  []catalog.SecurityGroup // in the pool's order; a deleted one has only its id
}

// Pool reads one pool. CodePoolNotFound.
func (s *Service) Pool(ctx context.Context, projectID, id string) (PoolDetail, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (PoolDetail, error) {
		p, err := ReadPool(ctx, tx, projectID, id)
		if err != nil {
			return PoolDetail{}, err
		}
		details, err := poolDetails(ctx, tx, projectID, []Pool{p})
		if err != nil {
			return PoolDetail{}, err
		}
		return details[0], nil
	})
}

// ListPools reads a page of a project's pools and counts all that match.
func (s *Service) ListPools(ctx context.Context, q PoolQuery) ([]PoolDetail, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]PoolDetail, int, error) {
		pools, total, err := Pools(ctx, tx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := poolDetails(ctx, tx, q.ProjectID, pools)
		return details, total, err
	})
}

// poolDetails reads each product and image once, however many pools use it. One that is no longer offered has only its id.
func poolDetails(ctx context.Context, tx *store.Tx, projectID string, pools []Pool) ([]PoolDetail, error) {
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	stand := make([]desktop.Desktop, len(pools)) // a desktop as the pool would create it
	for i, p := range pools {
		stand[i] = desktop.Desktop{ProductID: p.ProductID, ImageID: p.ImageID}
	}
	catalog, err := desktop.WithCatalog(ctx, tx, stand)
	if err != nil {
		return nil, err
	}
	details := make([]PoolDetail, len(pools))
	for i, p := range pools {
		details[i] = PoolDetail{
			Pool: p, Product: catalog[i].Product, Image: catalog[i].Image, Groups: desktop.GroupsNamed(groups, p.SecurityGroups),
		}
	}
	return details, nil
}

// PoolDesktop is a desktop of a pool with its differences from what the pool would create now.
type PoolDesktop struct {
	desktop.DesktopDetail
	Differs []desktop.Difference
}

// PoolDesktops reads a page of a pool's desktops, optionally only those with a given difference from the pool, and counts all
// that match. CodePoolNotFound.
func (s *Service) PoolDesktops(ctx context.Context, poolID string, q desktop.DesktopQuery, differs desktop.Difference) ([]PoolDesktop, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]PoolDesktop, int, error) {
		p, err := ReadPool(ctx, tx, q.ProjectID, poolID)
		if err != nil {
			return nil, 0, err
		}
		q.PoolIDs = []string{p.ID}
		if differs != "" {
			q.Unlike = &desktop.Unlike{Pattern: p.Pattern(), In: differs}
		}
		desktops, total, err := desktop.Desktops(ctx, tx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := desktop.WithDetails(ctx, tx, q.ProjectID, desktops)
		out := make([]PoolDesktop, len(details))
		for i, d := range details {
			out[i] = PoolDesktop{d, p.Differences(d.Desktop)}
		}
		return out, total, err
	})
}

// PoolDifferences counts the desktops of a pool that differ from it, for each of Differences. CodePoolNotFound.
func (s *Service) PoolDifferences(ctx context.Context, projectID, poolID string) (map[desktop.Difference]int, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (map[desktop.Difference]int, error) {
		p, err := ReadPool(ctx, tx, projectID, poolID)
		if err != nil {
			return nil, err
		}
		return desktop.PoolDifferences(ctx, tx, p.Pattern())
	})
}

// PoolDecisions reads a page of a pool's decision log, newest first, of one kind or of all if it is empty, and counts all that
// match. CodePoolNotFound.
func (s *Service) PoolDecisions(ctx context.Context, projectID, poolID string, kind DecisionKind, page workspace.Page) ([]PoolDecision, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]PoolDecision, int, error) {
		if _, err := ReadPool(ctx, tx, projectID, poolID); err != nil {
			return nil, 0, err
		}
		return Decisions(ctx, tx, poolID, kind, page)
	})
}

// UserPools is a user with the pools that they may use or have a desktop of.
type UserPools struct {
	UserID string
	Pools  []PoolUse // by name
}

// PoolsOfUsers reads the pools of each of a page of users: of those with ids, in the order of ids, or of all users.
// CodeUserNotFound for an unknown id.
func (s *Service) PoolsOfUsers(ctx context.Context, projectID string, ids []string, page workspace.Page) ([]UserPools, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]UserPools, error) {
		if len(ids) > 0 {
			from := min(page.Offset, len(ids))
			ids = ids[from:min(from+page.Limit, len(ids))]
			if err := directory.UsersExist(ctx, tx, projectID, ids); err != nil {
				return nil, err
			}
		} else {
			users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, Page: page})
			if err != nil {
				return nil, err
			}
			for _, u := range users {
				ids = append(ids, u.ID)
			}
		}
		uses, err := PoolUses(ctx, tx, ids)
		people := make([]UserPools, len(ids))
		for i, id := range ids {
			people[i].UserID = id
			for _, u := range uses {
				if u.UserID == id {
					people[i].Pools = append(people[i].Pools, u)
				}
			}
		}
		return people, err
	})
}
