package quota

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// figures are limits as they are stored: NULL is what all projects have, -1 no limit.
type figures struct {
	Desktops  *int64
	Cores     *int64
	MemoryMiB *int64 `bun:"memory_mib"`
	Volumes   *int64
	Gigabytes *int64
	Users     *int64
}

type row struct {
	bun.BaseModel `bun:"table:quotas,alias:q"`
	ProjectID     string `bun:",pk"`
	figures
}

func (f *figures) of(r Resource) **int64 {
	switch r {
	case Desktops:
		return &f.Desktops
	case Cores:
		return &f.Cores
	case Memory:
		return &f.MemoryMiB
	case Volumes:
		return &f.Volumes
	case Gigabytes:
		return &f.Gigabytes
	default:
		return &f.Users
	}
}

// limits returns the figures that limit something.
func (f figures) limits() Amounts {
	limits := Amounts{}
	for _, r := range Resources {
		if limit := *f.of(r); limit != nil && *limit >= 0 {
			limits[r] = *limit
		}
	}
	return limits
}

// effective selects a project's figures: its own (q), or those of all projects (e).
func effective(q *bun.SelectQuery) *bun.SelectQuery {
	for _, column := range []string{"desktops", "cores", "memory_mib", "volumes", "gigabytes", "users"} {
		q = q.ColumnExpr("COALESCE(q.?, e.?) AS ?", bun.Ident(column), bun.Ident(column), bun.Ident(column))
	}
	return q
}

// lockWithLimits locks the project's subscription until the transaction ends, and reads it together with the project's limits.
func lockWithLimits(ctx context.Context, tx *store.Tx, projectID string) (workspace.Subscription, Amounts, error) {
	var found struct {
		store.SubscriptionRow
		figures
	}
	q := tx.NewSelect().TableExpr("subscriptions AS o").ColumnExpr("o.*")
	q = effective(q).Join("LEFT JOIN quotas AS q ON q.project_id = o.project_id").Join("LEFT JOIN quotas AS e ON e.project_id = ''").
		Where("o.project_id = ?", projectID)
	if err := store.Read(ctx, tx.ForUpdate(q, "o"), workspace.NotSubscribed(projectID), &found); err != nil {
		return workspace.Subscription{}, nil, err
	}
	return found.Subscription(), found.limits(), nil
}

// Limits reads a project's limits.
func Limits(ctx context.Context, tx *store.Tx, projectID string) (Amounts, error) {
	var found figures
	q := tx.NewSelect().TableExpr("(SELECT CAST(? AS TEXT) AS project_id) AS o", projectID)
	err := effective(q).Join("LEFT JOIN quotas AS q ON q.project_id = o.project_id AND q.project_id <> ''").Join("LEFT JOIN quotas AS e ON e.project_id = ''").
		Scan(ctx, &found)
	return found.limits(), err
}

// Used counts what a project has: desktops in every state with their disks, what sub-jobs are about to add to them, and users. With a zone it
// counts only the desktops in it.
func Used(ctx context.Context, tx *store.Tx, projectID, zone string) (Amounts, error) {
	var found struct{ Desktops, Cores, Memory, Volumes, Gigabytes, Users int64 }
	err := tx.NewRaw(`WITH own AS (SELECT d.id, d.product_id FROM desktops AS d WHERE d.project_id = ?0 AND (?1 = '' OR d.zone = ?1)),
		growing AS (SELECT g.* FROM quota_growths AS g JOIN sub_jobs AS s ON s.id = g.sub_job_id JOIN own ON own.id = s.desktop_id
			WHERE g.project_id = ?0 AND s.state IN ('WAITING', 'RUNNING')),
		more AS (SELECT COALESCE(SUM(cores), 0) AS cores, COALESCE(SUM(memory_mib), 0) AS memory, COALESCE(SUM(volumes), 0) AS volumes,
			COALESCE(SUM(gigabytes), 0) AS gigabytes FROM growing),
		sizes AS (SELECT COUNT(*) AS desktops, COALESCE(SUM(p.cpus), 0) AS cores, COALESCE(SUM(p.memory_mib), 0) AS memory
			FROM own LEFT JOIN products AS p ON p.id = own.product_id),
		disks AS (SELECT COUNT(*) AS volumes, COALESCE(SUM(v.gb), 0) AS gigabytes FROM own JOIN volumes AS v ON v.desktop_id = own.id),
		people AS (SELECT COUNT(*) AS users FROM users AS u WHERE u.project_id = ?0)
		SELECT sizes.desktops, CAST(sizes.cores + more.cores AS BIGINT) AS cores, CAST(sizes.memory + more.memory AS BIGINT) AS memory,
			CAST(disks.volumes + more.volumes AS BIGINT) AS volumes, CAST(disks.gigabytes + more.gigabytes AS BIGINT) AS gigabytes, people.users
		FROM sizes, disks, more, people`, projectID, zone).Scan(ctx, &found)
	return Amounts{
		Desktops: found.Desktops, Cores: found.Cores, Memory: found.Memory, Volumes: found.Volumes, Gigabytes: found.Gigabytes, Users: found.Users,
	}, err
}

type growthRow struct {
	bun.BaseModel `bun:"table:quota_growths"`
	SubJobID      string `bun:",pk"`
	ProjectID     string
	Cores         int64
	MemoryMiB     int64 `bun:"memory_mib"`
	Volumes       int64
	Gigabytes     int64
}

// InsertGrowths notes what existing sub-jobs will add to the desktops of a project, by the ids of the sub-jobs. It counts as used until a sub-job
// ends, when the desktop has it or does not get it, and is deleted with the sub-job.
func InsertGrowths(ctx context.Context, tx *store.Tx, projectID string, all map[string]Amounts) error {
	rows := make([]growthRow, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		more := all[id]
		rows = append(rows, growthRow{
			SubJobID: id, ProjectID: projectID, Cores: more[Cores], MemoryMiB: more[Memory], Volumes: more[Volumes], Gigabytes: more[Gigabytes],
		})
	}
	return store.InsertAll(ctx, tx, rows)
}

// growths sums what sub-jobs add.
func growths(ctx context.Context, tx *store.Tx, subJobIDs []string) (Amounts, error) {
	sum := Amounts{}
	for part := range slices.Chunk(subJobIDs, store.Batch) {
		var rows []growthRow
		if err := tx.NewSelect().Model(&rows).Where("sub_job_id IN (?)", bun.List(part)).Scan(ctx); err != nil {
			return nil, err
		}
		for _, r := range rows {
			sum = sum.And(Amounts{Cores: r.Cores, Memory: r.MemoryMiB, Volumes: r.Volumes, Gigabytes: r.Gigabytes})
		}
	}
	return sum, nil
}

// lockRow locks the row of a project, or that of all projects, which it inserts if there is none.
func lockRow(ctx context.Context, tx *store.Tx, projectID string) (r row, err error) {
	if _, err := tx.Inserting(&row{ProjectID: projectID}).On("CONFLICT (project_id) DO NOTHING").Exec(ctx); err != nil {
		return r, err
	}
	err = tx.ForUpdate(tx.NewSelect().Model(&r).Where("q.project_id = ?", projectID), "q").Scan(ctx)
	return r, err
}

// save writes a locked row.
func save(ctx context.Context, tx *store.Tx, r row) error {
	_, err := tx.NewUpdate().Model(&r).WherePK().Exec(ctx)
	return err
}

// Forget deletes the quotas of a project that is deleted.
func Forget(ctx context.Context, tx *store.Tx, projectID string) error {
	_, err := tx.NewDelete().Model((*row)(nil)).Where("project_id = ?", projectID).Exec(ctx)
	return err
}
