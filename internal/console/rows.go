package console

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
)

// row is a sign-in. It is deleted together with its token.
type row struct {
	bun.BaseModel `bun:"table:console_sessions"`
	ID            string `bun:",pk"` // the hash of the secret in the browser's cookie
	TokenHash     string
	AdminID       string
	SealedToken   string
	Created       time.Time
	LastUsed      time.Time // at most noteEvery before the last use
}

func insertRow(ctx context.Context, t *store.Tx, r row) error {
	_, err := t.Inserting(&r).Exec(ctx)
	return err
}

func readRow(ctx context.Context, t *store.Tx, id string) (r row, err error) {
	return r, store.Read(ctx, t.NewSelect().Model(&r).Where("id = ?", id), notSignedIn())
}

// rowsOf reads the sign-ins of a user, oldest first.
func rowsOf(ctx context.Context, t *store.Tx, adminID string) (rows []row, err error) {
	return rows, t.NewSelect().Model(&rows).Where("admin_id = ?", adminID).Order("created", "id").Scan(ctx)
}

// noteUse moves the time of the last use forward, never back: two replicas may serve one browser.
func noteUse(ctx context.Context, t *store.Tx, id string, at time.Time) error {
	_, err := t.NewUpdate().Model((*row)(nil)).Set("last_used = ?", at.UTC()).Where("id = ?", id).Where("last_used < ?", at.UTC()).Exec(ctx)
	return err
}
