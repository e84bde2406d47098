package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type subscription struct {
	ID        string
	ProjectID string `bun:",pk"`
	VPCID     string `bun:"vpc_id"`
	Opened    time.Time

	SignInRules      string `audit:"-"` // recorded field by field (signin.Service.UpdateRules)
	Status           workspace.ServiceStatus
	JobID            string
	FailReason       string
	EnterpriseID     string
	EnterpriseFolded string

	Locked     time.Time `bun:",nullzero"`
	LockReason string

	KnownUsersOnly bool
	NoScripts      bool
}

// SubscriptionRow is a subscription as it is stored, for queries that read it together with other rows. Its alias is o.
type SubscriptionRow struct {
	bun.BaseModel `bun:"table:subscriptions,alias:o"`
	subscription
}

// Subscription returns what the row has.
func (r SubscriptionRow) Subscription() workspace.Subscription {
	return workspace.Subscription(r.subscription)
}

// SubscriptionOf names a project's service in audit records.
func SubscriptionOf(projectID string) workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceService, ID: projectID}
}

// OpenSubscription inserts the subscription unless the project has one, and returns the one that it has, in whatever state. It locks it until
// the transaction ends: of several callers one creates what the project needs, and the others find it. The primary key decides
// between concurrent callers: the second waits for the first.
func (t *Tx) OpenSubscription(ctx context.Context, s workspace.Subscription) (workspace.Subscription, error) {
	s.Status = cmp.Or(s.Status, workspace.ServiceOpen)
	row := SubscriptionRow{subscription: subscription(s)}
	row.EnterpriseFolded = Fold(row.EnterpriseID)
	if _, err := t.Inserting(&row).On("CONFLICT (project_id) DO NOTHING").Exec(ctx); err != nil {
		return workspace.Subscription{}, t.enterpriseTaken(err, s.EnterpriseID)
	}
	return t.HoldSubscription(ctx, s.ProjectID)
}

// enterpriseTaken returns CodeNameTaken for an enterprise id that another project has.
func (t *Tx) enterpriseTaken(err error, id string) error {
	if err != nil && t.Violated(err) == "subscriptions_enterprise_folded" {
		return t.Refuse(workspace.Errorf(workspace.CodeNameTaken, "enterprise_id: %q is in use", id))
	}
	return err
}

// Subscription reads a project's subscription, in whatever state. CodeNotSubscribed if the service was never opened for it.
func (t *Tx) Subscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return q })
}

// HoldSubscription is Subscription and locks it until the transaction ends.
func (t *Tx) HoldSubscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	s, err := t.subscription(ctx, projectID, func(q *bun.SelectQuery) *bun.SelectQuery { return t.ForUpdate(q, "o") })
	if err == nil {
		t.AuditRead(SubscriptionOf(projectID), &SubscriptionRow{subscription: subscription(s)})
	}
	return s, err
}

// LockSubscription is HoldSubscription for an open service: of several transactions that count what the project
// has, each counts what those before created. Errors as RequireSubscription.
func (t *Tx) LockSubscription(ctx context.Context, projectID string) (workspace.Subscription, error) {
	s, err := t.HoldSubscription(ctx, projectID)
	if err == nil {
		err = s.Usable()
	}
	return s, err
}

func (t *Tx) subscription(ctx context.Context, projectID string, hold func(*bun.SelectQuery) *bun.SelectQuery) (workspace.Subscription, error) {
	var row SubscriptionRow
	err := Read(ctx, hold(t.NewSelect().Model(&row).Where("o.project_id = ?", projectID)), workspace.NotSubscribed(projectID))
	return row.Subscription(), err
}

// SaveSubscription writes a locked subscription. CodeNameTaken if another project has its enterprise id.
func (t *Tx) SaveSubscription(ctx context.Context, s workspace.Subscription) error {
	row := SubscriptionRow{subscription: subscription(s)}
	row.EnterpriseFolded = Fold(row.EnterpriseID)
	_, err := t.NewUpdate().Model(&row).WherePK().Exec(ctx)
	if err = t.enterpriseTaken(err, s.EnterpriseID); err == nil {
		t.AuditSave(SubscriptionOf(s.ProjectID), &row)
	}
	return err
}

// DeleteSubscription deletes the subscription of a project that is deleted.
func (t *Tx) DeleteSubscription(ctx context.Context, projectID string) error {
	_, err := t.NewDelete().Model((*SubscriptionRow)(nil)).Where("project_id = ?", projectID).Exec(ctx)
	return err
}

// EnterpriseProject returns the id of the project that has an enterprise id, ignoring case; "" if none has.
func (t *Tx) EnterpriseProject(ctx context.Context, enterpriseID string) (projectID string, err error) {
	err = t.NewSelect().Model((*SubscriptionRow)(nil)).Column("project_id").
		Where("enterprise_folded = ? AND enterprise_folded <> ''", Fold(enterpriseID)).Scan(ctx, &projectID)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return projectID, err
}

// RequireSubscription returns CodeNotSubscribed unless the Workspace service is open for the project, CodeConflict while it is being opened, and
// CodeServiceLocked while it is locked.
func RequireSubscription(ctx context.Context, tx *Tx, projectID string) error {
	_, err := UsableSubscription(ctx, tx, projectID)
	return err
}

// UsableSubscription is RequireSubscription, and returns the subscription.
func UsableSubscription(ctx context.Context, tx *Tx, projectID string) (workspace.Subscription, error) {
	s, err := tx.Subscription(ctx, projectID)
	if err == nil {
		err = s.Usable()
	}
	return s, err
}

// RequireUnlocked returns CodeServiceLocked while the project's Workspace service is locked. It is for what can be done in a project without an open
// service, too: what is left in it can be deleted.
func RequireUnlocked(ctx context.Context, tx *Tx, projectID string) error {
	s, err := tx.Subscription(ctx, projectID)
	if workspace.CodeOf(err) == workspace.CodeNotSubscribed {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Unlocked()
}
