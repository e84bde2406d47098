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

// Connection is an open display. It is leased: a gateway that dies stops renewing it.
type Connection struct {
	ID         string
	DesktopID  string
	UserID     string
	SignInHash string // of the ticket; the connection ends with that sign-in
	Gateway    string // the process that carries it
	Opened     time.Time
	LeaseUntil time.Time
}

// Grounds are what an open connection rests on. A connection whose row is gone has none.
type Grounds struct {
	ConnectionID string
	Status       DesktopStatus // of the desktop
	Assigned     bool          // the user still has the desktop
	SignedIn     bool          // the sign-in is still there and has not expired
	Locked       bool          // of the user, as are the next two
	Disabled     bool          //
	UserExpires  time.Time     // zero: never
	Replaced     bool          // the same user has opened the same desktop again since (by Opened, then ID; leases that hold)
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

	InsertConnection(ctx context.Context, c Connection) error
	// ExtendConnections moves the lease's end of all connections of a gateway.
	ExtendConnections(ctx context.Context, gateway string, until time.Time) error
	DeleteConnection(ctx context.Context, id string) error
	// Connections lists the open connections of a desktop whose lease holds.
	Connections(ctx context.Context, desktopID string) ([]Connection, error)
	// ReadGrounds reads what each connection of a gateway rests on, in one statement: gateways ask every second.
	ReadGrounds(ctx context.Context, gateway string) ([]Grounds, error)
	// DropConnectionsOf removes the connections of a user, and returns them.
	DropConnectionsOf(ctx context.Context, userID string) ([]Connection, error)
	// DropStaleConnections removes connections whose lease ended, and returns them.
	DropStaleConnections(ctx context.Context) ([]Connection, error)
}
