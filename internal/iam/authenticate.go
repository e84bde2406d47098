package iam

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of signed requests.
const (
	MaxSignedBody = 12 << 20 // bytes
	MaxClockSkew  = 15 * time.Minute
)

// Require passes only authenticated requests to next, which gets the caller with PrincipalFrom.
func (s *Service) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.Authenticate(r)
		defer func() { _ = r.Body.Close() }() // which may be one in memory by now
		if err == nil {
			err = s.limit(p)
		}
		if err != nil {
			s.noteUnauthorized(w, r, err)
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(WithPrincipal(r.Context(), p)))
	})
}

// limit returns a refusal if the caller's credential is used too often. It comes after authentication, so that nobody can use up another's.
func (s *Service) limit(p Principal) error {
	if s.Limit == nil {
		return nil
	}
	if wait := s.Limit.Take(p.credential, time.Now()); wait > 0 {
		return &Refusal{
			Status: http.StatusTooManyRequests, Code: codeTooMany, RetryAfter: wait,
			Message: "too many requests with this token or access key, wait as long as Retry-After says and try again",
		}
	}
	return nil
}

// Authenticate verifies a request's token, its signature, or both, if they identify the same user. It reads a signed body completely and
// replaces r.Body. Invalid credentials are a *Refusal. A request that was signed within MaxClockSkew is accepted more than once, since clients
// repeat requests without a response. Wrong signatures are not counted: a secret of 200 random bits cannot be guessed, and a lock would let
// anyone lock out the key's owner.
func (s *Service) Authenticate(r *http.Request) (Principal, error) {
	token, header := r.Header.Get("X-Auth-Token"), r.Header.Get("Authorization")
	auth, err := parseAuthorization(header)
	switch {
	case errors.Is(err, errNotSigned) && token != "":
		return s.verifyToken(r.Context(), token)
	case header == "":
		return Principal{}, unauthorized("x-auth-token not found")
	case err != nil:
		return Principal{}, unauthorized("%v", err)
	}
	bySignature, err := s.verifySignature(r, auth)
	if err != nil || token == "" {
		return bySignature, err
	}
	byToken, err := s.verifyToken(r.Context(), token)
	if err != nil {
		return Principal{}, err
	}
	return agree(bySignature, byToken)
}

// agree returns the common caller of a signature and a token, with the narrower of their scopes.
func agree(a, b Principal) (Principal, error) {
	if a.AdminID != b.AdminID || a.AgencyID != b.AgencyID {
		return Principal{}, unauthorized("the token and the signature are of different users")
	}
	if a.ProjectID != "" && b.ProjectID != "" && a.ProjectID != b.ProjectID {
		return Principal{}, unauthorized("the token and the signature are for different projects")
	}
	if b.ProjectID == "" {
		b.ProjectID, b.agencies = a.ProjectID, a.agencies
	}
	b.Temporary = a.Temporary
	return b, nil
}

// verifyToken returns the caller of a token.
func (s *Service) verifyToken(ctx context.Context, token string) (Principal, error) {
	now := time.Now()
	found, err := s.knownToken(ctx, token, now)
	if isMissing(err) {
		return Principal{}, unauthorized("decrypt token fail")
	}
	if err != nil {
		return Principal{}, err
	}
	if err := found.acceptable(now); err != nil {
		return Principal{}, ofKnown(err, found.Account.ID, workspace.Resource{Type: ResourceToken, ID: found.AdminID, Name: found.Admin.Name})
	}
	remember(ctx, &s.memory.tokens, found.Hash, found, now)
	return found.principal(), nil
}

// acceptable returns why a token is refused, or nil.
func (t *tokenOfCaller) acceptable(now time.Time) error {
	switch {
	case t.expired(now):
		return unauthorized("token expires, expires_at:%s", stamp(t.Expires))
	case !t.Admin.Enabled:
		return disabled(t.Admin)
	case t.ProjectID != "" && !t.project.Enabled:
		return disabledProject(t.project)
	}
	return nil
}

func disabled(a Admin) *Refusal {
	return unauthorized("the user %s is disabled, an administrator can enable it", a.Name)
}

func disabledProject(p Project) *Refusal {
	return unauthorized("the credential is for project %s, which is disabled; an administrator can enable it", p.Name)
}

func (s *Service) verifySignature(r *http.Request, auth authorization) (Principal, error) {
	now := time.Now()
	if err := checkDate(r.Header.Values(dateHeader), now); err != nil {
		return Principal{}, err
	}
	key, err := s.knownKey(r.Context(), auth.AccessKey, now)
	if isMissing(err) {
		return Principal{}, unauthorized("Get secretKey failed,ak:%s,err:ak not exist", auth.AccessKey)
	}
	if err == nil {
		err = ofKnown(s.acceptKey(r, auth, key, now), key.Account.ID, resourceOfKey(key.ID))
	}
	if err != nil {
		return Principal{}, err
	}
	remember(r.Context(), &s.memory.keys, key.ID, key, now)
	s.uses.note(key.AccessKey, network(r), now)
	return key.principal(), nil
}

// acceptKey returns why a request that is signed with a key is refused, or nil. It reads the body.
func (s *Service) acceptKey(r *http.Request, auth authorization, key *keyOfCaller, now time.Time) error {
	if key.Temporary && !now.Before(key.Expires) {
		return unauthorized("token expires, expires_at:%s", stamp(key.Expires))
	}
	body, err := s.Bodies.read(r)
	if err != nil {
		return err
	}
	secretKey, err := s.Box.Open(key.SealedSecret, keyContext(key.ID))
	if err != nil {
		return fmt.Errorf("opening the secret of access key %s: %w", key.ID, err)
	}
	if !signatureHolds(r, auth, secretKey, body) {
		return unauthorized("verify aksk signature fail")
	}
	if err := checkSecurityToken(r, key.AccessKey); err != nil {
		return err // the signature is valid, so this is not a guess
	}
	switch {
	case !key.Admin.Enabled:
		return disabled(key.Admin)
	case !key.Active:
		return unauthorized("the access key %s is inactive, set its status to active or use another", key.ID)
	case key.ProjectID != "" && !key.project.Enabled:
		return disabledProject(key.project)
	}
	return nil
}

func (k *keyOfCaller) principal() Principal {
	p := k.agency.principalOf(k.Caller, k.Session)
	p.agencies = k.project.Agencies
	p.ProjectID, p.Expires, p.MFA, p.Temporary, p.credential = k.ProjectID, k.Expires, k.MFA, k.Temporary, "key:"+k.ID
	return p
}

// checkDate refuses a signing time that is missing, malformed or outside MaxClockSkew.
func checkDate(values []string, now time.Time) error {
	if len(values) != 1 {
		return unauthorized("%s must be there once", dateHeader)
	}
	signed, err := time.Parse(dateLayout, values[0])
	if err != nil {
		return unauthorized("%s must have the form YYYYMMDDTHHMMSSZ", dateHeader)
	}
	if now.Sub(signed).Abs() > MaxClockSkew {
		return &Refusal{
			Status: http.StatusUnauthorized, Code: codeClockSkew,
			Message: fmt.Sprintf("Incorrect IAM authentication information: the signing time %s differs by more than %v from the server's %s, set the clock",
				values[0], MaxClockSkew, now.UTC().Format(dateLayout)),
		}
	}
	return nil
}

func signatureHolds(r *http.Request, auth authorization, secretKey, body []byte) bool {
	hash := hexSHA256(body)
	if claimed := r.Header.Values(contentHashHeader); len(claimed) > 0 {
		if len(claimed) > 1 || claimed[0] != unsignedPayload && claimed[0] != hash {
			return false
		}
		hash = claimed[0]
	}
	texts, err := canonicalRequests(r, auth.SignedHeaders, hash)
	if err != nil {
		return false // what cannot be decoded cannot have been signed
	}
	date := r.Header.Get(dateHeader)
	return slices.ContainsFunc(texts, func(text string) bool {
		want := sign(secretKey, stringToSign(date, text))
		return subtle.ConstantTimeCompare([]byte(want), []byte(auth.Signature)) == 1
	})
}

// checkSecurityToken refuses a temporary key without its security token.
func checkSecurityToken(r *http.Request, key AccessKey) error {
	if !key.Temporary {
		return nil
	}
	token := r.Header.Get("X-Security-Token")
	if token == "" {
		return unauthorized("%s is a temporary access key, send its security token in X-Security-Token", key.ID)
	}
	if subtle.ConstantTimeCompare([]byte(workspace.HashToken(token)), []byte(key.TokenHash)) != 1 {
		return unauthorized("X-Security-Token is not the one that belongs to access key %s", key.ID)
	}
	return nil
}

// keyOfCaller is an access key with its owner and, if it is for one, its project.
type keyOfCaller struct {
	AccessKey
	Caller
	agency  assumedAgency
	project Project
}

func (s *Service) findKey(ctx context.Context, id string) (*keyOfCaller, error) {
	k := new(keyOfCaller)
	return k, s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if k.AccessKey, err = ReadAccessKey(ctx, tx, id); err != nil {
			return err
		}
		if k.Caller, err = ReadCaller(ctx, tx, k.AdminID); err != nil {
			return err
		}
		if k.agency, err = readAssumed(ctx, tx, k.AgencyID); err != nil || k.ProjectID == "" {
			return err
		}
		k.project, err = ReadProject(ctx, tx, k.agency.accountOf(k.Caller).ID, k.ProjectID)
		return err
	})
}
