package certificate

import (
	"context"
	"errors"
	"time"

	"carrel/internal/store"
)

// cachedRow is something that the ACME client keeps: an account's key, a certificate with its key, the answer to a challenge.
type cachedRow struct {
	store.BaseModel `bun:"table:acme_cache,alias:acme_cache"`
	Name            string `bun:",pk"`
	Sealed          string
	Updated         time.Time
}

var errNotCached = errors.New("not in the cache")

func readCached(ctx context.Context, tx *store.Tx, name string) (string, error) {
	var row cachedRow
	err := store.Read(ctx, tx.NewSelect().Model(&row).Where("name = ?", name), errNotCached)
	return row.Sealed, err
}

func putCached(ctx context.Context, tx *store.Tx, name, sealed string) error {
	row := cachedRow{Name: name, Sealed: sealed, Updated: tx.Now()}
	_, err := tx.Inserting(&row).On("CONFLICT (name) DO UPDATE").Set("sealed = excluded.sealed").Set("updated = excluded.updated").Exec(ctx)
	return err
}

func deleteCached(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.NewDelete().Model((*cachedRow)(nil)).Where("name = ?", name).Exec(ctx)
	return err
}
