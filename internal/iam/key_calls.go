package iam

import (
	"net/http"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// createKey creates a permanent key; only this response contains its secret.
func (s *Service) createKey(r *http.Request, in *createKeyInput) (*body[oneKeyBody], error) {
	asked := in.Body.Credential
	userID, err := s.keyOwner(r, "credential.user_id", asked.UserID)
	if err != nil {
		return nil, err
	}
	key, plain, err := s.CreateKey(r.Context(), s.act(r, workspace.Resource{Type: ResourceAccessKey}), userID, asked.Description)
	if err != nil {
		return nil, err
	}
	created := keyOf(key)
	created.Secret = plain
	return &body[oneKeyBody]{Body: oneKeyBody{created}}, nil
}

// mayManageKeys returns nil if the caller may manage the keys of a user: others' are for administrators.
func (s *Service) mayManageKeys(r *http.Request, field, userID string) error {
	p, _ := PrincipalFrom(r.Context())
	if p.Temporary || p.AgencyID != "" {
		return forbidden("a temporary access key or an agency cannot manage access keys, use a permanent key or a token of a user")
	}
	if userID == p.AdminID {
		return nil
	}
	return ofOthers(s.permit(r.Context(), p, operationOf(r.Context()).needs), field, "the access keys of others are for administrators")
}

// keyOwner returns the user whose keys a request is about: the caller unless named.
func (s *Service) keyOwner(r *http.Request, field, userID string) (string, error) {
	p, _ := PrincipalFrom(r.Context())
	if userID == "" {
		userID = p.AdminID
	}
	if err := s.mayManageKeys(r, field, userID); err != nil || userID == p.AdminID {
		return userID, err
	}
	_, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Admin, error) { return ReadAdmin(r.Context(), tx, p.AccountID, userID) })
	return userID, noneSuch(err, field, userID)
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
	shown.LastUse = stamp(s.uses.last(key, time.Now()))
	return &body[oneKeyBody]{Body: oneKeyBody{shown}}, nil
}

func (s *Service) updateKey(r *http.Request, in *updateKeyInput) (*body[oneKeyBody], error) {
	asked := in.Body.Credential
	change := KeyChange{Description: asked.Description}
	if asked.Status != nil {
		active := *asked.Status == statusActive
		if !active && *asked.Status != statusInactive {
			return nil, invalid("credential.status", "%q is unknown, use %s or %s", *asked.Status, statusActive, statusInactive)
		}
		change.Active = &active
	}
	may := func(userID string) error { return s.mayManageKeys(r, "access_key", userID) }
	key, err := s.UpdateKey(r.Context(), s.act(r, resourceOfKey(in.ID)), in.ID, may, change)
	if err != nil {
		return nil, err
	}
	return &body[oneKeyBody]{Body: oneKeyBody{keyOf(key)}}, nil
}

func (s *Service) deleteKey(r *http.Request, in *keyInput) error {
	may := func(userID string) error { return s.mayManageKeys(r, "access_key", userID) }
	return s.DeleteKey(r.Context(), s.act(r, resourceOfKey(in.ID)), in.ID, may)
}

func (s *Service) keyInPath(r *http.Request, id string) (AccessKey, error) {
	key, err := s.findKey(r.Context(), id)
	p, _ := PrincipalFrom(r.Context())
	if isMissing(err) || err == nil && (key.Temporary || key.Account.ID != p.AccountID) {
		return AccessKey{}, missing("access key", id)
	}
	if err == nil {
		err = s.mayManageKeys(r, "access_key", key.AdminID)
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
