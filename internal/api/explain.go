package api

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/iam/policy"
	"carrel/internal/route"
	"carrel/internal/workspace"
)

// The extensions of the description. docs/api.md tells what they hold.
const (
	extPermission  = "x-permission"
	extDryRun      = "x-dry-run"
	extClientToken = "x-client-token"
	extSubJobs     = "x-sub-jobs"
	extErrors      = "x-errors" // of an operation: codes; of the document: what the codes mean
	extSamples     = "x-codeSamples"
	extSetups      = "x-setups" // of the document: what comes before the samples of a language
)

// documentation is what the overlay tells of an operation besides its form.
type documentation struct {
	area         string // of the API's data, as docs/coverage.md has it
	jobs         []string
	dependencies []string
	example      string // JSON
	terraform    []string
}

// permission is what an operation requires of its caller.
type permission struct {
	Action       string         `json:"action"`
	Access       iam.Permission `json:"access"`
	ResourceType string         `json:"resource_type"`
	Own          bool           `json:"own,omitempty"` // callers need it only for what is not their own
	Dependencies []string       `json:"dependencies,omitempty"`
}

// catalogued is an error as the document explains it.
type catalogued struct {
	Code    string `json:"code"`
	Status  int    `json:"status"`
	Meaning string `json:"meaning"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
	SubJobs bool   `json:"sub_jobs,omitempty"` // calls do not answer with it, sub-jobs end with it
}

// explain adds what the forms of operations do not tell: permissions, errors, jobs, and examples.
func explain(doc *huma.OpenAPI) {
	served := map[string]operation{}
	for _, operations := range (&Server{}).operations() {
		for _, o := range operations {
			served[o.id] = o
		}
	}
	doc.Extensions = map[string]any{extErrors: catalogueOf(), extSetups: setups()}
	for _, op := range route.Operations(doc) {
		o, mine := served[op.OperationID]
		about := documented[op.OperationID]
		if op.Extensions == nil {
			op.Extensions = map[string]any{}
		}
		if mine {
			op.Tags = []string{cmp.Or(about.area, op.Tags[0])}
			op.Extensions[extPermission] = permission{Action: o.action, Access: o.needs, ResourceType: policy.KindOf(o.action), Dependencies: about.dependencies}
			if len(about.jobs) > 0 {
				op.Extensions[extSubJobs] = about.jobs
			}
		} else if need, is := iam.PermissionOf(op.OperationID); is {
			op.Extensions[extPermission] = permission{Action: need.Action, Access: need.Access, ResourceType: policy.KindOf(need.Action), Own: need.Own}
		}
		op.Extensions[extDryRun], op.Extensions[extClientToken] = takes(op, route.DryRunHeader), takes(op, route.ClientTokenHeader)
		addExample(doc, op, cmp.Or(about.example, iam.Examples[op.OperationID]))
		op.Extensions[extErrors] = errorsOf(doc, op, len(about.jobs) > 0)
		op.Extensions[extSamples] = samplesOf(op, about)
	}
}

// takes reports whether an operation takes a header.
func takes(op *huma.Operation, header string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "header" && p.Name == header })
}

func catalogueOf() []catalogued {
	var all []catalogued
	for _, e := range catalogue {
		all = append(all, catalogued{string(e.code), e.status, e.meaning, e.message, e.remedy, inSubJobs[e.code]})
	}
	for _, e := range iam.Errors {
		all = append(all, catalogued{Code: e.Code, Status: e.Status, Meaning: e.Meaning, Message: e.Message, Remedy: e.Remedy})
	}
	slices.SortFunc(all, func(a, b catalogued) int { return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code)) })
	return all
}

// addExample adds examples to the parameters that an operation requires, and to its body: what the caller gives or, if that is empty, what the
// body requires.
func addExample(doc *huma.OpenAPI, op *huma.Operation, example string) {
	for _, p := range op.Parameters {
		if p.Required && p.Schema != nil {
			p.Example = required(doc.Components.Schemas, p.Schema, p.Name)
		}
	}
	if op.RequestBody == nil {
		return
	}
	content := op.RequestBody.Content["application/json"]
	if content == nil || content.Schema == nil {
		return
	}
	if example != "" {
		content.Example = json.RawMessage(example)
	} else {
		content.Example = required(doc.Components.Schemas, content.Schema, "")
	}
}

// required returns a value with what a schema requires. The name of its field makes texts that stand for what the reader knows.
func required(schemas huma.Registry, s *huma.Schema, name string) any {
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeObject:
		value := map[string]any{}
		for _, field := range s.Required {
			value[field] = required(schemas, s.Properties[field], field)
		}
		return value
	case s.Type == huma.TypeArray && s.Items != nil:
		return []any{required(schemas, s.Items, strings.TrimSuffix(name, "s"))}
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		if s.Minimum != nil {
			return max(1, *s.Minimum)
		}
		return 1
	case s.Type == huma.TypeBoolean:
		return true
	default:
		return variable(name)
	}
}

// variable is what stands for the value of a field that only the reader knows: $DESKTOP_ID for desktop_id.
func variable(field string) string { return "$" + strings.ToUpper(strings.ReplaceAll(field, "-", "_")) }

// inSubJobs are the errors that calls do not answer with, but sub-jobs end with.
var inSubJobs = map[workspace.Code]bool{
	workspace.CodeEngineRefused: true, workspace.CodeNoCapacity: true, workspace.CodeGone: true, workspace.CodeStopped: true,
	workspace.CodeScriptFailed: true,
}
