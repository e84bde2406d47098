package directory

import (
	"context"
	"encoding/json"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NotificationLife is how long the record of a message to a user is kept.
const NotificationLife = 90 * 24 * time.Hour

// Notification is the record of a message to a user: sent, given up, or not sent yet. A message without an attempt has no record.
type Notification struct {
	store.BaseModel `bun:"table:notifications,alias:n"`
	ID              string `bun:",pk"` // the message's
	ProjectID       string
	Channel         Channel
	Kind            MailKind
	UserName        string // as it was then
	DesktopName     string // empty if the message is not about a desktop
	PoolName        string // empty if the message is not about a pool
	Sent            bool
	Fault           string // why it was not sent
	Ended           time.Time
}

// Channel is a way to send messages to users.
type Channel string

// The channels. Carrel sends no text messages, so that only mails have records.
const (
	ByMail Channel = "EMAIL"
	BySMS  Channel = "SMS"
)

// NotificationQuery selects records of one project. Names match in part, ignoring case.
type NotificationQuery struct {
	ProjectID   string
	Pools       bool // those about pools; otherwise all others
	Channel     Channel
	UserName    string
	DesktopName string
	PoolName    string
	Descending  bool // newest first
	workspace.Page
}

// NotificationOf returns the record of a mail that was sent or, with a fault, was not. Each mail has one record, whatever its
// result.
func NotificationOf(m Mail, fault string, now time.Time) Notification {
	var about DesktopMailData
	_ = json.Unmarshal(m.Data, &about) // mails that are not about a desktop have no data
	return Notification{
		ID: m.ID, ProjectID: m.ProjectID, Channel: ByMail, Kind: m.Kind, UserName: m.UserName,
		DesktopName: about.DesktopName, PoolName: about.PoolName, Sent: fault == "", Fault: fault, Ended: now,
	}
}

// ListNotifications reads a page of records and counts all that match.
func (s *Service) ListNotifications(ctx context.Context, q NotificationQuery) ([]Notification, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Notification, int, error) { return Notifications(ctx, tx, q) })
}
