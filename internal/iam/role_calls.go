package iam

import (
	"net/http"
	"strconv"

	"carrel/internal/iam/policy"
	"carrel/internal/route"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The wire forms of roles: built-in ones and custom policies.
type (
	roleInput struct {
		ID string `path:"role_id"`
	}
	policiesInput struct {
		Page    string `query:"page" doc:"A number from 1"`
		PerPage string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	}
	rolesInput struct {
		Page        string `query:"page" doc:"A number from 1"`
		PerPage     string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
		DomainID    string `query:"domain_id" doc:"The caller's account: list its policies in place of the built-in roles"`
		Name        string `query:"name" doc:"The whole name"`
		DisplayName string `query:"display_name" doc:"The whole display name"`
	}
	createPolicyInput struct{ Body createPolicyRequest }

	createPolicyRequest struct {
		Role createPolicyFields `json:"role" required:"true"`
	}
	createPolicyFields struct {
		DisplayName string       `json:"display_name" required:"true" doc:"1 to 128 characters; unique in the account, ignoring case"`
		Type        PolicyType   `json:"type" required:"true" enum:"AX,XA" doc:"XA: all actions are of workspace; AX: there are others, and it is attached for the domain only"`
		Description string       `json:"description" doc:"At most 255 characters"`
		Policy      route.Object `json:"policy" required:"true" doc:"Version and Statement, see docs/permissions.md"`
	}
	updatePolicyInput struct {
		ID   string `path:"role_id"`
		Body updatePolicyRequest
	}
	updatePolicyRequest struct {
		Role updatePolicyFields `json:"role" required:"true"`
	}
	updatePolicyFields struct {
		DisplayName *string       `json:"display_name"`
		Type        *PolicyType   `json:"type" doc:"Cannot be changed"`
		Description *string       `json:"description"`
		Policy      *route.Object `json:"policy"`
	}

	roleBody struct {
		ID          string       `json:"id"`
		Name        string       `json:"name"`
		DisplayName string       `json:"display_name"`
		Type        PolicyType   `json:"type" enum:"AX,XA"`
		Catalog     string       `json:"catalog" enum:"BASE,CUSTOMED" doc:"BASE: built in; CUSTOMED: of the account"`
		Description string       `json:"description"`
		DomainID    *string      `json:"domain_id"` // null: every account's
		Policy      route.Object `json:"policy"`
		CreatedTime string       `json:"created_time" doc:"Milliseconds since 1970; empty for a built-in role"`
		UpdatedTime string       `json:"updated_time" doc:"Milliseconds since 1970; empty for a built-in role"`
		Links       links        `json:"links"`
	}
	oneRoleBody struct {
		Role roleBody `json:"role"`
	}
	rolesBody struct {
		Roles []roleBody `json:"roles"`
		Links links      `json:"links"`
		Total int        `json:"total_number"`
	}
)

func (s *Service) customBody(r *http.Request, p CustomPolicy) roleBody {
	return roleBody{
		ID: p.ID, Name: customName(p.ID), DisplayName: p.Name, Type: p.Type, Catalog: "CUSTOMED", Description: p.Description, DomainID: &p.AccountID,
		Policy: route.Object(p.Document), CreatedTime: millis(p.Created.UnixMilli()), UpdatedTime: millis(p.Updated.UnixMilli()),
		Links: s.links(r, "/v3.0/OS-ROLE/roles/"+p.ID),
	}
}

// customName is the name of a custom policy beside its display name.
func customName(id string) string { return "custom-" + id }

func millis(n int64) string { return strconv.FormatInt(n, 10) }

func (s *Service) builtInBody(r *http.Request, b policy.Role) roleBody {
	return roleBody{
		ID: b.ID, Name: b.ID, DisplayName: b.DisplayName, Type: PolicyProject, Catalog: "BASE", Description: b.Description, Policy: route.Object(b.Document),
		Links: s.links(r, "/v3/roles/"+b.ID),
	}
}

// policies answers with a page of the account's custom policies.
func (s *Service) policies(r *http.Request, name, number, perPage string) (*body[rolesBody], error) {
	window, err := pageOf(number, perPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	found, total, err := store.List(r.Context(), s.Store, func(tx *store.Tx) ([]CustomPolicy, int, error) {
		return Policies(r.Context(), tx, p.AccountID, name, window)
	})
	if err != nil {
		return nil, err
	}
	out := rolesBody{Roles: []roleBody{}, Links: s.links(r, r.URL.Path), Total: total}
	for _, c := range found {
		out.Roles = append(out.Roles, s.customBody(r, c))
	}
	return &body[rolesBody]{Body: out}, nil
}

func (s *Service) listPolicies(r *http.Request, in *policiesInput) (*body[rolesBody], error) {
	return s.policies(r, "", in.Page, in.PerPage)
}

// listRoles lists the built-in roles or, if the account is named, its policies.
func (s *Service) listRoles(r *http.Request, in *rolesInput) (*body[rolesBody], error) {
	if in.DomainID != "" {
		if err := ownDomain(r, "domain_id", in.DomainID); err != nil {
			return nil, err
		}
		if in.Name != "" {
			return nil, invalid("name", "policies of an account are known by their display_name")
		}
		return s.policies(r, in.DisplayName, in.Page, in.PerPage)
	}
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	out := rolesBody{Roles: []roleBody{}, Links: s.links(r, r.URL.Path)}
	for _, b := range policy.Roles {
		if !matches(in.Name, b.ID) || !matches(in.DisplayName, b.DisplayName) {
			continue
		}
		if out.Total >= window.Offset && out.Total < window.Offset+window.Limit {
			out.Roles = append(out.Roles, s.builtInBody(r, b))
		}
		out.Total++
	}
	return &body[rolesBody]{Body: out}, nil
}

func (s *Service) showPolicy(r *http.Request, in *roleInput) (*body[oneRoleBody], error) {
	p, _ := PrincipalFrom(r.Context())
	found, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (CustomPolicy, error) { return ReadPolicy(r.Context(), tx, p.AccountID, in.ID) })
	return bodyOf(oneRoleBody{s.customBody(r, found)}, noneSuch(err, "role", in.ID))
}

// showRole shows a built-in role or a custom policy.
func (s *Service) showRole(r *http.Request, in *roleInput) (*body[oneRoleBody], error) {
	if b, is := policy.RoleNamed(in.ID); is {
		return &body[oneRoleBody]{Body: oneRoleBody{s.builtInBody(r, b)}}, nil
	}
	return s.showPolicy(r, in)
}

func (s *Service) createPolicy(r *http.Request, in *createPolicyInput) (*body[oneRoleBody], error) {
	f := in.Body.Role
	p, err := s.CreatePolicy(r.Context(), s.act(r, workspace.Resource{Type: ResourcePolicy, Name: f.DisplayName}),
		NewPolicy{f.DisplayName, f.Type, f.Description, string(f.Policy)})
	return bodyOf(oneRoleBody{s.customBody(r, p)}, err)
}

func (s *Service) updatePolicy(r *http.Request, in *updatePolicyInput) (*body[oneRoleBody], error) {
	f := in.Body.Role
	p, err := s.UpdatePolicy(r.Context(), s.act(r, workspace.Resource{Type: ResourcePolicy, ID: in.ID}), in.ID,
		PolicyChange{Name: f.DisplayName, Description: f.Description, Document: (*string)(f.Policy), Type: f.Type})
	return bodyOf(oneRoleBody{s.customBody(r, p)}, err)
}

// deletePolicy answers with 200, as the public service does.
func (s *Service) deletePolicy(r *http.Request, in *roleInput) (*nothing, error) {
	return nil, s.DeletePolicy(r.Context(), s.act(r, workspace.Resource{Type: ResourcePolicy, ID: in.ID}), in.ID)
}

// grantIn is the grant that a path names.
func grantIn(r *http.Request) RoleGrant {
	g := RoleGrant{AdminID: r.PathValue("user_id"), GroupID: r.PathValue("group_id"), RoleID: r.PathValue("role_id")}
	g.Scope, g.ScopeID = ScopeDomain, r.PathValue("domain_id")
	if id := r.PathValue("project_id"); id != "" {
		g.Scope, g.ScopeID = ScopeProject, id
	}
	if id := r.PathValue("enterprise_project_id"); id != "" {
		g.Scope, g.ScopeID = ScopeEnterprise, id
	}
	return g
}

// actOnGrant is the caller for a change of what is attached to a user or group.
func (s *Service) actOnGrant(r *http.Request, g RoleGrant) workspace.Caller {
	if g.GroupID != "" {
		return s.act(r, workspace.Resource{Type: ResourceGroup, ID: g.GroupID})
	}
	return s.act(r, workspace.Resource{Type: ResourceUser, ID: g.AdminID})
}

func (s *Service) attachRole(w http.ResponseWriter, r *http.Request) error {
	g := grantIn(r)
	if err := s.Attach(r.Context(), s.actOnGrant(r, g), g); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) detachRole(w http.ResponseWriter, r *http.Request) error {
	g := grantIn(r)
	if err := s.Detach(r.Context(), s.actOnGrant(r, g), g); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// checkRole answers with 204 if the role is attached, and with 404 if not.
func (s *Service) checkRole(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	g := grantIn(r)
	is, err := s.IsAttached(r.Context(), p.AccountID, g)
	if err == nil && !is {
		err = missing("a role for "+g.scopeName(), g.RoleID)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listAttached lists the roles that are attached in the scope of the path.
func (s *Service) listAttached(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	ids, custom, err := s.RolesOf(r.Context(), p.AccountID, grantIn(r))
	if err != nil {
		return err
	}
	out := rolesBody{Roles: []roleBody{}, Links: s.links(r, r.URL.Path), Total: len(ids)}
	for _, id := range ids {
		if b, is := policy.RoleNamed(id); is {
			out.Roles = append(out.Roles, s.builtInBody(r, b))
		}
	}
	for _, c := range custom {
		out.Roles = append(out.Roles, s.customBody(r, c))
	}
	route.WriteJSON(w, http.StatusOK, out)
	return nil
}
