package pool

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// InEnterprise is desktop.InEnterprise for pools.
func InEnterprise(t *store.Tx, enterpriseID, kind string) *bun.SelectQuery {
	return t.NewSelect().TableExpr("pools AS p").ColumnExpr("? AS type, p.id, p.name, p.name_folded, p.project_id, p.created", kind).
		Where("p.enterprise_id = ?", enterpriseID)
}

// MoveToEnterprise puts a pool into another enterprise project, which the transaction holds: new desktops are made in it. With desktops the
// existing ones that are in from move, too; their ids are returned. CodePoolNotFound; CodeConflict if the pool is not in from.
func MoveToEnterprise(ctx context.Context, t *store.Tx, projectID, id, from, to string, desktops bool) ([]string, error) {
	p, err := LockPool(ctx, t, projectID, id)
	if err != nil {
		return nil, err
	}
	if p.EnterpriseID != from {
		return nil, workspace.Errorf(workspace.CodeConflict, "pool %s was moved to another enterprise project at the same moment, try again", p.Name)
	}
	p.EnterpriseID = to
	if err := SavePool(ctx, t, p); err != nil || !desktops {
		return nil, err
	}
	return desktop.MovePoolToEnterprise(ctx, t, id, from, to)
}
