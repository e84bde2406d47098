package api

import (
	"context"
	"net/http"
	"slices"

	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) groupOperations() []operation {
	const groups = "/v2/{project_id}/groups"
	return []operation{
		{"POST", groups, "CreateUserGroup", iam.Write, silent(http.StatusOK, s.createGroup), "Create a user group"},
		{"GET", groups, "ListUserGroups", iam.Read, answering(s.listGroups), "List user groups"},
		{"PUT", groups + "/{group_id}", "UpdateUserGroup", iam.Write, silent(http.StatusOK, s.updateGroup), "Update a user group's name or description"},
		{"DELETE", groups + "/{group_id}", "DeleteUserGroup", iam.Write, silent(http.StatusNoContent, s.deleteGroup), "Delete a user group; its users are kept"},
		{"POST", groups + "/batch-delete", "BatchDeleteUserGroups", iam.Write, silent(http.StatusNoContent, s.deleteGroups), "Delete user groups; their users are kept"},
		{"POST", groups + "/{group_id}/actions", "RunActionsOnGroup", iam.Write, silent(http.StatusNoContent, s.changeMembers), "Add users to a group or remove them"},
		{"GET", groups + "/{group_id}/users", "ListUsersOfGroup", iam.Read, answering(s.listMembers), "List the users of a group"},
	}
}

type createGroupInput struct {
	Project
	Body struct {
		Name        string `json:"group_name" required:"true" doc:"1 to 64 characters"`
		Platform    string `json:"platform_type" required:"true" enum:"LOCAL,AD" doc:"AD is refused: the built-in directory is the only one"`
		Description string `json:"description,omitempty" doc:"At most 255 characters"`
	}
}

func (s *Server) createGroup(ctx context.Context, in *createGroupInput) error {
	if in.Body.Platform == "AD" {
		return workspace.Errorf(workspace.CodeUnsupported, "platform_type: no Active Directory is connected here, use LOCAL")
	}
	_, err := s.Services.Directory.CreateGroup(ctx, in.caller(ctx), in.Body.Name, in.Body.Description)
	return err
}

type listGroupsInput struct {
	Project
	Keyword   string   `query:"keyword" doc:"Part of the name or the description"`
	Limit     string   `query:"limit" default:"100" doc:"A number from 0 to 2000"`
	Offset    string   `query:"offset" default:"0" doc:"A number from 0"`
	Domain    string   `query:"domain" doc:"The directory"`
	Platforms []string `query:"platform_type,explode" doc:"AD, LOCAL or UOS; all groups are LOCAL"`
}

type groupsReply struct {
	Total  int          `json:"total_count"`
	Groups []groupReply `json:"user_groups"`
}

type groupReply struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Created     string `json:"create_time"`
	Description string `json:"description"`
	People      int    `json:"user_quantity"`
	Platform    string `json:"platform_type" enum:"LOCAL"`
	Domain      string `json:"domain"`
	Desktops    int    `json:"total_desktops" doc:"Desktops assigned to its users"`
	DN          string `json:"group_dn" doc:"The group's distinguished name in the directory"`
	SID         string `json:"sid" doc:"The group's id in the directory"`
}

func (s *Server) listGroups(ctx context.Context, in *listGroupsInput) (groupsReply, error) {
	limit, err := numeral("limit", in.Limit, 2000)
	if err != nil {
		return groupsReply{}, err
	}
	offset, err := numeral("offset", in.Offset, 1<<31-1)
	if err != nil {
		return groupsReply{}, err
	}
	platforms := split[string](in.Platforms...)
	if otherDirectory(in.Domain) || len(platforms) > 0 && !slices.Contains(platforms, "LOCAL") {
		return groupsReply{Groups: []groupReply{}}, nil
	}
	groups, total, err := s.Services.Directory.ListGroups(ctx, directory.GroupQuery{
		ProjectID: in.ProjectID, Keyword: in.Keyword, Page: workspace.Page{Offset: offset, Limit: limit},
	})
	return groupsReply{total, each(groups, groupReplyOf)}, err
}

func groupReplyOf(g directory.Group) groupReply {
	return groupReply{
		ID: g.ID, Name: g.Name, Created: stamp(g.Created), Description: g.Description, People: g.People, Platform: "LOCAL",
		Domain: directory.BuiltInDomain, Desktops: g.Desktops, DN: g.DN(), SID: g.ID,
	}
}

// GroupPath is the path of a user group.
type GroupPath struct {
	Project
	GroupID string `path:"group_id"`
}

type updateGroupInput struct {
	GroupPath
	Body struct {
		Name        *string `json:"group_name,omitempty" doc:"1 to 64 characters"`
		Description *string `json:"description,omitempty" doc:"At most 255 characters"`
	}
}

func (s *Server) updateGroup(ctx context.Context, in *updateGroupInput) error {
	return s.Services.Directory.UpdateGroup(ctx, in.caller(ctx), in.GroupID, in.Body.Name, in.Body.Description)
}

func (s *Server) deleteGroup(ctx context.Context, in *GroupPath) error {
	return s.Services.Assignments.DeleteGroups(ctx, in.caller(ctx), []string{in.GroupID})
}

type deleteGroupsInput struct {
	Project
	Body struct {
		IDs []string `json:"group_ids" required:"true" doc:"1 to 100"`
	}
}

func (s *Server) deleteGroups(ctx context.Context, in *deleteGroupsInput) error {
	return s.Services.Assignments.DeleteGroups(ctx, in.caller(ctx), in.Body.IDs)
}

type changeMembersInput struct {
	GroupPath
	Body struct {
		UserIDs []string               `json:"user_ids" required:"true" doc:"1 to 100"`
		Action  directory.MemberAction `json:"op_type" required:"true" enum:"ADD,DELETE"`
	}
}

func (s *Server) changeMembers(ctx context.Context, in *changeMembersInput) error {
	return s.Services.Assignments.ChangeMembers(ctx, in.caller(ctx), in.GroupID, in.Body.Action, in.Body.UserIDs)
}

type listMembersInput struct {
	GroupPath
	Name         string               `query:"user_name" doc:"Part of the name"`
	Description  string               `query:"description" doc:"Part of the description"`
	Activation   directory.Activation `query:"active_type" enum:"USER_ACTIVATE,ADMIN_ACTIVATE"`
	EnterpriseID string               `query:"enterprise_project_id"`
	Limit        int                  `query:"limit" minimum:"0" maximum:"2000" default:"2000"`
	Offset       int                  `query:"offset" minimum:"0" default:"0"`
}

type membersReply struct {
	Total int           `json:"total_count"`
	Users []memberReply `json:"users"`
}

type memberReply struct {
	ID           string `json:"id"`
	Name         string `json:"user_name"`
	Domain       string `json:"domain"`
	Email        string `json:"user_email"`
	Phone        string `json:"user_phone"`
	Desktops     int    `json:"total_desktops"`
	EnterpriseID string `json:"enterprise_project_id"`
	Description  string `json:"description"`
}

func (s *Server) listMembers(ctx context.Context, in *listMembersInput) (membersReply, error) {
	users, total, err := s.Services.Directory.MembersOf(ctx, directory.UserQuery{
		ProjectID: in.ProjectID, GroupID: in.GroupID, Name: in.Name, Description: in.Description, Activation: in.Activation,
		EnterpriseID: in.EnterpriseID, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return membersReply{total, each(users, memberReplyOf)}, err
}

func memberReplyOf(u directory.User) memberReply {
	return memberReply{
		ID: u.ID, Name: u.Name, Domain: directory.BuiltInDomain, Email: u.Email, Phone: u.Phone, Desktops: u.Desktops,
		EnterpriseID: u.EnterpriseID, Description: u.Description,
	}
}
