package iam

import (
	"context"
	"strings"
	"time"

	"carrel/internal/iam/policy"
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

	agencies []ServiceAgency // of the project ProjectID, if the credential is for one

	version int64 // of the account's permissions, see rights

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

// urn identifies the caller in messages.
func (p Principal) urn() string { return "iam::" + p.AccountID + ":user:" + p.AdminName }

// Actor returns the caller for audit records.
func (p Principal) Actor() workspace.Actor {
	return workspace.Actor{ID: p.AdminID, Name: p.AdminName, Kind: workspace.ActorAdministrator}
}

func principalOf(c Caller) Principal {
	return Principal{
		AdminID: c.Admin.ID, AdminName: c.Admin.Name, AccountID: c.Account.ID, AccountName: c.Account.Name, Role: c.Admin.Role,
		version: c.Account.PolicyVersion,
	}
}

// Role is the id of a built-in role that a user has for the whole account, besides what is attached to them; empty: none.
type Role string

// The roles that the program itself gives.
const (
	RoleAdmin  Role = policy.Administrator // everything in the account
	RoleReader Role = policy.ReadOnly      // look at everything in the account
)

func (r Role) String() string {
	if r == "" {
		return "no role"
	}
	return "the role " + string(r)
}

// Permission is the kind of an action.
type Permission string

// The permissions.
const (
	Read  Permission = "read"
	Write Permission = "write"
)

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
