package pool

import (
	"context"
	"slices"

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
