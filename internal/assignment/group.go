package assignment

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DeleteGroups removes 1 to 100 groups; their people stay, and lose the desktops that the groups had. Ids of none are left out, since their deletion is a success already;
// if none is left it fails with CodeGroupNotFound.
func (s *Service) DeleteGroups(ctx context.Context, c workspace.Caller, ids []string) error {
	if err := workspace.CheckIDs("group_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		return workspace.DeleteEach("group_ids", ids, workspace.CodeGroupNotFound, func(id string) error {
			g, err := directory.LockGroup(ctx, tx, c.ProjectID, id)
			if err != nil {
				return err
			}
			return dissolve(ctx, tx, c, g)
		})
	})
}

// ChangeMembers puts 1 to 100 people into a group, all or none, or takes them out; they gain or lose the desktops that the group
// has. What holds already succeeds. CodeGroupNotFound, CodeUserNotFound, CodeInvalid, CodeConflict when a desktop of the group
// would have too many people.
func (s *Service) ChangeMembers(ctx context.Context, c workspace.Caller, groupID string, action directory.MemberAction, userIDs []string) error {
	if err := workspace.CheckIDs("user_ids", userIDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := directory.LockGroup(ctx, tx, c.ProjectID, groupID)
		if err != nil {
			return err
		}
		switch action {
		case directory.AddToGroup:
			if err := directory.UsersExist(ctx, tx, c.ProjectID, userIDs); err != nil {
				return err
			}
			return regrouping(ctx, tx, c, []string{g.ID}, userIDs, func([]desktop.Desktop) error { return directory.AddMembers(ctx, tx, g.ID, userIDs) })
		case directory.RemoveFromGroup:
			return regrouping(ctx, tx, c, []string{g.ID}, userIDs, func([]desktop.Desktop) error {
				if err := directory.RemoveMembers(ctx, tx, g.ID, userIDs); err != nil {
					return err
				}
				return desktop.PoolsOfGroupChanged(ctx, tx, g.ID)
			})
		default:
			return workspace.Invalid("op_type", "%q is unknown, use ADD or DELETE", action)
		}
	})
}
