package directory

import (
	"context"
	"encoding/json"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NotificationLife is how long the record of a message to a person is kept.
const NotificationLife = 90 * 24 * time.Hour

// Notification is the record of a message to a person: sent, given up, or not sent so far. Those that were not tried have none.
type Notification struct {
	store.BaseModel `bun:"table:notifications,alias:n"`
	ID              string `bun:",pk"` // of the message
	ProjectID       string
	Channel         Channel
	Kind            MailKind
	UserName        string // as it was then
	DesktopName     string // empty when the message is about none
	PoolName        string // empty unless the message is about a pool
	Sent            bool
	Fault           string // why it was not
	Ended           time.Time
}

// Channel is a way to reach people.
type Channel string

// The channels. Carrel sends no text messages, so that only mails have records.
const (
	ByMail Channel = "EMAIL"
	BySMS  Channel = "SMS"
)

// NotificationQuery selects records of one project. The names match in part, whatever their case.
type NotificationQuery struct {
	ProjectID   string
	Pools       bool // those about pools; otherwise all others
	Channel     Channel
	UserName    string
	DesktopName string
	PoolName    string
	Descending  bool // the latest first
	workspace.Page
}

// NotificationOf makes the record of a mail that was sent, or was not because of a fault. A mail has one, whatever becomes of it.
func NotificationOf(m Mail, fault string, now time.Time) Notification {
	var about DesktopMailData
	_ = json.Unmarshal(m.Data, &about) // mails about no desktop have no data
	return Notification{
		ID: m.ID, ProjectID: m.ProjectID, Channel: ByMail, Kind: m.Kind, UserName: m.UserName,
		DesktopName: about.DesktopName, PoolName: about.PoolName, Sent: fault == "", Fault: fault, Ended: now,
	}
}

// ListNotifications reads a page of records and counts all that match.
func (s *Service) ListNotifications(ctx context.Context, q NotificationQuery) ([]Notification, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Notification, int, error) { return Notifications(ctx, tx, q) })
}
