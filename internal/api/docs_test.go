package api

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api/wire"
	"carrel/internal/workspace"
)

var update = flag.Bool("update", false, "write the tables of docs/api.md anew")

// TestDocumentationHasEveryOperationAndCode keeps the tables of docs/api.md true; "make docs" writes them anew.
func TestDocumentationHasEveryOperationAndCode(t *testing.T) {
	const page = "../../docs/api.md"
	before, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	after := between(t, string(before), "operations", operationsTable())
	after = between(t, after, "codes", codesTable())
	if after == string(before) {
		return
	}
	if !*update {
		t.Fatal("docs/api.md is not up to date: run make docs")
	}
	if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentationHasEveryFieldOfPools keeps the table of docs/pools.md true; "make docs" writes it anew.
func TestDocumentationHasEveryFieldOfPools(t *testing.T) {
	const page = "../../docs/pools.md"
	before, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	after := between(t, string(before), "pool fields", fieldsTable(reflect.TypeFor[wire.CreateDesktopPoolReq]()))
	if after == string(before) {
		return
	}
	if !*update {
		t.Fatal("docs/pools.md is not up to date: run make docs")
	}
	if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func fieldsTable(body reflect.Type) string {
	var b strings.Builder
	b.WriteString("| field | | about |\n| --- | --- | --- |\n")
	writeFields(&b, "", body)
	return b.String()
}

// writeFields writes a line for each field of a body, and for those of the settings in it that are not lists.
func writeFields(b *strings.Builder, prefix string, body reflect.Type) {
	for _, f := range reflect.VisibleFields(body) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		required := ""
		if f.Tag.Get("required") == "true" {
			required = "required"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s |\n", prefix, name, required, f.Tag.Get("doc"))
		if f.Type.Kind() == reflect.Pointer && strings.HasSuffix(name, "_policy") {
			writeFields(b, name+".", f.Type.Elem())
		}
	}
}

func between(t *testing.T, text, name, table string) string {
	t.Helper()
	head, rest, ok := strings.Cut(text, "<!-- begin "+name+": made by make docs -->\n")
	_, tail, closed := strings.Cut(rest, "<!-- end "+name+" -->")
	if !ok || !closed {
		t.Fatalf("the page has no place for %s", name)
	}
	return head + "<!-- begin " + name + ": made by make docs -->\n" + table + "<!-- end " + name + " -->" + tail
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("| operation | call | action | what it does |\n| --- | --- | --- | --- |\n")
	areas := (&Server{}).operations()
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		for _, o := range areas[area] {
			fmt.Fprintf(&b, "| %s | %s `%s` | `%s` (%s) | %s |\n", o.id, o.method, o.path, o.action, o.needs, o.describe)
		}
	}
	return b.String()
}

func codesTable() string {
	var b strings.Builder
	b.WriteString("| error_code | status | meaning |\n| --- | --- | --- |\n")
	for _, code := range slices.Sorted(maps.Keys(workspace.Codes)) {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", code, statusOf[code], workspace.Codes[code])
	}
	return b.String()
}
