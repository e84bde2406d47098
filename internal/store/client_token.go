package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type clientToken struct {
	ID      string `bun:",pk"`
	Request string
	Answer  string
	Created time.Time
}

type clientTokenRow struct {
	bun.BaseModel `bun:"table:client_tokens,alias:c"`
	clientToken
}

// TakeClientToken inserts a token without an answer, or reads the existing row: the primary key decides between concurrent
// callers, of whom the second waits until the first has committed or failed. An expired row counts as none, whether it was
// deleted or not.
func (t *Tx) TakeClientToken(ctx context.Context, token workspace.ClientToken) (workspace.ClientToken, bool, error) {
	row := clientTokenRow{clientToken: clientToken(token)}
	n, err := Affected(t.Inserting(&row).On("CONFLICT (id) DO UPDATE").
		Set("request = EXCLUDED.request").Set("answer = EXCLUDED.answer").Set("created = EXCLUDED.created").
		Where("c.created <= ?", t.Now().Add(-workspace.ClientTokenLife)).Exec(ctx))
	if err != nil || n > 0 {
		return token, n > 0, err
	}
	former, found, err := t.ClientToken(ctx, token.ID)
	if err == nil && !found {
		err = errors.New("a client's token went while it was read")
	}
	return former, false, err
}

// ClientToken reads a token's row.
func (t *Tx) ClientToken(ctx context.Context, id string) (workspace.ClientToken, bool, error) {
	var row clientTokenRow
	err := t.NewSelect().Model(&row).Where("id = ?", id).Where("created > ?", t.Now().Add(-workspace.ClientTokenLife)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return workspace.ClientToken{}, false, nil
	}
	return workspace.ClientToken(row.clientToken), err == nil, err
}

// AnswerClientToken writes the answer of a token that this transaction has inserted.
func (t *Tx) AnswerClientToken(ctx context.Context, token workspace.ClientToken) error {
	_, err := t.NewUpdate().Model(&clientTokenRow{clientToken: clientToken(token)}).WherePK().Column("answer").Exec(ctx)
	return err
}
