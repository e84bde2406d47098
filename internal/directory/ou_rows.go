package directory

import (
	"context"

	"carrel/internal/store"
)

// LockOU reads a unit and locks its row until the transaction ends. CodeOUNotFound.
func LockOU(ctx context.Context, t *store.Tx, projectID, id string) (o OU, err error) {
	err = ous.Lock(ctx, t, projectID, id, &o)
	return o, err
}

// OUs reads a page of units, by name, and counts all that match.
func OUs(ctx context.Context, t *store.Tx, f OUQuery) ([]OU, int, error) {
	var units []OU
	q := store.Containing(ous.Select(t, f.ProjectID, &units), "name_folded", f.Name)
	total, err := store.ReadPage(ctx, q, f.Page, false, "name_folded", "id")
	return units, total, err
}

// DeleteOU deletes a unit. A missing row is a success.
func DeleteOU(ctx context.Context, t *store.Tx, o OU) error { return ous.Delete(ctx, t, &o) }
