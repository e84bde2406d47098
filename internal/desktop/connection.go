package desktop

import (
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

func (g Grounds) Gone(now time.Time) error {
	if err := signin.MayUseDesktops(directory.User{Locked: g.Locked, Disabled: g.Disabled, Expires: g.UserExpires}, now); err != nil {
		return err
	}
	switch {
	case !g.SignedIn:
		return signin.SignedOut()
	case !g.Assigned:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is no longer yours"}
	case g.Replaced:
		return &workspace.Error{Code: workspace.CodeNameTaken, Message: "you have opened this desktop in another window"}
	case g.Status == StatusHibernating || g.Status == StatusHibernated || g.Status == StatusShutoff:
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not running"} // a hibernated one would hang, not end
	}
	return nil
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
