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
	"carrel/internal/iam"
)

var update = flag.Bool("update", false, "write the tables of the documentation anew")

// TestDocumentationIsUpToDate keeps the tables of pages true that are made from the code; "make docs" writes them anew.
func TestDocumentationIsUpToDate(t *testing.T) {
	for page, tables := range map[string]map[string]string{
		"../../docs/api.md":    {"operations": operationsTable()},
		"../../docs/errors.md": {"codes": codesTable(), "identity codes": identityCodesTable()},
		"../../docs/pools.md":  {"pool fields": fieldsTable(reflect.TypeFor[wire.CreateDesktopPoolReq]())},
	} {
		before, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		after := string(before)
		for name, table := range tables {
			after = between(t, after, name, table)
		}
		if after == string(before) {
			continue
		}
		if !*update {
			t.Fatalf("%s is not up to date: run make docs", page)
		}
		if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
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

const codesHead = "| error_code | status | meaning | message | what to do |\n| --- | --- | --- | --- | --- |\n"

func codesTable() string {
	var b strings.Builder
	b.WriteString(codesHead)
	for _, c := range slices.SortedFunc(slices.Values(catalogue), func(a, b errorKind) int { return strings.Compare(string(a.code), string(b.code)) }) {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", c.code, c.status, c.meaning, c.message, c.remedy)
	}
	return b.String()
}

func identityCodesTable() string {
	var b strings.Builder
	b.WriteString(codesHead)
	for _, e := range iam.Errors {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", e.Code, e.Status, e.Meaning, e.Message, e.Remedy)
	}
	return b.String()
}
