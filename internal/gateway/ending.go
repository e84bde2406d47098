package gateway

import (
	"errors"

	"github.com/coder/websocket"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/workspace"
)

// Ending is the way in which a connection ended. Code is the close code, by which the page tells the user what to do; Reason is for protocol
// traces; Name is the label in logs and metrics.
type Ending struct {
	Name   string
	Code   websocket.StatusCode
	Reason string
}

// The endings. After Restarting, Slow, DisplayLost and Unavailable the page gets a new ticket and reconnects; the others need the user. A page
// that receives another code, or none because the network failed, reconnects as well.
var (
	Left          = Ending{"left", websocket.StatusNormalClosure, "goodbye"}
	Restarting    = Ending{"restarting", websocket.StatusServiceRestart, "the server restarts, reconnect"}
	BadMessage    = Ending{"bad_message", websocket.StatusUnsupportedData, "only binary messages are understood"}
	NotUnderstood = Ending{"not_understood", websocket.StatusPolicyViolation, "the display's protocol does not have this message"}
	TicketRefused = Ending{"ticket_refused", 4401, "the ticket is unknown, used or too old"}
	AccessEnded   = Ending{"access_ended", 4403, "you may no longer use this desktop"}
	Gone          = Ending{"gone", 4404, "this desktop has been deleted"}
	Slow          = Ending{"slow", 4408, "the browser did not answer in time"}
	Stopped       = Ending{"stopped", 4409, "this desktop is not running"}
	Replaced      = Ending{"replaced", 4410, "you have opened this desktop in another window"}
	LoggedOff     = Ending{"logged_off", 4411, "an administrator has ended your session"}
	Fault         = Ending{"fault", 4500, "something went wrong on the server"}
	DisplayLost   = Ending{"display_lost", 4502, "the display ended or does not answer"}
	Unavailable   = Ending{"unavailable", 4503, "the server cannot reach the desktop's host or its database"}
)

// Endings lists every Ending, so that tests can check that the page handles each.
var Endings = []Ending{
	Left, Restarting, BadMessage, NotUnderstood, TicketRefused, AccessEnded, Gone, Slow, Stopped, Replaced, LoggedOff, Fault, DisplayLost, Unavailable,
}

// refusal returns the Ending for an error of the domain.
func refusal(err error) Ending {
	if errors.Is(err, desktop.ErrLoggedOff) {
		return LoggedOff
	}
	switch workspace.CodeOf(err) {
	case workspace.CodeForbidden, workspace.CodeBadCredentials:
		return AccessEnded
	case workspace.CodeDesktopNotFound:
		return Gone
	case workspace.CodeConflict:
		return Stopped
	case workspace.CodeNameTaken:
		return Replaced
	case workspace.CodeUnavailable:
		return DisplayLost
	case workspace.CodeNoDatabase:
		return Unavailable
	}
	return Fault
}

// unopened returns the Ending for an engine error on opening a display.
func unopened(err error) Ending {
	switch {
	case errors.Is(err, engine.ErrUnavailable):
		return Unavailable
	case errors.Is(err, engine.ErrConflict), errors.Is(err, engine.ErrNotFound):
		return Stopped
	}
	return DisplayLost
}
