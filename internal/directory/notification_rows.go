package directory

import (
	"context"

	"carrel/internal/store"
)

// notificationRow is a record with the columns that only searches need.
type notificationRow struct {
	store.BaseModel `bun:"table:notifications,alias:n"`
	Notification
	UserFolded    string // for searches, as are the next two
	DesktopFolded string
	PoolFolded    string
}

// PutNotification inserts a record, or updates the result of its message.
func PutNotification(ctx context.Context, t *store.Tx, n Notification) error {
	_, err := t.Inserting(&notificationRow{
		Notification: n, UserFolded: store.Fold(n.UserName), DesktopFolded: store.Fold(n.DesktopName), PoolFolded: store.Fold(n.PoolName),
	}).On("CONFLICT (id) DO UPDATE").Set("sent = EXCLUDED.sent").Set("fault = EXCLUDED.fault").Set("ended = EXCLUDED.ended").Exec(ctx)
	return err
}

// Notifications reads a page of records of messages and counts all that match.
func Notifications(ctx context.Context, t *store.Tx, f NotificationQuery) ([]Notification, int, error) {
	var found []Notification
	q := t.NewSelect().Model(&found).Where("n.project_id = ?", f.ProjectID).Where("(n.pool_name <> '') = ?", f.Pools)
	q = store.Equal(q, "n.channel", f.Channel)
	q = store.Containing(q, "n.user_folded", f.UserName)
	q = store.Containing(q, "n.desktop_folded", f.DesktopName)
	q = store.Containing(q, "n.pool_folded", f.PoolName)
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, "n.ended", "n.id")
	return found, total, err
}
