package recording

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

// operation is something that Carrel serves.
type operation struct {
	name   string
	writes bool
}

// operations are all of them, and find a request's. One ServeMux cannot hold them all: their patterns overlap.
type operations struct {
	described, others *http.ServeMux
	byPattern         map[string]operation
}

// readOperations takes the Workspace API's operations from its description, and those of the identity API and of the portal, which
// have none, from the tables of routes in the code, wherever those lie.
func readOperations(t *testing.T, endpoint string) *operations {
	o := &operations{http.NewServeMux(), http.NewServeMux(), map[string]operation{}}
	for pattern, name := range describedOperations(t, endpoint) {
		o.add(o.described, pattern, name)
	}
	for _, pattern := range routesInCode(t) {
		o.add(o.others, pattern, pattern)
	}
	return o
}

func (o *operations) add(mux *http.ServeMux, pattern, name string) {
	mux.Handle(pattern, http.NotFoundHandler())
	o.byPattern[pattern] = operation{name, !strings.HasPrefix(pattern, "GET ")}
}

func describedOperations(t *testing.T, endpoint string) map[string]string {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var description struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&description); err != nil {
		t.Fatalf("reading the API's description: %v", err)
	}
	all := map[string]string{}
	for path, methods := range description.Paths {
		for method, operation := range methods {
			all[strings.ToUpper(method)+" "+path] = operation.ID
		}
	}
	return all
}

var route = regexp.MustCompile(`"((?:GET|POST|PUT|PATCH|DELETE) /(?:portal/api|v3|v3\.0|v5)/[^"]*)"`)

func routesInCode(t *testing.T) []string {
	found := map[string]bool{}
	var all []string
	err := filepath.WalkDir(filepath.Join(controlplane.Root(t), "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, match := range route.FindAllStringSubmatch(string(code), -1) {
			if !found[match[1]] {
				found[match[1]] = true
				all = append(all, match[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// of is the name of a request's operation.
func (o *operations) of(r *http.Request) string {
	for _, mux := range []*http.ServeMux{o.others, o.described} {
		if _, pattern := mux.Handler(r); pattern != "" {
			return o.byPattern[pattern].name
		}
	}
	return "no operation"
}

func (o *operations) all() map[string]operation { return o.byPattern }
