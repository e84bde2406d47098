package store

import (
	"context"
	"slices"
)

// PutAll inserts rows, or replaces those with the same id.
func PutAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := t.Inserting(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return err
}

// InsertAll inserts rows, in batches.
func InsertAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	for part := range slices.Chunk(rows, Batch) {
		if _, err := t.Inserting(&part).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
