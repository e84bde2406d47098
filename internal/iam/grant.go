package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"carrel/internal/iam/policy"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of permissions.
const (
	maxPolicies = 200 // of an account
	maxGrants   = 50  // of a user, a group or an agency
)

// PolicyType says where a custom policy may be attached.
type PolicyType string

// The types of policies.
const (
	PolicyGlobal  PolicyType = "AX" // has actions of the account's services (IAM, STS): attached for the account
	PolicyProject PolicyType = "XA" // has actions of Workspace: attached for the account, a project or an enterprise project
)

// Scope is where a role is valid.
type Scope string

// The scopes.
const (
	ScopeDomain     Scope = "domain" // the whole account
	ScopeProject    Scope = "project"
	ScopeEnterprise Scope = "enterprise_project" // its desktops and pools, in all projects
)

// ResourcePolicy is the type of custom policies in audit records.
const ResourcePolicy workspace.ResourceType = "iam_policy"

// NewPolicy describes a custom policy to create.
type NewPolicy struct {
	Name        string
	Type        PolicyType
	Description string
	Document    string
}

// checkPolicy returns why a policy is not valid, or nil.
func (s *Service) checkPolicy(n NewPolicy) error {
	if err := checkName("role.display_name", n.Name); err != nil {
		return err
	}
	if err := checkDescription("role.description", n.Description); err != nil {
		return err
	}
	p, err := policy.Parse("new", n.Document)
	if err == nil {
		err = p.Unmatched(s.allActions())
	}
	if wrong, is := errors.AsType[*policy.Error](err); is {
		return invalid("role.policy."+wrong.Field, "%s", wrong.Reason)
	}
	if err != nil {
		return err
	}
	services := p.Services(s.allActions())
	switch n.Type {
	case PolicyProject:
		for service := range services {
			if service != workspaceService {
				return invalid("role.type", "XA is for actions of %s, and the policy has some of %s: write two policies, or one of the type AX", workspaceService, service)
			}
		}
	case PolicyGlobal:
	default:
		return invalid("role.type", "%q is unknown, use XA for actions of %s and AX if there are others", n.Type, workspaceService)
	}
	return nil
}

// workspaceService is the service whose resources are in projects.
const workspaceService = "workspace"

// CreatePolicy creates a custom policy in the caller's account. The lock on the account keeps their number within the limit, a unique index
// their names apart.
func (s *Service) CreatePolicy(ctx context.Context, c workspace.Caller, n NewPolicy) (CustomPolicy, error) {
	if err := s.checkPolicy(n); err != nil {
		return CustomPolicy{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (CustomPolicy, error) {
		if err := LockAccount(ctx, tx, c.ProjectID); err != nil {
			return CustomPolicy{}, err
		}
		_, there, err := Policies(ctx, tx, c.ProjectID, "", workspace.Page{})
		if err != nil {
			return CustomPolicy{}, err
		}
		if there >= maxPolicies {
			return CustomPolicy{}, limited("the account has %d policies, the most allowed; delete one first", there)
		}
		p := CustomPolicy{
			ID: newID(), AccountID: c.ProjectID, Name: n.Name, Type: n.Type, Description: n.Description, Document: n.Document, Created: tx.Now(), Updated: tx.Now(),
		}
		return p, nameTaken(InsertPolicy(ctx, tx, p), "role.display_name", n.Name)
	}))
}

// PolicyChange is a request to change a policy. Nil fields stay as they are.
type PolicyChange struct {
	Name, Description, Document *string
	Type                        *PolicyType
}

// UpdatePolicy changes a custom policy of the caller's account. It is valid at once, for all to whom it is attached.
func (s *Service) UpdatePolicy(ctx context.Context, c workspace.Caller, id string, change PolicyChange) (CustomPolicy, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (CustomPolicy, error) {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return CustomPolicy{}, err
		}
		p, err := LockPolicy(ctx, tx, c.ProjectID, id)
		if err != nil {
			return p, noneSuch(err, "role", id)
		}
		if change.Type != nil && *change.Type != p.Type {
			return p, invalid("role.type", "cannot be changed, create another policy")
		}
		set(&p.Name, change.Name)
		set(&p.Description, change.Description)
		set(&p.Document, change.Document)
		if err := s.checkPolicy(NewPolicy{p.Name, p.Type, p.Description, p.Document}); err != nil {
			return p, err
		}
		return p, nameTaken(SavePolicy(ctx, tx, p), "role.display_name", p.Name)
	}))
}

// DeletePolicy deletes a custom policy of the caller's account that is attached to nobody.
func (s *Service) DeletePolicy(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		p, err := LockPolicy(ctx, tx, c.ProjectID, id)
		if err != nil {
			return noneSuch(err, "role", id)
		}
		err = DeletePolicy(ctx, tx, p)
		if errors.Is(err, errPolicyInUse) {
			return conflict("policy %q is attached to users, groups or agencies, detach it first", p.Name)
		}
		return err
	}))
}

// Attach attaches a role to a user, a group or an agency of the caller's account, which is valid at once. It may be attached already.
func (s *Service) Attach(ctx context.Context, c workspace.Caller, g RoleGrant) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		principal, role, err := s.lockGrant(ctx, tx, c.ProjectID, &g)
		if err != nil {
			return err
		}
		there, err := CountGrants(ctx, tx, g.PrincipalID)
		if err != nil {
			return err
		}
		if there >= maxGrants {
			return limited("%s has %d roles, the most allowed; put several into one policy", principal.Name, there)
		}
		g.ID, g.Created = newID(), tx.Now()
		if own, err := g.isOwnRole(ctx, tx); err != nil || own {
			return err
		}
		added, err := PutGrant(ctx, tx, g)
		if err != nil || !added {
			return noneSuch(err, "role", g.RoleID)
		}
		tx.Audit(principal, "", workspace.FieldChange{Field: "role", New: role + " for " + g.scopeName()})
		return nil
	}))
}

// Detach takes a role from a user, a group or an agency of the caller's account. The last administrator keeps the role (409): the lock on the account
// decides between callers who take it from the last two.
func (s *Service) Detach(ctx context.Context, c workspace.Caller, g RoleGrant) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		principal, role, err := s.lockGrant(ctx, tx, c.ProjectID, &g)
		if err != nil {
			return err
		}
		own, err := g.isOwnRole(ctx, tx)
		if err == nil && own {
			err = ClearRole(ctx, tx, g.AdminID)
		}
		if err != nil {
			return err
		}
		was, err := DropGrant(ctx, tx, g)
		if err != nil {
			return err
		}
		if !was && !own {
			return missing(fmt.Sprintf("of %s, a role for %s", principal.Name, g.scopeName()), g.RoleID)
		}
		tx.Audit(principal, "", workspace.FieldChange{Field: "role", Old: role + " for " + g.scopeName()})
		return keepAdministrator(ctx, tx, c.ProjectID)
	}))
}

// keepAdministrator refuses a change after which nobody would be an administrator of the account. RaiseVersion comes before it.
func keepAdministrator(ctx context.Context, tx *store.Tx, accountID string) error {
	there, err := HasAdministrator(ctx, tx, accountID)
	if err == nil && !there {
		err = conflict("this would leave the account without its last enabled administrator: give another user the role %s, or enable one, first", policy.Administrator)
	}
	return err
}

// IsAttached reports whether a role is attached.
func (s *Service) IsAttached(ctx context.Context, accountID string, g RoleGrant) (bool, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (bool, error) {
		if _, _, err := s.readGrant(ctx, tx, accountID, &g); err != nil {
			return false, err
		}
		if own, err := g.isOwnRole(ctx, tx); err != nil || own {
			return own, err
		}
		return HasGrant(ctx, tx, g)
	})
}

// RolesOf lists the roles that are attached to a user or a group in one scope: built-in ones, and custom policies.
func (s *Service) RolesOf(ctx context.Context, accountID string, g RoleGrant) ([]string, []CustomPolicy, error) {
	var custom []CustomPolicy
	ids, err := store.View(ctx, s.Store, func(tx *store.Tx) (ids []string, err error) {
		if _, err := g.check(ctx, tx, accountID); err != nil {
			return nil, err
		}
		if ids, custom, err = RolesAt(ctx, tx, g.PrincipalID, g.Scope, g.ScopeID); err != nil || g.AdminID == "" || g.Scope != ScopeDomain {
			return ids, err
		}
		user, err := ReadAdmin(ctx, tx, accountID, g.AdminID)
		if role := string(user.Role); role != "" && !slices.Contains(ids, role) {
			ids = append(ids, role)
		}
		return ids, err
	})
	return ids, custom, err
}

func (s *Service) lockGrant(ctx context.Context, tx *store.Tx, accountID string, g *RoleGrant) (workspace.Resource, string, error) {
	if err := RaiseVersion(ctx, tx, accountID); err != nil {
		return workspace.Resource{}, "", err
	}
	return s.readGrant(ctx, tx, accountID, g)
}

// readGrant completes a grant, and returns whom and what it is about.
func (s *Service) readGrant(ctx context.Context, tx *store.Tx, accountID string, g *RoleGrant) (principal workspace.Resource, role string, err error) {
	if principal, err = g.check(ctx, tx, accountID); err != nil {
		return principal, "", err
	}
	if built, is := policy.RoleNamed(g.RoleID); is {
		return principal, built.DisplayName, nil
	}
	p, err := ReadPolicy(ctx, tx, accountID, g.RoleID)
	if err != nil {
		return principal, "", noneSuch(err, "role", g.RoleID)
	}
	if p.Type == PolicyGlobal && g.Scope != ScopeDomain {
		return principal, "", invalid("role_id", "policy %q is of the type AX, which is attached for the domain only", p.Name)
	}
	g.PolicyID = p.ID
	return principal, p.Name, nil
}

// check completes what a grant has of the account, and returns the user, group or agency.
func (g *RoleGrant) check(ctx context.Context, tx *store.Tx, accountID string) (workspace.Resource, error) {
	g.AccountID = accountID
	switch g.Scope {
	case ScopeDomain:
		if g.ScopeID != accountID {
			return workspace.Resource{}, missing("domain", g.ScopeID)
		}
	case ScopeProject:
		if _, err := ReadProject(ctx, tx, accountID, g.ScopeID); err != nil {
			return workspace.Resource{}, noneSuch(err, "project", g.ScopeID)
		}
		g.ProjectID = g.ScopeID
	case ScopeEnterprise:
		err := tx.KnowsEnterprise(ctx, accountID, g.ScopeID)
		if workspace.CodeOf(err) == workspace.CodeEnterpriseNotFound {
			return workspace.Resource{}, missing("enterprise project", g.ScopeID)
		}
		if err != nil {
			return workspace.Resource{}, err
		}
	}
	if g.AgencyID != "" {
		g.PrincipalID = g.AgencyID
		a, err := ReadAgency(ctx, tx, g.AgencyID)
		if err == nil && a.AccountID != accountID {
			err = ErrNoIdentity
		}
		return resourceOfAgency(a), noneSuch(err, "agency", g.AgencyID)
	}
	if g.GroupID != "" {
		g.PrincipalID = g.GroupID
		group, err := ReadGroup(ctx, tx, accountID, g.GroupID)
		return resourceOfGroup(group), noneSuch(err, "group", g.GroupID)
	}
	g.PrincipalID = g.AdminID
	user, err := ReadAdmin(ctx, tx, accountID, g.AdminID)
	return workspace.Resource{Type: ResourceUser, ID: user.ID, Name: user.Name}, noneSuch(err, "user", g.AdminID)
}

// isOwnRole reports whether the grant is what a user has without it: the role in the user's row, which is for the whole account.
func (g *RoleGrant) isOwnRole(ctx context.Context, tx *store.Tx) (bool, error) {
	if g.AdminID == "" || g.Scope != ScopeDomain {
		return false, nil
	}
	user, err := ReadAdmin(ctx, tx, g.AccountID, g.AdminID)
	return string(user.Role) == g.RoleID, err
}

func (g *RoleGrant) scopeName() string { return string(g.Scope) + " " + g.ScopeID }
