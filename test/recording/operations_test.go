package recording

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

// operation is something that Carrel serves.
type operation struct {
	name    string
	pattern string
	writes  bool
}

// operations are all of them, and find a request's. One ServeMux cannot hold them all: their patterns overlap.
type operations struct {
	workspace, images, others *http.ServeMux
	byPattern                 map[string]operation
	described                 *description // nil for another program
}

// readOperations takes the operations from the program's description, and fails unless it has all that the code has of the identity
// API and of the portal, wherever that lies, and nothing else of them. Another program is an earlier one, whose description may have less.
func readOperations(t *testing.T, endpoint string) *operations {
	o := &operations{http.NewServeMux(), http.NewServeMux(), http.NewServeMux(), map[string]operation{}, nil}
	code := routesInCode(t)
	described := readDescription(t, endpoint)
	var others []string
	for pattern, d := range described.operations() {
		switch _, path, _ := strings.Cut(pattern, " "); {
		case strings.HasPrefix(path, "/v2/images") || strings.HasPrefix(path, "/v2/cloudimages"):
			o.add(o.images, pattern, d.ID)
		case !elsewhere.MatchString(path):
			o.add(o.workspace, pattern, d.ID)
		default:
			others = append(others, pattern)
		}
		if d.ID == "" || d.Summary == "" || len(d.Tags) == 0 {
			t.Errorf("the description of %s has no operationId, summary or tag", pattern)
		}
	}
	for _, pattern := range code {
		o.add(o.others, pattern, pattern)
	}
	if os.Getenv("CARREL_RECORDING_BINARY") == "" {
		o.described = described
		slices.Sort(others)
		slices.Sort(code)
		if !slices.Equal(others, code) {
			t.Errorf("the identity API and the portal have\n%q\nand their description\n%q", code, others)
		}
	}
	return o
}

func (o *operations) add(mux *http.ServeMux, pattern, name string) {
	mux.Handle(pattern, http.NotFoundHandler())
	o.byPattern[pattern] = operation{name, pattern, !strings.HasPrefix(pattern, "GET ") && !strings.HasPrefix(pattern, "HEAD ")}
}

// elsewhere are the paths of the identity API, which has its own names, and of the portal.
var elsewhere = regexp.MustCompile(`^/(portal/api|v3|v3\.0|v5)/[^{]`)

var route = regexp.MustCompile(`"((?:GET|HEAD|POST|PUT|PATCH|DELETE) /(?:portal/api|v3|v3\.0|v5)/[^"]*)"`)

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

// of is a request's operation.
func (o *operations) of(r *http.Request) operation {
	for _, mux := range []*http.ServeMux{o.others, o.images, o.workspace} {
		if _, pattern := mux.Handler(r); pattern != "" {
			return o.byPattern[pattern]
		}
	}
	return operation{name: "no operation"}
}

func (o *operations) all() map[string]operation { return o.byPattern }
