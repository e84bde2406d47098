package iam

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"carrel/internal/clientaddr"
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
	record := tokenRecord(r, t)
	record.Result, record.ErrorCode = workspace.AuditRefused, workspace.Code(refusal.Code)
	if text.Check(refusal.Message) == nil {
		record.ErrorMsg = workspace.Clip(refusal.Message, maxMessage)
	}
	s.Refusals.Add(ctx, record)
}
