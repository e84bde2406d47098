package route

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Form is what an operation takes and answers.
type Form struct {
	register func(huma.API, huma.Operation)
	status   int
}

// FormOf is the form of an operation that takes an I and, with success, answers with a status and an O.
func FormOf[I, O any](status int) Form {
	return Form{status: status, register: func(api huma.API, op huma.Operation) {
		for _, f := range reflect.VisibleFields(reflect.TypeFor[O]()) {
			if other := f.Tag.Get("status"); other != "" {
				status, _ := strconv.Atoi(other)
				op.Responses[other] = responseOf(status, jsonOf(api, f.Type))
			}
		}
		huma.Register[I, O](api, op, nil)
	}}
}

// Event is a kind of server-sent event with an example of its data.
type Event struct {
	Name string
	Data any
}

// StreamOf is the form of an operation that takes an I and answers with server-sent events until either side ends the stream.
func StreamOf[I any](events ...Event) Form {
	return Form{status: http.StatusOK, register: func(api huma.API, op huma.Operation) {
		each := &huma.Schema{}
		for _, e := range events {
			each.OneOf = append(each.OneOf, &huma.Schema{Type: huma.TypeObject, Required: []string{"event", "data"}, Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{e.Name}},
				"data":  api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(e.Data), true, op.OperationID+"Event"),
			}})
		}
		op.Responses["200"] = responseOf(http.StatusOK, map[string]*huma.MediaType{"text/event-stream": {Schema: each}})
		huma.Register[I, Nothing](api, op, nil)
	}}
}

// huma keeps this for the whole process.
func init() { huma.DefaultArrayNullable = false }

// Config is the configuration of the OpenAPI document and of what huma serves with it.
func Config() huma.Config {
	config := huma.DefaultConfig("Carrel: API", "v2")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // who serves the document says where
	config.CreateHooks = nil                                             // no links to schemas in responses
	config.AllowAdditionalPropertiesByDefault = true                     // clients may send fields that Carrel does not know
	config.FieldsOptionalByDefault = true                                // required fields are marked
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.Responses = map[string]*huma.Response{}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{}
	return config
}

// schemaName is the name of a type in the document. Types of the forms on the wire have the API's names; those of other packages begin with
// the package's, since a card or a user there is another thing.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch of := path.Base(t.PkgPath()); of {
	case "iam":
		return "Identity" + name
	case "portal":
		return "Portal" + name
	case "console":
		return "Console" + name
	default:
		return name
	}
}

// Describe adds routes to the document of an API.
func Describe(api huma.API, routes []Route) {
	for _, r := range routes {
		method, at, _ := strings.Cut(r.Pattern, " ")
		op := huma.Operation{
			Method: method, Path: at, OperationID: r.ID, Summary: r.Summary, Description: r.About, Tags: []string{r.Tag},
			DefaultStatus: r.Form.status, Responses: map[string]*huma.Response{}, Security: Security(api, r.Security),
		}
		var body []any
		if r.Failure != nil {
			body = []any{r.Failure}
		}
		AddFailures(api, &op, r.Failures, body...)
		op.Parameters = RequestHeaders(r.Token, r.DryRun)
		r.Form.register(elsewhere{api}, op)
	}
}

// RequestHeaders describes the headers of operations that change something: a client token with its maximum length, unless that is 0, and whether there
// are dry runs.
func RequestHeaders(longest int, dryRun bool) []*huma.Param {
	var all []*huma.Param
	if longest > 0 {
		all = append(all, &huma.Param{
			Name: ClientTokenHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
			Description: "Identifies the request, which may then be repeated for 24 hours: a repetition changes nothing and gets the first response",
		})
	}
	if dryRun {
		all = append(all, &huma.Param{
			Name: DryRunHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeBoolean},
			Description: "If true, everything is checked and nothing changes. The response is 200 and, in addition to what it would have been without new ids, has the fields of the schema DryRun",
		})
	}
	return all
}

// Security declares schemes in the document of an API and returns the form in which an operation wants one of them.
func Security(api huma.API, schemes []Scheme) []map[string][]string {
	var wanted []map[string][]string
	for _, s := range schemes {
		if s == (Scheme{}) {
			wanted = append(wanted, map[string][]string{})
			continue
		}
		api.OpenAPI().Components.SecuritySchemes[s.Name] = &huma.SecurityScheme{Type: "apiKey", In: s.In, Name: s.Key, Description: s.About}
		wanted = append(wanted, map[string][]string{s.Name: {}})
	}
	return wanted
}

// AddFailures describes errors of an operation: their statuses, and the types of which bodies are examples; none: a text.
func AddFailures(api huma.API, op *huma.Operation, statuses []int, bodies ...any) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	kind, content := "Text", map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}
	if len(bodies) > 0 {
		kind, content = failureOf(api, bodies)
	}
	common := api.OpenAPI().Components.Responses
	for _, status := range statuses {
		code := strconv.Itoa(status)
		r := responseOf(status, content)
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Header{"Retry-After": {Description: "Seconds, if known", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		common[kind+code] = r
		op.Responses[code] = &huma.Response{Ref: "#/components/responses/" + kind + code}
	}
}

// failureOf names and describes a body that is one of several.
func failureOf(api huma.API, bodies []any) (string, map[string]*huma.MediaType) {
	name, schema := "", &huma.Schema{}
	for _, body := range bodies {
		t := reflect.TypeOf(body)
		name += schemaName(t, "")
		schema.AnyOf = append(schema.AnyOf, api.OpenAPI().Components.Schemas.Schema(t, true, ""))
	}
	if len(bodies) == 1 {
		schema = schema.AnyOf[0]
	}
	return name, map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

func responseOf(status int, content map[string]*huma.MediaType) *huma.Response {
	return &huma.Response{Description: http.StatusText(status), Content: content}
}

func jsonOf(api huma.API, t reflect.Type) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(t, true, "")}}
}

// Settle completes a document to which all operations were added. Fields that an answer always has become required; types that requests
// have say that themselves. That objects may have more fields than are named goes without saying.
func Settle(doc *huma.OpenAPI) {
	registry := doc.Components.Schemas
	asked := map[string]bool{}
	for _, op := range Operations(doc) {
		if op.RequestBody != nil {
			for _, content := range op.RequestBody.Content {
				reach(registry, asked, content.Schema)
			}
		}
	}
	for name, schema := range registry.Map() {
		if schema.AdditionalProperties == true {
			schema.AdditionalProperties = nil
		}
		if !asked[name] {
			schema.Required = alwaysThere(registry.TypeFromRef(ref + name))
		}
	}
}

const ref = "#/components/schemas/"

// Operations are those of a document.
func Operations(doc *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, p := range doc.Paths {
		all = append(all, p.Get, p.Head, p.Post, p.Put, p.Patch, p.Delete)
	}
	return slices.DeleteFunc(all, func(o *huma.Operation) bool { return o == nil })
}

// reach notes the names of the schemas that a schema is made of.
func reach(registry huma.Registry, reached map[string]bool, s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, ref)
		if !reached[name] {
			reached[name] = true
			reach(registry, reached, registry.SchemaFromRef(s.Ref))
		}
		return
	}
	reach(registry, reached, s.Items)
	if more, is := s.AdditionalProperties.(*huma.Schema); is {
		reach(registry, reached, more)
	}
	for _, field := range s.Properties {
		reach(registry, reached, field)
	}
}

// alwaysThere are the names of the fields that JSON of a type always has.
func alwaysThere(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && !strings.Contains(options, "omit") {
			names = append(names, name)
		}
	}
	return names
}

// Document is the description of some routes alone.
func Document(routes []Route) ([]byte, error) {
	api := huma.NewAPI(Config(), elsewhere{})
	Describe(api, routes)
	Settle(api.OpenAPI())
	compact, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("writing the description of routes: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("writing the description of routes: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

// elsewhere is an API of which huma describes the operations and serves none.
type elsewhere struct{ huma.API }

func (e elsewhere) Adapter() huma.Adapter         { return e }
func (e elsewhere) Middlewares() huma.Middlewares { return nil }

// Handle implements huma.Adapter.
func (e elsewhere) Handle(*huma.Operation, func(huma.Context)) {}

// ServeHTTP implements huma.Adapter.
func (e elsewhere) ServeHTTP(http.ResponseWriter, *http.Request) {}
