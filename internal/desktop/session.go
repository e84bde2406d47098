package desktop

import (
	"time"
)

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
