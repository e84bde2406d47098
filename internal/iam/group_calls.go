package iam

import (
	"net/http"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The wire forms of groups.
type (
	groupInput struct {
		ID string `path:"group_id"`
	}
	memberInput struct {
		Group string `path:"group_id"`
		User  string `path:"user_id"`
	}
	groupsInput struct {
		Page     string `query:"page" doc:"A number from 1"`
		PerPage  string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
		Name     string `query:"name" doc:"The whole name"`
		DomainID string `query:"domain_id"`
	}
	groupUsersInput struct {
		ID      string `path:"group_id"`
		Page    string `query:"page" doc:"A number from 1"`
		PerPage string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	}
	userGroupsInput struct {
		ID      string `path:"user_id"`
		Page    string `query:"page" doc:"A number from 1"`
		PerPage string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	}
	createGroupInput struct{ Body createGroupRequest }

	createGroupRequest struct {
		Group createGroupFields `json:"group" required:"true"`
	}
	createGroupFields struct {
		Name        string `json:"name" required:"true" doc:"1 to 128 characters; unique in the account, ignoring case"`
		Description string `json:"description" doc:"At most 255 characters"`
		DomainID    string `json:"domain_id" doc:"The caller's account; may be absent"`
	}
	updateGroupInput struct {
		ID   string `path:"group_id"`
		Body updateGroupRequest
	}
	updateGroupRequest struct {
		Group updateGroupFields `json:"group" required:"true"`
	}
	updateGroupFields struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		DomainID    string  `json:"domain_id" doc:"The caller's account; may be absent"`
	}

	groupBody struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DomainID    string `json:"domain_id"`
		Description string `json:"description"`
		CreateTime  int64  `json:"create_time" doc:"Milliseconds since 1970"`
		Links       links  `json:"links"`
	}
	oneGroupBody struct {
		Group groupBody `json:"group"`
	}
	groupsBody struct {
		Groups []groupBody `json:"groups"`
		Links  links       `json:"links"`
	}
)

func (s *Service) groupBody(r *http.Request, g Group) groupBody {
	return groupBody{
		ID: g.ID, Name: g.Name, DomainID: g.AccountID, Description: g.Description, CreateTime: g.Created.UnixMilli(),
		Links: s.links(r, "/v3/groups/"+g.ID),
	}
}

// groups answers with a page of groups.
func (s *Service) groups(r *http.Request, q GroupQuery, number, perPage string) (*body[groupsBody], error) {
	window, err := pageOf(number, perPage)
	if err != nil {
		return nil, err
	}
	q.Page = window
	found, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Group, error) {
		if q.MemberID != "" {
			if _, err := ReadAdmin(r.Context(), tx, q.AccountID, q.MemberID); err != nil {
				return nil, noneSuch(err, "user", q.MemberID)
			}
		}
		return Groups(r.Context(), tx, q)
	})
	if err != nil {
		return nil, err
	}
	out := groupsBody{Groups: []groupBody{}, Links: s.links(r, r.URL.Path)}
	for _, g := range found {
		out.Groups = append(out.Groups, s.groupBody(r, g))
	}
	return &body[groupsBody]{Body: out}, nil
}

// listGroups lists the account's groups.
func (s *Service) listGroups(r *http.Request, in *groupsInput) (*body[groupsBody], error) {
	p, _ := PrincipalFrom(r.Context())
	if in.DomainID != "" && in.DomainID != p.AccountID {
		return &body[groupsBody]{Body: groupsBody{Groups: []groupBody{}, Links: s.links(r, r.URL.Path)}}, nil
	}
	return s.groups(r, GroupQuery{AccountID: p.AccountID, Name: in.Name}, in.Page, in.PerPage)
}

// listGroupsOfUser lists the groups that a user is in. Callers may ask about themselves.
func (s *Service) listGroupsOfUser(r *http.Request, in *userGroupsInput) (*body[groupsBody], error) {
	p, _ := PrincipalFrom(r.Context())
	if in.ID != p.AdminID {
		if err := s.permit(r.Context(), p, operationOf(r.Context()).needs); err != nil {
			return nil, err
		}
	}
	return s.groups(r, GroupQuery{AccountID: p.AccountID, MemberID: in.ID}, in.Page, in.PerPage)
}

func (s *Service) createGroup(r *http.Request, in *createGroupInput) (*body[oneGroupBody], error) {
	fields := in.Body.Group
	if err := ownDomain(r, "group.domain_id", fields.DomainID); err != nil {
		return nil, err
	}
	g, err := s.CreateGroup(r.Context(), s.act(r, workspace.Resource{Type: ResourceGroup, Name: fields.Name}), NewGroup{fields.Name, fields.Description})
	return bodyOf(oneGroupBody{s.groupBody(r, g)}, err)
}

// ownDomain refuses the id of another account than the caller's.
func ownDomain(r *http.Request, field, id string) error {
	if p, _ := PrincipalFrom(r.Context()); id != "" && id != p.AccountID {
		return forbidden("%s: is not the caller's account %s; leave it out", field, p.AccountID)
	}
	return nil
}

func (s *Service) showGroup(r *http.Request, in *groupInput) (*body[oneGroupBody], error) {
	p, _ := PrincipalFrom(r.Context())
	g, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Group, error) { return ReadGroup(r.Context(), tx, p.AccountID, in.ID) })
	return bodyOf(oneGroupBody{s.groupBody(r, g)}, noneSuch(err, "group", in.ID))
}

func (s *Service) updateGroup(r *http.Request, in *updateGroupInput) (*body[oneGroupBody], error) {
	fields := in.Body.Group
	if err := ownDomain(r, "group.domain_id", fields.DomainID); err != nil {
		return nil, err
	}
	g, err := s.UpdateGroup(r.Context(), s.act(r, workspace.Resource{Type: ResourceGroup, ID: in.ID}), in.ID, GroupChange{fields.Name, fields.Description})
	return bodyOf(oneGroupBody{s.groupBody(r, g)}, err)
}

func (s *Service) deleteGroup(r *http.Request, in *groupInput) error {
	return s.DeleteGroup(r.Context(), s.act(r, workspace.Resource{Type: ResourceGroup, ID: in.ID}), in.ID)
}

// listGroupUsers lists the members of a group.
func (s *Service) listGroupUsers(r *http.Request, in *groupUsersInput) (*body[usersBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	members, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Admin, error) {
		if _, err := ReadGroup(r.Context(), tx, p.AccountID, in.ID); err != nil {
			return nil, noneSuch(err, "group", in.ID)
		}
		return Admins(r.Context(), tx, AdminQuery{AccountID: p.AccountID, GroupID: in.ID, Page: window})
	})
	if err != nil {
		return nil, err
	}
	return s.usersBody(r, members), nil
}

func (s *Service) addMember(r *http.Request, in *memberInput) error {
	return s.AddToGroup(r.Context(), s.act(r, workspace.Resource{Type: ResourceGroup, ID: in.Group}), in.Group, in.User)
}

func (s *Service) removeMember(r *http.Request, in *memberInput) error {
	return s.RemoveFromGroup(r.Context(), s.act(r, workspace.Resource{Type: ResourceGroup, ID: in.Group}), in.Group, in.User)
}

// checkMember answers with 204 if a user is in a group, and with 404 if not.
func (s *Service) checkMember(r *http.Request, in *memberInput) error {
	p, _ := PrincipalFrom(r.Context())
	return s.Store.View(r.Context(), func(tx *store.Tx) error {
		g, u, err := groupAndUser(r.Context(), tx, p.AccountID, in.Group, in.User)
		if err != nil {
			return err
		}
		is, err := IsMember(r.Context(), tx, g.ID, u.ID)
		if err == nil && !is {
			err = missing("member", in.User)
		}
		return err
	})
}
