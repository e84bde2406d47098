package desktop

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// selectionColumns are the attributes of desktops that callers' policies select by.
var selectionColumns = store.SelectionColumns{ID: "d.id", Enterprise: "d.enterprise_id", Tag: store.TagOfDesktop("d.id")}

// Selected restricts a query of desktops, as d, to those that a caller may see.
func Selected(q *bun.SelectQuery, visible *workspace.Selection) *bun.SelectQuery {
	return store.Selected(q, visible, selectionColumns)
}

// ReadLabels reads what policies know desktops of the project by, in the order of the ids. One that does not exist has only its id.
func ReadLabels(ctx context.Context, t *store.Tx, projectID string, ids []string) ([]workspace.ResourceLabels, error) {
	found := make(map[string]*workspace.ResourceLabels, len(ids))
	for _, id := range ids {
		found[id] = &workspace.ResourceLabels{ID: id}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(found)), store.Batch) {
		var rows []struct{ ID, EnterpriseID, Key, Value string }
		err := t.NewSelect().TableExpr("desktops AS d").Join("LEFT JOIN desktop_tags AS l ON l.desktop_id = d.id").
			ColumnExpr("d.id, d.enterprise_id, COALESCE(l.key, '') AS key, COALESCE(l.value, '') AS value").
			Where("d.project_id = ? AND d.id IN (?)", projectID, bun.List(part)).Order("d.id", "l.position").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			of := found[r.ID]
			of.EnterpriseID = r.EnterpriseID
			if r.Key != "" {
				of.Tags = append(of.Tags, workspace.Tag{Key: r.Key, Value: r.Value})
			}
		}
	}
	return store.Convert(ids, func(id string) workspace.ResourceLabels { return *found[id] }), nil
}

// Labels reads what policies know desktops by, in the order of the ids. One that does not exist has only its id.
func (s *Service) Labels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) { return ReadLabels(ctx, tx, projectID, ids) })
}
