package export

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// exportRow is an export with the columns that only searches need.
type exportRow struct {
	store.BaseModel `bun:"table:exports,alias:e"`
	Export
	NameFolded string // for searches
}

// Insert inserts an export.
func Insert(ctx context.Context, t *store.Tx, e Export) error {
	_, err := t.Inserting(&exportRow{Export: e, NameFolded: store.Fold(e.Name)}).Exec(ctx)
	return err
}

// Read reads an export with its rows. CodeExportNotFound.
func Read(ctx context.Context, t *store.Tx, projectID, id string) (e Export, err error) {
	err = store.Read(ctx, t.NewSelect().Model(&e).Where("e.project_id = ? AND e.id = ?", projectID, id),
		workspace.Errorf(workspace.CodeExportNotFound, "export %q does not exist", id))
	return e, err
}

// Exports reads a page of exports, in the order in which they were created, without their rows, and counts all that match.
func Exports(ctx context.Context, t *store.Tx, f Query) ([]Export, int, error) {
	var found []Export
	q := t.NewSelect().Model(&found).ExcludeColumn("rows").Where("e.project_id = ?", f.ProjectID)
	q = store.Equal(q, "e.id", f.ID)
	q = store.Containing(q, "e.name_folded", f.Name)
	q = store.Is(q, "e.downloaded", f.Downloaded)
	if f.Expired != nil {
		q = q.Where("(e.expires <= ?) = ?", t.Now(), *f.Expired)
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, "e.created", "e.id")
	return found, total, err
}

// NoteDownload marks an export as downloaded. A missing row is a success.
func NoteDownload(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewUpdate().Model((*Export)(nil)).Set("downloaded = TRUE").Where("id = ?", id).Exec(ctx)
	return err
}

// Delete deletes exports of a project and returns how many there were.
func Delete(ctx context.Context, t *store.Tx, projectID string, ids []string) (int, error) {
	return store.Affected(t.NewDelete().Model((*Export)(nil)).Where("project_id = ? AND id IN (?)", projectID, bun.List(ids)).Exec(ctx))
}
