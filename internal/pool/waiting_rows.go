package pool

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
)

type waitingRow struct {
	bun.BaseModel `bun:"table:pool_waiting,alias:w"`
	PoolID        string `bun:",pk"`
	UserID        string `bun:",pk"`
	Since         time.Time
	Until         time.Time
}

func (r waitingRow) domain() Waiting {
	return Waiting{PoolID: r.PoolID, UserID: r.UserID, Since: r.Since, Until: r.Until}
}

// PutWaiting puts a user on a pool's waiting list or renews their place, which Since determines and which expires at Until. A
// user who returns after that is put at the end. CodeConflict if the pool or user does not exist.
func PutWaiting(ctx context.Context, t *store.Tx, w Waiting) error {
	_, err := t.NewDelete().Model((*waitingRow)(nil)).Where("pool_id = ? AND until <= ?", w.PoolID, t.Now()).Exec(ctx)
	if err != nil {
		return err
	}
	row := waitingRow{PoolID: w.PoolID, UserID: w.UserID, Since: w.Since, Until: w.Until}
	_, err = t.Inserting(&row).On("CONFLICT (pool_id, user_id) DO UPDATE").Set("until = EXCLUDED.until").Exec(ctx)
	if err != nil {
		return danglingGrantee(t, err)
	}
	return desktop.PoolsChanged(ctx, t, w.PoolID)
}

// ReadWaiting reads who waits for a desktop of the pools now, longest first.
func ReadWaiting(ctx context.Context, t *store.Tx, poolIDs ...string) ([]Waiting, error) {
	var rows []waitingRow
	for part := range slices.Chunk(poolIDs, store.Batch) {
		var some []waitingRow
		err := t.NewSelect().Model(&some).Where("w.pool_id IN (?) AND w.until > ?", bun.List(part), t.Now()).Order("w.since", "w.user_id").Scan(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return store.Convert(rows, waitingRow.domain), nil
}

// DropWaiting removes a user from a pool's waiting list. A missing row is a success.
func DropWaiting(ctx context.Context, t *store.Tx, poolID, userID string) error {
	n, err := store.Affected(t.NewDelete().Model((*waitingRow)(nil)).Where("pool_id = ? AND user_id = ?", poolID, userID).Exec(ctx))
	if err != nil || n == 0 {
		return err
	}
	return desktop.PoolsChanged(ctx, t, poolID)
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
