package iam

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"carrel/internal/iam/policy"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Question asks whether somebody may do something.
type Question struct {
	UserID    string // or AgencyID
	AgencyID  string
	Action    string                    // workspace:desktops:delete
	ProjectID string                    // of actions of Workspace
	Resource  string                    // the id of the resource; empty: unknown
	Labels    *workspace.ResourceLabels // what else policies know it by; nil: unknown
	Address   netip.Addr                // of the client; invalid: unknown
	MFA       bool                      // the credential was made with a second factor
}

// Explanation is a decision with the name of the policy that decided.
type Explanation struct {
	policy.Decision
	PolicyName string // empty: no statement decided
}

// Explain decides as Authorize does, for a user or an agency of an account, and says which statement decided. The action must be one that policies
// can name (IAM.0001). Whether the user, the agency's user or the project is enabled makes no difference.
func (s *Service) Explain(ctx context.Context, accountID string, q Question) (e Explanation, err error) {
	if !slices.Contains(s.allActions(), q.Action) {
		return e, invalid("action", "%q is no action; docs/api.md and GET /v3/roles name those that there are", q.Action)
	}
	grants, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]policy.Grant, error) {
		role, id := Role(""), q.UserID
		if q.AgencyID != "" {
			a, err := ReadAgency(ctx, tx, q.AgencyID)
			if err != nil || a.AccountID != accountID {
				return nil, missing("agency", q.AgencyID)
			}
			role, id = a.Role, a.ID
		} else {
			u, err := ReadAdmin(ctx, tx, accountID, q.UserID)
			if err != nil {
				return nil, noneSuch(err, "user", q.UserID)
			}
			role = u.Role
		}
		return readGrants(ctx, tx, id, role)
	})
	if err != nil {
		return e, err
	}
	r := policy.Request{
		Action: q.Action, Region: s.Region, Project: q.ProjectID, Kind: policy.KindOf(q.Action), ID: q.Resource, Labels: q.Labels, Address: q.Address,
		Time: time.Now(), MFA: q.MFA,
	}
	if q.ProjectID == "" {
		r.Project = accountID
	}
	e.Decision = policy.Evaluate(grants, &r)
	if e.Policy == "" {
		return e, nil
	}
	role, err := s.RoleWithID(ctx, accountID, e.Policy)
	e.PolicyName = role.Name
	return e, err
}

// RoleText is a built-in role or a custom policy.
type RoleText struct {
	ID, Name, Description, Document string
	Type                            PolicyType // empty: built in
}

// RoleWithID returns a built-in role or a custom policy of an account.
func (s *Service) RoleWithID(ctx context.Context, accountID, id string) (RoleText, error) {
	if b, is := policy.RoleNamed(id); is {
		return RoleText{ID: b.ID, Name: b.ID, Description: b.Description, Document: b.Document}, nil
	}
	p, err := store.View(ctx, s.Store, func(tx *store.Tx) (CustomPolicy, error) { return ReadPolicy(ctx, tx, accountID, id) })
	return p.text(), noneSuch(err, "policy", id)
}

// RoleCalled returns the built-in role of an account with this id, or the custom policy with this name, ignoring case, or id.
func (s *Service) RoleCalled(ctx context.Context, accountID, name string) (RoleText, error) {
	if _, is := policy.RoleNamed(name); is || name == "" {
		return s.RoleWithID(ctx, accountID, name)
	}
	found, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]CustomPolicy, error) {
		found, _, err := Policies(ctx, tx, accountID, name, workspace.Page{Limit: 1})
		return found, err
	})
	if err != nil || len(found) == 0 {
		return s.RoleWithID(ctx, accountID, name)
	}
	return found[0].text(), nil
}

func (p CustomPolicy) text() RoleText {
	return RoleText{ID: p.ID, Name: p.Name, Description: p.Description, Document: p.Document, Type: p.Type}
}

// ListRoles lists the built-in roles, and the custom policies of an account by name.
func (s *Service) ListRoles(ctx context.Context, accountID string) ([]RoleText, error) {
	var all []RoleText
	for _, b := range policy.Roles {
		all = append(all, RoleText{ID: b.ID, Name: b.ID, Description: b.Description, Document: b.Document})
	}
	custom, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]CustomPolicy, error) {
		found, _, err := Policies(ctx, tx, accountID, "", workspace.Page{Limit: maxPolicies})
		return found, err
	})
	for _, p := range custom {
		all = append(all, p.text())
	}
	return all, err
}

// Attachment is where a role is attached, in names.
type Attachment struct {
	Kind  string // "user", "group" or "agency"
	Name  string
	Scope Scope
	Where string // the name of the project, or the id of the enterprise project; empty: the account
	Own   bool   // it is the role in the user's or agency's own row
}

// Attachments lists to whom a role is attached, by kind and name: from their own rows, too.
func (s *Service) Attachments(ctx context.Context, accountID, roleID string) ([]Attachment, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Attachment, error) { return AttachmentsOf(ctx, tx, accountID, roleID) })
}

// TypeOf returns the type that a policy with a document needs to have: PolicyProject if all its actions are of Workspace.
func (s *Service) TypeOf(document string) PolicyType {
	p, err := policy.Parse("new", document)
	if err != nil {
		return PolicyProject // creating it tells what is wrong
	}
	for service := range p.Services(s.allActions()) {
		if service != workspaceService {
			return PolicyGlobal
		}
	}
	return PolicyProject
}
