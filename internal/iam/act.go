package iam

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"

	"carrel/internal/clientaddr"
	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

// The types of resources of the identity API, in audit records.
const (
	ResourceUser      workspace.ResourceType = "iam_user"
	ResourceGroup     workspace.ResourceType = "iam_group"
	ResourceProject   workspace.ResourceType = "project"
	ResourceAccessKey workspace.ResourceType = "access_key"
	ResourceToken     workspace.ResourceType = "token"
	ResourceDevice    workspace.ResourceType = "mfa_device"
	ResourceAgency    workspace.ResourceType = "agency"
)

// clientTokenHeader identifies a request that the client may repeat.
const clientTokenHeader = "X-Client-Token"

// operation is what a request asks for, and its id.
type operation struct {
	entry
	requestID string
	resource  string     // the id of what the action is about, if the path has it
	address   netip.Addr // of the client
}

func (a answer) operation(w http.ResponseWriter, r *http.Request) operation {
	kind := policy.KindOf(a.entry.action)
	return operation{a.entry, w.Header().Get(RequestIDHeader), r.PathValue(cmp.Or(idParams[kind], kind+"_id")), clientaddr.Of(r)}
}

// idParams are the parameters of paths with the id of a resource that are not called as its kind.
var idParams = map[string]string{"credential": "access_key"}

type operationKey struct{}

func operationOf(ctx context.Context) operation {
	o, _ := ctx.Value(operationKey{}).(operation)
	return o
}

// act returns the caller for what a request changes. The project is the account: identities belong to no project, and their audit records are
// kept under the account's id.
func (s *Service) act(r *http.Request, target workspace.Resource) workspace.Caller {
	p, _ := PrincipalFrom(r.Context())
	return s.actAs(r, p, target)
}

// actAs is act for a caller that a handler has authenticated.
func (s *Service) actAs(r *http.Request, p Principal, target workspace.Resource) workspace.Caller {
	o := operationOf(r.Context())
	return workspace.Caller{
		ProjectID: p.AccountID, RequestID: o.requestID, Actor: p.Actor(), Credential: p.Credential(), Address: clientaddr.Text(r),
		Operation: o.id, Permission: o.action, Target: target, Token: r.Header.Get(clientTokenHeader),
	}
}

// mayCall returns nil if the caller may call the operation of a request. Operations whose access depends on what the request names ask permit
// themselves.
func (s *Service) mayCall(r *http.Request) error {
	o := operationOf(r.Context())
	if err := workspace.CheckClientToken(clientTokenHeader, r.Header.Get(clientTokenHeader)); err != nil {
		return err
	}
	if o.access != signed || o.action == "" || o.own {
		return nil
	}
	p, _ := PrincipalFrom(r.Context())
	return s.permit(r.Context(), p, o.needs)
}

// ofOthers explains a refusal of permit, if err is one, about what is not the caller's own.
func ofOthers(err error, field, why string) error {
	if refusal, is := errors.AsType[*Refusal](err); is {
		explained := forbidden("%s: %s; %s", field, why, refusal.Message)
		explained.Encoded = refusal.Encoded
		return explained
	}
	return err
}

// needs is what an operation requires. The zero value requires nothing but a caller.
type needs struct {
	action string     // as policies know it
	kind   Permission // of the action
	own    bool       // callers may do it with what is their own; the handler asks permit about the rest
}
