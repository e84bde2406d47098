package api

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

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

func between(t *testing.T, text, name, table string) string {
	t.Helper()
	head, rest, ok := strings.Cut(text, "<!-- begin "+name+": made by make docs -->\n")
	_, tail, closed := strings.Cut(rest, "<!-- end "+name+" -->")
	if !ok || !closed {
		t.Fatalf("docs/api.md has no place for %s", name)
	}
	return head + "<!-- begin " + name + ": made by make docs -->\n" + table + "<!-- end " + name + " -->" + tail
}

func operationsTable() string {
	var b strings.Builder
	b.WriteString("| operation | call | permission | what it does |\n| --- | --- | --- | --- |\n")
	areas := (&Server{}).operations()
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		for _, o := range areas[area] {
			fmt.Fprintf(&b, "| %s | %s `%s` | %s | %s |\n", o.id, o.method, o.path, o.needs, o.describe)
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
