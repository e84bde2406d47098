package namepolicy

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// policyRow is a policy with the columns that only searches need.
type policyRow struct {
	store.BaseModel `bun:"table:name_policies,alias:name_policies"`
	Policy
	WithUser bool // for filters of lists
}

func rowOf(p Policy) *policyRow { return &policyRow{Policy: p, WithUser: p.WithUser()} }

// Insert inserts a policy. CodeNameTaken.
func Insert(ctx context.Context, t *store.Tx, p Policy) error {
	return t.OneDefault(policies.Insert(ctx, t, rowOf(p)), policies.Name)
}

// Get reads a policy. CodePolicyNotFound.
func Get(ctx context.Context, t *store.Tx, projectID, id string) (p Policy, err error) {
	err = policies.Get(ctx, t, projectID, id, &p)
	return p, err
}

// Lock reads a policy and locks its row until the transaction ends. CodePolicyNotFound.
func Lock(ctx context.Context, t *store.Tx, projectID, id string) (p Policy, err error) {
	err = policies.Lock(ctx, t, projectID, id, &p)
	return p, err
}

// Policies reads a page of policies, oldest first, and counts all that match.
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

// Save writes a locked policy. CodeNameTaken, CodePolicyNotFound.
func Save(ctx context.Context, t *store.Tx, p Policy) error {
	return t.OneDefault(policies.Save(ctx, t, rowOf(p)), policies.Name)
}

// KeepCount stores the next number of a policy whose row is locked. It does not count as a change of the policy, so Updated
// stays.
func KeepCount(ctx context.Context, t *store.Tx, p Policy, next int) error {
	if p.PerUser {
		return nil
	}
	_, err := t.NewUpdate().Table(policies.Name).Set("next = ?", next).Where("id = ?", p.ID).Exec(ctx)
	return err
}

// ClearDefault makes all policies of a project but one no longer the default.
func ClearDefault(ctx context.Context, t *store.Tx, projectID, exceptID string) error {
	var former []struct{ ID, Name string }
	err := t.NewRaw("UPDATE ?0 SET is_default = FALSE WHERE project_id = ?1 AND id <> ?2 AND is_default RETURNING id, name",
		bun.Ident(policies.Name), projectID, exceptID).Scan(ctx, &former)
	for _, f := range former {
		t.Audit(policies.Resource(f.ID, f.Name), "", workspace.FieldChange{Field: "is_default", Old: "true", New: "false"})
	}
	return err
}

// Delete deletes a policy. A missing row is a success.
func Delete(ctx context.Context, t *store.Tx, p Policy) error { return policies.Delete(ctx, t, &p) }
