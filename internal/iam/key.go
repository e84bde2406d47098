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

// createKey creates a permanent key; only this response contains its secret.
func (s *Service) createKey(r *http.Request, in *createKeyInput) (*body[oneKeyBody], error) {
	asked := in.Body.Credential
	if err := checkDescription("credential.description", asked.Description); err != nil {
		return nil, err
	}
	userID, err := s.keyOwner(r, "credential.user_id", asked.UserID)
	if err != nil {
		return nil, err
	}
	var key AccessKey
	var plain string
	err = s.Store.Update(r.Context(), store.By(s.act(r, workspace.Resource{Type: ResourceAccessKey}), func(tx *store.Tx) error {
		p, _ := PrincipalFrom(r.Context())
		if _, err := LockAdmin(r.Context(), tx, p.AccountID, userID); err != nil { // so that two callers cannot both make the last one
			return err
		}
		keys, err := AccessKeys(r.Context(), tx, userID)
		if err != nil {
			return err
		}
		if len(keys) >= maxKeysPerUser {
			return limited("the user has %d access keys, %d are allowed; delete one first", len(keys), maxKeysPerUser)
		}
		key, plain = s.newKey(userID, asked.Description, tx.Now())
		return InsertAccessKey(r.Context(), tx, key)
	}))
	if err != nil {
		return nil, err
	}
	created := keyOf(key)
	created.Secret = plain
	return &body[oneKeyBody]{Body: oneKeyBody{created}}, nil
}

// keyOwner returns the user whose keys a request is about: the caller unless named. Others' are for administrators.
func (s *Service) keyOwner(r *http.Request, field, userID string) (string, error) {
	p, _ := PrincipalFrom(r.Context())
	if p.Temporary || p.AgencyID != "" {
		return "", forbidden("a temporary access key or an agency cannot manage access keys, use a permanent key or a token of a user")
	}
	if userID == "" || userID == p.AdminID {
		return p.AdminID, nil
	}
	if err := s.permit(r.Context(), p, operationOf(r.Context()).needs); err != nil {
		return "", ofOthers(err, field, "the access keys of others are for administrators")
	}
	user, err := s.findUser(r.Context(), passwordUser{ID: userID})
	if isMissing(err) || err == nil && user.Account.ID != p.AccountID {
		return "", missing(field, userID)
	}
	return userID, err
}

func (s *Service) listKeys(r *http.Request, in *listKeysInput) (*body[keysBody], error) {
	userID, err := s.keyOwner(r, "user_id", in.UserID)
	if err != nil {
		return nil, err
	}
	found := []keyBody{}
	err = s.Store.View(r.Context(), func(tx *store.Tx) error {
		keys, err := AccessKeys(r.Context(), tx, userID)
		for _, k := range keys {
			found = append(found, keyOf(k))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &body[keysBody]{Body: keysBody{found}}, nil
}

func (s *Service) showKey(r *http.Request, in *keyInput) (*body[oneKeyBody], error) {
	key, err := s.keyInPath(r, in.ID)
	if err != nil {
		return nil, err
	}
	shown := keyOf(key)
	shown.LastUse = stamp(key.LastUsed)
	return &body[oneKeyBody]{Body: oneKeyBody{shown}}, nil
}

// updateKey changes a key's description or status. An inactive key is refused, as are the temporary keys that were made from it.
func (s *Service) updateKey(r *http.Request, in *updateKeyInput) (*body[oneKeyBody], error) {
	asked := in.Body.Credential
	if asked.Status != nil && *asked.Status != statusActive && *asked.Status != statusInactive {
		return nil, invalid("credential.status", "%q is unknown, use %s or %s", *asked.Status, statusActive, statusInactive)
	}
	if err := checkDescription("credential.description", valueOf(asked.Description)); err != nil {
		return nil, err
	}
	key, err := s.keyInPath(r, in.ID)
	if err != nil {
		return nil, err
	}
	key, err = store.Update(r.Context(), s.Store, store.As(s.act(r, resourceOfKey(key.ID)), func(tx *store.Tx) (AccessKey, error) {
		k, err := LockAccessKey(r.Context(), tx, key.ID)
		if err != nil {
			return k, noneSuch(err, "access key", key.ID)
		}
		set(&k.Description, asked.Description)
		if asked.Status != nil {
			k.Active = *asked.Status == statusActive
		}
		return k, SaveAccessKey(r.Context(), tx, k)
	}))
	if err != nil {
		return nil, err
	}
	return &body[oneKeyBody]{Body: oneKeyBody{keyOf(key)}}, nil
}

// deleteKey ends a key at once.
func (s *Service) deleteKey(r *http.Request, in *keyInput) error {
	key, err := s.keyInPath(r, in.ID)
	if err != nil {
		return err
	}
	return s.Store.Update(r.Context(), store.By(s.act(r, resourceOfKey(key.ID)), func(tx *store.Tx) error {
		return DeleteAccessKey(r.Context(), tx, key.ID)
	}))
}

func (s *Service) keyInPath(r *http.Request, id string) (AccessKey, error) {
	key, err := s.findKey(r.Context(), id)
	p, _ := PrincipalFrom(r.Context())
	if isMissing(err) || err == nil && (key.Temporary || key.Account.ID != p.AccountID) {
		return AccessKey{}, missing("access key", id)
	}
	if err == nil {
		_, err = s.keyOwner(r, "access_key", key.AdminID)
	}
	return key.AccessKey, err
}

// The wire forms of access keys.
type (
	keyInput struct {
		ID string `path:"access_key"`
	}
	listKeysInput struct {
		UserID string `query:"user_id" doc:"The caller if absent; others' keys are for administrators"`
	}
	createKeyInput struct{ Body createKeyRequest }

	createKeyRequest struct {
		Credential createKeyFields `json:"credential" required:"true"`
	}
	createKeyFields struct {
		UserID      string `json:"user_id" doc:"The caller if absent; keys of others are for administrators"`
		Description string `json:"description" doc:"At most 255 characters"`
	}

	updateKeyInput struct {
		ID   string `path:"access_key"`
		Body updateKeyRequest
	}
	updateKeyRequest struct {
		Credential updateKeyFields `json:"credential" required:"true"`
	}
	updateKeyFields struct {
		Status      *string `json:"status" doc:"active or inactive"`
		Description *string `json:"description" doc:"At most 255 characters"`
	}

	keyBody struct {
		UserID      string `json:"user_id"`
		Access      string `json:"access"`
		Status      string `json:"status" enum:"active,inactive"`
		CreateTime  string `json:"create_time"`
		Description string `json:"description"`
		LastUse     string `json:"last_use_time,omitempty" doc:"Only of one key that is shown"`
		Secret      string `json:"secret,omitempty" doc:"Only of the key that is created"`
	}
	oneKeyBody struct {
		Credential keyBody `json:"credential"`
	}
	keysBody struct {
		Credentials []keyBody `json:"credentials"`
	}

	temporaryKeyInput struct {
		Body temporaryKeyRequest
	}
	temporaryKeyRequest struct {
		Auth temporaryKeyAuth `json:"auth" required:"true"`
	}
	temporaryKeyAuth struct {
		Identity temporaryKeyIdentity `json:"identity" required:"true"`
	}
	temporaryKeyIdentity struct {
		Methods []string          `json:"methods" required:"true" doc:"[\"token\"]"`
		Token   temporaryKeyToken `json:"token"`
		Policy  any               `json:"policy" doc:"Leave it out: temporary keys cannot be restricted here"`
	}
	temporaryKeyToken struct {
		ID       string `json:"id" doc:"The token of the request if absent"`
		Duration *int   `json:"duration_seconds" doc:"900 (default) to 86400"`
	}
	temporaryKeyBody struct {
		Credential temporaryKey `json:"credential"`
	}
	temporaryKey struct {
		Access        string `json:"access"`
		Secret        string `json:"secret"`
		SecurityToken string `json:"securitytoken"`
		ExpiresAt     string `json:"expires_at"`
	}
)

// The states of a permanent key.
const (
	statusActive   = "active"
	statusInactive = "inactive"
)

func keyOf(k AccessKey) keyBody {
	status := statusActive
	if !k.Active {
		status = statusInactive
	}
	return keyBody{UserID: k.AdminID, Access: k.ID, Status: status, CreateTime: stamp(k.Created), Description: k.Description}
}

// createTemporaryKey creates a key with a security token from the caller's token. It needs no authentication header, since the token may be in
// the body.
func (s *Service) createTemporaryKey(r *http.Request, in *temporaryKeyInput) (*body[temporaryKeyBody], error) {
	identity := in.Body.Auth.Identity
	if len(identity.Methods) != 1 || identity.Methods[0] != "token" {
		return nil, invalid("auth.identity.methods", "must be [\"token\"]")
	}
	if identity.Policy != nil {
		return nil, invalid("auth.identity.policy", "temporary keys cannot be restricted here; leave it out")
	}
	life := minTemporaryLife
	if identity.Token.Duration != nil {
		life = time.Duration(*identity.Token.Duration) * time.Second
	}
	if life < minTemporaryLife || life > maxTemporaryLife {
		return nil, invalid("auth.identity.token.duration_seconds", "use %d to %d", int(minTemporaryLife.Seconds()), int(maxTemporaryLife.Seconds()))
	}
	p, err := s.holderOfToken(r, identity.Token.ID)
	if err != nil {
		return nil, err
	}
	key, err := s.issueTemporaryKey(r.Context(), s.actAs(r, p, workspace.Resource{Type: ResourceAccessKey}), p, life)
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
