package directory

import (
	"encoding/json"
	"time"

	"carrel/internal/workspace"
)

// Mail is a message to a user that waits to be sent. It contains no secret: links with a token are made when it is sent.
type Mail struct {
	ID        string
	Kind      MailKind
	ProjectID string
	UserID    string
	UserName  string // for the record, in case the user is deleted
	To        string
	Data      json.RawMessage // DesktopReadyData, ...
	RunAt     time.Time
	Tries     int
	LastFault string
	Created   time.Time
}

// MailKind is the name of a template.
type MailKind string

// The kinds of mail.
const (
	MailDesktopReady   MailKind = "desktop-ready"
	MailFirstPassword  MailKind = "first-password"
	MailPasswordReset  MailKind = "password-reset"
	MailDesktopDeleted MailKind = "desktop-deleted"
	MailAssigned       MailKind = "desktop-assigned"   // an existing desktop was assigned to the user
	MailUnassigned     MailKind = "desktop-unassigned" // the user lost a desktop that still exists
)

// DesktopMailData is the data of mails about a desktop.
type DesktopMailData struct {
	DesktopName string `json:"desktop_name"`
	PoolName    string `json:"desktop_pool_name,omitempty"`
}

// MailTo returns a mail to a user that needs no data.
func MailTo(u User, kind MailKind, now time.Time) Mail {
	return Mail{
		ID: workspace.NewID(), Kind: kind, ProjectID: u.ProjectID, UserID: u.ID, UserName: u.Name, To: u.Email, RunAt: now, Created: now,
	}
}
