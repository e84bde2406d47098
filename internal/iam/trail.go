package iam

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"carrel/internal/clientaddr"
	"carrel/internal/route"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// tokenRecord returns the audit record of somebody who asks for a token, under the id of the account. Somebody unknown has none of the name
// that was tried: people type passwords where the name belongs.
func tokenRecord(r *http.Request, t tokenOfCaller) workspace.AuditRecord {
	o := operationOf(r.Context())
	c := workspace.Caller{
		ProjectID: t.account().ID, RequestID: o.requestID, Operation: o.id, Permission: o.action, Address: clientaddr.Text(r),
		Actor: t.principal().Actor(), Credential: workspace.CredentialToken,
	}
	if strings.Contains(t.Method, methodPassword) {
		c.Credential = workspace.CredentialPassword
	}
	if t.Admin.ID != "" {
		c.Target = workspace.Resource{Type: ResourceUser, ID: t.Admin.ID, Name: t.Admin.Name}
	}
	return c.Record(c.Target)
}

// noteRefusal records that a token was refused, if the request was understood. It looks the user up again, whether or not there is one.
func (s *Service) noteRefusal(r *http.Request, in *tokenInput, t tokenOfCaller, err error) {
	refusal, is := errors.AsType[*Refusal](err)
	if s.Refusals == nil || !is {
		return
	}
	switch refusal.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
	default:
		return
	}
	ctx := context.WithoutCancel(r.Context())
	if u := in.Body.Auth.Identity.Password.User; t.Admin.ID == "" && strings.Contains(t.Method, methodPassword) {
		if found, err := s.findUser(ctx, u); err == nil {
			t.Caller = found
		}
	}
	s.Refusals.Add(ctx, refused(tokenRecord(r, t), refusal))
}

// refused completes the record of a refusal.
func refused(r workspace.AuditRecord, refusal *Refusal) workspace.AuditRecord {
	r.Result, r.ErrorCode = workspace.AuditRefused, workspace.Code(refusal.Code)
	if refusal.Status >= http.StatusInternalServerError {
		r.Result = workspace.AuditFailed
	}
	if text.Check(refusal.Message) == nil { // a record has to be storable
		r.ErrorMsg = workspace.Clip(refusal.Message, maxMessage)
	}
	return r
}

// authenticating is the operation in records of requests that are not authenticated, whatever they ask for: strangers could name any.
const authenticating = "Authenticate"

// noteUnauthorized records that a request was refused because it is not authenticated: under the account of the credential, if that is known, with the
// credential as what it is about. Nobody is said to have made the request: who it was is not known.
func (s *Service) noteUnauthorized(w http.ResponseWriter, r *http.Request, err error) {
	refusal, is := errors.AsType[*Refusal](err)
	if s.RefusedCalls == nil || !is || refusal.Status != http.StatusUnauthorized {
		return
	}
	c := workspace.Caller{
		ProjectID: refusal.of.accountID, RequestID: w.Header().Get(RequestIDHeader), Operation: authenticating, Address: clientaddr.Text(r),
		Actor: workspace.Actor{Kind: workspace.ActorAdministrator},
	}
	switch {
	case r.Header.Get("Authorization") != "":
		c.Credential = workspace.CredentialAccessKey
	case r.Header.Get("X-Auth-Token") != "":
		c.Credential = workspace.CredentialToken
	}
	s.RefusedCalls.Add(r.Context(), refused(c.Record(refusal.of.target), refusal))
}

// noteRefusedCall records that a call of the identity API was refused or failed, if it would have changed something, or if it was forbidden. Sign-ins
// have records of their own (noteRefusal).
func (s *Service) noteRefusedCall(w http.ResponseWriter, r *http.Request, err error) {
	o := operationOf(r.Context())
	p, known := PrincipalFrom(r.Context())
	if s.RefusedCalls == nil || o.access == open || r.Context().Err() != nil {
		return
	}
	if !known {
		s.noteUnauthorized(w, r, err)
		return
	}
	refusal := refusalOf(err)
	if refusal == nil {
		refusal = faultOf(err)
	}
	switch forbidden := refusal.Status == http.StatusForbidden; {
	case forbidden:
	case !o.changes(), strings.EqualFold(r.Header.Get(route.DryRunHeader), "true"): // nobody tried to change anything
		return
	}
	c := s.act(r, o.target(r))
	c.ProjectID = p.AccountID
	s.RefusedCalls.Add(context.WithoutCancel(r.Context()), refused(c.Record(c.Target), refusal))
}
