package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type notification struct {
	ID          string `bun:",pk"`
	ProjectID   string
	Channel     workspace.Channel
	Kind        workspace.MailKind
	UserName    string
	DesktopName string
	PoolName    string
	Sent        bool
	Fault       string
	Ended       time.Time
}

type notificationRow struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`
	notification
	UserFolded    string
	DesktopFolded string
	PoolFolded    string
}

// PutNotification implements workspace.NotificationRows.
func (t *Tx) PutNotification(ctx context.Context, n workspace.Notification) error {
	_, err := t.Inserting(&notificationRow{
		notification: notification(n), UserFolded: Fold(n.UserName), DesktopFolded: Fold(n.DesktopName), PoolFolded: Fold(n.PoolName),
	}).On("CONFLICT (id) DO UPDATE").Set("sent = EXCLUDED.sent").Set("fault = EXCLUDED.fault").Set("ended = EXCLUDED.ended").Exec(ctx)
	return err
}

// Notifications implements workspace.NotificationRows.
func (t *Tx) Notifications(ctx context.Context, f workspace.NotificationQuery) ([]workspace.Notification, int, error) {
	var rows []notificationRow
	q := t.NewSelect().Model(&rows).Where("n.project_id = ?", f.ProjectID).Where("(n.pool_name <> '') = ?", f.Pools)
	q = Equal(q, "n.channel", f.Channel)
	q = Containing(q, "n.user_folded", f.UserName)
	q = Containing(q, "n.desktop_folded", f.DesktopName)
	q = Containing(q, "n.pool_folded", f.PoolName)
	total, err := ReadPage(ctx, q, f.Page, f.Descending, "n.ended", "n.id")
	return Convert(rows, func(r notificationRow) workspace.Notification { return workspace.Notification(r.notification) }), total, err
}
