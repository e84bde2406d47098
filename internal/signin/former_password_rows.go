package signin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type formerPasswordRow struct {
	bun.BaseModel `bun:"table:former_passwords"`
	ID            string `bun:",pk"`
	UserID        string
	Hash          string
	Replaced      time.Time
}

// formerPasswords reads the hashes of a user's former passwords, the latest first.
func formerPasswords(ctx context.Context, t *store.Tx, userID string, most int) ([]string, error) {
	var hashes []string
	err := t.NewSelect().Model((*formerPasswordRow)(nil)).Column("hash").Where("user_id = ?", userID).Order("replaced DESC", "id DESC").
		Limit(int64(most)).Scan(ctx, &hashes)
	return hashes, err
}

// insertFormerPassword keeps the hash of a password that is replaced, and deletes those beyond the most that are kept.
func insertFormerPassword(ctx context.Context, t *store.Tx, userID, hash string, most int) error {
	row := formerPasswordRow{ID: workspace.NewID(), UserID: userID, Hash: hash, Replaced: t.Now()}
	if _, err := t.Inserting(&row).Exec(ctx); err != nil {
		return t.Dangling(err)
	}
	kept := t.NewSelect().Model((*formerPasswordRow)(nil)).Column("id").Where("user_id = ?", userID).Order("replaced DESC", "id DESC").Limit(int64(most))
	_, err := t.NewDelete().Model((*formerPasswordRow)(nil)).Where("user_id = ? AND id NOT IN (?)", userID, kept).Exec(ctx)
	return err
}

// deleteFormerPasswords deletes those of all users of a project.
func deleteFormerPasswords(ctx context.Context, t *store.Tx, projectID string) error {
	_, err := t.NewDelete().Model((*formerPasswordRow)(nil)).Where("user_id IN (SELECT u.id FROM users AS u WHERE u.project_id = ?)", projectID).Exec(ctx)
	return err
}
