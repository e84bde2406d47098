package store

import (
	"context"
	"database/sql"
	"testing"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

// Exec runs a statement, for tests of what no method does.
func Exec(ctx context.Context, s *Store, statement string) error {
	_, err := s.writer.ExecContext(ctx, statement)
	return err
}

// Measure has SQLite look at its tables, as it does after many changes.
func Measure(ctx context.Context, s *Store) error {
	c, err := s.writer.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return s.dialect.(sqliteDialect).statistics.update(ctx, c)
}

// Reader is the connection that the next statement would be read with, if no others are.
func Reader(t *testing.T, s *Store) (reader any) {
	t.Helper()
	c, err := s.reader.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(c any) error { reader = c; return nil }); err != nil {
		t.Fatal(err)
	}
	return reader
}

// Plan is how SQLite carries out a statement, step by step.
func Plan(t *testing.T, s *Store, statement string) (steps []string) {
	t.Helper()
	rows, err := s.reader.DB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// Commits is how many transactions were committed.
func Commits(s *Store) uint64 { return s.commits.Load() }

// TakeValues is takeValues, with the values alone.
func TakeValues(statement string) (text string, values []any) {
	text, named := takeValues(statement)
	for _, v := range named {
		values = append(values, v.Value)
	}
	return text, values
}

// InSQLite writes a value as bun does in statements for SQLite.
func InSQLite(value any) string {
	return schema.NewQueryGen(sqliteSchema{sqlitedialect.New()}).FormatQuery("?", value)
}

// Writing calls f with the writer's connection and what tells the statements that it keeps.
func Writing(t *testing.T, s *Store, f func(c *sql.Conn, kept func() []string)) {
	t.Helper()
	c, err := s.writer.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f(c, func() (texts []string) {
		err := c.Raw(func(c any) error {
			own := c.(*preparingConn)
			for e := own.recent.Front(); e != nil; e = e.Next() {
				texts = append(texts, e.Value.(*prepared).text)
			}
			if len(texts) != len(own.byText) {
				t.Errorf("%d statements are kept, %d are known by their text", len(texts), len(own.byText))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return texts
	})
}

// MaxPrepared is the number of statements that a connection keeps.
const MaxPrepared = maxPrepared
