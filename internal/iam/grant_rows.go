package iam

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// CustomPolicy is a policy that an account's administrators wrote.
type CustomPolicy struct {
	bun.BaseModel `bun:"table:iam_policies,alias:p"`
	ID            string `bun:",pk"`
	AccountID     string `audit:"-"`
	Name          string // unique in the account, ignoring case; the API calls it display_name
	NameFolded    string // set by InsertPolicy and SavePolicy
	Type          PolicyType
	Description   string
	Document      string // JSON, as policy.Parse takes it
	Created       time.Time
	Updated       time.Time
}

// RoleGrant attaches a built-in role or a custom policy to a user, a group or an agency, within a scope. It ends with what it is about.
type RoleGrant struct {
	bun.BaseModel `bun:"table:iam_grants,alias:a"`
	ID            string `bun:",pk"`
	AccountID     string
	PrincipalID   string // the user, group or agency
	AdminID       string `bun:",nullzero"` // the principal, if it is a user
	GroupID       string `bun:",nullzero"` // the principal, if it is a group
	AgencyID      string `bun:",nullzero"` // the principal, if it is an agency
	RoleID        string // of the built-in role or the custom policy
	PolicyID      string `bun:",nullzero"` // the role, if it is a custom policy
	ProjectID     string `bun:",nullzero"` // the scope, if it is a project
	Scope         Scope
	ScopeID       string
	Created       time.Time
}

func resourceOfPolicy(p CustomPolicy) workspace.Resource {
	return workspace.Resource{Type: ResourcePolicy, ID: p.ID, Name: p.Name}
}

// errPolicyInUse is the error of a policy that cannot be deleted.
var errPolicyInUse = errors.New("the policy is attached to a user or group")

// RaiseVersion notes in the account's row that this transaction ends credentials of its users, or changes what they may do. Every process compares
// that with what it has read before (Service.version). It locks the row until the transaction ends, so that of two callers who take the role of the
// last two administrators the second sees what the first did. It comes before locks on other rows of the account.
func RaiseVersion(ctx context.Context, t *store.Tx, accountID string) error {
	n, err := store.Affected(t.NewUpdate().Model((*Account)(nil)).Set("policy_version = policy_version + 1").Where("id = ?", accountID).Exec(ctx))
	if err == nil && n == 0 {
		err = ErrNoIdentity
	}
	if err != nil {
		return err
	}
	return t.NoteRevocation(ctx)
}

// InsertPolicy inserts a custom policy.
func InsertPolicy(ctx context.Context, t *store.Tx, p CustomPolicy) error {
	p.NameFolded = store.Fold(p.Name)
	t.AuditInsert(resourceOfPolicy(p), &p)
	return insertRow(ctx, t, &p)
}

// ReadPolicy reads a custom policy of the account.
func ReadPolicy(ctx context.Context, t *store.Tx, accountID, id string) (p CustomPolicy, err error) {
	q := t.NewSelect().Model(&p).Where("p.account_id = ?", accountID).Where("p.id = ?", id)
	return p, store.Read(ctx, q, ErrNoIdentity)
}

// LockPolicy is ReadPolicy and locks the row until the transaction ends.
func LockPolicy(ctx context.Context, t *store.Tx, accountID, id string) (p CustomPolicy, err error) {
	err = lockRow(ctx, t, &p, "p", resourceOfPolicy, "p.account_id = ? AND p.id = ?", accountID, id)
	return p, err
}

// SavePolicy writes a locked policy.
func SavePolicy(ctx context.Context, t *store.Tx, p CustomPolicy) error {
	p.NameFolded, p.Updated = store.Fold(p.Name), t.Now()
	t.AuditSave(resourceOfPolicy(p), &p)
	_, err := t.NewUpdate().Model(&p).ExcludeColumn("account_id", "created").WherePK().Exec(ctx)
	return taken(t, err)
}

// DeletePolicy deletes a locked policy that is not attached; otherwise errPolicyInUse, which a foreign key decides.
func DeletePolicy(ctx context.Context, t *store.Tx, p CustomPolicy) error {
	t.AuditDelete(resourceOfPolicy(p))
	_, err := t.NewDelete().Model((*CustomPolicy)(nil)).Where("id = ?", p.ID).Exec(ctx)
	if t.Refers(err) {
		return t.Refuse(errPolicyInUse)
	}
	return err
}

// Policies reads a page of an account's custom policies, by name, and counts all of them.
func Policies(ctx context.Context, t *store.Tx, accountID, name string, page workspace.Page) ([]CustomPolicy, int, error) {
	found := []CustomPolicy{}
	q := t.NewSelect().Model(&found).Where("p.account_id = ?", accountID)
	q = store.Equal(q, "p.name_folded", store.Fold(name))
	total, err := store.ReadPage(ctx, q, page, false, "p.name_folded")
	return found, total, err
}

// PutGrant attaches a role and reports whether it was not attached yet. ErrNoIdentity if what it is about has just been deleted.
func PutGrant(ctx context.Context, t *store.Tx, g RoleGrant) (bool, error) {
	n, err := store.Affected(t.Inserting(&g).On("CONFLICT (principal_id, role_id, scope, scope_id) DO NOTHING").Exec(ctx))
	if t.Refers(err) {
		return false, t.Refuse(ErrNoIdentity)
	}
	return n > 0, err
}

// HasGrant reports whether a role is attached.
func HasGrant(ctx context.Context, t *store.Tx, g RoleGrant) (bool, error) {
	return t.NewSelect().Model((*RoleGrant)(nil)).Where("a.principal_id = ? AND a.role_id = ?", g.PrincipalID, g.RoleID).
		Where("a.scope = ? AND a.scope_id = ?", g.Scope, g.ScopeID).Exists(ctx)
}

// DropGrant detaches a role and reports whether it was attached.
func DropGrant(ctx context.Context, t *store.Tx, g RoleGrant) (bool, error) {
	n, err := store.Affected(t.NewDelete().Model((*RoleGrant)(nil)).Where("principal_id = ? AND role_id = ?", g.PrincipalID, g.RoleID).
		Where("scope = ? AND scope_id = ?", g.Scope, g.ScopeID).Exec(ctx))
	return n > 0, err
}

// ClearRole takes the role that is in a user's own row.
func ClearRole(ctx context.Context, t *store.Tx, adminID string) error {
	_, err := t.NewUpdate().Model((*Admin)(nil)).Set("role = ''").Where("id = ?", adminID).Exec(ctx)
	return err
}

// CountGrants counts what is attached to a user or group.
func CountGrants(ctx context.Context, t *store.Tx, principalID string) (int, error) {
	n, err := t.NewSelect().Model((*RoleGrant)(nil)).Where("a.principal_id = ?", principalID).Count(ctx)
	return int(n), err
}

// heldRole is a role with where it is attached.
type heldRole struct {
	RoleID   string
	Scope    Scope
	ScopeID  string
	Document string // of a custom policy
}

// RolesHeld reads, in one statement, what is attached to a user and to the user's groups, or to an agency.
func RolesHeld(ctx context.Context, t *store.Tx, principalID string) (held []heldRole, err error) {
	return held, t.NewSelect().TableExpr("iam_grants AS a").Join("LEFT JOIN iam_policies AS p ON p.id = a.policy_id").
		ColumnExpr("a.role_id, a.scope, a.scope_id, COALESCE(p.document, '') AS document").
		Where("a.principal_id IN (SELECT ? UNION ALL SELECT m.group_id FROM iam_group_members AS m WHERE m.admin_id = ?)", principalID, principalID).
		Order("a.created", "a.id").Scan(ctx, &held)
}

// RolesAt reads the roles that are attached to a user or group in one scope: their ids, and the custom policies among them.
func RolesAt(ctx context.Context, t *store.Tx, principalID string, scope Scope, scopeID string) (ids []string, custom []CustomPolicy, err error) {
	at := t.NewSelect().Model((*RoleGrant)(nil)).Where("a.principal_id = ?", principalID).Where("a.scope = ? AND a.scope_id = ?", scope, scopeID)
	if err := at.Column("role_id").Order("a.created", "a.id").Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	err = t.NewSelect().Model(&custom).Where("p.id IN (?)", bun.List(ids)).Scan(ctx)
	return ids, custom, err
}

// AttachmentsOf reads to whom a role is attached, by kind and name.
func AttachmentsOf(ctx context.Context, t *store.Tx, accountID, roleID string) (all []Attachment, err error) {
	attached := t.NewSelect().TableExpr("iam_grants AS a").Join("LEFT JOIN admins AS u ON u.id = a.admin_id").
		Join("LEFT JOIN iam_groups AS g ON g.id = a.group_id").Join("LEFT JOIN iam_agencies AS y ON y.id = a.agency_id").
		Join("LEFT JOIN projects AS p ON p.id = a.project_id").
		ColumnExpr("CASE WHEN u.id IS NOT NULL THEN 'user' WHEN g.id IS NOT NULL THEN 'group' ELSE 'agency' END AS kind").
		ColumnExpr("COALESCE(u.name, g.name, y.name, '') AS name, a.scope").
		ColumnExpr("CASE a.scope WHEN ? THEN '' ELSE COALESCE(p.name, a.scope_id) END AS \"where\"", ScopeDomain).
		ColumnExpr("FALSE AS own").Where("a.account_id = ?", accountID).Where("a.role_id = ?", roleID)
	if err := attached.Scan(ctx, &all); err != nil {
		return nil, err
	}
	for kind, table := range map[string]string{"user": "admins", "agency": "iam_agencies"} {
		var names []string
		q := t.NewSelect().TableExpr("? AS t", bun.Ident(table)).ColumnExpr("t.name").Where("t.account_id = ?", accountID).Where("t.role = ?", roleID)
		if err := q.Scan(ctx, &names); err != nil {
			return nil, err
		}
		for _, name := range names {
			all = append(all, Attachment{Kind: kind, Name: name, Scope: ScopeDomain, Own: true})
		}
	}
	slices.SortFunc(all, func(a, b Attachment) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Where, b.Where))
	})
	return all, nil
}

// HasAdministrator reports whether an account has an enabled user with the role of administrators for the whole account: the user's own, or
// attached to the user or to a group of the user's.
func HasAdministrator(ctx context.Context, t *store.Tx, accountID string) (bool, error) {
	return t.NewSelect().TableExpr("admins AS u").ColumnExpr("1").Where("u.account_id = ?", accountID).Where("u.enabled").
		Where("(u.role = ? OR EXISTS (SELECT 1 FROM iam_grants AS a WHERE a.role_id = ? AND a.scope = ? AND (a.principal_id = u.id OR "+
			"a.principal_id IN (SELECT m.group_id FROM iam_group_members AS m WHERE m.admin_id = u.id))))", RoleAdmin, RoleAdmin, ScopeDomain).Exists(ctx)
}
