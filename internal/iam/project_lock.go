package iam

import (
	"context"

	"carrel/internal/store"
)

// LockNamedProject is LockProject for those who need only the project's name.
func LockNamedProject(ctx context.Context, tx *store.Tx, accountID, id string) (name string, err error) {
	p, err := LockProject(ctx, tx, accountID, id)
	return p.Name, err
}
