package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// requestLog reads the program's log for how many statements each request took.
type requestLog struct {
	mu    sync.Mutex // guards what follows
	rest  []byte     // of a line that has not come to its end
	count map[string]int
	came  chan struct{} // closed and made anew when a line has come
}

func newRequestLog() *requestLog {
	return &requestLog{count: map[string]int{}, came: make(chan struct{})}
}

// Write implements io.Writer.
func (l *requestLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, text...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		l.rest = bytes.Clone(rest)
		l.read(line)
	}
}

func (l *requestLog) read(line []byte) {
	var entry struct {
		Message    string `json:"msg"`
		RequestID  string `json:"request_id"`
		Statements int    `json:"statements"`
	}
	if json.Unmarshal(line, &entry) != nil || entry.Message != "request" {
		return
	}
	l.count[entry.RequestID] = entry.Statements
	close(l.came)
	l.came = make(chan struct{})
}

// statements waits for a request's line, which is written after its answer.
func (l *requestLog) statements(t *testing.T, requestID string) int {
	t.Helper()
	tooLate := patience(t)
	for {
		l.mu.Lock()
		n, there := l.count[requestID]
		came := l.came
		l.mu.Unlock()
		if there {
			return n
		}
		select {
		case <-came:
		case <-tooLate:
			t.Fatalf("the log has no line of request %s", requestID)
		}
	}
}

// counted is how many statements a call took.
type counted struct {
	title      string // number and operation
	statements int
}

// fewest takes the fewer statements of two plays.
func fewest(a, b []counted) []counted {
	all := slices.Clone(a)
	for i := range min(len(a), len(b)) {
		all[i].statements = min(a[i].statements, b[i].statements)
	}
	return all
}

var statementColumns = []string{"sqlite", "postgres"}

// risen tells of each call that takes more statements than recorded, or of which nothing is recorded.
func risen(t *testing.T, database string, now []counted) []string {
	t.Helper()
	recorded := readStatements(t)
	var all []string
	for _, c := range now {
		if old, there := recorded[c.title][database]; !there {
			all = append(all, fmt.Sprintf("%s: takes %d statements on %s, of which nothing is recorded", c.title, c.statements, database))
		} else if c.statements > old {
			all = append(all, fmt.Sprintf("%s: takes %d statements on %s, recorded are %d", c.title, c.statements, database, old))
		}
	}
	return all
}

// compareStatements fails for each call that takes more statements than recorded, and tells which take fewer.
func compareStatements(t *testing.T, database string, now []counted) {
	t.Helper()
	recorded := readStatements(t)
	if *update {
		writeStatements(t, database, recorded, now)
		return
	}
	for _, rise := range risen(t, database, now) {
		t.Error(rise)
	}
	for _, c := range now {
		if old := recorded[c.title][database]; c.statements < old {
			t.Logf("%s: takes %d statements on %s, recorded are %d: record them with -update", c.title, c.statements, database, old)
		}
	}
}

var statementsFile = filepath.Join("testdata", "statements.tsv")

func readStatements(t *testing.T) map[string]map[string]int {
	t.Helper()
	text, err := os.ReadFile(statementsFile)
	if os.IsNotExist(err) && *update {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]int{}
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		fields := strings.Split(line, "\t")
		all[fields[0]] = map[string]int{}
		for i, database := range statementColumns {
			if n, err := strconv.Atoi(fields[i+1]); err == nil {
				all[fields[0]][database] = n
			}
		}
	}
	return all
}

// writeStatements replaces one database's column and keeps the other's.
func writeStatements(t *testing.T, database string, recorded map[string]map[string]int, now []counted) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "call\t%s\n", strings.Join(statementColumns, "\t"))
	for _, c := range now {
		out.WriteString(c.title)
		for _, column := range statementColumns {
			n, there := recorded[c.title][column]
			if column == database {
				n, there = c.statements, true
			}
			if there {
				fmt.Fprintf(&out, "\t%d", n)
			} else {
				out.WriteString("\t?")
			}
		}
		out.WriteString("\n")
	}
	if err := os.WriteFile(statementsFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
