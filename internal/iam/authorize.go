package iam

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"carrel/internal/iam/policy"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Access is what a request of the API asks for.
type Access struct {
	ProjectID string // empty: it is about the account
	Writes    bool
	Action    string // workspace:desktops:create
	Manages   string // what the project must have authorized the service to manage; empty: nothing
	Resource  string // the id of the resource of the action's kind that the path names; empty: none
	Address   netip.Addr
	// Resources reads what policies know the resources by that the request names, if they need that. Nil: resources of the kind have no labels.
	Resources func(context.Context) ([]workspace.ResourceLabels, error)
	// InBody says that the body names the resources, and is not read yet.
	InBody bool
	// Lists says that the operation lists resources of the action's kind, and leaves out those that are not in the selection.
	Lists bool
}

// Verdict is what becomes of a request that is not refused.
type Verdict struct {
	Visible *workspace.Selection // which resources a list may show; nil: all
	Pending bool                 // it depends on the resources that the body names: to be asked again with them
}

// Authorize decides by the policies of the caller and of the caller's groups. All resources that a request names must be allowed. It returns
// CodeProjectNotFound if the project does not exist or belongs to another account, so that nobody learns which ids exist, and CodeForbidden, as
// a *Denied, if no policy allows the request or the credential is for another project.
func (s *Service) Authorize(ctx context.Context, p Principal, a Access) (Verdict, error) {
	agencies, err := s.checkScope(ctx, p, &a)
	if err != nil {
		return Verdict{}, err
	}
	grants, err := s.rightsOf(ctx, p)
	if err != nil {
		return Verdict{}, err
	}
	r := policy.Request{
		Action: a.Action, Region: s.Region, Project: a.ProjectID, Kind: policy.KindOf(a.Action), ID: a.Resource, Address: a.Address, Time: time.Now(), MFA: p.MFA,
	}
	var v Verdict
	d := policy.Evaluate(grants, &r)
	switch {
	case !d.Unsure:
	case a.Resources != nil:
		resources, err := a.Resources(ctx)
		if err != nil {
			return Verdict{}, err
		}
		whole := r
		for i := range resources {
			r.ID, r.Labels = resources[i].ID, &resources[i]
			if d = policy.Evaluate(grants, &r); !d.Allowed {
				break
			}
		}
		if d.Allowed && a.Lists { // what is in the one resource that the path names may be in other enterprise projects
			_, within := policy.Select(grants, &whole)
			v.Visible = within.Beside(resources[0])
		}
	case a.Lists:
		d, v.Visible = policy.Select(grants, &r)
	case a.InBody:
		return Verdict{Pending: true}, nil
	}
	if !d.Allowed {
		return Verdict{}, s.denied(p, &r, d)
	}
	return v, authorized(a.ProjectID, agencies, a.Manages)
}

// checkScope completes what a request is about, and returns the agencies of its project, or why the caller's credential is not for that.
func (s *Service) checkScope(ctx context.Context, p Principal, a *Access) ([]ServiceAgency, error) {
	if a.ProjectID != "" {
		return s.agenciesFor(ctx, p, a.ProjectID)
	}
	if a.Writes && p.ProjectID != "" {
		return nil, workspace.Errorf(workspace.CodeForbidden, "%s concerns the account, and the credential is for project %s only: use a token with auth.scope.domain, or an access key",
			a.Action, p.ProjectID)
	}
	a.ProjectID = p.AccountID
	return nil, nil
}

// CheckProject returns CodeProjectNotFound if a project does not exist or belongs to another account, and CodeForbidden if the caller's
// credential is for another one.
func (s *Service) CheckProject(ctx context.Context, p Principal, projectID string) error {
	_, err := s.agenciesFor(ctx, p, projectID)
	return err
}

// agenciesFor is CheckProject, and returns the project's agencies.
func (s *Service) agenciesFor(ctx context.Context, p Principal, projectID string) ([]ServiceAgency, error) {
	if p.ProjectID != "" && p.ProjectID == projectID {
		return p.agencies, nil
	}
	now, key := time.Now(), p.AccountID+"/"+projectID
	found, is := s.memory.projects.get(key, now)
	var err error
	if !is || found.version != p.version {
		found.version = p.version // what is read is of this version or of a later one
		found.Project, err = store.View(ctx, s.Store, func(tx *store.Tx) (Project, error) { return ReadProject(ctx, tx, p.AccountID, projectID) })
	}
	switch project := found.Project; {
	case isMissing(err):
		return nil, workspace.Errorf(workspace.CodeProjectNotFound, "project_id: project %q does not exist", projectID)
	case err != nil:
		return nil, err
	case p.ProjectID != "":
		return nil, workspace.Errorf(workspace.CodeForbidden, "the token or temporary key is for project %s only, the path names %s", p.ProjectID, projectID)
	case !project.Enabled:
		return nil, workspace.Errorf(workspace.CodeForbidden, "project %s is disabled: an administrator can enable it with PATCH /v3/projects/%s", project.Name, project.ID)
	}
	remember(ctx, &s.memory.projects, key, found, now)
	return found.Agencies, nil
}

// permit returns nil if a caller may do an action of the identity API, such as iam:users:create, in their account. All decisions about that
// are made here.
func (s *Service) permit(ctx context.Context, p Principal, n needs) error {
	if n.kind == Write && p.ProjectID != "" && !n.own {
		return forbidden("%s concerns the account, and the credential is for project %s only: use a token with auth.scope.domain, or an access key", n.action, p.ProjectID)
	}
	grants, err := s.rightsOf(ctx, p)
	if err != nil {
		return err
	}
	o := operationOf(ctx)
	r := policy.Request{
		Action: n.action, Region: s.Region, Project: p.AccountID, Kind: policy.KindOf(n.action), ID: o.resource, Address: o.address, Time: time.Now(), MFA: p.MFA,
	}
	if d := policy.Evaluate(grants, &r); !d.Allowed {
		denied := s.denied(p, &r, d)
		refusal := forbidden("%s", workspace.MessageOf(denied))
		refusal.Encoded = denied.Encoded
		return refusal
	}
	return nil
}

// rightsOfCaller are the policies of a user or an agency, as of a version of the account.
type rightsOfCaller struct {
	version int64
	role    Role // of the caller's own
	grants  []policy.Grant
}

// rightsOf returns the policies of a caller and of the caller's groups, or those of the agency that the caller acts as, without any of the caller's.
// They are read in one statement if they are not known or have changed.
func (s *Service) rightsOf(ctx context.Context, p Principal) ([]policy.Grant, error) {
	now, id := time.Now(), cmp.Or(p.AgencyID, p.AdminID)
	if found, is := s.memory.rights.get(id, now); is && found.version == p.version && found.role == p.Role {
		return found.grants, nil
	}
	grants, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]policy.Grant, error) { return readGrants(ctx, tx, id, p.Role) })
	if err != nil {
		return nil, err
	}
	remember(ctx, &s.memory.rights, id, rightsOfCaller{p.version, p.Role, grants}, now)
	return grants, nil
}

// readGrants reads the policies of a user or an agency, who has a role besides.
func readGrants(ctx context.Context, tx *store.Tx, principalID string, role Role) ([]policy.Grant, error) {
	held, err := RolesHeld(ctx, tx, principalID)
	if err != nil {
		return nil, err
	}
	if role != "" {
		held = append([]heldRole{{RoleID: string(role), Scope: ScopeDomain}}, held...)
	}
	grants := make([]policy.Grant, len(held))
	for i, h := range held {
		if grants[i], err = h.compile(); err != nil {
			return nil, err
		}
	}
	return grants, nil
}

// rolesOf names the roles of a caller and of the caller's groups, each once.
func (s *Service) rolesOf(ctx context.Context, p Principal) ([]named, error) {
	grants, err := s.rightsOf(ctx, p)
	names := []named{}
	for _, g := range grants {
		one := named{g.ID, g.ID}
		if _, is := policy.BuiltIn(g.ID); !is {
			one.Name = customName(g.ID)
		}
		if !slices.Contains(names, one) {
			names = append(names, one)
		}
	}
	return names, err
}

func (h heldRole) compile() (policy.Grant, error) {
	var g policy.Grant
	switch h.Scope {
	case ScopeProject:
		g.Project = h.ScopeID
	case ScopeEnterprise:
		g.EnterpriseProject = h.ScopeID
	case ScopeDomain: // everything
	}
	if built, is := policy.BuiltIn(h.RoleID); is {
		g.Policy = built
		return g, nil
	}
	var err error
	if g.Policy, err = policy.Parse(h.RoleID, h.Document); err != nil {
		return g, fmt.Errorf("policy %s, which is attached: %w", h.RoleID, err)
	}
	return g, nil
}

// allActions are the actions that policies can name.
func (s *Service) allActions() []string {
	all := s.Actions
	for _, e := range s.routes() {
		if e.action != "" {
			all = append(slices.Clip(all), e.action)
		}
	}
	return all
}
