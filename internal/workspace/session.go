package workspace

import (
	"context"
	"time"
)

// SignIn is a person's sign-in to the portal. Its token is in their cookie; only the hash is stored.
type SignIn struct {
	TokenHash string
	UserID    string
	Created   time.Time
	Expires   time.Time
}

// Ticket admits one connection to one desktop's display, once, soon.
type Ticket struct {
	TokenHash  string
	DesktopID  string
	UserID     string
	Account    string // the user's account inside the desktop
	SignInHash string // the sign-in it was made under; ending that ends the connection
	Expires    time.Time
}

// PasswordToken lets its holder set a password once.
type PasswordToken struct {
	TokenHash string
	UserID    string
	Expires   time.Time
}

// SessionRows is what the domain asks of the store about sign-ins, tickets and connections.
type SessionRows interface {
	InsertSignIn(ctx context.Context, s SignIn) error
	// ReadSignIn fails with CodeBadCredentials when there is none or it has expired.
	ReadSignIn(ctx context.Context, tokenHash string) (SignIn, error)
	DeleteSignIn(ctx context.Context, tokenHash string) error
	// DeleteSignInsOf ends all sign-ins of a user.
	DeleteSignInsOf(ctx context.Context, userID string) error

	InsertTicket(ctx context.Context, t Ticket) error
	// TakeTicket removes the ticket and returns it; CodeForbidden when there is none or it has expired. Of two callers one
	// gets it.
	TakeTicket(ctx context.Context, tokenHash string) (Ticket, error)

	InsertPasswordToken(ctx context.Context, t PasswordToken) error
	// ReadPasswordToken reads a token that has not expired; CodeForbidden otherwise. DeletePasswordTokensOf uses it up together with all others of the
	// user.
	ReadPasswordToken(ctx context.Context, tokenHash string) (PasswordToken, error)
	DeletePasswordTokensOf(ctx context.Context, userID string) error
}
