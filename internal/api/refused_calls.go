package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// auditTime is how long a response may wait for the audit record of its refusal.
const auditTime = 2 * time.Second

// maxAuditedID is the maximum length of an id of a path in an audit record, in bytes.
const maxAuditedID = 64

// identify notes what a request asks for.
func identify(o operation) func(huma.Context, func(huma.Context)) {
	idParam, kind := targetOf(o.path)
	return func(ctx huma.Context, next func(huma.Context)) {
		if seen := recordOf(ctx.Context()); seen != nil {
			seen.act.Operation, seen.act.Permission, seen.act.ProjectID = o.id, o.action, o.project(ctx)
			if !o.ofProject() {
				seen.act.ProjectID = seen.principal.AccountID // as for identities
			}
			seen.writes = o.needs == iam.Write
			if id := ctx.Param(idParam); id != "" && text.Check(id) == nil {
				seen.act.Target = workspace.Resource{Type: kind, ID: workspace.Clip(id, maxAuditedID)}
			}
		}
		next(ctx)
	}
}

// pathKinds are the types of the resources that paths name, by the parameter; others are called as the parameter.
var pathKinds = map[string]workspace.ResourceType{"ou_id": "organisational_unit", "policy_id": "name_policy", "task_id": workspace.ResourceExport}

// targetOf returns the last parameter of a path that names a resource, and the resource's type. Both are empty if there is none.
func targetOf(path string) (param string, kind workspace.ResourceType) {
	for part := range strings.SplitSeq(path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is && name != "project_id}" {
			param = strings.TrimSuffix(name, "}")
		}
	}
	kind, known := pathKinds[param]
	if !known {
		kind = workspace.ResourceType(strings.TrimSuffix(param, "_id"))
	}
	return param, kind
}

// noteRefusal notes the response of a request, if it is a refusal. Huma calls it for every response.
func noteRefusal(ctx huma.Context, _ string, body any) (any, error) {
	if seen := recordOf(ctx.Context()); seen != nil {
		if r, is := body.(*Refusal); is {
			seen.refusal = r
		}
	}
	return body, nil
}

// auditRefusal records a request that was refused or failed, if it would have changed something, or if it was forbidden. It changes
// nothing about the response. Requests that were not authenticated are only logged: anybody could send any number of them.
func (s *Server) auditRefusal(ctx context.Context, seen *record, status int) {
	if status < http.StatusBadRequest || seen.act.Actor.ID == "" || seen.act.Operation == "" || !seen.writes && status != http.StatusForbidden {
		return
	}
	if seen.rehearse && status != http.StatusForbidden {
		return // nobody tried to change anything; who tries what they may not is recorded
	}
	r := seen.act.Record(seen.act.Target)
	r.Result, r.ErrorCode, r.ErrorMsg = workspace.AuditRefused, workspace.CodeInternal, workspace.MessageOf(nil)
	if status >= http.StatusInternalServerError || status == statusCallerGone {
		r.Result = workspace.AuditFailed
	}
	if seen.refusal != nil {
		r.ErrorCode, r.ErrorMsg = seen.refusal.Code, workspace.Clip(seen.refusal.Message, maxSentence)
	}
	if text.Check(r.ErrorMsg) != nil {
		r.ErrorMsg = "" // a record has to be storable
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	there, err := s.mayHaveRecord(ctx, seen)
	if err == nil && there {
		err = s.Services.Audit.Add(ctx, r)
	}
	if err != nil {
		s.meter.unaudited.Inc()
		s.Log.ErrorContext(ctx, "a refused request could not be recorded in the audit trail", "operation", r.Operation, "caller", r.ActorName, "code", r.ErrorCode, "error", err)
	}
}

// mayHaveRecord reports whether the project of a path is one of the caller's account: others get no record, so that nobody can
// fill the trail of projects that are not theirs, or that do not exist.
func (s *Server) mayHaveRecord(ctx context.Context, seen *record) (bool, error) {
	if seen.authorized || seen.act.ProjectID == seen.principal.AccountID {
		return true, nil
	}
	if text.Check(seen.act.ProjectID) != nil {
		return false, nil
	}
	err := s.IAM.CheckProject(ctx, seen.principal, seen.act.ProjectID)
	switch code := workspace.CodeOf(err); {
	case err == nil, code == workspace.CodeForbidden:
		return true, nil
	case code == workspace.CodeProjectNotFound:
		return false, nil
	}
	return false, err
}

// legible refuses addresses and headers with texts that a database cannot store.
func (s *Server) legible(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if fault := illegible(ctx); fault != nil {
			refusal := &Refusal{Code: workspace.CodeMalformed, Message: fault.Error()}
			huma.WriteErr(api, ctx, refusal.GetStatus(), "", refusal)
			return
		}
		next(ctx)
	}
}

// illegible says what is wrong with the texts of an address, or of the headers that the operation reads.
func illegible(ctx huma.Context) *text.Fault {
	u := ctx.URL()
	if fault := text.CheckURL(&u); fault != nil {
		return fault
	}
	headers := []string{"X-Project-Id", "X-Domain-Id", clientTokenHeader, dryRunHeader}
	for _, p := range ctx.Operation().Parameters {
		if p.In == "header" {
			headers = append(headers, p.Name)
		}
	}
	for _, name := range headers {
		if err := text.Check(ctx.Header(name)); err != nil {
			return &text.Fault{Field: name, Err: err}
		}
	}
	return nil
}
