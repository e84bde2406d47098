package namepolicy

import (
	"context"

	"carrel/internal/store"
)

// policyRow is a policy as it is written.
type policyRow struct {
	store.BaseModel `bun:"table:name_policies,alias:name_policies"`
	Policy
	WithUser bool // for lists
}

func rowOf(p Policy) *policyRow { return &policyRow{Policy: p, WithUser: p.WithUser()} }

// Insert fails with CodeNameTaken.
func Insert(ctx context.Context, t *store.Tx, p Policy) error {
	return t.OneDefault(policies.Insert(ctx, t, rowOf(p)), policies.Name)
}

// Get reads a policy; CodePolicyNotFound.
func Get(ctx context.Context, t *store.Tx, projectID, id string) (p Policy, err error) {
	err = policies.Get(ctx, t, projectID, id, &p)
	return p, err
}

// Lock reads a policy and holds its row until the transaction ends; CodePolicyNotFound.
func Lock(ctx context.Context, t *store.Tx, projectID, id string) (p Policy, err error) {
	err = policies.Lock(ctx, t, projectID, id, &p)
	return p, err
}

// Policies are in the order in which they were made.
func Policies(ctx context.Context, t *store.Tx, f Query) ([]Policy, int, error) {
	var found []Policy
	q := policies.Select(t, f.ProjectID, &found)
	q = store.Equal(q, "id", f.ID)
	q = store.Containing(q, "name_folded", f.Name)
	q = store.Is(q, "with_user", f.WithUser)
	q = store.Is(q, "is_default", f.Default)
	total, err := store.ReadPage(ctx, q, f.Page, false, "created", "id")
	return found, total, err
}

// Save writes a policy that was locked. CodeNameTaken, CodePolicyNotFound.
func Save(ctx context.Context, t *store.Tx, p Policy) error {
	return t.OneDefault(policies.Save(ctx, t, rowOf(p)), policies.Name)
}

// KeepCount writes the number that a policy, whose row is held, goes on with. That is no change of the policy.
func KeepCount(ctx context.Context, t *store.Tx, p Policy, next int) error {
	if p.PerUser {
		return nil
	}
	_, err := t.NewUpdate().Table(policies.Name).Set("next = ?", next).Where("id = ?", p.ID).Exec(ctx)
	return err
}

// ClearDefault makes no policy of a project but one the default.
func ClearDefault(ctx context.Context, t *store.Tx, projectID, exceptID string) error {
	_, err := t.NewUpdate().Table(policies.Name).Set("is_default = FALSE").
		Where("project_id = ? AND id <> ? AND is_default", projectID, exceptID).Exec(ctx)
	return err
}

// Delete removes a policy. One that is gone is a success.
func Delete(ctx context.Context, t *store.Tx, p Policy) error { return policies.Delete(ctx, t, &p) }
