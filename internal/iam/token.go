package iam

import (
	"context"
	"net/http"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TokenLife is the lifetime of a token.
const TokenLife = 24 * time.Hour

// tokenOfCaller is a token with its owner and, if it is for one, its project.
type tokenOfCaller struct {
	store.Token
	store.Caller
	project store.Project
}

func (t tokenOfCaller) expired() bool { return !time.Now().Before(t.Expires) }

func (t tokenOfCaller) principal() Principal {
	p := principalOf(t.Caller)
	p.ProjectID, p.Expires, p.credential = t.ProjectID, t.Expires, t.Hash
	return p
}

// findToken reads a token, also one that has expired. It fails with store.ErrNoIdentity when there is none.
func (s *Service) findToken(ctx context.Context, token string) (t tokenOfCaller, err error) {
	err = s.Store.ViewIdentity(ctx, func(tx *store.IdentityTx) (err error) {
		if t.Token, err = tx.Token(ctx, workspace.HashToken(token)); err != nil {
			return err
		}
		if t.Caller, err = tx.Caller(ctx, t.AdminID); err != nil || t.ProjectID == "" {
			return err
		}
		t.project, err = tx.Project(ctx, t.Account.ID, t.ProjectID)
		return err
	})
	return t, err
}

// The wire form of a request for a token. Fields that are not named are ignored.
type (
	tokenRequest struct {
		Auth struct {
			Identity struct {
				Methods  []string `json:"methods"`
				Password struct {
					User passwordUser `json:"user"`
				} `json:"password"`
				Token struct {
					ID string `json:"id"`
				} `json:"token"`
			} `json:"identity"`
			Scope tokenScope `json:"scope"`
		} `json:"auth"`
	}
	passwordUser struct {
		ID       string  `json:"id"`
		Name     string  `json:"name"`
		Password string  `json:"password"`
		Domain   nameRef `json:"domain"`
	}
	tokenScope struct {
		Project *projectRef `json:"project"`
		Domain  *nameRef    `json:"domain"`
	}
	projectRef struct {
		nameRef
		Domain nameRef `json:"domain"`
	}
	nameRef struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

// createToken issues a token for a password, or for a token with another scope.
func (s *Service) createToken(w http.ResponseWriter, r *http.Request) error {
	var in tokenRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	var (
		caller  store.Caller
		expires = time.Now().Add(TokenLife)
		err     error
	)
	identity := in.Auth.Identity
	switch method := strings.Join(identity.Methods, ","); method {
	case "password":
		caller, err = s.checkPassword(r, identity.Password.User)
	case "token":
		caller, expires, err = s.renew(r.Context(), identity.Token.ID, r.Header.Get("X-Auth-Token"))
	default:
		return invalid("auth.identity.methods", "%q is not supported, use [\"password\"] or [\"token\"]", method)
	}
	if err != nil {
		return err
	}
	plain, token, err := s.issue(r.Context(), caller, in.Auth.Scope, identity.Methods[0], expires)
	if err != nil {
		return err
	}
	w.Header().Set("X-Subject-Token", plain)
	reply(w, http.StatusCreated, s.tokenBody(r, token))
	return nil
}

// renew returns the caller of a token and its expiry; a token issued for it must not outlive it.
func (s *Service) renew(ctx context.Context, inBody, inHeader string) (store.Caller, time.Time, error) {
	token := inBody
	if token == "" {
		token = inHeader
	}
	if token == "" {
		return store.Caller{}, time.Time{}, invalid("auth.identity.token.id", "must be given, or the header X-Auth-Token")
	}
	if _, err := s.verifyToken(ctx, token); err != nil {
		return store.Caller{}, time.Time{}, err
	}
	found, err := s.findToken(ctx, token)
	return found.Caller, found.Expires, err
}

// issue writes a new token, and deletes tokens that expired a day ago.
func (s *Service) issue(ctx context.Context, c store.Caller, scope tokenScope, method string, expires time.Time) (string, tokenOfCaller, error) {
	plain := workspace.NewToken()
	t := tokenOfCaller{Caller: c}
	err := s.Store.UpdateIdentity(ctx, func(tx *store.IdentityTx) error {
		project, err := findScope(ctx, tx, c.Account, scope)
		if err != nil {
			return err
		}
		t.project = project
		t.Token = store.Token{
			Hash: workspace.HashToken(plain), AdminID: c.Admin.ID, ProjectID: project.ID, Method: method, Issued: tx.Now(), Expires: expires,
		}
		if err := tx.InsertToken(ctx, t.Token); err != nil {
			return err
		}
		return tx.DeleteTokensExpiredBefore(ctx, tx.Now().Add(-TokenLife))
	})
	return plain, t, err
}

// findScope returns the project of the requested scope, or an empty one for the whole account.
func findScope(ctx context.Context, tx *store.IdentityTx, account store.Account, scope tokenScope) (store.Project, error) {
	switch {
	case scope.Project != nil && scope.Domain != nil:
		return store.Project{}, invalid("auth.scope", "name a project or a domain, not both")
	case scope.Domain != nil:
		if !scope.Domain.means(account.ID, account.Name) {
			return store.Project{}, forbidden("auth.scope.domain: the user does not belong to this domain")
		}
		return store.Project{}, nil
	case scope.Project == nil:
		return store.Project{}, nil
	}
	if d := scope.Project.Domain; d != (nameRef{}) && !d.means(account.ID, account.Name) {
		return store.Project{}, forbidden("auth.scope.project.domain: the user does not belong to this domain")
	}
	projects, err := tx.Projects(ctx, account.ID)
	if err != nil {
		return store.Project{}, err
	}
	for _, p := range projects {
		if scope.Project.means(p.ID, p.Name) {
			return p, nil
		}
	}
	return store.Project{}, missing("auth.scope.project", scope.Project.ID+scope.Project.Name)
}

// means reports whether the reference identifies the object with this id and name. A given id is decisive; an empty reference matches nothing.
func (n nameRef) means(id, name string) bool {
	if n.ID != "" {
		return n.ID == id
	}
	return n.Name != "" && n.Name == name
}

// showToken answers with the details of the token in X-Subject-Token.
func (s *Service) showToken(w http.ResponseWriter, r *http.Request) error {
	t, err := s.subject(r)
	if err != nil {
		return err
	}
	w.Header().Set("X-Subject-Token", r.Header.Get("X-Subject-Token"))
	reply(w, http.StatusOK, s.tokenBody(r, t))
	return nil
}

// revokeToken revokes the token in X-Subject-Token at once.
func (s *Service) revokeToken(w http.ResponseWriter, r *http.Request) error {
	t, err := s.subject(r)
	if err != nil {
		return err
	}
	err = s.Store.UpdateIdentity(r.Context(), func(tx *store.IdentityTx) error { return tx.DeleteToken(r.Context(), t.Hash) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// subject reads the valid token in X-Subject-Token. Callers may query their own tokens, administrators all of the account.
func (s *Service) subject(r *http.Request) (tokenOfCaller, error) {
	token := r.Header.Get("X-Subject-Token")
	if token == "" {
		return tokenOfCaller{}, invalid("X-Subject-Token", "must be given")
	}
	p, _ := PrincipalFrom(r.Context())
	t, err := s.findToken(r.Context(), token)
	switch {
	case isMissing(err), err == nil && (t.Account.ID != p.AccountID || t.expired()):
		return t, &Refusal{Status: http.StatusNotFound, Code: codeNotFound, Message: "X-Subject-Token: this token is not valid, or no longer"}
	case err != nil:
		return t, err
	case t.AdminID != p.AdminID && p.Role != RoleAdmin:
		return t, forbidden("X-Subject-Token: this token is another user's")
	}
	return t, nil
}

func (s *Service) tokenBody(r *http.Request, t tokenOfCaller) any {
	account := named{t.Account.ID, t.Account.Name}
	body := map[string]any{
		"methods": []string{t.Method}, "issued_at": stamp(t.Issued), "expires_at": stamp(t.Expires),
		"roles": []named{{t.Admin.Role, t.Admin.Role}},
		"user": map[string]any{
			"id": t.Admin.ID, "name": t.Admin.Name, "password_expires_at": "", "domain": account,
		},
		"catalog": []catalogEntry{},
	}
	if t.ProjectID == "" {
		body["domain"] = account
	} else {
		body["project"] = map[string]any{"id": t.project.ID, "name": t.project.Name, "domain": account}
	}
	if !r.URL.Query().Has("nocatalog") {
		body["catalog"] = s.catalog(r, t.ProjectID)
	}
	return map[string]any{"token": body}
}

// named is how the API refers to things.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
