package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"
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
}

// Project holds desktops.
type Project struct {
	bun.BaseModel `bun:"table:projects"`
	ID            string `bun:",pk"`
	AccountID     string
	Name          string
	Created       time.Time
}

// Admin is a caller of the API, which calls it an IAM user.
type Admin struct {
	bun.BaseModel `bun:"table:admins"`
	ID            string `bun:",pk"`
	AccountID     string
	Name          string // unique in the account, ignoring case
	NameFolded    string // set by InsertAdmin
	PasswordHash  string
	Role          string
	Created       time.Time
}

// AccessKey signs requests.
type AccessKey struct {
	bun.BaseModel `bun:"table:access_keys"`
	ID            string `bun:",pk"`
	AdminID       string
	SealedSecret  string
	Description   string
	Created       time.Time
	LastUsed      time.Time `bun:",nullzero"`
	Temporary     bool
	ProjectID     string    // for a temporary key: the only project that it is valid for; empty: all
	TokenHash     string    // for a temporary key: that of the security token that belongs to it
	Expires       time.Time `bun:",nullzero"` // for a temporary key
	MadeOf        string    // for a temporary key: what it was made from, the hash of a token, or "key:" and an access key's id; it ends with that
}

// Token is a credential that replaces a password for some time. Only its hash is stored.
type Token struct {
	bun.BaseModel `bun:"table:tokens"`
	Hash          string `bun:",pk"`
	AdminID       string
	ProjectID     string // empty: the whole account
	Method        string // "password" or "token"
	Issued        time.Time
	Expires       time.Time
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

// IdentityTx is a transaction on the rows of package iam. It is not safe for concurrent use. Methods that read one row return
// ErrNoIdentity if there is none; methods that insert return ErrIdentityTaken.
type IdentityTx struct{ tx *Tx }

// ViewIdentity runs f in a read-only transaction.
func (s *Store) ViewIdentity(ctx context.Context, f func(*IdentityTx) error) error {
	return s.explained(ctx, s.view(ctx, func(t *Tx) error { return f(&IdentityTx{t}) }))
}

// UpdateIdentity runs f in a transaction that commits if f returns nil. It runs f again if the database asks for that.
func (s *Store) UpdateIdentity(ctx context.Context, f func(*IdentityTx) error) error {
	return s.explained(ctx, s.update(ctx, func(t *Tx) error { return f(&IdentityTx{t}) }))
}

// Now returns the transaction's time: always the same, UTC, in microseconds.
func (i *IdentityTx) Now() time.Time { return i.tx.now }

func (i *IdentityTx) insert(ctx context.Context, row any) error {
	_, err := i.tx.NewInsert().Model(row).Exec(ctx)
	if err != nil && i.tx.store.dialect.violated(err) != "" {
		return i.tx.Refuse(ErrIdentityTaken)
	}
	return err
}

// InsertAccount inserts an account.
func (i *IdentityTx) InsertAccount(ctx context.Context, a Account) error { return i.insert(ctx, &a) }

// InsertProject inserts a project.
func (i *IdentityTx) InsertProject(ctx context.Context, p Project) error { return i.insert(ctx, &p) }

// InsertAdmin inserts an administrator.
func (i *IdentityTx) InsertAdmin(ctx context.Context, a Admin) error {
	a.NameFolded = strings.ToLower(a.Name)
	return i.insert(ctx, &a)
}

// InsertAccessKey inserts a key.
func (i *IdentityTx) InsertAccessKey(ctx context.Context, k AccessKey) error {
	return i.insert(ctx, &k)
}

// InsertToken inserts a token.
func (i *IdentityTx) InsertToken(ctx context.Context, t Token) error { return i.insert(ctx, &t) }

// InsertBootstrap records what the first start created. Of two concurrent callers one gets ErrIdentityTaken.
func (i *IdentityTx) InsertBootstrap(ctx context.Context, b Bootstrap) error {
	b.Slot = 0
	return i.insert(ctx, &b)
}

// Bootstrap reads what the first start created.
func (i *IdentityTx) Bootstrap(ctx context.Context) (b Bootstrap, err error) {
	return b, Read(ctx, i.tx.NewSelect().Model(&b), ErrNoIdentity)
}

// Project reads a project of the account.
func (i *IdentityTx) Project(ctx context.Context, accountID, id string) (p Project, err error) {
	q := i.tx.NewSelect().Model(&p).Where("account_id = ?", accountID).Where("id = ?", id)
	return p, Read(ctx, q, ErrNoIdentity)
}

// Projects lists the account's projects by name.
func (i *IdentityTx) Projects(ctx context.Context, accountID string) (p []Project, err error) {
	return p, i.tx.NewSelect().Model(&p).Where("account_id = ?", accountID).Order("name").Scan(ctx)
}

// Admins lists the account's administrators by name.
func (i *IdentityTx) Admins(ctx context.Context, accountID string) (a []Admin, err error) {
	return a, i.tx.NewSelect().Model(&a).Where("account_id = ?", accountID).Order("name_folded").Scan(ctx)
}

// LockAdmin locks an administrator's row until the transaction ends.
func (i *IdentityTx) LockAdmin(ctx context.Context, id string) error {
	var a Admin
	return Read(ctx, i.tx.ForUpdate(i.tx.NewSelect().Model(&a).Where("id = ?", id), "admin"), ErrNoIdentity)
}

// Caller reads an administrator with their account.
func (i *IdentityTx) Caller(ctx context.Context, adminID string) (c Caller, err error) {
	if err := Read(ctx, i.tx.NewSelect().Model(&c.Admin).Where("id = ?", adminID), ErrNoIdentity); err != nil {
		return c, err
	}
	return c, Read(ctx, i.tx.NewSelect().Model(&c.Account).Where("id = ?", c.Admin.AccountID), ErrNoIdentity)
}

// CallerByName reads an administrator by name, ignoring case, of the account with this id or, if that is empty, this name.
func (i *IdentityTx) CallerByName(ctx context.Context, accountID, accountName, name string) (c Caller, err error) {
	q := i.tx.NewSelect().Model(&c.Account)
	if accountID != "" {
		q = q.Where("id = ?", accountID)
	} else {
		q = q.Where("name = ?", accountName)
	}
	if err := Read(ctx, q, ErrNoIdentity); err != nil {
		return Caller{}, err
	}
	q = i.tx.NewSelect().Model(&c.Admin).Where("account_id = ?", c.Account.ID).Where("name_folded = ?", strings.ToLower(name))
	return c, Read(ctx, q, ErrNoIdentity)
}

// SetPasswordHash replaces a password's hash unless it has changed since old was read.
func (i *IdentityTx) SetPasswordHash(ctx context.Context, adminID, old, hash string) error {
	_, err := i.tx.NewUpdate().Model((*Admin)(nil)).Set("password_hash = ?", hash).
		Where("id = ?", adminID).Where("password_hash = ?", old).Exec(ctx)
	return err
}

// AccessKey reads a key, even if it has expired.
func (i *IdentityTx) AccessKey(ctx context.Context, id string) (k AccessKey, err error) {
	return k, Read(ctx, i.tx.NewSelect().Model(&k).Where("id = ?", id), ErrNoIdentity)
}

// AccessKeys lists an administrator's permanent keys, oldest first.
func (i *IdentityTx) AccessKeys(ctx context.Context, adminID string) (k []AccessKey, err error) {
	return k, i.tx.NewSelect().Model(&k).Where("admin_id = ?", adminID).Where("NOT temporary").Order("created", "id").Scan(ctx)
}

// HoldCredential locks what a temporary key is made from (a token's hash, or "key:" and an access key's id) until the transaction
// ends, so that a concurrent deletion of it also deletes the new key. ErrNoIdentity if it is gone.
func (i *IdentityTx) HoldCredential(ctx context.Context, credential string) error {
	if id, isKey := strings.CutPrefix(credential, "key:"); isKey {
		var k AccessKey
		return Read(ctx, i.tx.ForUpdate(i.tx.NewSelect().Model(&k).Where("id = ?", id), "access_key"), ErrNoIdentity)
	}
	var t Token
	return Read(ctx, i.tx.ForUpdate(i.tx.NewSelect().Model(&t).Where("hash = ?", credential), "token"), ErrNoIdentity)
}

// deleteMadeOf deletes the temporary keys that were made from a token or key.
func (i *IdentityTx) deleteMadeOf(ctx context.Context, credential string) error {
	_, err := i.tx.NewDelete().Model((*AccessKey)(nil)).Where("made_of = ?", credential).Where("made_of <> ''").Exec(ctx)
	return err
}

// DeleteAccessKey deletes a key, and the temporary keys that were made from it. A missing row is a success.
func (i *IdentityTx) DeleteAccessKey(ctx context.Context, id string) error {
	if err := i.deleteMadeOf(ctx, "key:"+id); err != nil {
		return err
	}
	_, err := i.tx.NewDelete().Model((*AccessKey)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// DeleteKeysExpiredBefore deletes temporary keys that expired before a time.
func (i *IdentityTx) DeleteKeysExpiredBefore(ctx context.Context, when time.Time) error {
	_, err := i.tx.NewDelete().Model((*AccessKey)(nil)).Where("expires < ?", when).Exec(ctx)
	return err
}

// NoteKeyUse records the time of a valid signature.
func (i *IdentityTx) NoteKeyUse(ctx context.Context, id string) error {
	_, err := i.tx.NewUpdate().Model((*AccessKey)(nil)).Set("last_used = ?", i.tx.now).
		Where("id = ?", id).Exec(ctx)
	return err
}

// Token reads a token by its hash, even if it has expired.
func (i *IdentityTx) Token(ctx context.Context, hash string) (t Token, err error) {
	return t, Read(ctx, i.tx.NewSelect().Model(&t).Where("hash = ?", hash), ErrNoIdentity)
}

// DeleteToken deletes a token, and the temporary keys that were made from it. A missing row is a success.
func (i *IdentityTx) DeleteToken(ctx context.Context, hash string) error {
	if err := i.deleteMadeOf(ctx, hash); err != nil {
		return err
	}
	_, err := i.tx.NewDelete().Model((*Token)(nil)).Where("hash = ?", hash).Exec(ctx)
	return err
}

// DeleteTokensExpiredBefore deletes tokens that expired before a time.
func (i *IdentityTx) DeleteTokensExpiredBefore(ctx context.Context, when time.Time) error {
	_, err := i.tx.NewDelete().Model((*Token)(nil)).Where("expires < ?", when).Exec(ctx)
	return err
}
