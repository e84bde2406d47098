package iam

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"carrel/internal/route"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TokenLife is the lifetime of a token.
const TokenLife = 24 * time.Hour

// tokenOfCaller is a token with its owner and, if it is for one, its agency and its project.
type tokenOfCaller struct {
	Token
	Caller
	agency  assumedAgency
	project Project
}

// account is the one that the token is for.
func (t tokenOfCaller) account() Account { return t.agency.accountOf(t.Caller) }

func (t tokenOfCaller) expired(now time.Time) bool { return !now.Before(t.Expires) }

// methods are the ways in which the token was asked for.
func (t tokenOfCaller) methods() []string { return strings.Split(t.Method, ",") }

// mfa reports whether a code of an authenticator was shown for the token, or for the one that it was made of.
func (t tokenOfCaller) mfa() bool { return slices.Contains(t.methods(), methodCode) }

func (t tokenOfCaller) principal() Principal {
	p := t.agency.principalOf(t.Caller, "")
	p.ProjectID, p.agencies, p.Expires, p.MFA, p.credential = t.ProjectID, t.project.Agencies, t.Expires, t.mfa(), t.Hash
	return p
}

// findToken reads a token by its hash, also one that has expired. It fails with ErrNoIdentity when there is none.
func (s *Service) findToken(ctx context.Context, hash string) (*tokenOfCaller, error) {
	t := new(tokenOfCaller)
	return t, s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if t.Token, err = ReadToken(ctx, tx, hash); err != nil {
			return err
		}
		if t.Caller, err = ReadCaller(ctx, tx, t.AdminID); err != nil {
			return err
		}
		if t.agency, err = readAssumed(ctx, tx, t.AgencyID); err != nil || t.ProjectID == "" {
			return err
		}
		t.project, err = ReadProject(ctx, tx, t.account().ID, t.ProjectID)
		return err
	})
}

// The wire form of a request for a token. Fields that are not named are ignored.
type (
	tokenInput struct {
		Token     string        `header:"X-Auth-Token" doc:"The token that the method token takes, if the body has none"`
		NoCatalog route.Present `query:"nocatalog" doc:"Leave the services out of the answer"`
		Body      tokenRequest
	}
	tokenRequest struct {
		Auth tokenAuth `json:"auth" required:"true"`
	}
	tokenAuth struct {
		Identity tokenIdentity `json:"identity" required:"true"`
		Scope    tokenScope    `json:"scope" doc:"The whole account if absent"`
	}
	tokenIdentity struct {
		Methods  []string       `json:"methods" required:"true" doc:"[\"password\"], [\"password\", \"totp\"], [\"token\"], or [\"assume_role\"] with the caller's token or signature"`
		Password passwordMethod `json:"password"`
		Code     codeMethod     `json:"totp"`
		Token    tokenMethod    `json:"token"`
		Agency   agencyMethod   `json:"assume_role"`
	}
	agencyMethod struct {
		DomainID   string `json:"domain_id" doc:"Of the agency's account, or domain_name"`
		DomainName string `json:"domain_name"`
		Name       string `json:"agency_name"`
		Duration   *int   `json:"duration_seconds" doc:"900 to what the agency allows; an hour if absent, or what it allows"`
	}
	codeMethod struct {
		User codeUser `json:"user"`
	}
	codeUser struct {
		ID       string `json:"id" doc:"That of the password; may be absent"`
		Passcode string `json:"passcode" doc:"The six digits that the authenticator shows"`
	}
	passwordMethod struct {
		User passwordUser `json:"user"`
	}
	tokenMethod struct {
		ID string `json:"id"`
	}
	passwordUser struct {
		ID       string  `json:"id" doc:"In place of name and domain"`
		Name     string  `json:"name"`
		Password string  `json:"password"`
		Domain   nameRef `json:"domain"`
	}
	tokenScope struct {
		Project *projectRef `json:"project"`
		Domain  *nameRef    `json:"domain"`
	}
	projectRef struct {
		ID     string  `json:"id"`
		Name   string  `json:"name"`
		Domain nameRef `json:"domain"`
	}
	nameRef struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

// createToken issues a token for a password, for a token with another scope, or for an agency.
func (s *Service) createToken(r *http.Request, in *tokenInput) (*tokenAnswer, error) {
	wanted, err := s.wantedToken(r, in)
	token, plain := wanted, ""
	if err == nil {
		plain, token, err = s.issue(r, wanted, in.Body.Auth.Scope)
	}
	if err != nil {
		s.noteRefusal(r, in, wanted, err)
		return nil, err
	}
	return s.tokenAnswer(r, plain, token, in.NoCatalog)
}

// wantedToken checks what a request shows, and returns the token that it asks for, without scope and hash.
func (s *Service) wantedToken(r *http.Request, in *tokenInput) (t tokenOfCaller, err error) {
	identity := in.Body.Auth.Identity
	t.Method, t.Expires = strings.Join(identity.Methods, ","), time.Now().Add(TokenLife)
	switch t.Method {
	case methodPassword, methodPassword + "," + methodCode, methodCode + "," + methodPassword:
		if t.Caller, err = s.checkPassword(r, identity.Password.User); err == nil {
			err = s.checkCode(r, t.Caller, t.Method != methodPassword, identity.Code.User)
		}
	case methodToken:
		var old *tokenOfCaller
		old, err = s.renew(r.Context(), identity.Token.ID, in.Token)
		t.Caller, t.agency, t.Expires = old.Caller, old.agency, old.Expires
		if old.mfa() {
			t.Method += "," + methodCode
		}
	case methodAgency:
		err = s.assumeByToken(r, identity.Agency, &t)
	default:
		err = invalid("auth.identity.methods", "%q is not supported, use [\"password\"], [\"password\", \"totp\"], [\"token\"] or [\"assume_role\"]", t.Method)
	}
	return t, err
}

// assumeByToken fills in the token of the caller, whose own token or signature the request has, who acts as an agency.
func (s *Service) assumeByToken(r *http.Request, m agencyMethod, t *tokenOfCaller) error {
	const field = "auth.identity.assume_role"
	if m.Name == "" || m.DomainID == "" && m.DomainName == "" {
		return invalid(field, "agency_name must be given, and domain_id or domain_name")
	}
	p, err := s.Authenticate(r)
	if err != nil {
		return err
	}
	accountID := m.DomainID
	if accountID == "" {
		account, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Account, error) { return ReadAccountByName(r.Context(), tx, m.DomainName) })
		if err != nil && !isMissing(err) {
			return err
		}
		accountID = account.ID
	}
	if t.agency, err = s.mayAssume(r.Context(), p, field+".agency_name", accountID, m.Name); err != nil {
		return err
	}
	life, err := agencyLife(field+".duration_seconds", t.agency.Agency, m.Duration)
	if err != nil {
		return err
	}
	t.Expires = time.Now().Add(life)
	if !p.Expires.IsZero() && p.Expires.Before(t.Expires) { // it does not outlive what it is made of
		t.Expires = p.Expires
	}
	if p.MFA {
		t.Method += "," + methodCode
	}
	t.Caller, err = s.findUser(r.Context(), passwordUser{ID: p.AdminID})
	return err
}

// renew returns the valid token that a new one is asked for with; that must not outlive it.
func (s *Service) renew(ctx context.Context, inBody, inHeader string) (*tokenOfCaller, error) {
	token := cmp.Or(inBody, inHeader)
	if token == "" {
		return new(tokenOfCaller), invalid("auth.identity.token.id", "must be given, or the header X-Auth-Token")
	}
	if _, err := s.verifyToken(ctx, token); err != nil {
		return new(tokenOfCaller), err
	}
	found, err := s.findToken(ctx, workspace.HashToken(token))
	if isMissing(err) { // it was revoked elsewhere, or has just been
		err = unauthorized("decrypt token fail")
	}
	return found, err
}

// issue writes a new token with a scope, and deletes tokens that expired a day ago.
func (s *Service) issue(r *http.Request, t tokenOfCaller, scope tokenScope) (string, tokenOfCaller, error) {
	ctx := r.Context()
	plain := workspace.NewToken()
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if t.project, err = findScope(ctx, tx, t.account(), scope); err != nil {
			return err
		}
		t.Token = Token{
			Hash: workspace.HashToken(plain), AdminID: t.Admin.ID, AgencyID: t.agency.ID, ProjectID: t.project.ID, Method: t.Method, Issued: tx.Now(),
			Expires: t.Expires,
		}
		if err := InsertToken(ctx, tx, t.Token); err != nil {
			return err
		}
		tx.Record(tokenRecord(r, t))
		return DeleteTokensExpiredBefore(ctx, tx, tx.Now().Add(-TokenLife))
	})
	return plain, t, err
}

// findScope returns the project of the requested scope, or an empty one for the whole account.
func findScope(ctx context.Context, tx *store.Tx, account Account, scope tokenScope) (Project, error) {
	switch {
	case scope.Project != nil && scope.Domain != nil:
		return Project{}, invalid("auth.scope", "name a project or a domain, not both")
	case scope.Domain != nil:
		if !scope.Domain.means(account.ID, account.Name) {
			return Project{}, forbidden("auth.scope.domain: the user does not belong to this domain")
		}
		return Project{}, nil
	case scope.Project == nil:
		return Project{}, nil
	}
	if d := scope.Project.Domain; d != (nameRef{}) && !d.means(account.ID, account.Name) {
		return Project{}, forbidden("auth.scope.project.domain: the user does not belong to this domain")
	}
	var project Project
	var err error
	if scope.Project.ID != "" {
		project, err = ReadProject(ctx, tx, account.ID, scope.Project.ID)
	} else {
		project, err = ReadProjectByName(ctx, tx, account.ID, scope.Project.Name)
	}
	if err == nil && !project.Enabled {
		err = forbidden("auth.scope.project: project %s is disabled: an administrator can enable it", project.Name)
	}
	return project, noneSuch(err, "auth.scope.project", scope.Project.ID+scope.Project.Name)
}

// means reports whether the reference identifies the object with this id and name. A given id is decisive; an empty reference matches nothing.
func (n nameRef) means(id, name string) bool {
	if n.ID != "" {
		return n.ID == id
	}
	return n.Name != "" && n.Name == name
}

// showToken answers with the details of the token in X-Subject-Token.
func (s *Service) showToken(r *http.Request, in *showTokenInput) (*tokenAnswer, error) {
	t, err := s.subject(r, in.Subject)
	if err != nil {
		return nil, err
	}
	return s.tokenAnswer(r, in.Subject, t, in.NoCatalog)
}

type showTokenInput struct {
	Subject   string        `header:"X-Subject-Token" required:"true" doc:"The token that is asked about"`
	NoCatalog route.Present `query:"nocatalog" doc:"Leave the services out of the answer"`
}

type revokeTokenInput struct {
	Subject string `header:"X-Subject-Token" required:"true" doc:"The token to revoke"`
}

// revokeToken revokes the token in X-Subject-Token at once.
func (s *Service) revokeToken(r *http.Request, in *revokeTokenInput) error {
	t, err := s.subject(r, in.Subject)
	if err != nil {
		return err
	}
	owner := workspace.Resource{Type: ResourceToken, ID: t.AdminID, Name: t.Admin.Name} // a token has no id that may be shown
	return s.Store.Update(r.Context(), store.By(s.act(r, owner), func(tx *store.Tx) error {
		if err := RaiseVersion(r.Context(), tx, t.Account.ID); err != nil {
			return err
		}
		return DeleteToken(r.Context(), tx, t.Hash)
	}))
}

// subject reads the valid token in X-Subject-Token. Callers may query their own tokens, administrators all of the account.
func (s *Service) subject(r *http.Request, token string) (tokenOfCaller, error) {
	if token == "" {
		return tokenOfCaller{}, invalid("X-Subject-Token", "must be given")
	}
	p, _ := PrincipalFrom(r.Context())
	found, err := s.findToken(r.Context(), workspace.HashToken(token))
	t := *found
	switch {
	case isMissing(err), err == nil && (t.account().ID != p.AccountID || t.expired(time.Now())):
		return t, &Refusal{Status: http.StatusNotFound, Code: codeNotFound, Message: "X-Subject-Token: this token is not valid, or no longer"}
	case err != nil:
		return t, err
	case t.AdminID != p.AdminID || t.AgencyID != p.AgencyID:
		return t, ofOthers(s.permit(r.Context(), p, operationOf(r.Context()).needs), "X-Subject-Token", "this token is another user's")
	}
	return t, nil
}

// tokenAnswer is a token in its header, and what it is good for.
type tokenAnswer struct {
	Token string `header:"X-Subject-Token"`
	Body  tokenBody
}

type tokenBody struct {
	Token tokenDetails `json:"token"`
}

type tokenDetails struct {
	Methods   []string       `json:"methods"`
	IssuedAt  string         `json:"issued_at"`
	ExpiresAt string         `json:"expires_at"`
	Roles     []named        `json:"roles"`
	User      tokenUser      `json:"user"`
	Catalog   []catalogEntry `json:"catalog"`
	Domain    *named         `json:"domain,omitempty" doc:"Of a token for the whole account"`
	Project   *tokenProject  `json:"project,omitempty" doc:"Of a token for a project"`
	AssumedBy *assumedBy     `json:"assumed_by,omitempty" doc:"Of a token for an agency: who acts as it"`
}

type assumedBy struct {
	User tokenUser `json:"user"`
}

type tokenUser struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	PasswordExpiresAt string `json:"password_expires_at"` // empty: never
	Domain            named  `json:"domain"`
}

type tokenProject struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain named  `json:"domain"`
}

func (s *Service) tokenAnswer(r *http.Request, plain string, t tokenOfCaller, noCatalog route.Present) (*tokenAnswer, error) {
	roles, err := s.rolesOf(r.Context(), t.principal())
	if err != nil {
		return nil, err
	}
	account := named{t.account().ID, t.account().Name}
	details := tokenDetails{
		Methods: t.methods(), IssuedAt: stamp(t.Issued), ExpiresAt: stamp(t.Expires), Roles: roles,
		User: tokenUser{ID: t.Admin.ID, Name: t.Admin.Name, Domain: named{t.Account.ID, t.Account.Name}}, Catalog: []catalogEntry{},
	}
	if t.agency.ID != "" {
		details.AssumedBy = &assumedBy{details.User}
		details.User = tokenUser{ID: t.agency.ID, Name: t.account().Name + "/" + t.agency.Name, Domain: account}
	}
	if t.ProjectID == "" {
		details.Domain = &account
	} else {
		details.Project = &tokenProject{ID: t.project.ID, Name: t.project.Name, Domain: account}
	}
	if !noCatalog {
		details.Catalog = s.catalog(r, t.ProjectID)
	}
	return &tokenAnswer{plain, tokenBody{details}}, nil
}

// named is how the API refers to things.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
