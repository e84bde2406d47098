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

	SignInRules string
}

type subscriptionRow struct {
	bun.BaseModel `bun:"table:subscriptions,alias:o"`
	subscription
}

// OpenSubscription inserts the subscription unless the project has one, and returns the one that it has. It locks it until the
// transaction ends: of several callers one creates what the project needs, and the others find it. The primary key decides
// between concurrent callers: the second waits for the first.
func (t *Tx) OpenSubscription(ctx context.Context, s workspace.Subscription) (workspace.Subscription, error) {
	row := subscriptionRow{subscription: subscription(s)}
	if _, err := t.Inserting(&row).On("CONFLICT (project_id) DO NOTHING").Exec(ctx); err != nil {
		return workspace.Subscription{}, err
	}
	var kept subscriptionRow
	err := t.ForUpdate(t.NewSelect().Model(&kept).Where("o.project_id = ?", s.ProjectID), "o").Scan(ctx)
	return workspace.Subscription(kept.subscription), err
}

// Subscription reads a project's subscription. CodeNotSubscribed if the service was never opened for it.
func (t *Tx) Subscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// LockSubscription is Subscription and locks it until the transaction ends: of several transactions that count what the project
// has, each counts what those before created.
func (t *Tx) LockSubscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return t.ForUpdate(q, "o") })
}

func (t *Tx) subscription(ctx context.Context, projectID string, hold func(*bun.SelectQuery) *bun.SelectQuery) (workspace.Subscription, error) {
	var row subscriptionRow
	err := Read(ctx, hold(t.NewSelect().Model(&row).Where("o.project_id = ?", projectID)),
		workspace.Errorf(workspace.CodeNotSubscribed, "the Workspace service is not open for project %q, open it first", projectID))
	return workspace.Subscription(row.subscription), err
}

// SaveSignInRules writes the rules of a project whose subscription is locked.
func (t *Tx) SaveSignInRules(ctx context.Context, projectID, rules string) error {
	_, err := t.NewUpdate().Table("subscriptions").Set("sign_in_rules = ?", rules).Where("project_id = ?", projectID).Exec(ctx)
	return err
}

// RequireSubscription returns CodeNotSubscribed unless the Workspace service is open for the project.
func RequireSubscription(ctx context.Context, tx *Tx, projectID string) error {
	_, err := tx.Subscription(ctx, projectID)
	return err
}
