package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/iam"
	"carrel/internal/route"
)

// describe serves the description of an API and of others, for programs at /openapi.json and for readers at /docs. The page needs no script and
// loads nothing from other hosts. Both are written when somebody first asks for them: most servers are never asked.
func describe(api huma.API, others []route.Route) *http.ServeMux {
	doc := complete(api, others)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", serving("application/openapi+json", func() ([]byte, error) { return json.Marshal(doc) }))
	mux.HandleFunc("GET /docs", serving("text/html; charset=utf-8", func() ([]byte, error) {
		var page bytes.Buffer
		err := docsPage.Execute(&page, areasOf(doc))
		return page.Bytes(), err
	}))
	return mux
}

// complete adds to an API's document the identity API and others.
func complete(api huma.API, others []route.Route) *huma.OpenAPI {
	route.Describe(api, slices.Concat(iam.Routes(), others))
	route.Settle(api.OpenAPI())
	return api.OpenAPI()
}

// serving serves what write returns when it is called for the first time. It panics if that fails, as for any fault of the program.
func serving(contentType string, write func() ([]byte, error)) http.HandlerFunc {
	once := sync.OnceValues(write)
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := once()
		if err != nil {
			panic(fmt.Errorf("writing the API's description: %w", err))
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		_, _ = w.Write(content) // an error means that the client is gone
	}
}

// docArea is a section of the documentation.
type docArea struct {
	Name       string
	Operations []docOperation
}

type docOperation struct {
	*huma.Operation
	Fields []docField // of the body
	Reply  []docField
}

type docField struct {
	Name     string
	Type     string
	Required bool
	About    string
}

func areasOf(api *huma.OpenAPI) []docArea {
	byName := map[string][]docOperation{}
	for _, o := range route.Operations(api) {
		doc := docOperation{Operation: o}
		if o.RequestBody != nil {
			doc.Fields = fieldsOf(api, o.RequestBody.Content["application/json"])
		}
		for _, status := range []string{"200", "201", "202"} {
			if reply := o.Responses[status]; reply != nil && doc.Reply == nil {
				doc.Reply = fieldsOf(api, reply.Content["application/json"])
			}
		}
		byName[o.Tags[0]] = append(byName[o.Tags[0]], doc)
	}
	var areas []docArea
	for name, operations := range byName {
		slices.SortFunc(operations, func(a, b docOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		areas = append(areas, docArea{name, operations})
	}
	slices.SortFunc(areas, func(a, b docArea) int { return strings.Compare(a.Name, b.Name) })
	return areas
}

func fieldsOf(api *huma.OpenAPI, content *huma.MediaType) []docField {
	if content == nil || content.Schema == nil {
		return nil
	}
	return appendFields(nil, api.Components.Schemas, "", content.Schema)
}

// appendFields adds an object's fields and those of nested objects: "desktops[].user_name".
func appendFields(fields []docField, schemas huma.Registry, prefix string, s *huma.Schema) []docField {
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		field := s.Properties[name]
		inner, path := field, prefix+name
		if field.Items != nil {
			inner, path = field.Items, path+"[]"
		}
		fields = append(fields, docField{path, typeOf(schemas, inner), slices.Contains(s.Required, name), field.Description})
		fields = appendFields(fields, schemas, path+".", inner)
	}
	return fields
}

func typeOf(schemas huma.Registry, s *huma.Schema) string {
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	if len(s.Enum) > 0 {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Enum), " ", " | "), "[]")
	}
	return s.Type
}

var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Carrel: API</title>
<style>
	body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 2rem 1rem; color: #222; background: #fff }
	h2 { margin-top: 3rem; text-transform: capitalize } code { font-size: .9em } summary { cursor: pointer; padding: .4rem 0 }
	table { border-collapse: collapse; margin: .5rem 0 1rem; width: 100% } td, th { text-align: left; padding: .2rem .6rem .2rem 0; vertical-align: top; border-bottom: 1px solid #ddd }
	b { display: inline-block; min-width: 4.5rem } small { color: #555 }
	@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } td, th { border-color: #444 } small { color: #aaa } a { color: #8bf } }
</style>
<main>
<h1>Carrel: API</h1>
<p>Sign each request with an access key (<code>SDK-HMAC-SHA256</code>), or send the header <code>X-Auth-Token</code> with a token from
<code>POST /v3/auth/tokens</code>. An error response has <code>error_code</code> and <code>error_msg</code>; every response has <code>X-Request-Id</code>.
The machine-readable description is <a href="/openapi.json">openapi.json</a>.</p>
{{range .}}<h2>{{.Name}}</h2>
{{range .Operations}}<details id="{{.OperationID}}"><summary><b>{{.Method}}</b> <code>{{.Path}}</code><br>{{.Summary}} <small>{{.OperationID}}</small></summary>
{{with .Parameters}}<table><tr><th>Parameter<th>In<th>Description</tr>
{{range .}}<tr><td><code>{{.Name}}</code>{{if .Required}} (required){{end}}<td>{{.In}}<td>{{.Description}}</tr>
{{end}}</table>{{end}}
{{with .Fields}}<table><tr><th>Body<th>Type<th>Description</tr>
{{range .}}<tr><td><code>{{.Name}}</code>{{if .Required}} (required){{end}}<td>{{.Type}}<td>{{.About}}</tr>
{{end}}</table>{{end}}
{{with .Reply}}<table><tr><th>Response<th>Type<th>Description</tr>
{{range .}}<tr><td><code>{{.Name}}</code><td>{{.Type}}<td>{{.About}}</tr>
{{end}}</table>{{end}}
</details>
{{end}}{{end}}</main></html>
`))
