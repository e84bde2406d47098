package store

import (
	"context"
	"slices"
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
func (t *Tx) Capacities(ctx context.Context) ([]workspace.Capacity, error) {
	return t.capacities(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// LockCapacities implements workspace.CapacityRows.
func (t *Tx) LockCapacities(ctx context.Context) ([]workspace.Capacity, error) {
	return t.capacities(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return t.ForUpdate(q, "c") })
}

func (t *Tx) capacities(ctx context.Context, hold func(*bun.SelectQuery) *bun.SelectQuery) ([]workspace.Capacity, error) {
	var rows []capacityRow
	err := hold(t.NewSelect().Model(&rows).Order("c.id")).Scan(ctx)
	return Convert(rows, func(r capacityRow) workspace.Capacity { return workspace.Capacity(r.capacity) }), err
}

// PutCapacities implements workspace.CapacityRows.
func (t *Tx) PutCapacities(ctx context.Context, all []workspace.Capacity) error {
	return PutAll(ctx, t, Convert(all, func(c workspace.Capacity) capacityRow { return capacityRow{capacity: capacity(c)} }))
}

// DeleteCapacities implements workspace.CapacityRows.
func (t *Tx) DeleteCapacities(ctx context.Context, but []string) error {
	q := t.NewDelete().Model((*capacityRow)(nil)).Where("TRUE")
	if len(but) > 0 {
		q = q.Where("id NOT IN (?)", bun.List(but))
	}
	_, err := q.Exec(ctx)
	return err
}

type growth struct {
	SubJobID string `bun:",pk"`
	Type     string `bun:",pk"`
	MiB      int64  `bun:"mib"`
}

type growthRow struct {
	bun.BaseModel `bun:"table:growths,alias:g"`
	growth
}

// InsertGrowths implements workspace.CapacityRows.
func (t *Tx) InsertGrowths(ctx context.Context, all []workspace.Growth) error {
	if len(all) == 0 {
		return nil
	}
	rows := Convert(all, func(g workspace.Growth) growthRow { return growthRow{growth: growth(g)} })
	_, err := t.Inserting(&rows).Exec(ctx)
	return err
}

// Growths implements workspace.CapacityRows.
func (t *Tx) Growths(ctx context.Context, subJobIDs []string) ([]workspace.Growth, error) {
	var all []workspace.Growth
	for part := range slices.Chunk(subJobIDs, Batch) {
		var rows []growthRow
		if err := t.NewSelect().Model(&rows).Where("sub_job_id IN (?)", bun.List(part)).Order("sub_job_id", "type").Scan(ctx); err != nil {
			return nil, err
		}
		all = append(all, Convert(rows, func(r growthRow) workspace.Growth { return workspace.Growth(r.growth) })...)
	}
	return all, nil
}

// growing selects what sub-jobs that have not ended will take. All that were refused or have failed promise nothing.
const growing = "FROM growths g JOIN sub_jobs s ON s.id = g.sub_job_id WHERE s.state IN ('WAITING', 'RUNNING')"

// PromisedDisks implements workspace.CapacityRows.
func (t *Tx) PromisedDisks(ctx context.Context) (map[string]int64, error) {
	var sums []struct {
		Type string
		MiB  int64 `bun:"mib"`
	}
	err := t.NewRaw("SELECT type, CAST(SUM(mib) AS BIGINT) AS mib FROM (SELECT type, gb * 1024 AS mib FROM volumes UNION ALL SELECT g.type, g.mib "+
		growing+" AND g.type <> '') AS disks GROUP BY type").Scan(ctx, &sums)
	promised := make(map[string]int64, len(sums))
	for _, s := range sums {
		promised[s.Type] = s.MiB
	}
	return promised, err
}

// PromisedMemory implements workspace.CapacityRows. A desktop in ERROR counts when it is started again.
func (t *Tx) PromisedMemory(ctx context.Context) (int64, error) {
	var sum int64
	err := t.NewRaw(`SELECT CAST((SELECT COALESCE(SUM(p.memory_mib), 0) FROM desktops d JOIN products p ON p.id = d.product_id
		WHERE d.status NOT IN (?, ?)) + (SELECT COALESCE(SUM(g.mib), 0) `+growing+` AND g.type = '') AS BIGINT)`,
		workspace.StatusShutoff, workspace.StatusError).Scan(ctx, &sum)
	return sum, err
}
