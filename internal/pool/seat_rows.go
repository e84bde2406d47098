package pool

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
)

// MemberKinds counts the desktops of pools by what decides the chances of users. All desktops with a user have the user
// "somebody". It scans rows by hand, as Members does.
func MemberKinds(ctx context.Context, t *store.Tx, poolIDs ...string) (kinds []desktop.MemberKind, err error) {
	for part := range slices.Chunk(poolIDs, store.Batch) {
		some, err := memberKinds(ctx, t, part)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, some...)
	}
	return kinds, nil
}

func memberKinds(ctx context.Context, t *store.Tx, poolIDs []string) (kinds []desktop.MemberKind, err error) {
	rows, err := t.QueryContext(ctx, `
		SELECT d.pool_id, d.status, d.task, d.login, d.in_maintenance, d.auto_created, d.isolated, d.used,
			CASE WHEN d.bound_user IS NULL THEN '' ELSE 'somebody' END AS bound, count(*)
		FROM desktops AS d WHERE d.pool_id <> '' AND d.pool_id IN (?) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9`, bun.List(poolIDs))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k desktop.MemberKind
		err := rows.Scan(&k.PoolID, &k.Status, &k.Task, &k.Login, &k.InMaintenance, &k.AutoCreated, &k.Isolated, &k.Used, &k.UserID, &k.Count)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, k)
	}
	return kinds, rows.Err()
}

// UnauthorizedBindings returns the ids of desktops of pools whose user may no longer use the pool.
func UnauthorizedBindings(ctx context.Context, t *store.Tx, poolIDs ...string) (ids []string, err error) {
	for part := range slices.Chunk(poolIDs, store.Batch) {
		var some []string
		err := t.NewRaw(`
			SELECT d.id FROM desktops AS d WHERE d.pool_id <> '' AND d.pool_id IN (?) AND d.bound_user IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM pool_grants AS g WHERE g.pool_id = d.pool_id AND g.user_id = d.bound_user)
				AND NOT EXISTS (SELECT 1 FROM pool_grants AS g JOIN memberships AS m ON m.group_id = g.group_id
					WHERE g.pool_id = d.pool_id AND m.user_id = d.bound_user)
			ORDER BY d.id`, bun.List(part)).Scan(ctx, &some)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// RenewWaiting extends the places that users have on waiting lists now.
func RenewWaiting(ctx context.Context, t *store.Tx, userIDs []string, until time.Time) error {
	for part := range slices.Chunk(slices.Sorted(slices.Values(userIDs)), store.Batch) {
		_, err := t.NewUpdate().Model((*waitingRow)(nil)).Set("until = ?", until).
			Where("w.user_id IN (?) AND w.until > ? AND w.until < ?", bun.List(part), t.Now(), until).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// GrantsOf reads what GrantsFor reads, for several users, by their ids and without names.
func GrantsOf(ctx context.Context, t *store.Tx, userIDs []string) (map[string][]Grant, error) {
	all := make(map[string][]Grant, len(userIDs))
	for part := range slices.Chunk(userIDs, store.Batch) {
		var rows []struct {
			grantRow
			Person string
		}
		err := t.NewRaw(`
			SELECT g.*, g.user_id AS person FROM pool_grants AS g WHERE g.user_id IN (?0)
			UNION ALL
			SELECT g.*, m.user_id AS person FROM pool_grants AS g JOIN memberships AS m ON m.group_id = g.group_id WHERE m.user_id IN (?0)`,
			bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			all[r.Person] = append(all[r.Person], r.domain())
		}
	}
	return all, nil
}

type resetRow struct {
	bun.BaseModel `bun:"table:pool_resets,alias:r"`
	PoolID        string `bun:",pk"`
	UserID        string `bun:",pk"`
	At            time.Time
}

// InsertPoolReset records that a user resets their desktop of a pool now, and deletes their records in it that are older than
// keep.
func InsertPoolReset(ctx context.Context, t *store.Tx, poolID, userID string, keep time.Duration) error {
	_, err := t.NewDelete().Model((*resetRow)(nil)).Where("user_id = ? AND pool_id = ? AND at <= ?", userID, poolID, t.Now().Add(-keep)).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = t.Inserting(&resetRow{PoolID: poolID, UserID: userID, At: t.Now()}).On("CONFLICT DO NOTHING").Exec(ctx)
	return danglingGrantee(t, err)
}

// PoolResets reads, by user and pool, when users had their desktops reset since a time, oldest first.
func PoolResets(ctx context.Context, t *store.Tx, userIDs []string, since time.Time) (map[string]map[string][]time.Time, error) {
	all := map[string]map[string][]time.Time{}
	for part := range slices.Chunk(userIDs, store.Batch) {
		var rows []resetRow
		err := t.NewSelect().Model(&rows).Where("r.user_id IN (?) AND r.at > ?", bun.List(part), since).Order("r.at").Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if all[r.UserID] == nil {
				all[r.UserID] = map[string][]time.Time{}
			}
			all[r.UserID][r.PoolID] = append(all[r.UserID][r.PoolID], r.At)
		}
	}
	return all, nil
}
