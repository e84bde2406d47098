package store

import (
	"context"
)

// PutAll inserts rows, or replaces those of the same id.
func PutAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := t.Inserting(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return err
}
