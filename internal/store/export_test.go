package store

import (
	"context"

	"github.com/uptrace/bun"
)

// Exec runs a statement, for tests of what no method does.
func Exec(ctx context.Context, s *Store, statement string) error {
	_, err := s.writer.ExecContext(ctx, statement)
	return err
}

// Told tells of each statement that the store's transactions send to the database.
func Told(s *Store, of func(statement string)) { s.writer = s.writer.WithQueryHook(hook(of)) }

type hook func(string)

func (h hook) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (h hook) AfterQuery(_ context.Context, e *bun.QueryEvent)                    { h(e.Query) }
