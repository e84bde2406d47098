package directory

import (
	"encoding/json"
	"time"

	"carrel/internal/workspace"
)

// Mail is a message to a person that waits to be sent. It holds no secret: links that carry a token are made when it is
// sent.
type Mail struct {
	ID        string
	Kind      MailKind
	ProjectID string
	UserID    string
	UserName  string // kept for the record, should the user be deleted
	To        string
	Data      json.RawMessage // DesktopReadyData, ...
	RunAt     time.Time
	Tries     int
	LastFault string
	Created   time.Time
}

// MailKind names a template.
type MailKind string

// The kinds of mail.
const (
	MailDesktopReady   MailKind = "desktop-ready"
	MailFirstPassword  MailKind = "first-password"
	MailPasswordReset  MailKind = "password-reset"
	MailDesktopDeleted MailKind = "desktop-deleted"
	MailAssigned       MailKind = "desktop-assigned"   // a desktop that was there before is the person's, too
	MailUnassigned     MailKind = "desktop-unassigned" // the desktop goes on without the person
)

// DesktopMailData is what mails about a desktop say.
type DesktopMailData struct {
	DesktopName string `json:"desktop_name"`
	PoolName    string `json:"desktop_pool_name,omitempty"`
}

// MailTo is a message to a person about nothing but themselves.
func MailTo(u User, kind MailKind, now time.Time) Mail {
	return Mail{
		ID: workspace.NewID(), Kind: kind, ProjectID: u.ProjectID, UserID: u.ID, UserName: u.Name, To: u.Email, RunAt: now, Created: now,
	}
}
