package export

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type exportRow struct {
	bun.BaseModel `bun:"table:exports,alias:e"`
	ID            string `bun:",pk"`
	ProjectID     string
	Name          string
	NameFolded    string
	Rows          json.RawMessage
	Downloaded    bool
	Created       time.Time
	Expires       time.Time
}

func (r exportRow) domain() Export {
	return Export{
		ID: r.ID, ProjectID: r.ProjectID, Name: r.Name, Downloaded: r.Downloaded, Created: r.Created, Expires: r.Expires,
	}
}

// InsertExport adds an export.
func InsertExport(ctx context.Context, t *store.Tx, e Export) error {
	rows, err := json.Marshal(e.Rows)
	if err != nil {
		return fmt.Errorf("writing the rows of an export: %w", err)
	}
	_, err = t.Inserting(&exportRow{
		ID: e.ID, ProjectID: e.ProjectID, Name: e.Name, NameFolded: store.Fold(e.Name), Rows: rows, Downloaded: e.Downloaded,
		Created: e.Created, Expires: e.Expires,
	}).Exec(ctx)
	return err
}

// ReadExport reads an export with its rows; CodeExportNotFound.
func ReadExport(ctx context.Context, t *store.Tx, projectID, id string) (Export, error) {
	var row exportRow
	err := store.Read(ctx, t.NewSelect().Model(&row).Where("e.project_id = ? AND e.id = ?", projectID, id),
		workspace.Errorf(workspace.CodeExportNotFound, "export %q does not exist", id))
	if err != nil {
		return Export{}, err
	}
	e := row.domain()
	if err := json.Unmarshal(row.Rows, &e.Rows); err != nil {
		return Export{}, fmt.Errorf("reading the rows of export %s: %w", id, err)
	}
	return e, nil
}

// Exports are in the order in which they were made, without their rows.
func Exports(ctx context.Context, t *store.Tx, f ExportQuery) ([]Export, int, error) {
	var rows []exportRow
	q := t.NewSelect().Model(&rows).ExcludeColumn("rows").Where("e.project_id = ?", f.ProjectID)
	q = store.Equal(q, "e.id", f.ID)
	q = store.Containing(q, "e.name_folded", f.Name)
	q = store.Is(q, "e.downloaded", f.Downloaded)
	if f.Expired != nil {
		q = q.Where("(e.expires <= ?) = ?", t.Now(), *f.Expired)
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, "e.created", "e.id")
	return store.Convert(rows, exportRow.domain), total, err
}

// NoteDownload marks an export as fetched.
// A missing row is a success.
func NoteDownload(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewUpdate().Model((*exportRow)(nil)).Set("downloaded = TRUE").Where("id = ?", id).Exec(ctx)
	return err
}

// DeleteExports removes exports of a project and returns how many there were.
func DeleteExports(ctx context.Context, t *store.Tx, projectID string, ids []string) (int, error) {
	return store.Affected(t.NewDelete().Model((*exportRow)(nil)).Where("project_id = ? AND id IN (?)", projectID, bun.List(ids)).Exec(ctx))
}
