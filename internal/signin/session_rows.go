package signin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type signIn struct {
	TokenHash string `bun:",pk"`
	UserID    string
	Created   time.Time
	Expires   time.Time
	MustEnrol bool
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

// InsertSignIn adds a sign-in, or returns CodeConflict if the user does not exist.
func InsertSignIn(ctx context.Context, t *store.Tx, s SignIn) error {
	_, err := t.Inserting(&signInRow{signIn: signIn(s)}).Exec(ctx)
	return t.Dangling(err)
}

// ReadSignIn reads a sign-in, or returns CodeBadCredentials if there is none or it has expired.
func ReadSignIn(ctx context.Context, t *store.Tx, tokenHash string) (SignIn, error) {
	var row signInRow
	err := store.Read(ctx, t.NewSelect().Model(&row).Where("token_hash = ? AND expires > ?", tokenHash, t.Now()),
		workspace.Errorf(workspace.CodeBadCredentials, "the sign-in has ended, sign in again"))
	return SignIn(row.signIn), err
}

// DeleteSignIn removes a sign-in. A missing row is a success.
func DeleteSignIn(ctx context.Context, t *store.Tx, tokenHash string) error {
	_, err := t.NewDelete().Model((*signInRow)(nil)).Where("token_hash = ?", tokenHash).Exec(ctx)
	return err
}

// DeleteSignInsOf ends all sign-ins of a user.
func DeleteSignInsOf(ctx context.Context, t *store.Tx, userID string) error {
	_, err := t.NewDelete().Model((*signInRow)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}

// mustEnrolAgain makes a user set up an authenticator in all sign-ins that there are.
func mustEnrolAgain(ctx context.Context, t *store.Tx, userID string) error {
	_, err := t.NewUpdate().Model((*signInRow)(nil)).Set("must_enrol = TRUE").Where("user_id = ?", userID).Exec(ctx)
	return err
}

// InsertTicket adds a ticket, or returns CodeConflict if the user or desktop does not exist.
func InsertTicket(ctx context.Context, t *store.Tx, k Ticket) error {
	_, err := t.Inserting(&ticketRow{ticket: ticket(k)}).Exec(ctx)
	return t.Dangling(err)
}

// TakeTicket removes and returns a ticket, or returns CodeForbidden if there is none or it has expired. Of two concurrent callers only one
// gets it.
func TakeTicket(ctx context.Context, t *store.Tx, tokenHash string) (Ticket, error) {
	var rows []ticketRow
	err := t.NewRaw("DELETE FROM tickets WHERE token_hash = ? AND expires > ? RETURNING *", tokenHash, t.Now()).Scan(ctx, &rows)
	if err != nil {
		return Ticket{}, err
	}
	if len(rows) == 0 {
		return Ticket{}, workspace.Errorf(workspace.CodeForbidden, "the ticket was used before or has expired, open the desktop again")
	}
	return Ticket(rows[0].ticket), nil
}

// InsertPasswordToken adds a token for a first password, or returns CodeConflict if the user does not exist.
func InsertPasswordToken(ctx context.Context, t *store.Tx, p PasswordToken) error {
	_, err := t.Inserting(&passwordTokenRow{passwordToken: passwordToken(p)}).Exec(ctx)
	return t.Dangling(err)
}

// ReadPasswordToken reads a token that has not expired, or returns CodeForbidden. DeletePasswordTokensOf invalidates it together with all
// others of the user.
func ReadPasswordToken(ctx context.Context, t *store.Tx, tokenHash string) (PasswordToken, error) {
	var row passwordTokenRow
	err := store.Read(ctx, t.NewSelect().Model(&row).Where("token_hash = ? AND expires > ?", tokenHash, t.Now()),
		workspace.Errorf(workspace.CodeForbidden, "the link was used before or has expired, ask for a new one"))
	return PasswordToken(row.passwordToken), err
}

// DeletePasswordTokensOf removes all password tokens of a user.
func DeletePasswordTokensOf(ctx context.Context, t *store.Tx, userID string) error {
	_, err := t.NewDelete().Model((*passwordTokenRow)(nil)).Where("user_id = ?", userID).Exec(ctx)
	return err
}
