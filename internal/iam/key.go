package iam

import (
	"context"
	"net/http"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of access keys.
const (
	maxKeysPerUser   = 2 // permanent ones; users who have more from earlier versions keep them
	minTemporaryLife = 15 * time.Minute
	maxTemporaryLife = 24 * time.Hour
)

// keyContext binds a sealed secret to its key's row.
func keyContext(id string) string { return "access-keys/" + id }

// newKey creates an access key for a user and returns it with its secret in plain text, which is returned only here.
func (s *Service) newKey(adminID, description string, now time.Time) (AccessKey, string) {
	random := workspace.NewToken()
	id, plain := strings.ToUpper(random[:20]), workspace.NewToken()[:40]
	return AccessKey{
		ID: id, AdminID: adminID, SealedSecret: s.Box.Seal(plain, keyContext(id)), Description: description, Active: true, Created: now,
	}, plain
}

// CreateKey creates a permanent key of a user of the caller's account, and returns it with its secret, which is returned only here. The lock on
// the user keeps the number of keys within the limit.
func (s *Service) CreateKey(ctx context.Context, c workspace.Caller, userID, description string) (key AccessKey, plain string, err error) {
	if err := checkDescription("credential.description", description); err != nil {
		return key, "", err
	}
	err = s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if _, err := LockAdmin(ctx, tx, c.ProjectID, userID); err != nil {
			return noneSuch(err, "user", userID)
		}
		keys, err := AccessKeys(ctx, tx, userID)
		if err != nil {
			return err
		}
		if len(keys) >= maxKeysPerUser {
			return limited("the user has %d access keys, %d are allowed; delete one first", len(keys), maxKeysPerUser)
		}
		key, plain = s.newKey(userID, description, tx.Now())
		return InsertAccessKey(ctx, tx, key)
	}))
	return key, plain, err
}

// KeyChange is a request to change a permanent key. Nil fields stay as they are.
type KeyChange struct {
	Description *string
	Active      *bool
}

// MayManage returns nil if a caller may manage the keys of a user.
type MayManage func(userID string) error

// Everybody lets a caller manage the keys of all users of the account.
func Everybody(string) error { return nil }

// UpdateKey changes a permanent key of the caller's account. An inactive key is refused, as are the temporary keys that were made from it.
func (s *Service) UpdateKey(ctx context.Context, c workspace.Caller, id string, may MayManage, change KeyChange) (AccessKey, error) {
	if err := checkDescription("credential.description", valueOf(change.Description)); err != nil {
		return AccessKey{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (AccessKey, error) {
		if change.Active != nil && !*change.Active {
			if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
				return AccessKey{}, err
			}
		}
		k, err := lockKey(ctx, tx, c.ProjectID, id, may)
		if err != nil {
			return k, err
		}
		set(&k.Description, change.Description)
		set(&k.Active, change.Active)
		return k, SaveAccessKey(ctx, tx, k)
	}))
}

// DeleteKey ends a permanent key of the caller's account at once.
func (s *Service) DeleteKey(ctx context.Context, c workspace.Caller, id string, may MayManage) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		if _, err := lockKey(ctx, tx, c.ProjectID, id, may); err != nil {
			return err
		}
		return DeleteAccessKey(ctx, tx, id)
	}))
}

// lockKey locks a permanent key of a user of an account.
func lockKey(ctx context.Context, tx *store.Tx, accountID, id string, may MayManage) (AccessKey, error) {
	k, err := LockAccessKey(ctx, tx, id)
	if err == nil && k.Temporary {
		err = ErrNoIdentity
	}
	if err == nil {
		_, err = ReadAdmin(ctx, tx, accountID, k.AdminID)
	}
	if err != nil {
		return k, noneSuch(err, "access key", id)
	}
	return k, may(k.AdminID)
}

// checkHolder notes who asks for a temporary key. That needs no authentication header, since the token may be in the body.
func (s *Service) checkHolder(r *http.Request, in *temporaryKeyInput) (*http.Request, error) {
	if _, err := in.life(); err != nil {
		return r, err
	}
	p, err := s.holderOfToken(r, in.Body.Auth.Identity.Token.ID)
	return r.WithContext(WithPrincipal(r.Context(), p)), err
}

// life checks what is asked for, and returns how long a temporary key is to live.
func (in *temporaryKeyInput) life() (time.Duration, error) {
	identity := in.Body.Auth.Identity
	if len(identity.Methods) != 1 || identity.Methods[0] != "token" {
		return 0, invalid("auth.identity.methods", "must be [\"token\"]")
	}
	if identity.Policy != nil {
		return 0, invalid("auth.identity.policy", "temporary keys cannot be restricted here; leave it out")
	}
	life := minTemporaryLife
	if identity.Token.Duration != nil {
		life = time.Duration(*identity.Token.Duration) * time.Second
	}
	if life < minTemporaryLife || life > maxTemporaryLife {
		return 0, invalid("auth.identity.token.duration_seconds", "use %d to %d", int(minTemporaryLife.Seconds()), int(maxTemporaryLife.Seconds()))
	}
	return life, nil
}

// createTemporaryKey creates a key with a security token from the caller's token.
func (s *Service) createTemporaryKey(r *http.Request, in *temporaryKeyInput) (*body[temporaryKeyBody], error) {
	life, err := in.life()
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	key, err := s.issueTemporaryKey(r.Context(), s.act(r, workspace.Resource{Type: ResourceAccessKey}), p, life)
	return &body[temporaryKeyBody]{Body: temporaryKeyBody{key}}, err
}

func (s *Service) holderOfToken(r *http.Request, inBody string) (Principal, error) {
	if inBody != "" {
		return s.verifyToken(r.Context(), inBody)
	}
	p, err := s.Authenticate(r)
	if err == nil && p.Temporary {
		return p, forbidden("a temporary access key cannot make another")
	}
	return p, err
}

func (s *Service) issueTemporaryKey(ctx context.Context, c workspace.Caller, p Principal, life time.Duration) (temporaryKey, error) {
	var key AccessKey
	var plain string
	token := workspace.NewToken()
	err := s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := HoldCredential(ctx, tx, p.credential); err != nil { // it may have ended since it was looked at
			if isMissing(err) {
				return unauthorized("the token or key that this was to be made of has ended")
			}
			return err
		}
		key, plain = s.newKey(p.AdminID, "", tx.Now())
		key.Temporary, key.ProjectID, key.TokenHash, key.Expires = true, p.ProjectID, workspace.HashToken(token), tx.Now().Add(life)
		key.MFA, key.MadeOf, key.AgencyID, key.Session = p.MFA, p.credential, p.AgencyID, p.Session
		if !p.Expires.IsZero() && p.Expires.Before(key.Expires) { // it does not outlive what it was made of
			key.Expires = p.Expires
		}
		if err := InsertAccessKey(ctx, tx, key); err != nil {
			return err
		}
		return DeleteKeysExpiredBefore(ctx, tx, tx.Now().Add(-maxTemporaryLife))
	}))
	return temporaryKey{Access: key.ID, Secret: plain, SecurityToken: token, ExpiresAt: stamp(key.Expires)}, err
}
