package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"carrel/internal/workspace"
)

// openAPI is what the test reads of the API's description.
type openAPI struct {
	Paths      map[string]map[string]openAPIOperation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
	Errors []map[string]any  `json:"x-errors"`
	Setups map[string]string `json:"x-setups"`
}

type openAPIOperation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Schema      schema `json:"schema"`
	} `json:"parameters"`
	RequestBody openAPIBody `json:"requestBody"`
	Responses   struct {
		OK openAPIBody `json:"200"`
	} `json:"responses"`

	Permission  map[string]any `json:"x-permission"`
	DryRun      bool           `json:"x-dry-run"`
	ClientToken bool           `json:"x-client-token"`
	SubJobs     []string       `json:"x-sub-jobs"`
	Errors      []string       `json:"x-errors"`
	Samples     []struct {
		Label  string `json:"label"`
		Source string `json:"source"`
		Setup  string `json:"setup"`
	} `json:"x-codeSamples"`
	path string
}

type openAPIBody struct {
	Content struct {
		JSON struct {
			Schema  schema `json:"schema"`
			Example any    `json:"example"`
		} `json:"application/json"`
	} `json:"content"`
}

// described is the server's description.
func (e *env) described() *openAPI {
	e.Helper()
	var a openAPI
	if err := json.Unmarshal([]byte(e.do("GET", "/openapi.json", nil).raw), &a); err != nil {
		e.Fatal(err)
	}
	return &a
}

// operation is the one with an id; the zero value if there is none.
func (a *openAPI) operation(id string) openAPIOperation {
	for path, methods := range a.Paths {
		for _, o := range methods {
			if o.ID == id {
				o.path = path
				return o
			}
		}
	}
	return openAPIOperation{}
}

// addFields notes the fields of an object and of objects in it: "desktops[].user_name".
func (a *openAPI) addFields(known map[string]bool, prefix string, s *schema, depth int) {
	s = a.of(s)
	if depth > 5 {
		return
	}
	for name, field := range s.Properties {
		path := prefix + name
		if field.Items != nil {
			field, path = field.Items, path+"[]"
		}
		known[path] = true
		a.addFields(known, path+".", field, depth+1)
	}
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        any                `json:"type"` // a list for what may be null
	Description string             `json:"description"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	Enum        []any              `json:"enum"`
}

func (a *openAPI) of(s *schema) *schema {
	if name, found := strings.CutPrefix(s.Ref, "#/components/schemas/"); found {
		return a.Components.Schemas[name]
	}
	return s
}

// refusedFields are the bodies, by the field that each of them should not have, and all that is required besides.
func (a *openAPI) refusedFields(s *schema) map[string]any {
	s = a.of(s)
	bodies := map[string]any{}
	for name, p := range s.Properties {
		if strings.HasPrefix(p.Description, "Refused: ") || strings.Contains(p.Description, "; otherwise refused: ") {
			bodies[name] = a.with(s, name, a.refusedValue(p))
			continue
		}
		inner, path := p, name+"."
		if p.Items != nil {
			inner, path = p.Items, name+"[0]."
		}
		for field, body := range a.refusedFields(inner) {
			if p.Items != nil {
				body = []any{body}
			}
			bodies[path+field] = a.with(s, name, body)
		}
	}
	return bodies
}

// refusedValue is a value of a field that is refused, or that only values which its description names are not.
func (a *openAPI) refusedValue(s *schema) any {
	taken, _, _ := strings.Cut(s.Description, "; otherwise refused: ")
	for _, value := range s.Enum {
		if text, is := value.(string); is && !slices.Contains(strings.Fields(taken), text) {
			return value
		}
	}
	value := a.sample(s)
	if value == "x" {
		return "y" // another than its siblings', which some fields may repeat
	}
	return value
}

func (a *openAPI) with(s *schema, name string, value any) object {
	body, _ := a.sample(s).(object)
	body[name] = value
	return body
}

// sample is a value that the schema allows, with no more than what is required.
func (a *openAPI) sample(s *schema) any {
	s = a.of(s)
	kind, _ := s.Type.(string)
	if kinds, several := s.Type.([]any); several {
		kind, _ = kinds[0].(string)
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[len(s.Enum)-1]
	case kind == "object":
		body := object{}
		for _, name := range s.Required {
			body[name] = a.sample(s.Properties[name])
		}
		return body
	case kind == "array":
		return []any{a.sample(s.Items)}
	case kind == "integer", kind == "number":
		return 1
	case kind == "boolean":
		return true
	default:
		return "x"
	}
}

// TestEveryRefusedFieldIsRefused sends each field that the description calls refused, and expects the answer to name it and say why.
func TestEveryRefusedFieldIsRefused(t *testing.T) {
	e := newEnv(t)
	described := e.described()
	tried := 0
	for path, operations := range described.Paths {
		path = strings.NewReplacer("{project_id}", e.first.ProjectID, "{", "", "}", "").Replace(path)
		for method, o := range operations {
			content := o.RequestBody.Content.JSON
			bodies := described.refusedFields(&content.Schema)
			for _, field := range slices.Sorted(maps.Keys(bodies)) {
				tried++
				a := e.do(strings.ToUpper(method), path, bodies[field])
				if a.status != http.StatusBadRequest || a.text("error_code") != string(workspace.CodeUnsupported) || !strings.HasPrefix(a.text("error_msg"), field+": ") {
					t.Errorf("%s with %s: %d %s", o.ID, field, a.status, a.raw)
				}
			}
			for _, p := range o.Parameters {
				if !strings.HasPrefix(p.Description, "Refused: ") {
					continue
				}
				tried++
				a := e.do(strings.ToUpper(method), path+"?"+p.Name+"=x", described.sample(&content.Schema))
				if a.status != http.StatusBadRequest || !strings.HasPrefix(a.text("error_msg"), p.Name+": ") {
					t.Errorf("%s with %s: %d %s", o.ID, p.Name, a.status, a.raw)
				}
			}
		}
	}
	if tried < 35 {
		t.Errorf("only %d fields are refused", tried)
	}
	e.nothingWritten()
}
