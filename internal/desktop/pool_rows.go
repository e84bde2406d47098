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

// holdPools locks the pools of desktops that are to be inserted until the transaction ends, so that none is deleted meanwhile.
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
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the desktops' pool was deleted in the meantime"))
	}
	return PoolsChanged(ctx, t, held...)
}

// MemberKind is a number of like desktops of a pool. Member says how they are alike: it has no id, name, image or times.
type MemberKind struct {
	Member
	Count int
}

// PoolDue says that a pool is to be reconciled at a time.
type PoolDue struct {
	ID     string
	PoolID string
	At     time.Time
}

// RolloutOrders reads, by desktop, the OrderID of the last rollout that concerns it and has one, in one statement for a page of
// desktops. Rollouts that skipped the desktop, or stopped before its turn, do not count. For each desktop it reads the rollouts
// of its pool from the newest back.
func RolloutOrders(ctx context.Context, t *store.Tx, desktopIDs []string) (map[string]string, error) {
	orders := make(map[string]string, len(desktopIDs))
	for part := range slices.Chunk(desktopIDs, store.Batch) {
		var rows []struct{ ID, OrderID string }
		err := t.NewRaw(`SELECT d.id, COALESCE((SELECT r.order_id FROM rollouts AS r
				JOIN rollout_items AS i ON i.job_id = r.job_id AND i.desktop_id = d.id
				WHERE r.pool_id = d.pool_id AND r.order_id <> '' AND i.state NOT IN ('SKIPPED', 'STOPPED')
				ORDER BY r.created DESC LIMIT 1), '') AS order_id
			FROM desktops AS d WHERE d.id IN (?)`,
			bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.OrderID != "" {
				orders[r.ID] = r.OrderID
			}
		}
	}
	return orders, nil
}
