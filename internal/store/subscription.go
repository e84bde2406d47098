package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type subscription struct {
	ID        string
	ProjectID string `bun:",pk"`
	VPCID     string `bun:"vpc_id"`
	Opened    time.Time
}

type subscriptionRow struct {
	bun.BaseModel `bun:"table:subscriptions,alias:o"`
	subscription
}

// OpenSubscription adds the subscription unless the project has one, and returns the one that it has. It holds it until the
// transaction ends: of several callers one makes what the project needs, and the others find it there.
// The primary key decides between callers: the second waits for the first.
func (t *Tx) OpenSubscription(ctx context.Context, s workspace.Subscription) (workspace.Subscription, error) {
	row := subscriptionRow{subscription: subscription(s)}
	if _, err := t.Inserting(&row).On("CONFLICT (project_id) DO NOTHING").Exec(ctx); err != nil {
		return workspace.Subscription{}, err
	}
	var kept subscriptionRow
	err := t.ForUpdate(t.NewSelect().Model(&kept).Where("o.project_id = ?", s.ProjectID), "o").Scan(ctx)
	return workspace.Subscription(kept.subscription), err
}

// Subscription fails with CodeNotSubscribed when the service was never opened for the project.
func (t *Tx) Subscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// LockSubscription is Subscription and holds it until the transaction ends: of several callers at once who count what the project
// has, each counts what those before made.
func (t *Tx) LockSubscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return t.ForUpdate(q, "o") })
}

func (t *Tx) subscription(ctx context.Context, projectID string, hold func(*bun.SelectQuery) *bun.SelectQuery) (workspace.Subscription, error) {
	var row subscriptionRow
	err := Read(ctx, hold(t.NewSelect().Model(&row).Where("o.project_id = ?", projectID)),
		workspace.Errorf(workspace.CodeNotSubscribed, "the Workspace service is not open for project %q, open it first", projectID))
	return workspace.Subscription(row.subscription), err
}

// RequireSubscription fails with CodeNotSubscribed unless the Workspace service is open for the project.
func RequireSubscription(ctx context.Context, tx *Tx, projectID string) error {
	_, err := tx.Subscription(ctx, projectID)
	return err
}
