package workspace

import (
	"context"
	"encoding/json"
	"time"
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

// MailRows is the outbox. Mails are written in the transaction of what they tell of.
type MailRows interface {
	InsertMails(ctx context.Context, mails []Mail) error
	// ClaimMails returns up to limit mails that are due and moves their RunAt by hold, so that no other replica sends them.
	ClaimMails(ctx context.Context, limit int, hold time.Duration) ([]Mail, error)
	// PostponeMail notes a fault and the next time to try.
	PostponeMail(ctx context.Context, id, fault string, runAt time.Time) error
	DeleteMail(ctx context.Context, id string) error
	// CountMails returns how many mails wait, due or not.
	CountMails(ctx context.Context) (int, error)
}

// MailTo is a message to a person about nothing but themselves.
func MailTo(u User, kind MailKind, now time.Time) Mail {
	return Mail{
		ID: NewID(), Kind: kind, ProjectID: u.ProjectID, UserID: u.ID, UserName: u.Name, To: u.Email, RunAt: now, Created: now,
	}
}
