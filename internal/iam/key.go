package iam

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of access keys.
const (
	maxKeysPerUser    = 10
	maxKeyDescription = 255 // characters
	minTemporaryLife  = 15 * time.Minute
	maxTemporaryLife  = 24 * time.Hour
)

// keyContext binds a sealed secret to its key's row.
func keyContext(id string) string { return "access-keys/" + id }

// newKey creates an access key for a user and returns it with its secret in plain text, which is returned only here.
func (s *Service) newKey(adminID, description string, now time.Time) (store.AccessKey, string) {
	random := workspace.NewToken()
	id, plain := strings.ToUpper(random[:20]), workspace.NewToken()[:40]
	return store.AccessKey{
		ID: id, AdminID: adminID, SealedSecret: s.Box.Seal(plain, keyContext(id)), Description: description, Created: now,
	}, plain
}

// createKey creates a permanent key; only this response contains its secret.
func (s *Service) createKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Credential struct {
			UserID      string `json:"user_id"`
			Description string `json:"description"`
		} `json:"credential"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if utf8.RuneCountInString(in.Credential.Description) > maxKeyDescription {
		return invalid("credential.description", "at most %d characters are allowed", maxKeyDescription)
	}
	userID, err := s.keyOwner(r, "credential.user_id", in.Credential.UserID)
	if err != nil {
		return err
	}
	var key store.AccessKey
	var plain string
	err = s.Store.UpdateIdentity(r.Context(), func(tx *store.IdentityTx) error {
		if err := tx.LockAdmin(r.Context(), userID); err != nil { // so that two callers cannot both make the last one
			return err
		}
		keys, err := tx.AccessKeys(r.Context(), userID)
		if err != nil {
			return err
		}
		if len(keys) >= maxKeysPerUser {
			return &Refusal{
				Status: http.StatusConflict, Code: codeLimit,
				Message: fmt.Sprintf("the user has %d access keys, the most allowed; delete one first", len(keys)),
			}
		}
		key, plain = s.newKey(userID, in.Credential.Description, tx.Now())
		return tx.InsertAccessKey(r.Context(), key)
	})
	if err != nil {
		return err
	}
	body := keyBody(key)
	body["secret"] = plain
	reply(w, http.StatusCreated, map[string]any{"credential": body})
	return nil
}

// keyOwner returns the user whose keys a request is about: the caller unless named. Others' are for administrators.
func (s *Service) keyOwner(r *http.Request, field, userID string) (string, error) {
	p, _ := PrincipalFrom(r.Context())
	if p.Temporary {
		return "", forbidden("a temporary access key cannot manage access keys, use a permanent one or a token")
	}
	if userID == "" || userID == p.AdminID {
		return p.AdminID, nil
	}
	if p.Role != RoleAdmin {
		return "", forbidden("%s: the access keys of others are for administrators", field)
	}
	user, err := s.findUser(r.Context(), passwordUser{ID: userID})
	if isMissing(err) || err == nil && user.Account.ID != p.AccountID {
		return "", missing(field, userID)
	}
	return userID, err
}

func (s *Service) listKeys(w http.ResponseWriter, r *http.Request) error {
	userID, err := s.keyOwner(r, "user_id", r.URL.Query().Get("user_id"))
	if err != nil {
		return err
	}
	bodies := []map[string]any{}
	err = s.Store.ViewIdentity(r.Context(), func(tx *store.IdentityTx) error {
		keys, err := tx.AccessKeys(r.Context(), userID)
		for _, k := range keys {
			bodies = append(bodies, keyBody(k))
		}
		return err
	})
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"credentials": bodies})
	return nil
}

func (s *Service) showKey(w http.ResponseWriter, r *http.Request) error {
	key, err := s.keyInPath(r)
	if err != nil {
		return err
	}
	body := keyBody(key)
	body["last_use_time"] = stamp(key.LastUsed)
	reply(w, http.StatusOK, map[string]any{"credential": body})
	return nil
}

// deleteKey ends a key at once.
func (s *Service) deleteKey(w http.ResponseWriter, r *http.Request) error {
	key, err := s.keyInPath(r)
	if err != nil {
		return err
	}
	err = s.Store.UpdateIdentity(r.Context(), func(tx *store.IdentityTx) error { return tx.DeleteAccessKey(r.Context(), key.ID) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) keyInPath(r *http.Request) (store.AccessKey, error) {
	id := r.PathValue("access_key")
	key, err := s.findKey(r.Context(), id)
	p, _ := PrincipalFrom(r.Context())
	if isMissing(err) || err == nil && (key.Temporary || key.Account.ID != p.AccountID) {
		return store.AccessKey{}, missing("access key", id)
	}
	if err == nil {
		_, err = s.keyOwner(r, "access_key", key.AdminID)
	}
	return key.AccessKey, err
}

func keyBody(k store.AccessKey) map[string]any {
	return map[string]any{
		"user_id": k.AdminID, "access": k.ID, "status": "active", "create_time": stamp(k.Created), "description": k.Description,
	}
}

// createTemporaryKey creates a key with a security token from the caller's token. It needs no authentication header, since the token may be in
// the body.
func (s *Service) createTemporaryKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Auth struct {
			Identity struct {
				Methods []string `json:"methods"`
				Token   struct {
					ID       string `json:"id"`
					Duration *int   `json:"duration_seconds"`
				} `json:"token"`
				Policy any `json:"policy"`
			} `json:"identity"`
		} `json:"auth"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	identity := in.Auth.Identity
	if len(identity.Methods) != 1 || identity.Methods[0] != "token" {
		return invalid("auth.identity.methods", "must be [\"token\"]")
	}
	if identity.Policy != nil {
		return invalid("auth.identity.policy", "temporary keys cannot be restricted here; leave it out")
	}
	life := minTemporaryLife
	if identity.Token.Duration != nil {
		life = time.Duration(*identity.Token.Duration) * time.Second
	}
	if life < minTemporaryLife || life > maxTemporaryLife {
		return invalid("auth.identity.token.duration_seconds", "use %d to %d", int(minTemporaryLife.Seconds()), int(maxTemporaryLife.Seconds()))
	}
	p, err := s.holderOfToken(r, identity.Token.ID)
	if err != nil {
		return err
	}
	return s.issueTemporaryKey(w, r.Context(), p, life)
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

func (s *Service) issueTemporaryKey(w http.ResponseWriter, ctx context.Context, p Principal, life time.Duration) error {
	var key store.AccessKey
	var plain string
	token := workspace.NewToken()
	err := s.Store.UpdateIdentity(ctx, func(tx *store.IdentityTx) error {
		if err := tx.HoldCredential(ctx, p.credential); err != nil { // it may have ended since it was looked at
			if isMissing(err) {
				return unauthorized("the token or key that this was to be made of has ended")
			}
			return err
		}
		key, plain = s.newKey(p.AdminID, "", tx.Now())
		key.Temporary, key.ProjectID, key.TokenHash, key.Expires = true, p.ProjectID, workspace.HashToken(token), tx.Now().Add(life)
		key.MadeOf = p.credential
		if !p.Expires.IsZero() && p.Expires.Before(key.Expires) { // it does not outlive what it was made of
			key.Expires = p.Expires
		}
		if err := tx.InsertAccessKey(ctx, key); err != nil {
			return err
		}
		return tx.DeleteKeysExpiredBefore(ctx, tx.Now().Add(-maxTemporaryLife))
	})
	if err != nil {
		return err
	}
	reply(w, http.StatusCreated, map[string]any{"credential": map[string]string{
		"access": key.ID, "secret": plain, "securitytoken": token, "expires_at": key.Expires.UTC().Format("2006-01-02T15:04:05.000000Z"),
	}})
	return nil
}
