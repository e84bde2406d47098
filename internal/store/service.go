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
	bun.BaseModel `bun:"table:subscriptions"`
	subscription
}

// PutSubscription implements workspace.ServiceRows.
func (t *tx) PutSubscription(ctx context.Context, s workspace.Subscription) error {
	row := subscriptionRow{subscription: subscription(s)}
	_, err := t.inserting(&row).On("CONFLICT (project_id) DO UPDATE").Exec(ctx)
	return err
}

// Subscription implements workspace.ServiceRows.
func (t *tx) Subscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	var row subscriptionRow
	err := read(ctx, t.NewSelect().Model(&row).Where("project_id = ?", projectID),
		workspace.Errorf(workspace.CodeNotSubscribed, "the Workspace service is not open for project %q, open it first", projectID))
	return workspace.Subscription(row.subscription), err
}
