package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type signIn struct {
	TokenHash string `bun:",pk"`
	UserID    string
	Created   time.Time
	Expires   time.Time
}

type signInRow struct {
	bun.BaseModel `bun:"table:sign_ins"`
	signIn
}

type ticket struct {
	TokenHash  string `bun:",pk"`
	DesktopID  string
	UserID     string
	Account    string
	SignInHash string
	Expires    time.Time
}

type ticketRow struct {
	bun.BaseModel `bun:"table:tickets"`
	ticket
}

type passwordToken struct {
	TokenHash string `bun:",pk"`
	UserID    string
	Expires   time.Time
}

type passwordTokenRow struct {
	bun.BaseModel `bun:"table:password_tokens"`
	passwordToken
}

// InsertSignIn implements workspace.SessionRows.
func (t *Tx) InsertSignIn(ctx context.Context, s workspace.SignIn) error {
	_, err := t.Inserting(&signInRow{signIn: signIn(s)}).Exec(ctx)
	return t.Dangling(err)
}

// ReadSignIn implements workspace.SessionRows.
func (t *Tx) ReadSignIn(ctx context.Context, tokenHash string) (workspace.SignIn, error) {
	var row signInRow
	err := Read(ctx, t.NewSelect().Model(&row).Where("token_hash = ? AND expires > ?", tokenHash, t.Now()),
		workspace.Errorf(workspace.CodeBadCredentials, "the sign-in has ended, sign in again"))
	return workspace.SignIn(row.signIn), err
}

// DeleteSignIn implements workspace.SessionRows. A missing row is a success.
func (t *Tx) DeleteSignIn(ctx context.Context, tokenHash string) error {
	_, err := t.NewDelete().Model((*signInRow)(nil)).Where("token_hash = ?", tokenHash).Exec(ctx)
	return err
}

// DeleteSignInsOf implements workspace.SessionRows.
func (t *Tx) DeleteSignInsOf(ctx context.Context, userID string) error {
	_, err := t.NewDelete().Model((*signInRow)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}

// InsertTicket implements workspace.SessionRows.
func (t *Tx) InsertTicket(ctx context.Context, k workspace.Ticket) error {
	_, err := t.Inserting(&ticketRow{ticket: ticket(k)}).Exec(ctx)
	return t.Dangling(err)
}

// TakeTicket implements workspace.SessionRows.
func (t *Tx) TakeTicket(ctx context.Context, tokenHash string) (workspace.Ticket, error) {
	var rows []ticketRow
	err := t.NewRaw("DELETE FROM tickets WHERE token_hash = ? AND expires > ? RETURNING *", tokenHash, t.Now()).Scan(ctx, &rows)
	if err != nil {
		return workspace.Ticket{}, err
	}
	if len(rows) == 0 {
		return workspace.Ticket{}, workspace.Errorf(workspace.CodeForbidden, "the ticket was used before or has expired, open the desktop again")
	}
	return workspace.Ticket(rows[0].ticket), nil
}

// InsertPasswordToken implements workspace.SessionRows.
func (t *Tx) InsertPasswordToken(ctx context.Context, p workspace.PasswordToken) error {
	_, err := t.Inserting(&passwordTokenRow{passwordToken: passwordToken(p)}).Exec(ctx)
	return t.Dangling(err)
}

// ReadPasswordToken implements workspace.SessionRows.
func (t *Tx) ReadPasswordToken(ctx context.Context, tokenHash string) (workspace.PasswordToken, error) {
	var row passwordTokenRow
	err := Read(ctx, t.NewSelect().Model(&row).Where("token_hash = ? AND expires > ?", tokenHash, t.Now()),
		workspace.Errorf(workspace.CodeForbidden, "the link was used before or has expired, ask for a new one"))
	return workspace.PasswordToken(row.passwordToken), err
}

// DeletePasswordTokensOf implements workspace.SessionRows.
func (t *Tx) DeletePasswordTokensOf(ctx context.Context, userID string) error {
	_, err := t.NewDelete().Model((*passwordTokenRow)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}
