package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

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

func (r exportRow) domain() workspace.Export {
	return workspace.Export{
		ID: r.ID, ProjectID: r.ProjectID, Name: r.Name, Downloaded: r.Downloaded, Created: r.Created, Expires: r.Expires,
	}
}

// InsertExport implements workspace.ExportRows.
func (t *Tx) InsertExport(ctx context.Context, e workspace.Export) error {
	rows, err := json.Marshal(e.Rows)
	if err != nil {
		return fmt.Errorf("writing the rows of an export: %w", err)
	}
	_, err = t.Inserting(&exportRow{
		ID: e.ID, ProjectID: e.ProjectID, Name: e.Name, NameFolded: Fold(e.Name), Rows: rows, Downloaded: e.Downloaded,
		Created: e.Created, Expires: e.Expires,
	}).Exec(ctx)
	return err
}

// ReadExport implements workspace.ExportRows.
func (t *Tx) ReadExport(ctx context.Context, projectID, id string) (workspace.Export, error) {
	var row exportRow
	err := Read(ctx, t.NewSelect().Model(&row).Where("e.project_id = ? AND e.id = ?", projectID, id),
		workspace.Errorf(workspace.CodeExportNotFound, "export %q does not exist", id))
	if err != nil {
		return workspace.Export{}, err
	}
	e := row.domain()
	if err := json.Unmarshal(row.Rows, &e.Rows); err != nil {
		return workspace.Export{}, fmt.Errorf("reading the rows of export %s: %w", id, err)
	}
	return e, nil
}

// Exports implements workspace.ExportRows.
func (t *Tx) Exports(ctx context.Context, f workspace.ExportQuery) ([]workspace.Export, int, error) {
	var rows []exportRow
	q := t.NewSelect().Model(&rows).ExcludeColumn("rows").Where("e.project_id = ?", f.ProjectID)
	q = Equal(q, "e.id", f.ID)
	q = Containing(q, "e.name_folded", f.Name)
	q = Is(q, "e.downloaded", f.Downloaded)
	if f.Expired != nil {
		q = q.Where("(e.expires <= ?) = ?", t.Now(), *f.Expired)
	}
	total, err := ReadPage(ctx, q, f.Page, f.Descending, "e.created", "e.id")
	return Convert(rows, exportRow.domain), total, err
}

// NoteDownload implements workspace.ExportRows. A missing row is a success.
func (t *Tx) NoteDownload(ctx context.Context, id string) error {
	_, err := t.NewUpdate().Model((*exportRow)(nil)).Set("downloaded = TRUE").Where("id = ?", id).Exec(ctx)
	return err
}

// DeleteExports implements workspace.ExportRows.
func (t *Tx) DeleteExports(ctx context.Context, projectID string, ids []string) (int, error) {
	return Affected(t.NewDelete().Model((*exportRow)(nil)).Where("project_id = ? AND id IN (?)", projectID, bun.List(ids)).Exec(ctx))
}
