package catalog

import (
	"context"

	"carrel/internal/store"
)

// InsertRule inserts a rule. The group must exist.
func InsertRule(ctx context.Context, t *store.Tx, r Rule) error {
	_, err := t.Inserting(&r).Exec(ctx)
	return err
}
