package directory

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type ou struct {
	ID          string `bun:",pk"`
	ProjectID   string
	Name        string
	Description string
	Created     time.Time
	Updated     time.Time
}

type ouRow struct {
	bun.BaseModel `bun:"table:ous,alias:o"`
	ou
	NameFolded string
}

func (r ouRow) domain() OU { return OU(r.ou) }

func ouNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "ou_name: %q is in use", name)
}

func ouNotFound(id string) error {
	return workspace.Errorf(workspace.CodeOUNotFound, "organisational unit %q does not exist", id)
}

// InsertOU fails with CodeNameTaken.
func InsertOU(ctx context.Context, t *store.Tx, o OU) error {
	n, err := store.Affected(t.Inserting(&ouRow{ou: ou(o), NameFolded: store.Fold(o.Name)}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(ouNameTaken(o.Name))
	}
	return err
}

// LockOU reads a unit and holds its row until the transaction ends; CodeOUNotFound. So does LockOUByName, whatever the case.
func LockOU(ctx context.Context, t *store.Tx, projectID, id string) (OU, error) {
	var row ouRow
	q := t.NewSelect().Model(&row).Where("o.project_id = ? AND o.id = ?", projectID, id)
	err := store.Read(ctx, t.ForUpdate(q, "o"), ouNotFound(id))
	return row.domain(), err
}

// LockOUByName reads a unit by its name, whatever its case, and holds it until the transaction ends. CodeOUNotFound.
func LockOUByName(ctx context.Context, t *store.Tx, projectID, name string) (OU, error) {
	var row ouRow
	q := t.NewSelect().Model(&row).Where("o.project_id = ? AND o.name_folded = ?", projectID, store.Fold(name))
	err := store.Read(ctx, t.ForUpdate(q, "o"), ouNotFound(name))
	return row.domain(), err
}

// OUs are in the order of their names.
func OUs(ctx context.Context, t *store.Tx, f OUQuery) ([]OU, int, error) {
	var rows []ouRow
	q := t.NewSelect().Model(&rows).Where("o.project_id = ?", f.ProjectID)
	q = store.Containing(q, "o.name_folded", f.Name)
	total, err := store.ReadPage(ctx, q, f.Page, false, "o.name_folded", "o.id")
	return store.Convert(rows, ouRow.domain), total, err
}

// SaveOU writes name and description, and the name to the desktops and pools that are in the unit. CodeNameTaken.
// CodeOUNotFound when the row is missing.
func SaveOU(ctx context.Context, t *store.Tx, o OU) error {
	for _, within := range []string{"desktops", "pools"} {
		_, err := t.NewUpdate().Table(within).Set("ou_name = ?", o.Name).Where("project_id = ?", o.ProjectID).
			Where("ou_name <> ''").Where("ou_name = (SELECT name FROM ous WHERE id = ?)", o.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	row := ouRow{ou: ou(o), NameFolded: store.Fold(o.Name)}
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	return t.Saved(n, err, "ous_name_folded", ouNameTaken(o.Name), ouNotFound(o.ID))
}

// DeleteOU removes a unit. A missing row is a success.
func DeleteOU(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*ouRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
