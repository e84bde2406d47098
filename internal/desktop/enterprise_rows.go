package desktop

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// InEnterprise selects the desktops in an enterprise project, in the columns that all kinds of its resources have: type, id, name, name_folded,
// project_id, created.
func InEnterprise(t *store.Tx, enterpriseID, kind string) *bun.SelectQuery {
	return t.NewSelect().TableExpr("desktops AS d").ColumnExpr("? AS type, d.id, d.name, d.name_folded, d.project_id, d.created", kind).
		Where("d.enterprise_id = ?", enterpriseID)
}

// MoveToEnterprise puts a desktop into another enterprise project, which the transaction holds, with what is kept of its jobs.
// CodeDesktopNotFound; CodeConflict if the desktop is not in from.
func MoveToEnterprise(ctx context.Context, t *store.Tx, projectID, id, from, to string) error {
	moved, err := moveToEnterprise(ctx, t, to, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.project_id = ? AND d.id = ?", projectID, id)
	}, func(d desktopRow) error {
		if d.EnterpriseID != from {
			return workspace.Errorf(workspace.CodeConflict, "desktop %s was moved to another enterprise project at the same moment, try again", d.Name)
		}
		return nil
	})
	if err == nil && len(moved) == 0 {
		err = NotFound(id)
	}
	return err
}

// MovePoolToEnterprise is MoveToEnterprise for all desktops of a pool that are in from. The caller has locked the pool. It returns their ids.
func MovePoolToEnterprise(ctx context.Context, t *store.Tx, poolID, from, to string) ([]string, error) {
	return moveToEnterprise(ctx, t, to, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.pool_id = ? AND d.enterprise_id = ?", poolID, from)
	}, func(desktopRow) error { return nil })
}

func moveToEnterprise(ctx context.Context, t *store.Tx, to string, which func(*bun.SelectQuery) *bun.SelectQuery, may func(desktopRow) error) ([]string, error) {
	var rows []desktopRow
	q := which(t.NewSelect().Model(&rows).Column("id", "name", "enterprise_id")).Order("d.id")
	if err := t.ForUpdate(q, "d").Scan(ctx); err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		if err := may(r); err != nil {
			return nil, err
		}
		ids[i] = r.ID
		if r.EnterpriseID != to {
			t.Audit(Desktop(r.desktop).Resource(), "", workspace.FieldChange{Field: "enterprise_id", Old: r.EnterpriseID, New: to})
		}
	}
	for part := range slices.Chunk(ids, store.Batch) {
		_, err := t.NewUpdate().TableExpr("desktops").Set("enterprise_id = ?, updated = ?", to, t.Now()).Where("id IN (?)", bun.List(part)).Exec(ctx)
		if err == nil {
			err = t.MoveSubJobs(ctx, part, to)
		}
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}
