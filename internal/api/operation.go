package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/api/wire"
	"carrel/internal/iam"
	"carrel/internal/route"
	"carrel/internal/workspace"
)

// The maximum sizes of JSON bodies, in bytes. A request for 100 desktops with every field has a tenth of the first, one that
// assigns 10,000 desktops to as many users three quarters of the second.
const (
	maxJSONBody   = 1 << 20
	maxAttachBody = 8 << 20
)

// maxBody returns the maximum JSON body of an area's operations.
func maxBody(area string) int64 {
	if area == "assignment" {
		return maxAttachBody
	}
	return maxJSONBody
}

// operation is a line of the route table.
type operation struct {
	method   string
	path     string
	id       string
	action   string         // as the API's authorization knows it
	needs    iam.Permission // the action's kind
	handle   registration
	describe string
}

// projectHeader names the project of a request.
const projectHeader = "X-Project-Id"

// ofProject reports whether the operation is about one project, rather than about the account.
func (o operation) ofProject() bool {
	return strings.Contains(o.path, "{project_id}") || o.ofCallersProject()
}

// ofCallersProject reports whether the path names no project and the operation is about the one that the caller's token is for, or that X-Project-Id
// names. Those of IMS are.
func (o operation) ofCallersProject() bool {
	return strings.HasPrefix(o.path, "/v2/cloudimages") || strings.HasPrefix(o.path, "/v1/cloudimages") || strings.HasPrefix(o.path, "/v2/images")
}

// project returns the project that a request is about; empty if it is about the account.
func (o operation) project(ctx huma.Context) string {
	if !o.ofCallersProject() {
		return ctx.Param("project_id")
	}
	p, _ := iam.PrincipalFrom(ctx.Context())
	return cmp.Or(p.ProjectID, ctx.Header(projectHeader))
}

// registration adds a handler, whose types it knows, to the API.
type registration func(*Server, huma.API, huma.Operation)

// nothing is the response of operations without a body.
type nothing struct{}

// body is a response with one JSON object.
type body[T any] struct{ Body T }

// answering returns the registration of a handler that responds with an object.
func answering[I, O any](handler func(context.Context, *I) (O, error)) registration {
	return func(s *Server, api huma.API, op huma.Operation) {
		op.DefaultStatus = http.StatusOK
		huma.Register(api, op, func(ctx context.Context, in *I) (*body[O], error) {
			err := refused(in)
			if err == nil {
				err = s.mayName(ctx, in)
			}
			if err != nil {
				return nil, s.refusal(ctx, op.OperationID, err)
			}
			out, err := handler(ctx, in)
			if err != nil {
				return nil, s.refusal(ctx, op.OperationID, err)
			}
			return &body[O]{out}, nil
		})
	}
}

// silent returns the registration of a handler that responds with only a status.
func silent[I any](status int, handler func(context.Context, *I) error) registration {
	return func(s *Server, api huma.API, op huma.Operation) {
		op.DefaultStatus = status
		huma.Register(api, op, func(ctx context.Context, in *I) (*nothing, error) {
			err := refused(in)
			if err == nil {
				err = s.mayName(ctx, in)
			}
			if err == nil {
				err = handler(ctx, in)
			}
			if err != nil {
				return nil, s.refusal(ctx, op.OperationID, err)
			}
			return &nothing{}, nil
		})
	}
}

// refused is the refusal of a request that has a field which Carrel does not honour.
func refused(in any) error {
	if r, some := in.(wire.Refuser); some {
		if not := r.Refused(); not != nil {
			return workspace.Unsupported(not.Field, not.Why)
		}
	}
	return nil
}

// refusal returns the response for an error. It logs an error whose text callers may not see, unless the caller is gone.
func (s *Server) refusal(ctx context.Context, operation string, err error) *Refusal {
	r := refusalOf(err)
	if r.GetStatus() >= http.StatusInternalServerError && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "operation failed", "operation", operation, "error", err)
	}
	return r
}

// register adds the route table to the API.
func (s *Server) register(api huma.API) {
	for area, operations := range s.operations() {
		for _, o := range operations {
			op := huma.Operation{
				OperationID: o.id, Method: o.method, Path: o.path, Summary: o.describe, Tags: []string{area},
				MaxBodyBytes:    maxBody(area) + 1, // huma refuses a body as large as this
				BodyReadTimeout: s.CallTime,
				Security:        route.Security(api, iam.Schemes),
				Middlewares:     huma.Middlewares{identify(o), s.legible(api), s.authorize(api, o), s.memory.bound(api), s.requested(api, o)},
			}
			describeFailures(api, &op)
			if o.ofCallersProject() {
				op.Parameters = append(op.Parameters, &huma.Param{
					Name: projectHeader, In: "header", Example: "$PROJECT_ID", Schema: &huma.Schema{Type: huma.TypeString},
					Description: "The project that the request is about. A token for a project needs no header",
				})
			}
			if o.changes() {
				op.Parameters = append(op.Parameters, requestHeaders(api)...)
			}
			o.handle(s, api, op)
		}
	}
}

// describeFailures describes the errors of an operation. Those of authentication have a form of their own.
func describeFailures(api huma.API, op *huma.Operation) {
	route.AddFailures(api, op, []int{http.StatusUnauthorized}, iam.Failure{})
	route.AddFailures(api, op, []int{http.StatusForbidden, http.StatusNotFound, http.StatusGatewayTimeout}, Refusal{})
	either := []int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if op.Method != http.MethodGet {
		route.AddFailures(api, op, []int{http.StatusConflict}, Refusal{})
		either = append(either, http.StatusRequestEntityTooLarge)
	}
	route.AddFailures(api, op, either, Refusal{}, iam.Failure{})
}

// authorize passes on requests of callers who may do the operation's action in the project of the path.
func (s *Server) authorize(api huma.API, o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		note(ctx.Context(), o.id)
		if err := s.mayUse(ctx, o); err != nil {
			refusal := s.refusal(ctx.Context(), o.id, err)
			huma.WriteErr(api, ctx, refusal.GetStatus(), "", refusal)
			return
		}
		if seen := recordOf(ctx.Context()); seen != nil {
			seen.authorized = true
		}
		next(ctx)
	}
}

func (s *Server) mayUse(ctx huma.Context, o operation) error {
	caller, ok := iam.PrincipalFrom(ctx.Context())
	if !ok {
		return fmt.Errorf("the request was not authenticated")
	}
	if err := checkScope(ctx, o, caller); err != nil {
		return err
	}
	if err := noteRequest(ctx); err != nil {
		return err
	}
	access := s.accessOf(ctx, o)
	verdict, err := s.IAM.Authorize(ctx.Context(), caller, access)
	if other := alternatives[o.id]; err != nil && other != "" {
		access.Action = other
		if _, denied := s.IAM.Authorize(ctx.Context(), caller, access); denied == nil {
			err = nil
		}
		access.Action = o.action
	}
	if seen := recordOf(ctx.Context()); seen != nil {
		seen.visible, seen.access, seen.pending = verdict.Visible, access, verdict.Pending
	}
	return err
}

// checkScope compares what the headers of a request say it is about with what its path says. CodeForbidden.
func checkScope(ctx huma.Context, o operation, caller iam.Principal) error {
	if !o.ofProject() {
		if named := ctx.Header("X-Domain-Id"); named != "" && named != caller.AccountID {
			return workspace.Errorf(workspace.CodeForbidden, "X-Domain-Id: names account %q, the caller is of %q", named, caller.AccountID)
		}
		return nil
	}
	named, projectID := ctx.Header(projectHeader), o.project(ctx)
	switch {
	case projectID == "":
		return workspace.Invalid(projectHeader, "must name a project: the path names none, and the caller's credential is for the account")
	case named != "" && named != projectID && o.ofCallersProject():
		return workspace.Errorf(workspace.CodeForbidden, "X-Project-Id: names project %q, the caller's token is for %q", named, projectID)
	case named != "" && named != projectID:
		return workspace.Errorf(workspace.CodeForbidden, "X-Project-Id: names project %q, the path names %q", named, projectID)
	}
	return nil
}

// caller returns the caller for the rooms.
func caller(ctx context.Context, p wire.Project) workspace.Caller {
	var c workspace.Caller
	if seen := recordOf(ctx); seen != nil {
		c = seen.act
	}
	c.ProjectID = p.ProjectID
	return c
}

// projectCaller is caller for operations of the caller's own project.
func projectCaller(ctx context.Context) workspace.Caller {
	var projectID string
	if seen := recordOf(ctx); seen != nil {
		projectID = seen.access.ProjectID
	}
	return caller(ctx, wire.Project{ProjectID: projectID})
}

// accountCaller is caller for operations of the account, which stands in place of the project.
func accountCaller(ctx context.Context) workspace.Caller {
	p, _ := iam.PrincipalFrom(ctx)
	return caller(ctx, wire.Project{ProjectID: p.AccountID})
}

// value is what a pointer points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// split returns the items of a comma-separated list, or of several, without empty items.
func split[T ~string](texts ...string) []T {
	var items []T
	for _, text := range texts {
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, T(item))
			}
		}
	}
	return items
}
