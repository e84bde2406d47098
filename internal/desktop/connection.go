package desktop

import (
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// ErrLoggedOff is why a connection ends whose session an administrator ends.
var ErrLoggedOff error = &workspace.Error{Code: workspace.CodeConflict, Message: "an administrator has logged you off"}

// Gone returns why a connection must be closed, or nil.
func (g Grounds) Gone(now time.Time) error {
	if err := signin.MayUseDesktops(directory.User{Locked: g.Locked, Disabled: g.Disabled, Expires: g.UserExpires}, now); err != nil {
		return err
	}
	switch {
	case !g.SignedIn:
		return signin.SignedOut()
	case !g.Assigned:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is no longer yours"}
	case g.Task == workspace.TaskLoggingOff:
		return ErrLoggedOff
	case g.Replaced:
		return &workspace.Error{Code: workspace.CodeNameTaken, Message: "you have opened this desktop in another window"}
	case g.Status == StatusHibernating || g.Status == StatusHibernated || g.Status == StatusShutoff:
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not running"} // a hibernated desktop would freeze the display, not end it
	}
	return nil
}

// Connection is an open display. It has a lease, which a gateway that dies no longer renews.
type Connection struct {
	ID         string
	DesktopID  string
	UserID     string
	SignInHash string // that of the ticket; the connection ends with the sign-in
	Gateway    string // the process that serves it
	Opened     time.Time
	LeaseUntil time.Time
}

// Grounds are the conditions for an open connection to continue. A connection without a row has none.
type Grounds struct {
	ConnectionID string
	Status       DesktopStatus // the desktop's
	Task         workspace.Task
	Assigned     bool      // the user still has the desktop
	SignedIn     bool      // the sign-in is still there and has not expired
	Locked       bool      // the user's, as are the next two
	Disabled     bool      //
	UserExpires  time.Time // zero: never
	Replaced     bool      // the same user has opened the same desktop again later (by Opened, then ID; only connections with a valid lease count)
}
