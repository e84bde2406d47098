package iam

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Group is a set of the account's users, to whom permissions can be given together.
type Group struct {
	bun.BaseModel `bun:"table:iam_groups,alias:g"`
	ID            string `bun:",pk"`
	AccountID     string `audit:"-"`
	Name          string // unique in the account, ignoring case
	NameFolded    string // set by InsertGroup and SaveGroup
	Description   string
	Created       time.Time
}

// Member is a user in a group. It ends with either.
type Member struct {
	bun.BaseModel `bun:"table:iam_group_members,alias:m"`
	GroupID       string `bun:",pk"`
	AdminID       string `bun:",pk"`
	Created       time.Time
}

// GroupQuery selects groups of one account, by name.
type GroupQuery struct {
	AccountID string
	Name      string // exact, ignoring case; empty: all
	MemberID  string // groups that have this user; empty: all
	workspace.Page
}

func resourceOfGroup(g Group) workspace.Resource {
	return workspace.Resource{Type: ResourceGroup, ID: g.ID, Name: g.Name}
}

// InsertGroup inserts a group.
func InsertGroup(ctx context.Context, t *store.Tx, g Group) error {
	g.NameFolded = store.Fold(g.Name)
	t.AuditInsert(resourceOfGroup(g), &g)
	return insertRow(ctx, t, &g)
}

// ReadGroup reads a group of the account.
func ReadGroup(ctx context.Context, t *store.Tx, accountID, id string) (g Group, err error) {
	q := t.NewSelect().Model(&g).Where("g.account_id = ?", accountID).Where("g.id = ?", id)
	return g, store.Read(ctx, q, ErrNoIdentity)
}

// LockGroup is ReadGroup and locks the row until the transaction ends.
func LockGroup(ctx context.Context, t *store.Tx, accountID, id string) (g Group, err error) {
	err = lockRow(ctx, t, &g, "g", resourceOfGroup, "g.account_id = ? AND g.id = ?", accountID, id)
	return g, err
}

// Groups reads a page of groups, ordered by name.
func Groups(ctx context.Context, t *store.Tx, f GroupQuery) ([]Group, error) {
	found := []Group{}
	q := t.NewSelect().Model(&found).Where("g.account_id = ?", f.AccountID)
	q = store.Equal(q, "g.name_folded", store.Fold(f.Name))
	if f.MemberID != "" {
		q = q.Where("g.id IN (SELECT group_id FROM iam_group_members WHERE admin_id = ?)", f.MemberID)
	}
	err := q.Order("g.name_folded").Offset(int64(f.Offset)).Limit(int64(f.Limit)).Scan(ctx)
	return found, err
}

// CountGroups counts an account's groups.
func CountGroups(ctx context.Context, t *store.Tx, accountID string) (int, error) {
	n, err := t.NewSelect().Model((*Group)(nil)).Where("g.account_id = ?", accountID).Count(ctx)
	return int(n), err
}

// SaveGroup writes name and description of a locked group.
func SaveGroup(ctx context.Context, t *store.Tx, g Group) error {
	g.NameFolded = store.Fold(g.Name)
	t.AuditSave(resourceOfGroup(g), &g)
	_, err := t.NewUpdate().Model(&g).Column("name", "name_folded", "description").WherePK().Exec(ctx)
	return taken(t, err)
}

// DeleteGroup deletes a locked group. Foreign keys remove its members.
func DeleteGroup(ctx context.Context, t *store.Tx, g Group) error {
	t.AuditDelete(resourceOfGroup(g))
	_, err := t.NewDelete().Model((*Group)(nil)).Where("id = ?", g.ID).Exec(ctx)
	return err
}

// AddMember puts a user into a group. If it is there already, nothing changes. ErrNoIdentity if either has just been deleted.
func AddMember(ctx context.Context, t *store.Tx, m Member) error {
	_, err := t.Inserting(&m).On("CONFLICT (group_id, admin_id) DO NOTHING").Exec(ctx)
	if t.Refers(err) {
		return t.Refuse(ErrNoIdentity)
	}
	return err
}

// RemoveMember takes a user out of a group, and reports whether it was in it.
func RemoveMember(ctx context.Context, t *store.Tx, groupID, adminID string) (bool, error) {
	n, err := store.Affected(t.NewDelete().Model((*Member)(nil)).Where("group_id = ?", groupID).Where("admin_id = ?", adminID).Exec(ctx))
	return n > 0, err
}

// IsMember reports whether a user is in a group.
func IsMember(ctx context.Context, t *store.Tx, groupID, adminID string) (bool, error) {
	return t.NewSelect().Model((*Member)(nil)).Where("m.group_id = ?", groupID).Where("m.admin_id = ?", adminID).Exists(ctx)
}
