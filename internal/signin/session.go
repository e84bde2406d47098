package signin

import (
	"time"
)

// SignIn is a user's session in the portal. Its token is in the cookie; only the hash is stored.
type SignIn struct {
	TokenHash string
	UserID    string
	Created   time.Time
	Expires   time.Time
	MustEnrol bool // the user must set up an authenticator before anything else
}

// Ticket admits one connection to the display of one desktop, once, within TicketLife.
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
