package store

import (
	"context"
	"slices"
)

// PutAll inserts rows, or replaces those of the same id.
func PutAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := t.Inserting(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return err
}

// InsertAll writes rows, a batch at a time.
func InsertAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	for part := range slices.Chunk(rows, Batch) {
		if _, err := t.Inserting(&part).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
