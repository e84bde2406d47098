package directory

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// selectionColumns are the attributes of users that callers' policies select by. Users have no tags.
var selectionColumns = store.SelectionColumns{
	ID: "u.id", Enterprise: "u.enterprise_id",
	Tag: func(string, []workspace.TextPattern) (string, []any) { return "FALSE", nil },
}

// Labels reads, in one statement, what policies know users of the project by, in the order of the ids. One that does not exist has only its id.
func (s *Service) Labels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) {
		var rows []struct{ ID, EnterpriseID string }
		err := tx.NewSelect().TableExpr("users AS u").Column("u.id", "u.enterprise_id").
			Where("u.project_id = ? AND u.id IN (?)", projectID, bun.List(ids)).Scan(ctx, &rows)
		of := map[string]string{}
		for _, r := range rows {
			of[r.ID] = r.EnterpriseID
		}
		return store.Convert(ids, func(id string) workspace.ResourceLabels {
			return workspace.ResourceLabels{ID: id, EnterpriseID: of[id]}
		}), err
	})
}
