package architecture

import (
	"flag"
	"fmt"
	"go/doc"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the generated parts of docs/architecture.md anew")

const page = root + "/docs/architecture.md"

// TestPageIsUpToDate keeps what is generated in docs/architecture.md; "make docs" writes it anew.
func TestPageIsUpToDate(t *testing.T) {
	c := readCode(t)
	before := readFile(t, page)
	after := between(t, before, "rooms", roomsTable(imports(t)))
	after = between(t, after, "packages", packagesTable(t, c, imports(t)))
	after = between(t, after, "retention", retentionTable(t, c))
	if after == before {
		return
	}
	if !*update {
		t.Fatal("docs/architecture.md is not up to date: run make docs")
	}
	if err := os.WriteFile(page, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func between(t *testing.T, text, name, table string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+": made by make docs -->\n", "<!-- end "+name+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the page has no place for %s", name)
	}
	return head + begin + table + end + tail
}

// layers are the packages whose arrows the page draws, from the bottom up.
var layers = []string{
	"workspace", "store", "audit", "catalog", "network", "quota", "capacity", "directory", "export", "signin", "namepolicy", "desktop", "tag", "usage", "assignment", "user", "snapshot", "pool", "volume", "order", "tenant", "rollout", "script", "enterprise", "connection", "work",
}

// roomsTable has a line for each of the layers, with a mark under each that it imports.
func roomsTable(found map[string][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n| --- |%s\n", strings.Join(layers[:len(layers)-1], " | "), strings.Repeat(" :---: |", len(layers)-1))
	for _, from := range layers {
		fmt.Fprintf(&b, "| **%s** |", from)
		for _, to := range layers[:len(layers)-1] {
			mark := " "
			if slices.Contains(found[from], to) {
				mark = " ● "
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// packagesTable has a line for each package: the first sentence of its comment, and what it imports.
func packagesTable(t *testing.T, c *code, found map[string][]string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| package | what it is | imports |\n| --- | --- | --- |\n")
	for _, row := range arrows {
		folder := "internal/" + row.pkg
		if strings.HasPrefix(row.pkg, "cmd/") {
			folder = row.pkg
		}
		comment := c.comments[folder]
		if comment == nil {
			t.Errorf("%s has no package comment", folder)
			continue
		}
		what := new(doc.Package).Synopsis(comment.Text())
		what = strings.TrimPrefix(strings.TrimPrefix(what, "Package "), "Command ")
		what = strings.TrimPrefix(strings.TrimPrefix(what, filepath.Base(folder)+" "), "is ")
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", folder, what, strings.Join(found[row.pkg], ", "))
	}
	return b.String()
}

// retentionTable has a line for each kind of row, and is complete: every table of the database is in it.
func retentionTable(t *testing.T, c *code) string {
	t.Helper()
	constants := regexp.MustCompile(`\{([\w.]+)\}`)
	left := tables(t)
	var b strings.Builder
	b.WriteString("| rows | kept | by |\n| --- | --- | --- |\n")
	for _, row := range retention {
		of := []string{row.tables}
		if unicode.IsLower(rune(row.tables[0])) {
			of = nil
			for table := range strings.FieldsSeq(row.tables) {
				of = append(of, "`"+table+"`")
				if !left[table] {
					t.Errorf("the retention of %s is told twice, or there is no such table", table)
				}
				delete(left, table)
			}
		}
		kept := constants.ReplaceAllStringFunc(row.kept, func(m string) string {
			value, err := c.value(m[1 : len(m)-1])
			if err != nil {
				t.Error(err)
			}
			return value
		})
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(of, ", "), kept, row.by)
	}
	for _, table := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("say in test/architecture/retention_test.go how long rows of %s are kept", table)
	}
	return b.String()
}

// TestWhatIsSweptIsSaidToBe compares the tables that work.DeleteExpired sweeps with those of which the table above says so.
func TestWhatIsSweptIsSaidToBe(t *testing.T) {
	said := map[string]bool{}
	for _, row := range retention {
		for table := range strings.FieldsSeq(row.tables) {
			said[table] = strings.Contains(row.by, "`work.DeleteExpired`")
		}
	}
	swept := regexp.MustCompile(`(?m)^\t\t\{"(\w+)"`).FindAllStringSubmatch(readFile(t, root+"/internal/work/expired_rows.go"), -1)
	if len(swept) == 0 {
		t.Error("no table is swept")
	}
	for _, table := range swept {
		if !said[table[1]] {
			t.Errorf("work.DeleteExpired sweeps %s: say so in test/architecture/retention_test.go", table[1])
		}
	}
}

// tables are those of the database after all migrations.
func tables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(root + "/internal/store/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	statement := regexp.MustCompile(`(?m)^(CREATE|DROP) TABLE (\w+)`)
	there := map[string]bool{}
	for _, file := range files {
		for _, m := range statement.FindAllStringSubmatch(readFile(t, file), -1) {
			if m[1] == "CREATE" {
				there[m[2]] = true
			} else {
				delete(there, m[2])
			}
		}
	}
	return there
}

var (
	fence      = regexp.MustCompile("(?ms)^```.*?^```$")
	quoted     = regexp.MustCompile("`([^`]+)`")
	link       = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	call       = regexp.MustCompile(`^(GET|POST|PUT|DELETE) (/\S+)$`)
	identifier = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,2}$`)
	beginning  = regexp.MustCompile(`^(\||#|- |\d+\. |$)`)
)

// TestPageNamesWhatThereIs finds everything that docs/architecture.md quotes: files and folders, names of Go, tables, calls, and
// targets of make. A name of Go without its package is one of the file that was named before it in the same item.
func TestPageNamesWhatThereIs(t *testing.T) {
	p := quotes{c: readCode(t), calls: calls(t), tables: tables(t), make: readFile(t, root+"/Makefile")}
	p.tables["holdings"] = true // a view
	text := fence.ReplaceAllStringFunc(readFile(t, page), func(code string) string { return strings.Repeat("\n", strings.Count(code, "\n")) })
	for i, line := range strings.Split(text, "\n") {
		if beginning.MatchString(line) {
			p.file = ""
		}
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			if err := p.find(m[1]); err != nil {
				t.Errorf("docs/architecture.md:%d: %v", i+1, err)
			}
		}
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if _, err := os.Stat(filepath.Join(root, "docs", m[1])); err != nil {
				t.Errorf("docs/architecture.md:%d: the link %s leads nowhere", i+1, m[1])
			}
		}
	}
}

// calls are those of the API's inventory, which its own tests hold against the routes.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, name := range []string{"operations.tsv", "own_operations.tsv"} {
		for line := range strings.Lines(readFile(t, root+"/internal/api/testdata/"+name)) {
			if cells := strings.Split(line, "\t"); len(cells) > 2 {
				all[cells[0]+" "+cells[1]] = true
			}
		}
	}
	return all
}

type quotes struct {
	c      *code
	calls  map[string]bool // of the API
	tables map[string]bool
	make   string
	file   string // that was named last; empty for none
}

func (p *quotes) find(text string) error {
	switch {
	case call.MatchString(text):
		if !p.calls[text] && !p.c.strings[text] {
			return fmt.Errorf("nothing serves %s", text)
		}
		return nil
	case strings.HasPrefix(text, "make "):
		if !strings.Contains(p.make, "\n"+strings.TrimPrefix(text, "make ")+":") {
			return fmt.Errorf("there is no %s", text)
		}
		return nil
	case strings.ContainsAny(text, "/") || strings.HasSuffix(text, ".go") || isEntry(text):
		return p.findFile(text)
	case p.tables[text]:
		return nil
	case identifier.MatchString(text):
		return p.findName(text)
	default:
		return fmt.Errorf("%q is no file, name, table, call or target of make; quote only those", text)
	}
}

// isEntry says whether the root has a file or folder of this name.
func isEntry(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

// findFile finds a file or a folder. A bare name such as rows.go or *_rows.go is one of some package.
func (p *quotes) findFile(name string) error {
	pattern := filepath.Join(root, name)
	if !strings.Contains(name, "/") && !isEntry(name) {
		pattern = filepath.Join(root, "internal", "*", name)
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return fmt.Errorf("there is no file %s", name)
	}
	p.file = strings.TrimSuffix(name, "/")
	return nil
}

func (p *quotes) findName(name string) error {
	first, rest, qualified := strings.Cut(name, ".")
	if of := p.c.packages[first]; qualified && of != nil {
		if !of[rest] {
			return fmt.Errorf("package %s has no %s", first, rest)
		}
		return nil
	}
	of := p.c.files[p.file]
	if of == nil {
		of = p.c.folders[p.file]
	}
	switch {
	case p.file == "":
		return fmt.Errorf("%s: name its package, or its file before it in the same item", name)
	case !of[name]:
		return fmt.Errorf("%s has no %s", p.file, name)
	}
	return nil
}
