package namepolicy

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type namePolicy struct {
	ID        string `bun:",pk"`
	ProjectID string
	Name      string
	Prefix    string
	Digits    int
	Start     int
	PerUser   bool
	Truncate  bool
	Default   bool `bun:"is_default"`
	Next      int
	Created   time.Time
	Updated   time.Time
}

type namePolicyRow struct {
	bun.BaseModel `bun:"table:name_policies,alias:p"`
	namePolicy
	NameFolded string
	WithUser   bool
}

func newNamePolicyRow(p NamePolicy) namePolicyRow {
	return namePolicyRow{namePolicy: namePolicy(p), NameFolded: store.Fold(p.Name), WithUser: p.WithUser()}
}

func (r namePolicyRow) domain() NamePolicy { return NamePolicy(r.namePolicy) }

func policyNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "policy_name: %q is in use", name)
}

func namePolicyNotFound(id string) error {
	return workspace.Errorf(workspace.CodePolicyNotFound, "name policy %q does not exist", id)
}

// InsertNamePolicy fails with CodeNameTaken.
func InsertNamePolicy(ctx context.Context, t *store.Tx, p NamePolicy) error {
	row := newNamePolicyRow(p)
	n, err := store.Affected(t.Inserting(&row).On("CONFLICT (project_id, name_folded) DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(policyNameTaken(p.Name))
	}
	return t.OneDefault(err, "name_policies")
}

// ReadNamePolicy reads a policy; CodePolicyNotFound.
func ReadNamePolicy(ctx context.Context, t *store.Tx, projectID, id string) (NamePolicy, error) {
	var row namePolicyRow
	q := t.NewSelect().Model(&row).Where("p.project_id = ? AND p.id = ?", projectID, id)
	err := store.Read(ctx, q, namePolicyNotFound(id))
	return row.domain(), err
}

// LockNamePolicy reads a policy and holds its row until the transaction ends; CodePolicyNotFound.
func LockNamePolicy(ctx context.Context, t *store.Tx, projectID, id string) (NamePolicy, error) {
	var row namePolicyRow
	q := t.NewSelect().Model(&row).Where("p.project_id = ? AND p.id = ?", projectID, id)
	err := store.Read(ctx, t.ForUpdate(q, "p"), namePolicyNotFound(id))
	return row.domain(), err
}

// NamePolicies are in the order in which they were made.
func NamePolicies(ctx context.Context, t *store.Tx, f NamePolicyQuery) ([]NamePolicy, int, error) {
	var rows []namePolicyRow
	q := t.NewSelect().Model(&rows).Where("p.project_id = ?", f.ProjectID)
	q = store.Equal(q, "p.id", f.ID)
	q = store.Containing(q, "p.name_folded", f.Name)
	q = store.Is(q, "p.with_user", f.WithUser)
	q = store.Is(q, "p.is_default", f.Default)
	total, err := store.ReadPage(ctx, q, f.Page, false, "p.created", "p.id")
	return store.Convert(rows, namePolicyRow.domain), total, err
}

// SaveNamePolicy writes every field but the identity. CodeNameTaken.
// CodePolicyNotFound when the row is missing.
func SaveNamePolicy(ctx context.Context, t *store.Tx, p NamePolicy) error {
	row := newNamePolicyRow(p)
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	return t.OneDefault(t.Saved(n, err, "name_policies_name_folded", policyNameTaken(p.Name), namePolicyNotFound(p.ID)), "name_policies")
}

// ClearDefaultNamePolicy makes no policy of a project but one the default.
func ClearDefaultNamePolicy(ctx context.Context, t *store.Tx, projectID, exceptID string) error {
	_, err := t.NewUpdate().Model((*namePolicyRow)(nil)).Set("is_default = FALSE").
		Where("project_id = ? AND id <> ? AND is_default", projectID, exceptID).Exec(ctx)
	return err
}

// DeleteNamePolicy removes a policy. A missing row is a success.
func DeleteNamePolicy(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*namePolicyRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
