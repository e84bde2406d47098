package assignment

import (
	"context"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// dissolve deletes a group whose row is locked, records the detachments of its desktops, and ends the access of its users.
func dissolve(ctx context.Context, tx *store.Tx, c workspace.Caller, g directory.Group) error {
	var records []Detachment
	err := ChangeGroups(ctx, tx, c, []string{g.ID}, nil, func(held []desktop.Desktop) error {
		for _, d := range held {
			if h, has := holderOf(d, plan.HolderGroup, g.ID, ""); has {
				records = append(records, detached(h, d.ID, tx.Now()))
			}
		}
		if err := desktop.PoolsOfGroupChanged(ctx, tx, g.ID); err != nil {
			return err
		}
		return directory.DeleteGroup(ctx, tx, g)
	})
	if err != nil {
		return err
	}
	return PutDetachments(ctx, tx, records)
}

// ChangeGroups runs f, which changes groups or who is in them, and applies the result to the desktops of the groups: access is
// lost with the transaction, and jobs update the accounts inside. f gets those desktops, which are locked. If userIDs is not
// empty, only these users are compared. CodeConflict if a desktop would have too many users; CodeServiceLocked for groups that have desktops, since
// their accounts change.
func ChangeGroups(ctx context.Context, tx *store.Tx, c workspace.Caller, groupIDs, userIDs []string, f func(held []desktop.Desktop) error) error {
	ids, err := GroupDesktops(ctx, tx, groupIDs)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return f(nil)
	}
	if err := store.RequireUnlocked(ctx, tx, c.ProjectID); err != nil {
		return err
	}
	// Locked, so that of two changes which together would give a desktop too many users the second sees the first.
	held, err := desktop.LockDesktops(ctx, tx, c.ProjectID, ids)
	if err != nil {
		return err
	}
	change, err := changing(ctx, tx, ids, userIDs, func() error { return f(held) })
	if err != nil {
		return err
	}
	if len(change.gained) > 0 {
		if err := checkCrowd(ctx, tx, ids); err != nil {
			return err
		}
	}
	desktops, err := desktopsByID(ctx, tx, c.ProjectID, desktopsIn(change), false)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(desktops))
	for id, d := range desktops {
		names[id] = d.Name
	}
	if err := recordLosses(ctx, tx, c.ProjectID, change.lost, names, false); err != nil {
		return err
	}
	if err := refit(ctx, tx, c, workspace.JobAttachDesktops, desktops, change.gained, true); err != nil {
		return err
	}
	return refit(ctx, tx, c, workspace.JobDetachDesktops, desktops, change.lost, false)
}

// checkCrowd returns CodeConflict if one of these desktops has too many users, counting those of groups.
func checkCrowd(ctx context.Context, tx *store.Tx, desktopIDs []string) error {
	name, err := CrowdedDesktop(ctx, tx, desktopIDs, plan.MaxPeoplePerDesktop)
	if err == nil && name != "" {
		err = workspace.Errorf(workspace.CodeConflict, "desktop %s would have more than %d users", name, plan.MaxPeoplePerDesktop)
	}
	return err
}

// desktopsIn returns the desktops of changes, without duplicates.
func desktopsIn(c changes) []string {
	seen := map[string]bool{}
	var ids []string
	for _, part := range [][]desktop.Assignment{c.gained, c.lost} {
		for _, a := range part {
			if !seen[a.DesktopID] {
				seen[a.DesktopID] = true
				ids = append(ids, a.DesktopID)
			}
		}
	}
	return ids
}

// refit writes a job that updates the accounts inside the desktops of holdings, each as soon as the desktop has no other task.
// With tell, its users then get a message that they have it.
func refit(ctx context.Context, tx *store.Tx, c workspace.Caller, t workspace.JobType, desktops map[string]desktop.Desktop, holdings []desktop.Assignment, tell bool) error {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: t, RequestID: c.RequestID, Created: tx.Now()}
	people := HoldingsByDesktop(holdings)
	told := map[string]bool{}
	for _, a := range holdings {
		d, there := desktops[a.DesktopID]
		if told[a.DesktopID] || !there {
			continue
		}
		told[a.DesktopID] = true
		var p desktop.AccountParams
		for _, one := range people[d.ID] {
			if tell {
				p.Gained = append(p.Gained, desktop.Recipient{UserID: one.UserID})
			}
		}
		sub := desktop.NewSubJob(&job, d, p)
		sub.UserName = a.UserName
		job.SubJobs = append(job.SubJobs, sub)
	}
	if len(job.SubJobs) == 0 {
		return nil
	}
	return tx.InsertJob(ctx, job)
}

// DeleteGroups deletes 1 to 100 groups. Their members remain, and lose access to the desktops of the groups. Unknown ids are
// ignored, since deleting them is a success; if all are unknown, it fails with CodeGroupNotFound. CodeServiceLocked.
func (s *Service) DeleteGroups(ctx context.Context, c workspace.Caller, ids []string) error {
	if err := workspace.CheckIDs("group_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireUnlocked(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		return workspace.DeleteEach("group_ids", ids, workspace.CodeGroupNotFound, func(id string) error {
			g, err := directory.LockGroup(ctx, tx, c.ProjectID, id)
			if err != nil {
				return err
			}
			return dissolve(ctx, tx, c, g)
		})
	}))
}

// ChangeMembers adds 1 to 100 users to a group or removes them, all or none; they gain or lose access to the desktops of the
// group. Adding a member or removing another is a success. CodeGroupNotFound, CodeUserNotFound, CodeInvalid, CodeConflict if a
// desktop of the group would have too many users.
func (s *Service) ChangeMembers(ctx context.Context, c workspace.Caller, groupID string, action directory.MemberAction, userIDs []string) error {
	if err := workspace.CheckIDs("user_ids", userIDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		g, err := directory.LockGroup(ctx, tx, c.ProjectID, groupID)
		if err != nil {
			return err
		}
		switch action {
		case directory.AddToGroup:
			if err := directory.UsersExist(ctx, tx, c.ProjectID, userIDs); err != nil {
				return err
			}
			return ChangeGroups(ctx, tx, c, []string{g.ID}, userIDs, func([]desktop.Desktop) error { return directory.AddMembers(ctx, tx, g.ID, userIDs) })
		case directory.RemoveFromGroup:
			return ChangeGroups(ctx, tx, c, []string{g.ID}, userIDs, func([]desktop.Desktop) error {
				if err := directory.RemoveMembers(ctx, tx, g.ID, userIDs); err != nil {
					return err
				}
				return desktop.PoolsOfGroupChanged(ctx, tx, g.ID)
			})
		default:
			return workspace.Invalid("op_type", "%q is unknown, use ADD or DELETE", action)
		}
	}))
}
