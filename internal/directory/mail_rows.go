package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
)

type message struct {
	ID        string `bun:",pk"`
	Kind      MailKind
	ProjectID string
	UserID    string
	UserName  string
	To        string          `bun:"recipient"`
	Data      json.RawMessage `bun:",nullzero"`
	RunAt     time.Time
	Tries     int
	LastFault string
	Created   time.Time
}

type mailRow struct {
	bun.BaseModel `bun:"table:mails"`
	message
}

// InsertMails inserts mails to be sent.
func InsertMails(ctx context.Context, t *store.Tx, mails []Mail) error {
	return store.InsertAll(ctx, t, store.Convert(mails, func(m Mail) mailRow { return mailRow{message: message(m)} }))
}

// ClaimMails returns up to limit mails that are due, the longest due first, and moves their RunAt by hold, so that no other
// replica sends them.
func ClaimMails(ctx context.Context, t *store.Tx, limit int, hold time.Duration) ([]Mail, error) {
	due := t.NewSelect().Model((*mailRow)(nil)).Column("id").Where("run_at <= ?", t.Now()).Order("run_at", "id").Limit(int64(limit))
	due = t.SkipLocked(due, "mail_row")
	var rows []mailRow
	err := t.NewRaw("WITH due AS MATERIALIZED (?) UPDATE mails SET run_at = ? WHERE id IN (SELECT id FROM due) RETURNING *",
		due, t.Now().Add(hold)).Scan(ctx, &rows)
	slices.SortFunc(rows, func(a, b mailRow) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return store.Convert(rows, func(r mailRow) Mail { return Mail(r.message) }), err
}

// PostponeMail stores a failed attempt: its fault and the time of the next. A missing row is a success.
func PostponeMail(ctx context.Context, t *store.Tx, id, fault string, runAt time.Time) error {
	_, err := t.NewUpdate().Model((*mailRow)(nil)).Where("id = ?", id).
		Set("tries = tries + 1").Set("last_fault = ?", fault).Set("run_at = ?", runAt).Exec(ctx)
	return err
}

// DeleteMail deletes a mail. A missing row is a success.
func DeleteMail(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*mailRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// CountMails returns the number of mails that wait, due or not.
func CountMails(ctx context.Context, t *store.Tx) (int, error) {
	n, err := t.NewSelect().Model((*mailRow)(nil)).Count(ctx)
	return int(n), err
}
