package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func (s *Server) createGroup(ctx context.Context, in *wire.CreateUserGroupInput) error {
	if in.Body.PlatformType == "AD" {
		return workspace.Unsupported("platform_type", "no Active Directory is connected here, use LOCAL")
	}
	_, err := s.Services.Directory.CreateGroup(ctx, caller(ctx, in.Project), in.Body.GroupName, in.Body.Description)
	return err
}

func (s *Server) listGroups(ctx context.Context, in *wire.ListUserGroupsInput) (wire.ListUserGroupsResponse, error) {
	page, err := pageOf(in.Offset, in.Limit)
	if err != nil {
		return wire.ListUserGroupsResponse{}, err
	}
	platforms := split[string](in.PlatformType...)
	if otherDirectory(in.Domain) || len(platforms) > 0 && !slices.Contains(platforms, "LOCAL") {
		return wire.ListUserGroupsResponse{UserGroups: []wire.UserGroupInfo{}}, nil
	}
	groups, total, err := s.Services.Directory.ListGroups(ctx, directory.GroupQuery{ProjectID: in.ProjectID, Keyword: in.Keyword, Page: page})
	return wire.ListUserGroupsResponse{TotalCount: total, UserGroups: each(groups, userGroupInfo)}, err
}

func userGroupInfo(g directory.Group) wire.UserGroupInfo {
	return wire.UserGroupInfo{
		ID: g.ID, Name: g.Name, CreateTime: stamp(g.Created), Description: g.Description, UserQuantity: g.People, PlatformType: "LOCAL",
		Domain: directory.BuiltInDomain, TotalDesktops: g.Desktops, GroupDN: g.DN(), SID: g.ID,
	}
}

func (s *Server) updateGroup(ctx context.Context, in *wire.UpdateUserGroupInput) error {
	return s.Services.Directory.UpdateGroup(ctx, caller(ctx, in.Project), in.GroupID, in.Body.GroupName, in.Body.Description)
}

func (s *Server) deleteGroup(ctx context.Context, in *wire.DeleteUserGroupInput) error {
	return s.Services.Assignments.DeleteGroups(ctx, caller(ctx, in.Project), []string{in.GroupID})
}

func (s *Server) deleteGroups(ctx context.Context, in *wire.BatchDeleteUserGroupsInput) error {
	return s.Services.Assignments.DeleteGroups(ctx, caller(ctx, in.Project), in.Body.GroupIDs)
}

func (s *Server) changeMembers(ctx context.Context, in *wire.RunActionsOnGroupInput) error {
	return s.Services.Assignments.ChangeMembers(ctx, caller(ctx, in.Project), in.GroupID, directory.MemberAction(in.Body.OpType), in.Body.UserIDs)
}

func (s *Server) listMembers(ctx context.Context, in *wire.ListUsersOfGroupInput) (wire.ListUsersOfGroupResponse, error) {
	users, total, err := s.Services.Directory.MembersOf(ctx, directory.UserQuery{
		ProjectID: in.ProjectID, GroupID: in.GroupID, Name: in.UserName, Description: in.Description, Activation: directory.Activation(in.ActiveType),
		EnterpriseID: in.EnterpriseProjectID, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListUsersOfGroupResponse{TotalCount: total, Users: each(users, userInGroup)}, err
}

func userInGroup(u directory.User) wire.UserInGroup {
	return wire.UserInGroup{
		ID: u.ID, UserName: u.Name, Domain: directory.BuiltInDomain, UserEmail: u.Email, UserPhone: u.Phone, TotalDesktops: u.Desktops,
		EnterpriseProjectID: u.EnterpriseID, Description: u.Description,
	}
}
