package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"carrel/internal/route"
	"carrel/internal/workspace"
)

const cookieName = "carrel_console"

// The forms of calls.
type (
	signInInput struct{ Body signInBody }
	signInBody  struct {
		Account  string `json:"account" required:"true" doc:"The name of the account (domain)"`
		UserName string `json:"user_name" required:"true"`
		Password string `json:"password" required:"true"`
		Code     string `json:"code,omitempty" doc:"That the user's authenticator shows; needed after IAM.0011"`
	}

	signedIn struct {
		Cookie string `header:"Set-Cookie"`
		Body   who
	}

	// who is the signed-in user.
	who struct {
		ID          string   `json:"user_id"`
		Name        string   `json:"user_name"`
		AccountID   string   `json:"account_id"`
		Account     string   `json:"account"`
		Roles       []string `json:"roles" doc:"What is attached to the user, directly or by groups"`
		Expires     string   `json:"expires_at" doc:"When the sign-in ends in any case"`
		IdleSeconds int      `json:"idle_seconds" doc:"After how long without input at the page the sign-in ends"`
	}
)

// The parts that matter of the identity API's answers.
type (
	tokenAnswer struct {
		Token struct {
			Expires string  `json:"expires_at"`
			Roles   []named `json:"roles"`
			User    struct {
				named
				Domain named `json:"domain"`
			} `json:"user"`
		} `json:"token"`
	}
	named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
)

func (c *Console) who(a tokenAnswer) who {
	u := a.Token.User
	w := who{
		ID: u.ID, Name: u.Name, AccountID: u.Domain.ID, Account: u.Domain.Name, Roles: []string{}, Expires: a.Token.Expires,
		IdleSeconds: int(c.Idle / time.Second),
	}
	for _, r := range a.Token.Roles {
		w.Roles = append(w.Roles, r.Name)
	}
	return w
}

// signIn takes a token for a password from the identity API, which counts attempts and records them, and keeps it for the browser.
func (c *Console) signIn(r *http.Request, in *signInInput) (*signedIn, error) {
	type object = map[string]any
	user := object{"name": in.Body.UserName, "password": in.Body.Password, "domain": object{"name": in.Body.Account}}
	identity := object{"methods": []string{"password"}, "password": object{"user": user}}
	if in.Body.Code != "" {
		identity["methods"] = []string{"password", "totp"}
		identity["totp"] = object{"user": object{"passcode": in.Body.Code}}
	}
	ask := object{"auth": object{"identity": identity, "scope": object{"domain": object{"name": in.Body.Account}}}}
	var token tokenAnswer
	answer, err := c.call(r.Context(), http.MethodPost, "", ask, &token, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	plain := answer.header.Get("X-Subject-Token")
	secret, err := c.begin(r.Context(), plain, token.Token.User.ID)
	if err != nil {
		return nil, errors.Join(err, c.revoke(context.WithoutCancel(r.Context()), plain))
	}
	if err := c.end(r); err != nil {
		return nil, err
	}
	return &signedIn{c.cookie(r, secret, 0).String(), c.who(token)}, nil
}

func (c *Console) show(r *http.Request, _ *route.Nothing) (*route.Body[who], error) {
	s, err := c.find(r.Context(), secretOf(r), r.Header.Get(PageHeader) == active)
	if err != nil {
		return nil, err
	}
	var token tokenAnswer
	if _, err = c.call(r.Context(), http.MethodGet, s.token, nil, &token, http.StatusOK); err != nil {
		return nil, err
	}
	return &route.Body[who]{Body: c.who(token)}, nil
}

// signedOut takes the cookie away.
type signedOut struct {
	Cookie string `header:"Set-Cookie"`
}

func (c *Console) signOut(r *http.Request, _ *route.Nothing) (*signedOut, error) {
	return &signedOut{c.cookie(r, "", -1).String()}, c.end(r)
}

// end ends the sign-in that a request comes with, if any.
func (c *Console) end(r *http.Request) error {
	s, err := c.find(r.Context(), secretOf(r), false)
	if workspace.CodeOf(err) == workspace.CodeBadCredentials {
		return nil
	}
	if err != nil {
		return err
	}
	return c.revoke(r.Context(), s.token)
}

func (c *Console) signOutEverywhere(r *http.Request, _ *route.Nothing) (*signedOut, error) {
	s, err := c.find(r.Context(), secretOf(r), false)
	if err != nil {
		return nil, err
	}
	all, err := c.allOf(r.Context(), s)
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		if err := c.revoke(r.Context(), other.token); err != nil {
			return nil, err
		}
	}
	return &signedOut{c.cookie(r, "", -1).String()}, nil
}

// revoke ends a token, and so its sign-in. One that has ended already is a success.
func (c *Console) revoke(ctx context.Context, token string) error {
	_, err := c.call(ctx, http.MethodDelete, token, nil, nil, http.StatusNoContent)
	if refused, is := errors.AsType[*refusal](err); is && refused.answer.status < http.StatusInternalServerError {
		return nil
	}
	return err
}

// cookie has no time of its own: it ends with the browser, and the sign-in that it names when the server says so.
func (c *Console) cookie(r *http.Request, secret string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows the request: over plain HTTP a browser would drop the cookie
		Name: cookieName, Value: secret, Path: Path, MaxAge: age,
		HttpOnly: true, Secure: c.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
}

func secretOf(r *http.Request) string {
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value
	}
	return ""
}
