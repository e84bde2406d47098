package pool

import (
	"context"
	"slices"
	"time"

	"carrel/internal/store"

	"github.com/uptrace/bun"
)

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
