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

// saveOU writes name and description, and the name to the desktops and pools in the unit. CodeNameTaken.
func saveOU(ctx context.Context, t *store.Tx, o OU) error {
	for _, within := range []string{"desktops", "pools"} {
		_, err := t.NewUpdate().Table(within).Set("ou_name = ?", o.Name).Where("project_id = ?", o.ProjectID).
			Where("ou_name <> ''").Where("ou_name = (SELECT name FROM ous WHERE id = ?)", o.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return ous.Save(ctx, t, &o)
}

// DeleteOU deletes a unit. A missing row is a success.
func DeleteOU(ctx context.Context, t *store.Tx, o OU) error { return ous.Delete(ctx, t, &o) }
