package pool

import (
	"context"
	"encoding/json"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SelectionColumns are the attributes of pools, as p, that callers' policies select by.
var SelectionColumns = store.SelectionColumns{ID: "p.id", Enterprise: "p.enterprise_id", Tag: hasTag}

// hasTag looks for the beginning of the tag in the JSON of a pool's tags. It cannot begin within a text, where quotes are escaped. SQLite and
// PostgreSQL have in common that replace distinguishes upper and lower case.
func hasTag(key string, patterns []workspace.TextPattern) (string, []any) {
	var either []string
	var args []any
	for _, p := range patterns {
		text, err := json.Marshal(workspace.Tag{Key: key, Value: p.Text})
		if err != nil {
			panic(err) // two texts
		}
		beginning := string(text)
		if p.Prefix {
			beginning = strings.TrimSuffix(beginning, `"}`)
		}
		either, args = append(either, "replace(p.tags, ?, '') <> p.tags"), append(args, beginning)
	}
	return "(" + strings.Join(either, " OR ") + ")", args
}

// Labels reads, in one statement, what policies know a pool of the project by. One that does not exist has only its id.
func (s *Service) Labels(ctx context.Context, projectID, id string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) {
		var rows []poolRow
		err := tx.NewSelect().Model(&rows).Column("enterprise_id", "tags").Where("project_id = ? AND id = ?", projectID, id).Scan(ctx)
		labels := workspace.ResourceLabels{ID: id}
		for _, r := range rows {
			labels.EnterpriseID, labels.Tags = r.EnterpriseID, r.Tags
		}
		return []workspace.ResourceLabels{labels}, err
	})
}
