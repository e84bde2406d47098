package iam

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// AccessKey signs requests.
type AccessKey struct {
	bun.BaseModel `bun:"table:access_keys"`
	ID            string `bun:",pk"`
	AdminID       string
	SealedSecret  string
	Description   string
	Created       time.Time
	LastUsed      time.Time `bun:",nullzero" audit:"-"`
	Active        bool      // otherwise requests that it signs are refused
	Temporary     bool
	ProjectID     string    // for a temporary key: the only project that it is valid for; empty: all
	TokenHash     string    // for a temporary key: that of the security token that belongs to it
	Expires       time.Time `bun:",nullzero"`     // for a temporary key
	MFA           bool      `bun:"mfa" audit:"-"` // for a temporary key: made with a token for which a code was shown
	AgencyID      string    // for a temporary key: the agency that the user acts as
	Session       string    // for a temporary key of an agency: the name that the user gave to it
	MadeOf        string    `audit:"-"` // for a temporary key: what it was made from, the hash of a token, or "key:" and an access key's id; it ends with that
}

// Token is a credential that replaces a password for some time. Only its hash is stored.
type Token struct {
	bun.BaseModel `bun:"table:tokens"`
	Hash          string `bun:",pk"`
	AdminID       string
	ProjectID     string // empty: the whole account
	AgencyID      string // empty: the user acts as themselves
	Method        string // "password" or "token", and ",totp" if a code was shown
	Issued        time.Time
	Expires       time.Time
}

func resourceOfKey(id string) workspace.Resource {
	return workspace.Resource{Type: ResourceAccessKey, ID: id}
}

// InsertAccessKey inserts a key.
func InsertAccessKey(ctx context.Context, t *store.Tx, k AccessKey) error {
	t.AuditInsert(resourceOfKey(k.ID), &k)
	return insertRow(ctx, t, &k)
}

// InsertToken inserts a token.
func InsertToken(ctx context.Context, t *store.Tx, token Token) error {
	return insertRow(ctx, t, &token)
}

// ReadAccessKey reads a key, even if it has expired.
func ReadAccessKey(ctx context.Context, t *store.Tx, id string) (k AccessKey, err error) {
	return k, store.Read(ctx, t.NewSelect().Model(&k).Where("id = ?", id), ErrNoIdentity)
}

// AccessKeys lists an administrator's permanent keys, oldest first.
func AccessKeys(ctx context.Context, t *store.Tx, adminID string) (k []AccessKey, err error) {
	err = t.NewSelect().Model(&k).Where("admin_id = ?", adminID).Where("NOT temporary").Order("created", "id").Scan(ctx)
	return k, err
}

// LockAccessKey is ReadAccessKey and locks the row until the transaction ends.
func LockAccessKey(ctx context.Context, t *store.Tx, id string) (k AccessKey, err error) {
	err = lockRow(ctx, t, &k, "access_key", func(k AccessKey) workspace.Resource { return resourceOfKey(k.ID) }, "id = ?", id)
	return k, err
}

// SaveAccessKey writes description and status of a locked key. The temporary keys that were made from an inactive one end.
func SaveAccessKey(ctx context.Context, t *store.Tx, k AccessKey) error {
	t.AuditSave(resourceOfKey(k.ID), &k)
	if _, err := t.NewUpdate().Model(&k).Column("description", "active").WherePK().Exec(ctx); err != nil || k.Active {
		return err
	}
	return deleteMadeOf(ctx, t, "key:"+k.ID)
}

// HoldCredential locks what a temporary key is made from (a token's hash, or "key:" and an access key's id) until the transaction
// ends, so that a concurrent deletion of it also deletes the new key. ErrNoIdentity if it is gone or inactive.
func HoldCredential(ctx context.Context, t *store.Tx, credential string) error {
	if id, isKey := strings.CutPrefix(credential, "key:"); isKey {
		var k AccessKey
		return store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&k).Where("id = ?", id).Where("active"), "access_key"), ErrNoIdentity)
	}
	var token Token
	return store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&token).Where("hash = ?", credential), "token"), ErrNoIdentity)
}

// deleteMadeOf deletes the temporary keys that were made from a token or key.
func deleteMadeOf(ctx context.Context, t *store.Tx, credential string) error {
	_, err := t.NewDelete().Model((*AccessKey)(nil)).Where("made_of = ?", credential).Where("made_of <> ''").Exec(ctx)
	return err
}

// DeleteAccessKey deletes a key, and the temporary keys that were made from it. A missing row is a success.
func DeleteAccessKey(ctx context.Context, t *store.Tx, id string) error {
	t.Audit(resourceOfKey(id), "")
	if err := deleteMadeOf(ctx, t, "key:"+id); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*AccessKey)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// DeleteKeysExpiredBefore deletes temporary keys that expired before a time.
func DeleteKeysExpiredBefore(ctx context.Context, t *store.Tx, when time.Time) error {
	_, err := t.NewDelete().Model((*AccessKey)(nil)).Where("expires < ?", when).Exec(ctx)
	return err
}

// NoteKeyUse records the time of a valid signature, if it is the last one, and reports whether it did: the key may be gone.
func NoteKeyUse(ctx context.Context, t *store.Tx, id string, at time.Time) (bool, error) {
	n, err := store.Affected(t.NewUpdate().Model((*AccessKey)(nil)).Set("last_used = ?", at.UTC()).
		Where("id = ?", id).Where("last_used IS NULL OR last_used < ?", at.UTC()).Exec(ctx))
	return n > 0, err
}

// ReadToken reads a token by its hash, even if it has expired.
func ReadToken(ctx context.Context, t *store.Tx, hash string) (token Token, err error) {
	return token, store.Read(ctx, t.NewSelect().Model(&token).Where("hash = ?", hash), ErrNoIdentity)
}

// DeleteToken deletes a token, and the temporary keys that were made from it. A missing row is a success.
func DeleteToken(ctx context.Context, t *store.Tx, hash string) error {
	if err := deleteMadeOf(ctx, t, hash); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*Token)(nil)).Where("hash = ?", hash).Exec(ctx)
	return err
}

// DeleteTokensExpiredBefore deletes tokens that expired before a time.
func DeleteTokensExpiredBefore(ctx context.Context, t *store.Tx, when time.Time) error {
	_, err := t.NewDelete().Model((*Token)(nil)).Where("expires < ?", when).Exec(ctx)
	return err
}

// EndCredentials deletes an administrator's tokens and temporary keys.
func EndCredentials(ctx context.Context, t *store.Tx, adminID string) error {
	if _, err := t.NewDelete().Model((*AccessKey)(nil)).Where("admin_id = ?", adminID).Where("temporary").Exec(ctx); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*Token)(nil)).Where("admin_id = ?", adminID).Exec(ctx)
	return err
}
