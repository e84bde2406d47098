package recording

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// description is the program's OpenAPI document.
type description struct {
	Paths      map[string]map[string]describedOperation `json:"paths"`
	Components struct {
		Schemas   map[string]*schema  `json:"schemas"`
		Responses map[string]response `json:"responses"`
	} `json:"components"`
}

type describedOperation struct {
	ID        string              `json:"operationId"`
	Summary   string              `json:"summary"`
	Tags      []string            `json:"tags"`
	Responses map[string]response `json:"responses"`
	Errors    []string            `json:"x-errors"`
	SubJobs   []string            `json:"x-sub-jobs"`
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a list of what may be null
	Format     string             `json:"format"`
	Enum       []any              `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Others     *schema            `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	OneOf      []*schema          `json:"oneOf"`
	AnyOf      []*schema          `json:"anyOf"`
}

func readDescription(t *testing.T, endpoint string) *description {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var d description
	if err := json.NewDecoder(answer.Body).Decode(&d); err != nil {
		t.Fatalf("reading the API's description: %v", err)
	}
	return &d
}

// operations are those described, by their patterns.
func (d *description) operations() map[string]describedOperation {
	all := map[string]describedOperation{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			all[strings.ToUpper(method)+" "+path] = o
		}
	}
	return all
}

// faults says how an answer differs from what is described. A field that is not described is a fault, too.
func (d *description) faults(pattern string, answer *http.Response, body []byte) []string {
	operation := d.operations()[pattern]
	described, there := operation.Responses[strconv.Itoa(answer.StatusCode)]
	if !there {
		return []string{fmt.Sprintf("the status %d", answer.StatusCode)}
	}
	if strings.HasPrefix(pattern, "HEAD ") {
		return nil // has no body
	}
	if name, is := strings.CutPrefix(described.Ref, "#/components/responses/"); is {
		described = d.Components.Responses[name]
	}
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	content, there := described.Content[kind]
	switch {
	case len(body) == 0 && len(described.Content) == 0:
		return nil
	case !there:
		return []string{fmt.Sprintf("a body of the type %q", kind)}
	case kind == "text/event-stream":
		return d.faultsOfEvents(content.Schema, string(body))
	case kind != "application/json":
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	faults := d.compare(content.Schema, "body", value)
	if refusal, is := value.(map[string]any); is && answer.StatusCode >= http.StatusBadRequest {
		code, _ := refusal["error_code"].(string)
		faults = append(faults, operation.faultOfCode(code)...)
	}
	return faults
}

// dryRun is the header of requests that change nothing.
const dryRun = "X-Dry-Run"

// faultsOfDryRun are those of what the answer to a dry run has besides what the operation answers otherwise.
func (d *description) faultsOfDryRun(_ string, _ *http.Response, body []byte) []string {
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	schema := d.Components.Schemas["DryRun"]
	for name := range value {
		if schema.Properties[name] == nil {
			delete(value, name)
		}
	}
	return d.compare(schema, "body", value)
}

func (d *description) faultsOfEvents(s *schema, stream string) []string {
	var all []string
	for event := range strings.SplitSeq(stream, "event: ") {
		name, data, is := strings.Cut(strings.TrimSpace(event), "\ndata: ")
		if !is {
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(data), &value); err != nil {
			all = append(all, err.Error())
		}
		all = append(all, d.compare(s, name, map[string]any{"event": name, "data": value})...)
	}
	return all
}

// compare lists where a value is not as its schema says.
func (d *description) compare(s *schema, at string, value any) []string {
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		s = d.Components.Schemas[name]
	}
	if choice := slices.Concat(s.OneOf, s.AnyOf); len(choice) > 0 {
		fits := func(one *schema) bool { return len(d.compare(one, at, value)) == 0 }
		if !slices.ContainsFunc(choice, fits) {
			return []string{at + " is none of what is described"}
		}
		return nil
	}
	kinds, several := s.Type.([]any)
	if !several {
		kinds = []any{s.Type}
	}
	if s.Type != nil && !slices.ContainsFunc(kinds, func(kind any) bool { return isA(kind, value) }) {
		return []string{fmt.Sprintf("%s is no %v", at, s.Type)}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return []string{fmt.Sprintf("%s is %v, none of %v", at, value, s.Enum)}
	}
	switch v := value.(type) {
	case map[string]any:
		return d.compareObject(s, at, v)
	case []any:
		var all []string
		for i, item := range v {
			if s.Items == nil { // anything
				break
			}
			all = append(all, d.compare(s.Items, fmt.Sprintf("%s[%d]", at, i), item)...)
		}
		return all
	case string:
		if _, err := time.Parse(time.RFC3339, v); s.Format == "date-time" && err != nil {
			return []string{at + " is no time"}
		}
	}
	return nil
}

func (d *description) compareObject(s *schema, at string, value map[string]any) []string {
	var all []string
	for name, field := range value {
		described := s.Properties[name]
		if described == nil {
			described = s.Others
		}
		if described == nil && s.Type != nil { // an object of which nothing is said may hold anything
			all = append(all, at+"."+name+" is not described")
		} else if described != nil {
			all = append(all, d.compare(described, at+"."+name, field)...)
		}
	}
	for _, name := range s.Required {
		if _, there := value[name]; !there {
			all = append(all, at+"."+name+" is missing")
		}
	}
	return all
}

func isA(kind, value any) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	default:
		return kind == "object"
	}
}
