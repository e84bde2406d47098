package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

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

func newNamePolicyRow(p workspace.NamePolicy) namePolicyRow {
	return namePolicyRow{namePolicy: namePolicy(p), NameFolded: Fold(p.Name), WithUser: p.WithUser()}
}

func (r namePolicyRow) domain() workspace.NamePolicy { return workspace.NamePolicy(r.namePolicy) }

func policyNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "policy_name: %q is in use", name)
}

func namePolicyNotFound(id string) error {
	return workspace.Errorf(workspace.CodePolicyNotFound, "name policy %q does not exist", id)
}

// InsertNamePolicy implements workspace.NamePolicyRows.
func (t *Tx) InsertNamePolicy(ctx context.Context, p workspace.NamePolicy) error {
	row := newNamePolicyRow(p)
	n, err := Affected(t.Inserting(&row).On("CONFLICT (project_id, name_folded) DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(policyNameTaken(p.Name))
	}
	return t.OneDefault(err, "name_policies")
}

// ReadNamePolicy implements workspace.NamePolicyRows.
func (t *Tx) ReadNamePolicy(ctx context.Context, projectID, id string) (workspace.NamePolicy, error) {
	var row namePolicyRow
	q := t.NewSelect().Model(&row).Where("p.project_id = ? AND p.id = ?", projectID, id)
	err := Read(ctx, q, namePolicyNotFound(id))
	return row.domain(), err
}

// LockNamePolicy implements workspace.NamePolicyRows.
func (t *Tx) LockNamePolicy(ctx context.Context, projectID, id string) (workspace.NamePolicy, error) {
	var row namePolicyRow
	q := t.NewSelect().Model(&row).Where("p.project_id = ? AND p.id = ?", projectID, id)
	err := Read(ctx, t.ForUpdate(q, "p"), namePolicyNotFound(id))
	return row.domain(), err
}

// NamePolicies implements workspace.NamePolicyRows.
func (t *Tx) NamePolicies(ctx context.Context, f workspace.NamePolicyQuery) ([]workspace.NamePolicy, int, error) {
	var rows []namePolicyRow
	q := t.NewSelect().Model(&rows).Where("p.project_id = ?", f.ProjectID)
	q = Equal(q, "p.id", f.ID)
	q = Containing(q, "p.name_folded", f.Name)
	q = Is(q, "p.with_user", f.WithUser)
	q = Is(q, "p.is_default", f.Default)
	total, err := ReadPage(ctx, q, f.Page, false, "p.created", "p.id")
	return Convert(rows, namePolicyRow.domain), total, err
}

// SaveNamePolicy implements workspace.NamePolicyRows. CodePolicyNotFound when the row is missing.
func (t *Tx) SaveNamePolicy(ctx context.Context, p workspace.NamePolicy) error {
	row := newNamePolicyRow(p)
	n, err := Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	return t.OneDefault(t.Saved(n, err, "name_policies_name_folded", policyNameTaken(p.Name), namePolicyNotFound(p.ID)), "name_policies")
}

// ClearDefaultNamePolicy implements workspace.NamePolicyRows.
func (t *Tx) ClearDefaultNamePolicy(ctx context.Context, projectID, exceptID string) error {
	_, err := t.NewUpdate().Model((*namePolicyRow)(nil)).Set("is_default = FALSE").
		Where("project_id = ? AND id <> ? AND is_default", projectID, exceptID).Exec(ctx)
	return err
}

// DeleteNamePolicy implements workspace.NamePolicyRows.
func (t *Tx) DeleteNamePolicy(ctx context.Context, id string) error {
	_, err := t.NewDelete().Model((*namePolicyRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
