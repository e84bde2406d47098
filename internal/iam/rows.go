package iam

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The errors of identity rows.
var (
	ErrNoIdentity    = errors.New("no such account, project, administrator, key or token")
	ErrIdentityTaken = errors.New("the name or id is in use")
)

// Account owns projects and administrators. The API calls it a domain.
type Account struct {
	bun.BaseModel `bun:"table:accounts"`
	ID            string `bun:",pk"`
	Name          string
	Created       time.Time
	PolicyVersion int64 // grows when a credential of the account's users ends, and when what they may do changes: RaiseVersion
}

// Project holds desktops.
type Project struct {
	bun.BaseModel `bun:"table:projects"`
	ID            string `bun:",pk"`
	AccountID     string `audit:"-"`
	Name          string
	Description   string
	Enabled       bool // otherwise calls of the API for it are refused
	Created       time.Time
	Agencies      []ServiceAgency `audit:"-"` // AuthorizeService records them
}

func resourceOfProject(p Project) workspace.Resource {
	return workspace.Resource{Type: ResourceProject, ID: p.ID, Name: p.Name}
}

// Admin is a caller of the API, which calls it an IAM user.
type Admin struct {
	bun.BaseModel `bun:"table:admins"`
	ID            string `bun:",pk"`
	AccountID     string `audit:"-"`
	Name          string // unique in the account, ignoring case
	NameFolded    string // set by InsertAdmin and SaveAdmin
	PasswordHash  string `json:"-"` // empty: no password is right
	Role          Role
	Description   string
	Enabled       bool // otherwise no credential of the user is accepted
	MFA           bool `bun:"mfa" audit:"-"` // a registered Device exists; see SetMFA
	Created       time.Time
}

func resourceOfUser(a Admin) workspace.Resource {
	return workspace.Resource{Type: ResourceUser, ID: a.ID, Name: a.Name}
}

// Caller is an administrator with their account.
type Caller struct {
	Admin   Admin
	Account Account
}

// Bootstrap records what the first start created.
type Bootstrap struct {
	bun.BaseModel  `bun:"table:bootstrap"`
	Slot           int // always 0, since there is one row
	AccountID      string
	ProjectID      string
	AdminID        string
	AccessKey      string
	SealedPassword string
}

func insertRow(ctx context.Context, t *store.Tx, row any) error {
	_, err := t.Inserting(row).Exec(ctx)
	return taken(t, err)
}

// lockRow reads the row that a condition selects, locks it until the transaction ends, and notes it for the record of what changes.
func lockRow[R any](ctx context.Context, t *store.Tx, row *R, alias string, resource func(R) workspace.Resource, where string, args ...any) error {
	if err := store.Read(ctx, t.ForUpdate(t.NewSelect().Model(row).Where(where, args...), alias), ErrNoIdentity); err != nil {
		return err
	}
	t.AuditRead(resource(*row), row)
	return nil
}

// taken returns ErrIdentityTaken for a row that a unique index refused.
func taken(t *store.Tx, err error) error {
	if err != nil && t.Violated(err) != "" {
		return t.Refuse(ErrIdentityTaken)
	}
	return err
}

// InsertAccount inserts an account.
func InsertAccount(ctx context.Context, t *store.Tx, a Account) error { return insertRow(ctx, t, &a) }

// InsertProject inserts a project.
func InsertProject(ctx context.Context, t *store.Tx, p Project) error {
	if p.Agencies == nil {
		p.Agencies = []ServiceAgency{}
	}
	t.AuditInsert(resourceOfProject(p), &p)
	return insertRow(ctx, t, &p)
}

// LockProject is ReadProject and locks the row until the transaction ends.
func LockProject(ctx context.Context, t *store.Tx, accountID, id string) (p Project, err error) {
	err = lockRow(ctx, t, &p, "project", resourceOfProject, "account_id = ? AND id = ?", accountID, id)
	return p, err
}

// SaveProject writes a locked project.
func SaveProject(ctx context.Context, t *store.Tx, p Project) error {
	t.AuditSave(resourceOfProject(p), &p)
	_, err := t.NewUpdate().Model(&p).Column("name", "description", "enabled", "agencies").WherePK().Exec(ctx)
	return taken(t, err)
}

// DeleteProject deletes a locked project. Tokens and temporary keys for it are refused from then on.
func DeleteProject(ctx context.Context, t *store.Tx, p Project) error {
	t.AuditDelete(resourceOfProject(p))
	_, err := t.NewDelete().Model((*Project)(nil)).Where("id = ?", p.ID).Exec(ctx)
	return err
}

// CountProjects counts an account's projects.
func CountProjects(ctx context.Context, t *store.Tx, accountID string) (int, error) {
	n, err := t.NewSelect().Model((*Project)(nil)).Where("account_id = ?", accountID).Count(ctx)
	return int(n), err
}

// InsertAdmin inserts an administrator.
func InsertAdmin(ctx context.Context, t *store.Tx, a Admin) error {
	a.NameFolded = strings.ToLower(a.Name)
	t.AuditInsert(resourceOfUser(a), &a)
	return insertRow(ctx, t, &a)
}

// SaveAdmin writes a locked administrator, except for the password.
func SaveAdmin(ctx context.Context, t *store.Tx, a Admin) error {
	a.NameFolded = strings.ToLower(a.Name)
	t.AuditSave(resourceOfUser(a), &a)
	_, err := t.NewUpdate().Model(&a).Column("name", "name_folded", "role", "description", "enabled").WherePK().Exec(ctx)
	return taken(t, err)
}

// ReplacePassword writes a password's hash, ends what was issued for the old one (EndCredentials), and forgets the password of the first start.
func ReplacePassword(ctx context.Context, t *store.Tx, a Admin, hash string) error {
	t.Audit(resourceOfUser(a), "", workspace.FieldChange{Field: "password", New: "changed"})
	if _, err := t.NewUpdate().Model((*Admin)(nil)).Set("password_hash = ?", hash).Where("id = ?", a.ID).Exec(ctx); err != nil {
		return err
	}
	if _, err := t.NewUpdate().Model((*Bootstrap)(nil)).Set("sealed_password = ''").Where("admin_id = ?", a.ID).Exec(ctx); err != nil {
		return err
	}
	return EndCredentials(ctx, t, a.ID)
}

// DeleteAdmin deletes a locked administrator. Foreign keys remove keys, tokens and memberships.
func DeleteAdmin(ctx context.Context, t *store.Tx, a Admin) error {
	t.AuditDelete(resourceOfUser(a))
	if err := t.ForgetSubject(ctx, adminSubject(a.ID)); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*Admin)(nil)).Where("id = ?", a.ID).Exec(ctx)
	return err
}

// CountAdmins counts an account's users.
func CountAdmins(ctx context.Context, t *store.Tx, accountID string) (int, error) {
	n, err := t.NewSelect().Model((*Admin)(nil)).Where("account_id = ?", accountID).Count(ctx)
	return int(n), err
}

// InsertBootstrap records what the first start created. Of two concurrent callers one gets ErrIdentityTaken.
func InsertBootstrap(ctx context.Context, t *store.Tx, b Bootstrap) error {
	b.Slot = 0
	return insertRow(ctx, t, &b)
}

// ReadBootstrap reads what the first start created.
func ReadBootstrap(ctx context.Context, t *store.Tx) (b Bootstrap, err error) {
	return b, store.Read(ctx, t.NewSelect().Model(&b), ErrNoIdentity)
}

// ReadAccount reads an account.
func ReadAccount(ctx context.Context, t *store.Tx, id string) (a Account, err error) {
	return a, store.Read(ctx, t.NewSelect().Model(&a).Where("id = ?", id), ErrNoIdentity)
}

// ReadVersion reads the version of an account.
func ReadVersion(ctx context.Context, t *store.Tx, id string) (n int64, err error) {
	return n, store.Read(ctx, t.NewSelect().Model((*Account)(nil)).Column("policy_version").Where("id = ?", id), ErrNoIdentity, &n)
}

// ReadProject reads a project of the account.
func ReadProject(ctx context.Context, t *store.Tx, accountID, id string) (p Project, err error) {
	q := t.NewSelect().Model(&p).Where("account_id = ?", accountID).Where("id = ?", id)
	return p, store.Read(ctx, q, ErrNoIdentity)
}

// ReadProjectByName reads a project of the account by its name.
func ReadProjectByName(ctx context.Context, t *store.Tx, accountID, name string) (p Project, err error) {
	q := t.NewSelect().Model(&p).Where("account_id = ?", accountID).Where("name = ?", name)
	return p, store.Read(ctx, q, ErrNoIdentity)
}

// ProjectQuery selects projects of one account.
type ProjectQuery struct {
	AccountID string
	Name      string // exact; empty: all
	Enabled   *bool
	workspace.Page
}

// Projects reads a page of projects, ordered by name.
func Projects(ctx context.Context, t *store.Tx, f ProjectQuery) ([]Project, error) {
	found := []Project{}
	q := store.Equal(t.NewSelect().Model(&found).Where("account_id = ?", f.AccountID), "name", f.Name)
	err := store.Is(q, "enabled", f.Enabled).Order("name").Offset(int64(f.Offset)).Limit(int64(f.Limit)).Scan(ctx)
	return found, err
}

// AdminQuery selects administrators of one account.
type AdminQuery struct {
	AccountID string
	Name      string // exact, ignoring case; empty: all
	GroupID   string // members of this group; empty: all
	Enabled   *bool
	workspace.Page
}

// Admins reads a page of administrators, ordered by name.
func Admins(ctx context.Context, t *store.Tx, f AdminQuery) ([]Admin, error) {
	found := []Admin{}
	q := store.Equal(t.NewSelect().Model(&found).Where("account_id = ?", f.AccountID), "name_folded", strings.ToLower(f.Name))
	if f.GroupID != "" {
		q = q.Where("id IN (SELECT admin_id FROM iam_group_members WHERE group_id = ?)", f.GroupID)
	}
	err := store.Is(q, "enabled", f.Enabled).Order("name_folded").Offset(int64(f.Offset)).Limit(int64(f.Limit)).Scan(ctx)
	return found, err
}

// ReadAdmin reads an administrator of the account.
func ReadAdmin(ctx context.Context, t *store.Tx, accountID, id string) (a Admin, err error) {
	return a, store.Read(ctx, t.NewSelect().Model(&a).Where("account_id = ?", accountID).Where("id = ?", id), ErrNoIdentity)
}

// LockAccount locks an account's row until the transaction ends: of several transactions that count what the account has, each counts what
// those before created.
func LockAccount(ctx context.Context, t *store.Tx, id string) error {
	var a Account
	return store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&a).Where("id = ?", id), "account"), ErrNoIdentity)
}

// LockAdmin is ReadAdmin and locks the row until the transaction ends.
func LockAdmin(ctx context.Context, t *store.Tx, accountID, id string) (a Admin, err error) {
	err = lockRow(ctx, t, &a, "admin", resourceOfUser, "account_id = ? AND id = ?", accountID, id)
	return a, err
}

// callerRow is an administrator with what is needed of their account.
type callerRow struct {
	Admin `bun:",extend"`

	AccountName    string    `bun:",scanonly"`
	AccountCreated time.Time `bun:",scanonly"`
	PolicyVersion  int64     `bun:",scanonly"`
}

// ReadCaller reads an administrator with their account, in one statement.
func ReadCaller(ctx context.Context, t *store.Tx, adminID string) (Caller, error) {
	return readCaller(ctx, t, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("?TableAlias.id = ?", adminID) })
}

// ReadCallerByName reads an administrator by name, ignoring case, of the account with this id or, if that is empty, this name.
func ReadCallerByName(ctx context.Context, t *store.Tx, accountID, accountName, name string) (Caller, error) {
	return readCaller(ctx, t, func(q *bun.SelectQuery) *bun.SelectQuery {
		if accountID != "" {
			q = q.Where("o.id = ?", accountID)
		} else {
			q = q.Where("o.name = ?", accountName)
		}
		return q.Where("?TableAlias.name_folded = ?", strings.ToLower(name))
	})
}

func readCaller(ctx context.Context, t *store.Tx, which func(*bun.SelectQuery) *bun.SelectQuery) (Caller, error) {
	var row callerRow
	q := t.NewSelect().Model(&row).ColumnExpr("?TableColumns").
		ColumnExpr("o.name AS account_name, o.created AS account_created, o.policy_version").
		Join("JOIN accounts AS o ON o.id = ?TableAlias.account_id")
	if err := store.Read(ctx, which(q), ErrNoIdentity); err != nil {
		return Caller{}, err
	}
	return Caller{row.Admin, Account{ID: row.AccountID, Name: row.AccountName, Created: row.AccountCreated, PolicyVersion: row.PolicyVersion}}, nil
}

// SetPasswordHash replaces a password's hash unless it has changed since old was read.
func SetPasswordHash(ctx context.Context, t *store.Tx, adminID, old, hash string) error {
	_, err := t.NewUpdate().Model((*Admin)(nil)).Set("password_hash = ?", hash).
		Where("id = ?", adminID).Where("password_hash = ?", old).Exec(ctx)
	return err
}
