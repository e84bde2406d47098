package portal

import (
	"net/http"
	"strings"
	"time"

	"carrel/internal/clientaddr"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

const cookieName = "carrel_sign_in"

// The forms of requests.
type (
	signInInput struct{ Body signInBody }
	signInBody  struct {
		UserName string `json:"user_name" required:"true" doc:"Where users of several projects have the name, with the enterprise id of the project and a backslash before it"`
		Password string `json:"password" required:"true"`
	}

	signInCodeInput struct{ Body signInCodeBody }
	signInCodeBody  struct {
		Token string `json:"token" required:"true" doc:"The code_token that followed the password"`
		Code  string `json:"code" required:"true"`
	}

	enterInput struct{ Body enterBody }
	enterBody  struct {
		Token string `json:"token" required:"true"`
	}

	languageInput struct{ Body languageBody }
	languageBody  struct {
		Language string `json:"language" required:"true" doc:"en or zh; empty: the browser's"`
	}

	passwordInput struct{ Body passwordBody }
	passwordBody  struct {
		Old string `json:"old_password" required:"true"`
		New string `json:"new_password" required:"true"`
	}

	firstPasswordInput struct{ Body firstPasswordBody }
	firstPasswordBody  struct {
		Password string `json:"password" required:"true"`
	}
)

// person is a user in the response to their page.
type person struct {
	Name       string `json:"user_name"`
	Account    string `json:"account" doc:"What they are called inside their desktops"`
	Alias      string `json:"alias,omitempty"`
	Language   string `json:"language,omitempty" enum:"en,zh" doc:"Absent: the browser's"`
	MustChange bool   `json:"must_change_password"`
	MayChange  bool   `json:"may_change_password"`

	Rules *passwordRules `json:"password_rules,omitempty" doc:"If they differ from the usual: 8 characters of 3 kinds"`
	Codes *codesState    `json:"codes,omitempty" doc:"The signed-in user's"`
}

// passwordRules say which passwords the user may choose.
type passwordRules struct {
	MinLength int `json:"min_length"`
	MinKinds  int `json:"min_kinds" doc:"Of lower case letters, upper case letters, digits and other characters"`
}

func personOf(u directory.User) person {
	p := person{
		Name: u.Name, Account: u.Account, Alias: u.Alias, Language: u.Language,
		MustChange: u.MustChangePassword, MayChange: u.MayChangePassword || u.MustChangePassword,
	}
	// Rules that cannot be read are an error when a password is chosen.
	if r, err := signin.RulesOf(u.SignInRules); err == nil && !r.Password.Usual() {
		p.Rules = &passwordRules{r.Password.MinLength, r.Password.MinKinds}
	}
	return p
}

func (p *Portal) signIn(r *http.Request, in *signInInput) (*signedIn, error) {
	name := strings.TrimSpace(in.Body.UserName)
	if len(name) > 128 || len(in.Body.Password) > 1024 {
		return nil, workspace.Errorf(workspace.CodeBadCredentials, "the user name or the password is wrong")
	}
	return p.attempt(r, workspace.CodeBadCredentials, func() (signin.SignInResult, error) {
		return p.SignIns.SignIn(r.Context(), name, in.Body.Password)
	})
}

// signInWithCode is the second step for those who use codes.
func (p *Portal) signInWithCode(r *http.Request, in *signInCodeInput) (*signedIn, error) {
	return p.attempt(r, workspace.CodeForbidden, func() (signin.SignInResult, error) {
		return p.SignIns.SignInWithCode(r.Context(), in.Body.Token, in.Body.Code)
	})
}

// attempt tries to sign in; a wrong code is logged.
func (p *Portal) attempt(r *http.Request, wrong workspace.Code, try func() (signin.SignInResult, error)) (*signedIn, error) {
	result, err := try()
	if err != nil && workspace.CodeOf(err) == wrong {
		p.Log.InfoContext(r.Context(), "a sign-in was refused", "address", clientaddr.Of(r))
	}
	if err != nil {
		return nil, err
	}
	return p.welcome(r, result)
}

// signedIn answers a sign-in with the user, or with the token for the second step.
type signedIn struct {
	Cookie string      `header:"Set-Cookie"`
	Body   *person     // once the user is signed in
	More   *codeNeeded `status:"202" hidden:"true"`
}

// codeNeeded is the answer to the correct password of a user with codes.
type codeNeeded struct {
	Token string `json:"code_token"`
}

func (p *Portal) welcome(r *http.Request, result signin.SignInResult) (*signedIn, error) {
	if result.NeedsCode {
		return &signedIn{More: &codeNeeded{result.Token}}, nil
	}
	who, err := p.withCodes(r, signin.Visitor{User: result.User, MustEnrol: result.MustEnrol})
	return &signedIn{Cookie: p.cookie(r, result.Token, result.Expires).String(), Body: &who}, err
}

// withCodes returns the signed-in user.
func (p *Portal) withCodes(r *http.Request, v signin.Visitor) (person, error) {
	codes, err := p.codesOf(r.Context(), v)
	who := personOf(v.User)
	who.Codes = &codes
	return who, err
}

// enter signs in with the link that "carrel up" prints.
func (p *Portal) enter(r *http.Request, in *enterInput) (*signedIn, error) {
	result, err := p.SignIns.Enter(r.Context(), in.Body.Token)
	if err != nil {
		return nil, err
	}
	return p.welcome(r, result)
}

// ping answers pages that measure the latency.
func ping(*http.Request, *none) (*none, error) { return nil, nil }

// signedOut takes the cookie away.
type signedOut struct {
	Cookie string `header:"Set-Cookie"`
}

func (p *Portal) signOut(r *http.Request, _ *none) (*signedOut, error) {
	if token := cookieToken(r); token != "" {
		if err := p.SignIns.SignOut(r.Context(), token); err != nil {
			return nil, err
		}
	}
	return &signedOut{p.cookie(r, "", time.Unix(1, 0)).String()}, nil
}

func (p *Portal) me(r *http.Request, v signin.Visitor, _ *none) (*answer[person], error) {
	who, err := p.withCodes(r, v)
	return &answer[person]{Body: who}, err
}

func (p *Portal) setLanguage(r *http.Request, v signin.Visitor, in *languageInput) (*none, error) {
	return nil, p.SignIns.SetLanguage(r.Context(), v, in.Body.Language)
}

func (p *Portal) changePassword(r *http.Request, v signin.Visitor, in *passwordInput) (*none, error) {
	err := p.SignIns.ChangePassword(r.Context(), v, in.Body.Old, in.Body.New)
	if workspace.CodeOf(err) == workspace.CodeBadCredentials { // 401 would say that the sign-in is over
		return nil, workspace.Errorf(workspace.CodeForbidden, "the present password is wrong")
	}
	return nil, err
}

// firstPasswordHolder answers with the user of a token. The token is in a header, since URLs are logged on the way.
func (p *Portal) firstPasswordHolder(r *http.Request, _ *none) (*answer[person], error) {
	u, err := p.SignIns.PasswordTokenHolder(r.Context(), bearer(r))
	return &answer[person]{Body: personOf(u)}, err
}

func (p *Portal) setFirstPassword(r *http.Request, in *firstPasswordInput) (*answer[person], error) {
	c := workspace.Caller{Address: clientaddr.Text(r), RequestID: telemetry.RequestID(r.Context())}
	u, err := p.SignIns.SetFirstPassword(r.Context(), c, bearer(r), in.Body.Password)
	return &answer[person]{Body: personOf(u)}, err
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
