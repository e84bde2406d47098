package script

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// selectionColumns are the attributes of records that callers' policies select by: the enterprise project and the tags are those of the desktop.
var selectionColumns = store.SelectionColumns{ID: "r.script_id", Enterprise: "r.enterprise_id", Tag: store.TagOfDesktop("r.desktop_id")}

// visible adds the condition that the caller may see a task: its pool, or all desktops that it has records of.
func visible(q *bun.SelectQuery, f TaskQuery) *bun.SelectQuery {
	switch {
	case f.Visible == nil:
		return q
	case f.ByPool:
		return store.Selected(q.Join("JOIN pools AS p ON p.id = t.pool_id"), f.Visible, pool.SelectionColumns)
	}
	text, args := selectionColumns.In(f.Visible)
	return q.Where("EXISTS (SELECT 1 FROM script_records AS r WHERE r.task_id = t.id)").
		Where("NOT EXISTS (SELECT 1 FROM script_records AS r WHERE r.task_id = t.id AND NOT "+text+")", args...)
}

// RecordLabels reads what policies know records by, in the order of the ids. One that does not exist has only its id.
func (s *Service) RecordLabels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) {
		return labelsOf(ctx, tx, projectID, "r.id", ids)
	})
}

// TaskLabels reads what policies know a task by: the enterprise projects and tags of the desktops that it has records of.
func (s *Service) TaskLabels(ctx context.Context, projectID, id string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) {
		return labelsOf(ctx, tx, projectID, "r.task_id", []string{id})
	})
}

// labelsOf reads the labels of records with one of the values in a column. If there are none, there is one without any.
func labelsOf(ctx context.Context, t *store.Tx, projectID, column string, values []string) ([]workspace.ResourceLabels, error) {
	var rows []struct{ ID, ScriptID, EnterpriseID, Key, Value string }
	err := t.NewSelect().TableExpr("script_records AS r").Join("LEFT JOIN desktop_tags AS l ON l.desktop_id = r.desktop_id").
		ColumnExpr("r.id, r.script_id, r.enterprise_id, COALESCE(l.key, '') AS key, COALESCE(l.value, '') AS value").
		Where("r.project_id = ? AND ? IN (?)", projectID, bun.Ident(column), bun.List(values)).Order("r.id", "l.position").Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return []workspace.ResourceLabels{{}}, err
	}
	var all []workspace.ResourceLabels
	last := ""
	for _, r := range rows {
		if r.ID != last {
			all, last = append(all, workspace.ResourceLabels{ID: r.ScriptID, EnterpriseID: r.EnterpriseID}), r.ID
		}
		if r.Key != "" {
			of := &all[len(all)-1]
			of.Tags = append(of.Tags, workspace.Tag{Key: r.Key, Value: r.Value})
		}
	}
	return all, nil
}

// MoveRecords puts the records of desktops into another enterprise project.
func MoveRecords(ctx context.Context, t *store.Tx, desktopIDs []string, enterpriseID string) error {
	for part := range slices.Chunk(desktopIDs, store.Batch) {
		_, err := t.NewUpdate().TableExpr("script_records").Set("enterprise_id = ?", enterpriseID).Where("desktop_id IN (?)", bun.List(part)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
