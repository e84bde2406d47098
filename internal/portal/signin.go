package portal

import (
	"net/http"
	"strings"
	"time"

	"carrel/internal/clientaddr"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

const cookieName = "carrel_sign_in"

type signInBody struct {
	UserName string `json:"user_name"`
	Password string `json:"password"`
}

// person is a user in the response to their page.
type person struct {
	Name       string `json:"user_name"`
	Account    string `json:"account"` // what they are called inside their desktops
	Alias      string `json:"alias,omitempty"`
	Language   string `json:"language,omitempty"` // "en", "zh"; absent: the browser's
	MustChange bool   `json:"must_change_password"`
	MayChange  bool   `json:"may_change_password"`

	Codes *codesState `json:"codes,omitempty"` // the signed-in user's
}

func personOf(u directory.User) person {
	return person{
		Name: u.Name, Account: u.Account, Alias: u.Alias, Language: u.Language,
		MustChange: u.MustChangePassword, MayChange: u.MayChangePassword || u.MustChangePassword,
	}
}

func (p *Portal) signIn(w http.ResponseWriter, r *http.Request) error {
	body, err := read[signInBody](w, r)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(body.UserName)
	if len(name) > 128 || len(body.Password) > 1024 {
		return workspace.Errorf(workspace.CodeBadCredentials, "the user name or the password is wrong")
	}
	return p.attempt(w, r, workspace.CodeBadCredentials, func() (signin.SignInResult, error) {
		return p.SignIns.SignIn(r.Context(), name, body.Password)
	})
}

// signInWithCode is the second step for those who use codes.
func (p *Portal) signInWithCode(w http.ResponseWriter, r *http.Request) error {
	body, err := read[struct {
		Token string `json:"token"`
		Code  string `json:"code"`
	}](w, r)
	if err != nil {
		return err
	}
	return p.attempt(w, r, workspace.CodeForbidden, func() (signin.SignInResult, error) {
		return p.SignIns.SignInWithCode(r.Context(), body.Token, body.Code)
	})
}

// attempt tries to sign in; a wrong code is logged.
func (p *Portal) attempt(w http.ResponseWriter, r *http.Request, wrong workspace.Code, try func() (signin.SignInResult, error)) error {
	result, err := try()
	if err != nil && workspace.CodeOf(err) == wrong {
		p.Log.InfoContext(r.Context(), "a sign-in was refused", "address", clientaddr.Of(r))
	}
	if err != nil {
		return err
	}
	return p.welcome(w, r, result)
}

// codeNeeded is the response to the correct password of a user with codes.
type codeNeeded struct {
	Token string `json:"code_token"`
}

// welcome answers a sign-in with the user, or with the token for the second step.
func (p *Portal) welcome(w http.ResponseWriter, r *http.Request, result signin.SignInResult) error {
	if result.NeedsCode {
		return answer(w, http.StatusAccepted, codeNeeded{result.Token})
	}
	http.SetCookie(w, p.cookie(r, result.Token, result.Expires))
	return p.answerPerson(w, r, result.User)
}

// answerPerson answers with the signed-in user.
func (p *Portal) answerPerson(w http.ResponseWriter, r *http.Request, u directory.User) error {
	codes, err := p.codesOf(r.Context(), u.ID)
	if err != nil {
		return err
	}
	who := personOf(u)
	who.Codes = &codes
	return answer(w, http.StatusOK, who)
}

// enter signs in with the link that "carrel up" prints.
func (p *Portal) enter(w http.ResponseWriter, r *http.Request) error {
	body, err := read[struct {
		Token string `json:"token"`
	}](w, r)
	if err != nil {
		return err
	}
	result, err := p.SignIns.Enter(r.Context(), body.Token)
	if err != nil {
		return err
	}
	return p.welcome(w, r, result)
}

// ping answers pages that measure the latency.
func ping(w http.ResponseWriter, _ *http.Request) error { return done(w) }

func (p *Portal) signOut(w http.ResponseWriter, r *http.Request) error {
	if token := cookieToken(r); token != "" {
		if err := p.SignIns.SignOut(r.Context(), token); err != nil {
			return err
		}
	}
	http.SetCookie(w, p.cookie(r, "", time.Unix(1, 0)))
	return done(w)
}

func (p *Portal) me(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	return p.answerPerson(w, r, v.User)
}

func (p *Portal) setLanguage(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	body, err := read[struct {
		Language string `json:"language"`
	}](w, r)
	if err != nil {
		return err
	}
	if err := p.SignIns.SetLanguage(r.Context(), v, body.Language); err != nil {
		return err
	}
	return done(w)
}

func (p *Portal) changePassword(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	body, err := read[struct {
		Old string `json:"old_password"`
		New string `json:"new_password"`
	}](w, r)
	if err != nil {
		return err
	}
	err = p.SignIns.ChangePassword(r.Context(), v, body.Old, body.New)
	if workspace.CodeOf(err) == workspace.CodeBadCredentials { // 401 would say that the sign-in is over
		return workspace.Errorf(workspace.CodeForbidden, "the present password is wrong")
	}
	if err != nil {
		return err
	}
	return done(w)
}

// firstPasswordHolder answers with the user of a token. The token is in a header, since URLs are logged on the way.
func (p *Portal) firstPasswordHolder(w http.ResponseWriter, r *http.Request) error {
	u, err := p.SignIns.PasswordTokenHolder(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, personOf(u))
}

func (p *Portal) setFirstPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := read[struct {
		Password string `json:"password"`
	}](w, r)
	if err != nil {
		return err
	}
	u, err := p.SignIns.SetFirstPassword(r.Context(), bearer(r), body.Password)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, personOf(u))
}

func (p *Portal) cookie(r *http.Request, token string, expires time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows the request: over plain HTTP a browser would drop the cookie
		Name: cookieName, Value: token, Path: "/portal/api", Expires: expires,
		HttpOnly: true, Secure: p.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
}

func cookieToken(r *http.Request) string {
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value
	}
	return ""
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// network returns the network whose attempts are counted together.
func network(r *http.Request) string { return clientaddr.Network(clientaddr.Of(r)) }
