package enterprise

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
)

// resources reads a page of resources, in the order in which they were created, and counts all that match.
func resources(ctx context.Context, t *store.Tx, f ResourceQuery) ([]Resource, int, error) {
	var all *bun.SelectQuery
	for _, kind := range ResourceTypes {
		if !slices.Contains(f.Types, kind) {
			continue
		}
		var its *bun.SelectQuery
		switch kind {
		case Desktop:
			its = desktop.InEnterprise(t, f.ID, string(kind))
		case Pool:
			its = pool.InEnterprise(t, f.ID, string(kind))
		}
		if all == nil {
			all = its
		} else {
			all = all.UnionAll(its)
		}
	}
	var found []Resource
	q := t.NewSelect().Model(&found).ModelTableExpr("(?) AS r", all).ColumnExpr("r.type, r.id, r.name, r.project_id, o.name AS project_name").
		Join("JOIN projects AS o ON o.id = r.project_id").Where("o.account_id = ?", f.AccountID)
	q = store.Among(q, "r.project_id", f.Projects)
	q = store.Equal(q, "r.project_id", f.Only)
	for _, name := range f.Names {
		q = store.Containing(q, "r.name_folded", name)
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "r.created", "r.id")
	return found, total, err
}
