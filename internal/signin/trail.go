package signin

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// Refusals records refused attempts to sign in; *audit.Refusals implements it.
type Refusals interface {
	Add(ctx context.Context, r workspace.AuditRecord)
}

// signInRecord returns the audit record of a user who signs in. An unknown user has none of the name that was tried: people type passwords
// where the name belongs.
func signInRecord(ctx context.Context, operation string, how workspace.CredentialKind, u directory.User) workspace.AuditRecord {
	c := userCaller(u, operation)
	if u.ID == "" {
		c.Target = workspace.Resource{}
	}
	from := workspace.OriginOf(ctx)
	c.Credential, c.Address, c.RequestID = how, from.Address, from.RequestID
	return c.Record(c.Target)
}

// noteRefusal records that an attempt was refused, if that is what err says. u is empty if nobody has the name or the token.
func (s *Service) noteRefusal(ctx context.Context, operation string, how workspace.CredentialKind, u directory.User, err error) {
	code := workspace.CodeOf(err)
	if s.Refusals == nil || err == nil || code != workspace.CodeBadCredentials && code != workspace.CodeForbidden && code != workspace.CodeRateLimited {
		return
	}
	r := signInRecord(ctx, operation, how, u)
	r.Result, r.ErrorCode, r.ErrorMsg = workspace.AuditRefused, code, workspace.MessageOf(err)
	s.Refusals.Add(ctx, r)
}
