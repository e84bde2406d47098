package portal_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"carrel/internal/portal"
	"carrel/internal/route"
)

var update = flag.Bool("update", false, "write the description of the portal's API anew")

// described is the portal's part of the API's description.
func described(t *testing.T) []byte {
	t.Helper()
	document, err := route.Document(portal.Routes())
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// TestDescription keeps the description true of which the types of the web pages are generated; "make generate" writes both anew.
func TestDescription(t *testing.T) {
	const file = "../../web/openapi/portal.json"
	now := described(t)
	if *update {
		if err := os.WriteFile(file, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, now) {
		t.Errorf("%s is not the description of the portal's API: run make generate", file)
	}
}

// TestDescriptionHasEveryValue compares the values that are described with the constants of the rooms.
func TestDescriptionHasEveryValue(t *testing.T) {
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Enum []string `json:"enum"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(described(t), &document); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ schema, field, room, constants string }{
		{"PortalCard", "login_status", "desktop", "LoginStatus"},
		{"PortalCard", "access", "connection", "Access"},
		{"PortalCard", "why", "connection", "Obstacle"},
		{"PortalPoolCard", "type", "pool", "PoolType"},
		{"PortalPoolCard", "state", "connection", "PoolState"},
		{"PortalOpenBody", "outcome", "pool", "Outcome"},
		{"PortalCodesState", "policy", "signin", "SecondFactor"},
	} {
		got := slices.Sorted(slices.Values(document.Components.Schemas[c.schema].Properties[c.field].Enum))
		if want := constantsOf(t, c.room, c.constants); len(want) < 2 || !slices.Equal(got, want) {
			t.Errorf("%s.%s has %q, %s.%s %q", c.schema, c.field, got, c.room, c.constants, want)
		}
	}
}

// constantsOf returns the values of a room's constants of a type, in order, without the empty one.
func constantsOf(t *testing.T, room, of string) []string {
	t.Helper()
	files, err := filepath.Glob("../" + room + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is {
				return true
			}
			if kind, is := spec.Type.(*ast.Ident); is && kind.Name == of && len(spec.Values) == 1 {
				if literal, is := spec.Values[0].(*ast.BasicLit); is {
					value, err := strconv.Unquote(literal.Value)
					found[value] = err == nil && value != ""
				}
			}
			return true
		})
	}
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(found))
}
