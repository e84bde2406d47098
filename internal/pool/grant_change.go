package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxPoolGrants is the maximum number of users and groups with access to a pool.
const MaxPoolGrants = 10_000

// ListGrants reads a page of a pool's grants and counts all. CodePoolNotFound.
func (s *Service) ListGrants(ctx context.Context, projectID, poolID string, page workspace.Page) ([]Grant, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Grant, int, error) {
		if _, err := ReadPool(ctx, tx, projectID, poolID); err != nil {
			return nil, 0, err
		}
		return Grants(ctx, tx, poolID, page)
	})
}

// ChangeGrants gives users and groups access to a pool, changes their privilege, or revokes their access. A user whose access
// ends loses their desktop of the pool immediately; a job applies a changed privilege in the user's desktop. CodePoolNotFound,
// CodeUserNotFound, CodeGroupNotFound, CodeInvalid.
func (s *Service) ChangeGrants(ctx context.Context, r ChangeGrants) error {
	if err := r.Check(); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return err
		}
		people, _, err := Grants(ctx, tx, p.ID, workspace.Page{Limit: MaxPoolGrants})
		if err != nil {
			return err
		}
		next, err := r.Apply(people, tx.Now())
		if err != nil {
			return err
		}
		if err := r.write(ctx, tx, next); err != nil {
			return err
		}
		return enforceGrants(ctx, tx, p, next, r.Caller)
	}))
}

// write changes the pool's grants to next.
func (r *ChangeGrants) write(ctx context.Context, tx *store.Tx, next []Grant) error {
	if r.Action == GrantRemove {
		return DeleteGrants(ctx, tx, r.PoolID, r.Objects)
	}
	if err := granteesExist(ctx, tx, r.ProjectID, "objects", r.Objects); err != nil {
		return err
	}
	if len(next) > MaxPoolGrants {
		return workspace.Invalid("objects", "the pool would have %d users and groups, at most %d are allowed", len(next), MaxPoolGrants)
	}
	var changed []Grant
	for _, g := range next {
		if slices.ContainsFunc(r.Objects, func(o Grant) bool { return o.Type == g.Type && o.ObjectID == g.ObjectID }) {
			changed = append(changed, g)
		}
	}
	return PutGrants(ctx, tx, r.PoolID, changed)
}

// enforceGrants applies the grants of a pool to its bindings and waiting list: it ends those of users without access, and sets
// the privilege of the others. The caller has locked the pool.
func enforceGrants(ctx context.Context, tx *store.Tx, p Pool, people []Grant, c workspace.Caller) error {
	members, desktops, err := LockMembers(ctx, tx, p)
	if err != nil {
		return err
	}
	waiting, err := ReadWaiting(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	var ids []string // users who may be affected
	for _, m := range members {
		if m.Bound() {
			ids = append(ids, m.UserID)
		}
	}
	for _, w := range waiting {
		ids = append(ids, w.UserID)
	}
	groups, err := groupsWith(ctx, tx, p.ProjectID, people, ids)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if _, may := GroupIn(people, w.UserID, groups[w.UserID]); !may {
			if err := DropWaiting(ctx, tx, p.ID, w.UserID); err != nil {
				return err
			}
		}
	}
	return enforceMembers(ctx, tx, p, members, desktops, func(userID string) (workspace.UserGroup, bool) {
		return GroupIn(people, userID, groups[userID])
	}, c)
}

// enforceMembers ends the bindings of users without access to the pool, and writes the jobs for privileges that changed.
func enforceMembers(
	ctx context.Context, tx *store.Tx, p Pool, members []desktop.Member, desktops map[string]desktop.Desktop, may func(userID string) (workspace.UserGroup, bool), c workspace.Caller,
) error {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: p.ProjectID, Type: workspace.JobPrivileges, PoolID: p.ID, RequestID: c.RequestID, Created: tx.Now()}
	for _, m := range members {
		if !m.Bound() {
			continue
		}
		d := desktops[m.DesktopID]
		group, ok := may(m.UserID)
		var err error
		switch {
		case !ok:
			_, err = desktop.Release(ctx, tx, m)
		case groupOf(d, m.UserID) != group:
			err = desktop.PutMember(ctx, tx, m, m.Binding, group)
			job.SubJobs = append(job.SubJobs, desktop.NewSubJob(&job, d, desktop.AccountParams{}))
		}
		if err != nil {
			return err
		}
	}
	if len(job.SubJobs) == 0 {
		return nil
	}
	return tx.InsertJob(ctx, job)
}

// groupOf returns the user's privilege in the desktop; empty for others.
func groupOf(d desktop.Desktop, userID string) workspace.UserGroup {
	for _, a := range d.Assignments {
		if a.UserID == userID {
			return a.Group
		}
	}
	return ""
}

// groupsWith returns, by user, the granted groups that they are in: one statement per group.
func groupsWith(ctx context.Context, tx *store.Tx, projectID string, people []Grant, userIDs []string) (map[string][]string, error) {
	groups := map[string][]string{}
	if len(userIDs) == 0 {
		return groups, nil
	}
	for _, g := range people {
		if g.Type != GrantGroup {
			continue
		}
		q := directory.UserQuery{ProjectID: projectID, IDs: userIDs, GroupID: g.ObjectID, Page: workspace.Page{Limit: len(userIDs)}}
		users, _, err := directory.Users(ctx, tx, q)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			groups[u.ID] = append(groups[u.ID], g.ObjectID)
		}
	}
	return groups, nil
}
