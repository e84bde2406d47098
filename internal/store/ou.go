package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

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

func (r ouRow) domain() workspace.OU { return workspace.OU(r.ou) }

func ouNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "ou_name: %q is in use", name)
}

func ouNotFound(id string) error {
	return workspace.Errorf(workspace.CodeOUNotFound, "organisational unit %q does not exist", id)
}

// InsertOU implements workspace.OURows.
func (t *Tx) InsertOU(ctx context.Context, o workspace.OU) error {
	n, err := Affected(t.Inserting(&ouRow{ou: ou(o), NameFolded: Fold(o.Name)}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(ouNameTaken(o.Name))
	}
	return err
}

// LockOU implements workspace.OURows.
func (t *Tx) LockOU(ctx context.Context, projectID, id string) (workspace.OU, error) {
	var row ouRow
	q := t.NewSelect().Model(&row).Where("o.project_id = ? AND o.id = ?", projectID, id)
	err := Read(ctx, t.ForUpdate(q, "o"), ouNotFound(id))
	return row.domain(), err
}

// LockOUByName implements workspace.OURows.
func (t *Tx) LockOUByName(ctx context.Context, projectID, name string) (workspace.OU, error) {
	var row ouRow
	q := t.NewSelect().Model(&row).Where("o.project_id = ? AND o.name_folded = ?", projectID, Fold(name))
	err := Read(ctx, t.ForUpdate(q, "o"), ouNotFound(name))
	return row.domain(), err
}

// OUs implements workspace.OURows.
func (t *Tx) OUs(ctx context.Context, f workspace.OUQuery) ([]workspace.OU, int, error) {
	var rows []ouRow
	q := t.NewSelect().Model(&rows).Where("o.project_id = ?", f.ProjectID)
	q = Containing(q, "o.name_folded", f.Name)
	total, err := ReadPage(ctx, q, f.Page, false, "o.name_folded", "o.id")
	return Convert(rows, ouRow.domain), total, err
}

// SaveOU implements workspace.OURows. CodeOUNotFound when the row is missing.
func (t *Tx) SaveOU(ctx context.Context, o workspace.OU) error {
	for _, within := range []string{"desktops", "pools"} {
		_, err := t.NewUpdate().Table(within).Set("ou_name = ?", o.Name).Where("project_id = ?", o.ProjectID).
			Where("ou_name <> ''").Where("ou_name = (SELECT name FROM ous WHERE id = ?)", o.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	row := ouRow{ou: ou(o), NameFolded: Fold(o.Name)}
	n, err := Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	return t.Saved(n, err, "ous_name_folded", ouNameTaken(o.Name), ouNotFound(o.ID))
}

// DeleteOU implements workspace.OURows.
func (t *Tx) DeleteOU(ctx context.Context, id string) error {
	_, err := t.NewDelete().Model((*ouRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
