package volume

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
)

// owners returns the ids of the desktops that have these disks, by the disk's id. Disks that do not exist, or are another project's, are missing.
func owners(ctx context.Context, tx *store.Tx, projectID string, ids []string) (map[string]string, error) {
	found := map[string]string{}
	for part := range slices.Chunk(ids, store.Batch) {
		var rows []struct{ ID, DesktopID string }
		err := tx.NewSelect().TableExpr("volumes AS v").ColumnExpr("v.id, v.desktop_id").Join("JOIN desktops AS d ON d.id = v.desktop_id").
			Where("v.id IN (?)", bun.List(part)).Where("d.project_id = ?", projectID).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[r.ID] = r.DesktopID
		}
	}
	return found, nil
}
