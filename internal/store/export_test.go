package store

import "context"

// Exec runs a statement, for tests of what no method does.
func Exec(ctx context.Context, s *Store, statement string) error {
	_, err := s.writer.ExecContext(ctx, statement)
	return err
}
