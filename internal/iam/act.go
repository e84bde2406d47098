package iam

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"

	"carrel/internal/clientaddr"
	"carrel/internal/iam/policy"
	"carrel/internal/text"
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

// targets are the parameters of paths that name what an operation changes, the last one first, with the types of those things.
var targets = []struct {
	param string
	kind  workspace.ResourceType
}{{"access_key", ResourceAccessKey}, {"user_id", ResourceUser}, {"group_id", ResourceGroup}, {"project_id", ResourceProject}, {"role_id", ResourcePolicy}}

// maxTargetID is the maximum length of an id of a path in an audit record, in bytes.
const maxTargetID = 64

// target returns what the path of a request names.
func (o operation) target(r *http.Request) workspace.Resource {
	for _, t := range targets {
		if id := r.PathValue(t.param); id != "" && text.Check(id) == nil {
			return workspace.Resource{Type: t.kind, ID: workspace.Clip(id, maxTargetID)}
		}
	}
	return workspace.Resource{}
}

type operationKey struct{}

func operationOf(ctx context.Context) operation {
	o, _ := ctx.Value(operationKey{}).(operation)
	return o
}

// act returns the caller for what a request changes. The project is the account: identities belong to no project, and their audit records are
// kept under the account's id.
func (s *Service) act(r *http.Request, target workspace.Resource) workspace.Caller {
	p, _ := PrincipalFrom(r.Context())
	o := operationOf(r.Context())
	return workspace.Caller{
		ProjectID: p.AccountID, RequestID: o.requestID, Actor: p.Actor(), Credential: p.Credential(), Address: clientaddr.Text(r),
		Operation: o.id, Permission: o.action, Target: target,
	}
}

// mayCall returns nil if the caller may call the operation of a request. Operations whose access depends on what the request names ask permit
// themselves.
func (s *Service) mayCall(r *http.Request) error {
	o := operationOf(r.Context())
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
