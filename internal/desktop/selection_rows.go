package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// selectionColumns are the attributes of desktops that callers' policies select by.
var selectionColumns = store.SelectionColumns{
	ID: "d.id", Enterprise: "d.enterprise_id",
	Tag: func(key string, patterns []workspace.TextPattern) (string, []any) {
		text, args := store.Matching("l.value", patterns)
		return "EXISTS (SELECT 1 FROM desktop_tags AS l WHERE l.desktop_id = d.id AND l.key = ? AND " + text + ")", append([]any{key}, args...)
	},
}

// ReadLabels reads, in one statement, what policies know a desktop of the project by. One that does not exist has only its id.
func ReadLabels(ctx context.Context, t *store.Tx, projectID, id string) (workspace.ResourceLabels, error) {
	var rows []struct{ EnterpriseID, Key, Value string }
	err := t.NewSelect().TableExpr("desktops AS d").Join("LEFT JOIN desktop_tags AS l ON l.desktop_id = d.id").
		ColumnExpr("d.enterprise_id, COALESCE(l.key, '') AS key, COALESCE(l.value, '') AS value").
		Where("d.project_id = ? AND d.id = ?", projectID, id).Order("l.position").Scan(ctx, &rows)
	labels := workspace.ResourceLabels{ID: id}
	for _, r := range rows {
		labels.EnterpriseID = r.EnterpriseID
		if r.Key != "" {
			labels.Tags = append(labels.Tags, workspace.Tag{Key: r.Key, Value: r.Value})
		}
	}
	return labels, err
}

// Labels reads what policies know a desktop by. One that does not exist has only its id.
func (s *Service) Labels(ctx context.Context, projectID, id string) (workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (workspace.ResourceLabels, error) { return ReadLabels(ctx, tx, projectID, id) })
}
