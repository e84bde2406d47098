package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type capacity struct {
	ID       string `bun:",pk"`
	Classes  []string
	Size     int64
	Used     int64
	Promised int64
	Bound    int64
	Observed time.Time
}

type capacityRow struct {
	bun.BaseModel `bun:"table:capacities,alias:c"`
	capacity
}

// Capacities implements workspace.CapacityRows.
func (t *tx) Capacities(ctx context.Context) ([]workspace.Capacity, error) {
	return t.capacities(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// LockCapacities implements workspace.CapacityRows.
func (t *tx) LockCapacities(ctx context.Context) ([]workspace.Capacity, error) {
	return t.capacities(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return t.forUpdate(q, "c") })
}

func (t *tx) capacities(ctx context.Context, hold func(*bun.SelectQuery) *bun.SelectQuery) ([]workspace.Capacity, error) {
	var rows []capacityRow
	err := hold(t.NewSelect().Model(&rows).Order("c.id")).Scan(ctx)
	return convert(rows, func(r capacityRow) workspace.Capacity { return workspace.Capacity(r.capacity) }), err
}

// PutCapacities implements workspace.CapacityRows.
func (t *tx) PutCapacities(ctx context.Context, all []workspace.Capacity) error {
	return put(ctx, t, convert(all, func(c workspace.Capacity) capacityRow { return capacityRow{capacity: capacity(c)} }))
}

// DeleteCapacities implements workspace.CapacityRows.
func (t *tx) DeleteCapacities(ctx context.Context, but []string) error {
	q := t.NewDelete().Model((*capacityRow)(nil)).Where("TRUE")
	if len(but) > 0 {
		q = q.Where("id NOT IN (?)", bun.List(but))
	}
	_, err := q.Exec(ctx)
	return err
}

// PromisedDisks implements workspace.CapacityRows.
func (t *tx) PromisedDisks(ctx context.Context) (map[string]int64, error) {
	var sums []struct {
		Type string
		GB   int64 `bun:"gb"`
	}
	err := t.NewSelect().Model((*volumeRow)(nil)).Column("type").ColumnExpr("CAST(SUM(gb) AS BIGINT) AS gb").Group("type").Scan(ctx, &sums)
	promised := make(map[string]int64, len(sums))
	for _, s := range sums {
		promised[s.Type] = s.GB << 10
	}
	return promised, err
}

// PromisedMemory implements workspace.CapacityRows. A desktop in ERROR counts when it is started again.
func (t *tx) PromisedMemory(ctx context.Context) (int64, error) {
	var sum int64
	err := t.NewRaw(`SELECT CAST(COALESCE(SUM(p.memory_mib), 0) AS BIGINT) FROM desktops d JOIN products p ON p.id = d.product_id
		WHERE d.status NOT IN (?, ?)`, workspace.StatusShutoff, workspace.StatusError).Scan(ctx, &sum)
	return sum, err
}
