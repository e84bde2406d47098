package store

import (
	"context"
	"testing"
)

// Exec runs a statement, for tests of what no method does.
func Exec(ctx context.Context, s *Store, statement string) error {
	_, err := s.writer.ExecContext(ctx, statement)
	return err
}

// Measure has the database look at its tables, as it does now and then.
func Measure(ctx context.Context, s *Store) error { return s.dialect.analyze(ctx, s.writer) }

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
