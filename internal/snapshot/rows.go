package snapshot

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Query selects snapshots of one project. Zero fields select all.
type Query struct {
	ProjectID    string
	IDs          []string
	DesktopIDs   []string
	DesktopName  string // part of it, ignoring case
	DesktopNames []string
	Name         string // likewise
	Names        []string
	System       *bool
	Automatic    *bool
	Status       string
	ByName       bool // sorted; otherwise by time
	Descending   bool
	Visible      *workspace.Selection // snapshots of desktops that the caller may see
	workspace.Page
}

// Snapshots reads a page of snapshots and counts all that match.
func Snapshots(ctx context.Context, t *store.Tx, f Query) ([]Snapshot, int, error) {
	var found []Snapshot
	q := t.NewSelect().Model(&found).ColumnExpr("s.*").ColumnExpr("d.name AS desktop_name, d.pool_id").Join("JOIN desktops AS d ON d.id = s.desktop_id").
		Where("s.project_id = ?", f.ProjectID)
	for column, values := range map[string][]string{"s.id": f.IDs, "s.desktop_id": f.DesktopIDs, "d.name_folded": store.FoldAll(f.DesktopNames), "s.name_folded": store.FoldAll(f.Names)} {
		if len(values) > 0 {
			q = q.Where("? IN (?)", bun.Ident(column), bun.List(values))
		}
	}
	q = store.Containing(q, "d.name_folded", f.DesktopName)
	q = store.Containing(q, "s.name_folded", f.Name)
	q = store.Equal(q, "s.status", f.Status)
	q = desktop.Selected(q, f.Visible)
	if f.System != nil {
		q = q.Where("s.system = ?", *f.System)
	}
	if f.Automatic != nil {
		q = q.Where("s.automatic = ?", *f.Automatic)
	}
	order := "s.created"
	if f.ByName {
		order = "s.name_folded"
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, order, "s.id")
	return found, total, err
}

// ofDesktops reads all snapshots of desktops, oldest first.
func ofDesktops(ctx context.Context, t *store.Tx, ids []string) ([]Snapshot, error) {
	var found []Snapshot
	if len(ids) == 0 {
		return nil, nil
	}
	err := t.NewSelect().Model(&found).Where("s.desktop_id IN (?)", bun.List(ids)).Order("s.created", "s.id").Scan(ctx)
	return found, err
}

func byIDs(ctx context.Context, t *store.Tx, projectID string, ids []string) ([]Snapshot, error) {
	found, _, err := Snapshots(ctx, t, Query{ProjectID: projectID, IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	return found, err
}

func insert(ctx context.Context, t *store.Tx, all []Snapshot) error {
	for i := range all {
		all[i].NameFolded = store.Fold(all[i].Name)
	}
	return store.InsertAll(ctx, t, all)
}

func mark(ctx context.Context, t *store.Tx, ids []string, status Status, reason string) error {
	q := t.NewUpdate().Model((*Snapshot)(nil)).Set("status = ?", status).Set("reason = ?", reason).Where("id IN (?)", bun.List(ids))
	if status == Restored {
		q = q.Set("restored = ?", t.Now())
	}
	_, err := q.Exec(ctx)
	return err
}

func remove(ctx context.Context, t *store.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := t.NewDelete().Model((*Snapshot)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// resting selects snapshots, of all projects, of desktops without a task.
func resting(t *store.Tx, found *[]Snapshot) *bun.SelectQuery {
	return t.NewSelect().Model(found).ColumnExpr("s.*").ColumnExpr("d.updated AS desktop_updated").
		Join("JOIN desktops AS d ON d.id = s.desktop_id").Where("d.task = ?", workspace.NoTask)
}

// Pending reads the snapshots, of all projects, that are being taken or restored although no work on their desktop is going on. There are at most
// those of the sub-jobs that failed since they were read last, however many snapshots there are.
func Pending(ctx context.Context, t *store.Tx) ([]Snapshot, error) {
	var found []Snapshot
	err := resting(t, &found).Where("s.status IN ('creating', 'restoring')").Order("s.desktop_id", "s.id").Scan(ctx) // as the index says it
	return found, err
}

// Resting reads snapshots of all projects' desktops without a task that are not in ERROR, by id: at most limit, after the id after.
func Resting(ctx context.Context, t *store.Tx, after string, limit int) ([]Snapshot, error) {
	var found []Snapshot
	err := resting(t, &found).Where("s.id > ?", after).Where("d.status <> ?", desktop.StatusError).Order("s.id").Limit(int64(limit)).Scan(ctx)
	return found, err
}
