package iam

import (
	"context"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Principal is an authenticated caller.
type Principal struct {
	AdminID     string
	AdminName   string
	AccountID   string
	AccountName string
	ProjectID   string // the only project that the credential is good for; empty: all of the account's
	Role        Role
	AgencyID    string // of the agency that the user AdminID acts as; then account and role are the agency's
	AgencyName  string
	Session     string    // the name that the user gave to acting as the agency
	Expires     time.Time // of the credential; zero: never
	MFA         bool      // a code of an authenticator was shown
	Temporary   bool      // came with a temporary access key

	credential string // what a temporary key would be made of: a token's hash, or "key:" and an access key's id
}

// Credential returns the kind of credential that the caller came with. A token together with a signature counts as a token.
func (p Principal) Credential() workspace.CredentialKind {
	switch {
	case p.Temporary:
		return workspace.CredentialTemporaryKey
	case strings.HasPrefix(p.credential, "key:"):
		return workspace.CredentialAccessKey
	}
	return workspace.CredentialToken
}

// Actor returns the caller for audit records.
func (p Principal) Actor() workspace.Actor {
	return workspace.Actor{ID: p.AdminID, Name: p.AdminName, Kind: workspace.ActorAdministrator}
}

func principalOf(c Caller) Principal {
	return Principal{
		AdminID: c.Admin.ID, AdminName: c.Admin.Name, AccountID: c.Account.ID, AccountName: c.Account.Name, Role: c.Admin.Role,
	}
}

// Role is what an administrator may do.
type Role string

// The roles.
const (
	RoleAdmin  Role = "admin"  // everything in the account
	RoleReader Role = "reader" // look at everything in the account
)

func (r Role) String() string {
	if r == "" {
		return "no role"
	}
	return "the role " + string(r)
}

// Permission is the kind of an action: what a role must allow.
type Permission string

// The permissions.
const (
	Read  Permission = "read"
	Write Permission = "write"
)

// May reports whether the role has the permission. An unknown role has none.
func (r Role) May(p Permission) bool {
	return r == RoleAdmin && (p == Read || p == Write) || r == RoleReader && p == Read
}

type principalKey struct{}

// WithPrincipal returns a context that carries the caller.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the caller that Require put into the context of a request.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// Authorize returns nil if the caller may do an action, such as workspace:desktops:create, which is of a kind, in a project. Roles allow kinds
// of actions; the name says in refusals what was not allowed. It returns CodeProjectNotFound if the project does not exist or belongs to
// another account, so that nobody learns which ids exist, and CodeForbidden if the caller's role or the scope of the credential is not
// sufficient.
func (s *Service) Authorize(ctx context.Context, p Principal, projectID, action string, kind Permission) error {
	if !p.Role.May(kind) {
		return workspace.Errorf(workspace.CodeForbidden, "user %s has %s, which does not allow %s", p.AdminName, p.Role, action)
	}
	if p.ProjectID != "" && p.ProjectID == projectID {
		return nil
	}
	project, err := store.View(ctx, s.Store, func(tx *store.Tx) (Project, error) { return ReadProject(ctx, tx, p.AccountID, projectID) })
	switch {
	case isMissing(err):
		return workspace.Errorf(workspace.CodeProjectNotFound, "project_id: project %q does not exist", projectID)
	case err != nil:
		return err
	case p.ProjectID != "":
		return workspace.Errorf(workspace.CodeForbidden, "the token or temporary key is for project %s only, the path names %s", p.ProjectID, projectID)
	case !project.Enabled:
		return workspace.Errorf(workspace.CodeForbidden, "project %s is disabled: an administrator can enable it with PATCH /v3/projects/%s", project.Name, project.ID)
	}
	return nil
}
