package capacity

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
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

// Capacities reads the capacities of storage pools and memory, by id.
func Capacities(ctx context.Context, t *store.Tx) ([]Capacity, error) {
	return capacities(ctx, t, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// LockCapacities reads all capacities in the order of their ids, and locks them until the transaction ends. Lock all other rows
// before.
func LockCapacities(ctx context.Context, t *store.Tx) ([]Capacity, error) {
	return capacities(ctx, t, func(q *bun.SelectQuery) *bun.SelectQuery { return t.ForUpdate(q, "c") })
}

func capacities(ctx context.Context, t *store.Tx, hold func(*bun.SelectQuery) *bun.SelectQuery) ([]Capacity, error) {
	var rows []capacityRow
	err := hold(t.NewSelect().Model(&rows).Order("c.id")).Scan(ctx)
	return store.Convert(rows, func(r capacityRow) Capacity { return Capacity(r.capacity) }), err
}

// PutCapacities inserts capacities or replaces those with the same id.
func PutCapacities(ctx context.Context, t *store.Tx, all []Capacity) error {
	return store.PutAll(ctx, t, store.Convert(all, func(c Capacity) capacityRow { return capacityRow{capacity: capacity(c)} }))
}

// DeleteCapacities deletes all capacities but those with these ids.
func DeleteCapacities(ctx context.Context, t *store.Tx, but []string) error {
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

// InsertGrowths inserts growths of existing sub-jobs. They are deleted with the sub-job.
func InsertGrowths(ctx context.Context, t *store.Tx, all []Growth) error {
	if len(all) == 0 {
		return nil
	}
	rows := store.Convert(all, func(g Growth) growthRow { return growthRow{growth: growth(g)} })
	_, err := t.Inserting(&rows).Exec(ctx)
	return err
}

// Growths reads the growths of sub-jobs.
func Growths(ctx context.Context, t *store.Tx, subJobIDs []string) ([]Growth, error) {
	var all []Growth
	for part := range slices.Chunk(subJobIDs, store.Batch) {
		var rows []growthRow
		if err := t.NewSelect().Model(&rows).Where("sub_job_id IN (?)", bun.List(part)).Order("sub_job_id", "type").Scan(ctx); err != nil {
			return nil, err
		}
		all = append(all, store.Convert(rows, func(r growthRow) Growth { return Growth(r.growth) })...)
	}
	return all, nil
}

// growing selects the growths of sub-jobs that have not ended. A sub-job that was refused or has failed promises nothing.
const growing = "FROM growths g JOIN sub_jobs s ON s.id = g.sub_job_id WHERE s.state IN ('WAITING', 'RUNNING')"

// PromisedDisks sums the disks of all desktops by volume type, in MiB, with the growths of sub-jobs that have not ended.
func PromisedDisks(ctx context.Context, t *store.Tx) (map[string]int64, error) {
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

// PromisedMemory sums the memory of all desktops that are not off, in MiB, with the growths of sub-jobs that have not ended. A
// desktop in ERROR counts only once it is started again.
func PromisedMemory(ctx context.Context, t *store.Tx) (int64, error) {
	var sum int64
	err := t.NewRaw(`SELECT CAST((SELECT COALESCE(SUM(p.memory_mib), 0) FROM desktops d JOIN products p ON p.id = d.product_id
		WHERE d.status NOT IN ('SHUTOFF', 'ERROR')) + (SELECT COALESCE(SUM(g.mib), 0) `+growing+` AND g.type = '') AS BIGINT)`).Scan(ctx, &sum)
	return sum, err
}
