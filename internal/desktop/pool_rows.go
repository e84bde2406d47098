package desktop

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// holdPools holds the pools of desktops that are to be inserted until the transaction ends, so that none is deleted meanwhile.
func holdPools(ctx context.Context, t *store.Tx, rows []desktopRow) error {
	wanted := map[string]bool{}
	for _, r := range rows {
		if r.PoolID != "" {
			wanted[r.PoolID] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var held []string
	q := t.NewSelect().TableExpr("pools AS p").Column("p.id").Where("p.id IN (?)", bun.List(slices.Sorted(maps.Keys(wanted)))).Order("p.id")
	if err := t.ForUpdate(q, "p").Scan(ctx, &held); err != nil {
		return err
	}
	if len(held) < len(wanted) {
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the desktops' pool was deleted meanwhile"))
	}
	return PoolsChanged(ctx, t, held...)
}

// MemberKind is desktops of a pool that are alike. The Member says how: it has no id, name, image or times.
type MemberKind struct {
	Member
	Count int
}

// PoolDue notes that a pool is to be looked after at a time.
type PoolDue struct {
	ID     string
	PoolID string
	At     time.Time
}
