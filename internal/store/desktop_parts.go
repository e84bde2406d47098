package store

import (
	"context"
	"slices"
)

// InsertAll writes rows, a batch at a time.
func InsertAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	for part := range slices.Chunk(rows, Batch) {
		if _, err := t.Inserting(&part).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
