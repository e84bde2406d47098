package desktop

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type due struct {
	ID     string `bun:",pk"`
	PoolID string
	At     time.Time
}

type dueRow struct {
	bun.BaseModel `bun:"table:pool_dues,alias:o"`
	due
}

func (r dueRow) domain() PoolDue { return PoolDue(r.due) }

// changedPools are the pools that a transaction has marked as changed.
type changedPools map[string]bool

// PoolsChanged makes pools due for reconciling, once per transaction, and signals the reconcilers. Empty ids, of desktops outside
// pools, are ignored.
func PoolsChanged(ctx context.Context, t *store.Tx, poolIDs ...string) error {
	noted := store.Kept[changedPools](t)
	var rows []dueRow
	for _, id := range poolIDs {
		if id == "" || (*noted)[id] {
			continue
		}
		if *noted == nil {
			*noted = changedPools{}
		}
		(*noted)[id] = true
		rows = append(rows, dueRow{due: due{ID: workspace.NewID(), PoolID: id, At: t.Now()}})
	}
	if err := store.InsertAll(ctx, t, rows); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	return t.WakeWorkers(ctx)
}

// PoolsOfGroupChanged makes the pools due that a group has access to.
func PoolsOfGroupChanged(ctx context.Context, t *store.Tx, groupID string) error {
	var ids []string
	err := t.NewSelect().TableExpr("pool_grants AS g").Column("g.pool_id").Where("g.group_id = ?", groupID).Order("g.pool_id").Scan(ctx, &ids)
	if err != nil {
		return err
	}
	return PoolsChanged(ctx, t, ids...)
}

// DuePools reads all dues of the pools that are due, at most limit pools, those that have been due longest.
func DuePools(ctx context.Context, t *store.Tx, limit int) ([]PoolDue, error) {
	var rows []dueRow
	err := t.NewRaw(`
		SELECT o.* FROM pool_dues AS o WHERE o.pool_id IN
			(SELECT p.pool_id FROM pool_dues AS p WHERE p.at <= ?0 GROUP BY p.pool_id ORDER BY min(p.at), p.pool_id LIMIT ?1)
		ORDER BY o.pool_id, o.at, o.id`, t.Now(), limit).Scan(ctx, &rows)
	return store.Convert(rows, dueRow.domain), err
}

// NextPoolDue returns when the next pool is due, or the zero time.
func NextPoolDue(ctx context.Context, t *store.Tx) (time.Time, error) {
	var row dueRow
	err := t.NewSelect().Model(&row).Order("o.at").Limit(1).Scan(ctx)
	return row.At, store.IgnoreNoRows(err)
}

// SettlePools deletes the dues that were read before the pools were reconciled, and no others: later changes have dues of their
// own. The pools in next become due again at these times, unless zero. Concurrent calls for the same pools are harmless.
func SettlePools(ctx context.Context, t *store.Tx, seen []PoolDue, next map[string]time.Time) error {
	ids := make([]string, len(seen))
	for i, d := range seen {
		ids[i] = d.ID
	}
	slices.Sort(ids) // in the same order for all callers, so that two of them cannot deadlock
	for part := range slices.Chunk(ids, store.Batch) {
		if _, err := t.NewDelete().Model((*dueRow)(nil)).Where("id IN (?)", bun.List(part)).Exec(ctx); err != nil {
			return err
		}
	}
	var rows []dueRow
	for poolID, at := range next {
		if !at.IsZero() {
			rows = append(rows, dueRow{due: due{ID: workspace.NewID(), PoolID: poolID, At: at}})
		}
	}
	return store.InsertAll(ctx, t, rows)
}
