package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type message struct {
	ID        string `bun:",pk"`
	Kind      workspace.MailKind
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

// InsertMails implements workspace.MailRows.
func (t *Tx) InsertMails(ctx context.Context, mails []workspace.Mail) error {
	return InsertAll(ctx, t, Convert(mails, func(m workspace.Mail) mailRow { return mailRow{message: message(m)} }))
}

// ClaimMails implements workspace.MailRows: the longest due first.
func (t *Tx) ClaimMails(ctx context.Context, limit int, hold time.Duration) ([]workspace.Mail, error) {
	due := t.NewSelect().Model((*mailRow)(nil)).Column("id").Where("run_at <= ?", t.Now()).Order("run_at", "id").Limit(int64(limit))
	due = t.SkipLocked(due, "mail_row")
	var rows []mailRow
	err := t.NewRaw("WITH due AS MATERIALIZED (?) UPDATE mails SET run_at = ? WHERE id IN (SELECT id FROM due) RETURNING *",
		due, t.Now().Add(hold)).Scan(ctx, &rows)
	slices.SortFunc(rows, func(a, b mailRow) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return Convert(rows, func(r mailRow) workspace.Mail { return workspace.Mail(r.message) }), err
}

// PostponeMail implements workspace.MailRows. It counts the try. A missing row is a success.
func (t *Tx) PostponeMail(ctx context.Context, id, fault string, runAt time.Time) error {
	_, err := t.NewUpdate().Model((*mailRow)(nil)).Where("id = ?", id).
		Set("tries = tries + 1").Set("last_fault = ?", fault).Set("run_at = ?", runAt).Exec(ctx)
	return err
}

// DeleteMail implements workspace.MailRows. A missing row is a success.
func (t *Tx) DeleteMail(ctx context.Context, id string) error {
	_, err := t.NewDelete().Model((*mailRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// CountMails implements workspace.MailRows.
func (t *Tx) CountMails(ctx context.Context) (int, error) {
	n, err := t.NewSelect().Model((*mailRow)(nil)).Count(ctx)
	return int(n), err
}
