package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"carrel/internal/store"
)

func TestValuesAreTakenOutOfStatements(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 5000, time.FixedZone("", 3600))
	for _, c := range []struct {
		statement, text string
		values          []any
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"SELECT 'WAITING'", "SELECT 'WAITING'", nil},
		{"SELECT " + store.InSQLite("pc-1"), "SELECT ?", []any{"pc-1"}},
		{"SELECT " + store.InSQLite(at), "SELECT ?", []any{"2026-11-30T11:00:00.000005Z"}},
		{"SELECT " + store.InSQLite(7), "SELECT 7", nil},
		{"SELECT " + store.InSQLite("WAITING") + ", 'x'", "SELECT 'WAITING', 'x'", nil},
		{"SELECT " + store.InSQLite("") + store.InSQLite("1"), "SELECT ''?", []any{"1"}},
		{"SELECT " + store.InSQLite("it's '1'"), "SELECT ?", []any{"it's '1'"}},
		{"SELECT " + store.InSQLite("''") + ", " + store.InSQLite("'"), "SELECT ?, ?", []any{"''", "'"}},
		{"SELECT " + store.InSQLite("/**/'1'--"), "SELECT ?", []any{"/**/'1'--"}},
		{"SELECT '/**/''1''', " + store.InSQLite("1"), "SELECT '/**/''1''', ?", []any{"1"}},
		{`SELECT "a/**/'1'" ` + store.InSQLite("1"), `SELECT "a/**/'1'" ?`, []any{"1"}},
		{"SELECT 2/1-1 -- it's\n, " + store.InSQLite("1"), "SELECT 2/1-1 -- it's\n, ?", []any{"1"}},
		{"SELECT /* it's */ " + store.InSQLite("1"), "SELECT /* it's */ ?", []any{"1"}},
		{"SELECT '' || " + store.InSQLite("1") + " /* open", "SELECT '' || ? /* open", []any{"1"}},
	} {
		if text, values := store.TakeValues(c.statement); text != c.text || !slices.Equal(values, c.values) {
			t.Errorf("%s: got %s with %q, want %s with %q", c.statement, text, values, c.text, c.values)
		}
	}
}

func FuzzTakeValues(f *testing.F) {
	for _, s := range []string{"", "pc-1", "it's", "'", "''", "/**/'x'", "--", "/*", "\"", "\\", "WAITING", "ü", "\xff", "a\nb"} {
		f.Add(s, s)
	}
	s, err := store.Open(f.Context(), filepath.Join(f.TempDir(), "carrel.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || strings.Contains(a+b, "\x00") {
			return // refused before they come so far
		}
		store.Writing(t, s, func(c *sql.Conn, _ func() []string) {
			statement := fmt.Sprintf("SELECT %s, '/**/''', %s", store.InSQLite(a), store.InSQLite(b))
			var first, middle, last string
			err := c.QueryRowContext(t.Context(), statement).Scan(&first, &middle, &last)
			if err != nil || first != a || middle != "/**/'" || last != b {
				t.Errorf("%s: got %q, %q, %q and %v", statement, first, middle, last, err)
			}
		})
		store.TakeValues(a) // statements that nobody wrote do not break it
		store.TakeValues("/**/'" + a)
	})
}

// read returns the one text that a statement reads.
func read(t *testing.T, c *sql.Conn, statement string, values ...any) (text string) {
	t.Helper()
	for i := range values {
		values[i] = store.InSQLite(values[i])
	}
	if err := c.QueryRowContext(t.Context(), fmt.Sprintf(statement, values...)).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func openSQLite(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "carrel.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAStatementIsPreparedOnceForAllItsValues(t *testing.T) {
	store.Writing(t, openSQLite(t), func(c *sql.Conn, kept func() []string) {
		before := len(kept())
		for _, value := range []string{"pc-1", "it's 2", "1"} {
			if got := read(t, c, "SELECT 'is ' || %s", value); got != "is "+value {
				t.Errorf("got %q", got)
			}
		}
		if now := kept(); len(now) != before+1 || now[0] != "SELECT 'is ' || ?" {
			t.Errorf("%d statements were kept, now these are: %q", before, now)
		}
		long := "SELECT '" + strings.Repeat("long", 5000) + "' || %s"
		if read(t, c, long, "1"); len(kept()) != before+1 {
			t.Error("a very long statement is kept")
		}
	})
}

func TestAStatementIsUsedWhileItsRowsAreRead(t *testing.T) {
	store.Writing(t, openSQLite(t), func(c *sql.Conn, kept func() []string) {
		const rows = "SELECT value || %s FROM json_each('[\"a\", \"b\", \"c\"]')"
		outer, err := c.QueryContext(t.Context(), fmt.Sprintf(rows, store.InSQLite("1")))
		if err != nil {
			t.Fatal(err)
		}
		defer outer.Close()
		var got []string
		for outer.Next() {
			var text string
			if err := outer.Scan(&text); err != nil {
				t.Fatal(err)
			}
			got = append(got, text, read(t, c, rows, "2"))
		}
		if err := outer.Err(); err != nil || !slices.Equal(got, []string{"a1", "a2", "b1", "a2", "c1", "a2"}) {
			t.Errorf("got %q, %v", got, err)
		}
		if read(t, c, rows, "3") != "a3" || kept()[0] != fmt.Sprintf(rows, "?") {
			t.Errorf("the statement is not used again: %q", kept()[0])
		}
	})
}

func TestAConnectionKeepsTheStatementsUsedLast(t *testing.T) {
	store.Writing(t, openSQLite(t), func(c *sql.Conn, kept func() []string) {
		for i := range store.MaxPrepared + 10 {
			read(t, c, "SELECT 'first' || %s", "1")
			read(t, c, fmt.Sprintf("SELECT %d || %%s", i), "1")
		}
		texts := kept()
		if len(texts) != store.MaxPrepared || !slices.Contains(texts, "SELECT 'first' || ?") || slices.Contains(texts, "SELECT 0 || ?") {
			t.Errorf("%d statements are kept: %q", len(texts), texts)
		}
	})
}

func TestAFailedStatementIsUsedAgain(t *testing.T) {
	store.Writing(t, openSQLite(t), func(c *sql.Conn, _ func() []string) {
		for range 2 {
			_, err := c.ExecContext(t.Context(), "INSERT INTO sub_jobs (id) VALUES ("+store.InSQLite("1-1")+")")
			if err == nil {
				t.Fatal("a row without its other columns was inserted")
			}
			var n int
			if err := c.QueryRowContext(t.Context(), "SELECT json("+store.InSQLite("{1}")+")").Scan(&n); err == nil {
				t.Fatal("what is no JSON was read as such")
			}
			if got := read(t, c, "SELECT json(%s)", "[1]"); got != "[1]" {
				t.Errorf("got %s", got)
			}
		}
	})
}
