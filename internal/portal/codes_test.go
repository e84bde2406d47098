package portal_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/secret"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// codesEnv is an env where codes are used.
func codesEnv(t *testing.T, policy signin.SecondFactor) *env {
	e := newEnv(t)
	box, err := secret.OpenBox(t.TempDir())
	e.must(err)
	e.service.SignIn.SecondFactor, e.service.SignIn.Box, e.service.Connections.SecondFactor = policy, box, policy
	return e
}

// app is an authenticator app.
type app struct {
	e      *env
	secret []byte
}

func (a app) code(steps int64) string {
	return signin.TOTPCode(a.secret, signin.TOTPStep(a.e.now())+steps)
}

// next is a code that was not used before: half a minute later.
func (a app) next() string {
	a.e.later(30 * time.Second)
	return a.code(0)
}

func codeOf(code string) string { return fmt.Sprintf(`{"code":%q}`, code) }

// begin sets up an app for somebody who is signed in.
func (b browser) begin() app {
	b.e.t.Helper()
	a := b.call("POST", "me/codes", "")
	a.is(200, "otpauth://totp/Carrel:")
	var e struct {
		Secret string
		URI    string
		QR     string `json:"qr_code"`
	}
	b.e.must(json.Unmarshal([]byte(a.body), &e))
	uri, err := url.Parse(e.URI)
	b.e.must(err)
	svg, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(e.QR, "data:image/svg+xml;base64,"))
	b.e.must(err)
	if uri.Query().Get("secret") != e.Secret || uri.Query().Get("issuer") != "Carrel" || len(e.Secret) != 32 || !strings.HasPrefix(string(svg), "<svg ") {
		b.e.t.Errorf("%s with %s", e.URI, svg)
	}
	raw, err := base32.StdEncoding.DecodeString(e.Secret)
	b.e.must(err)
	return app{b.e, raw}
}

// enrol sets up an app and confirms it.
func (b browser) enrol() (app, []string) {
	b.e.t.Helper()
	app := b.begin()
	return app, b.recovery("me/codes/confirm", app.code(0))
}

func (b browser) recovery(path, code string) []string {
	b.e.t.Helper()
	a := b.call("POST", path, codeOf(code))
	a.is(200, "recovery_codes")
	var body struct {
		Codes []string `json:"recovery_codes"`
	}
	b.e.must(json.Unmarshal([]byte(a.body), &body))
	if len(body.Codes) != signin.RecoveryCodes {
		b.e.t.Errorf("recovery codes: %v", body.Codes)
	}
	return body.Codes
}

// half signs in with the password and returns the token for the code.
func (b browser) half(name string) string {
	b.e.t.Helper()
	a := b.call("POST", "sign-in", `{"user_name":"`+name+`","password":"`+password+`"}`)
	a.is(202, "code_token")
	if a.header.Get("Set-Cookie") != "" {
		b.e.t.Errorf("a password alone gives a cookie: %s", a.header.Get("Set-Cookie"))
	}
	var body struct {
		Token string `json:"code_token"`
	}
	b.e.must(json.Unmarshal([]byte(a.body), &body))
	return body.Token
}

func (b browser) second(token, code string) answer {
	b.e.t.Helper()
	return b.call("POST", "sign-in/code", fmt.Sprintf(`{"token":%q,"code":%q}`, token, code))
}

func TestCodes(t *testing.T) {
	t.Run("AreAskedForOnceAnAppIsConfirmed", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		c, elsewhere := e.signedIn("ada"), e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"codes":{"policy":"optional","on":false,`)
		app := c.begin()
		e.signedIn("ada") // not confirmed: no code is asked for
		c.call("POST", "me/codes/confirm", codeOf("000000")).is(403, "wrong or was used")
		c.recovery("me/codes/confirm", app.code(0))
		c.call("GET", "me", "").is(200, `"codes":{"policy":"optional","on":true,"recovery_codes_left":10}`)
		elsewhere.call("GET", "me", "").is(401, "") // was signed in with the password alone
		c.call("POST", "me/codes", "").is(409, "remove it first")

		b := e.browser()
		token := b.half("ada")
		b.call("GET", "me", "").is(401, "")
		b.second(token, app.code(0)).is(403, "was used before") // it has confirmed the app
		b.second(token, app.code(5)).is(403, "")
		code := app.next()
		b.second(token, " "+code[:3]+" "+code[3:]+" ").is(200, `"user_name":"ada"`)
		b.call("GET", "desktops", "").is(200, "running")
		b.second(token, app.next()).is(401, "") // the half sign-in is used up
	})
	t.Run("AreForgivenAClockThatIsHalfAMinuteOff", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, _ := e.signedIn("ada").enrol()
		e.later(2 * time.Minute)
		for _, steps := range []int64{-1, 1} {
			b := e.browser()
			b.second(b.half("ada"), app.code(2*steps)).is(403, "")
			b.second(b.half("ada"), app.code(steps)).is(200, "")
		}
	})
	t.Run("OpenOneSignInHoweverManyTryAtOnce", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, recovery := e.signedIn("ada").enrol()
		for _, code := range []string{app.next(), recovery[0]} {
			var tokens []string
			for range 4 {
				tokens = append(tokens, e.browser().half("ada"))
			}
			var mu sync.Mutex
			var opened int
			var all sync.WaitGroup
			for _, token := range tokens {
				all.Go(func() {
					if _, err := e.service.SignIn.SignInWithCode(t.Context(), token, code); err == nil {
						mu.Lock()
						defer mu.Unlock()
						opened++
					}
				})
			}
			all.Wait()
			if opened != 1 {
				t.Errorf("%s opened %d sign-ins", code, opened)
			}
		}
	})
	t.Run("ThatAreGuessedMakeThePersonWaitAlthoughThePasswordIsKnown", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, _ := e.signedIn("ada").enrol()
		b := e.browser()
		for range workspace.FreeSignIns + 1 {
			b.second(b.half("ada"), "000000").is(403, "")
		}
		code := app.next() // half a minute later: after the first pause
		b.second(b.half("ada"), "000000").is(403, "")
		a := b.second(b.half("ada"), code)
		a.is(429, "too many attempts")
		if a.header.Get("Retry-After") == "" {
			t.Error("nothing says when to come back")
		}
		e.must(e.service.SignIn.ActOnUser(t.Context(), workspace.Caller{ProjectID: project}, e.user("ada").ID, signin.LetIn))
		b.second(b.half("ada"), code).is(200, "")
	})
	t.Run("OfRecoveryAreGoodOnceEach", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		c := e.signedIn("ada")
		app, codes := c.enrol()
		b := e.browser()
		b.second(b.half("ada"), strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))).is(200, "")
		b.second(b.half("ada"), codes[3]).is(403, "")
		b.call("GET", "me", "").is(200, `"recovery_codes_left":9`)
		fresh := b.recovery("me/codes/recovery", app.next())
		b.second(b.half("ada"), codes[4]).is(403, "") // one of the old set
		b.second(b.half("ada"), fresh[4]).is(200, "")
	})
	t.Run("EndWhenTheAppIsRemovedByItsPersonOrAnAdministrator", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		c := e.signedIn("ada")
		app, _ := c.enrol()
		c.call("POST", "me/codes/remove", codeOf("000000")).is(403, "")
		c.call("POST", "me/codes/remove", codeOf(app.next())).is(204, "")
		c.call("POST", "me/codes/remove", codeOf(app.next())).is(409, "no authenticator")
		c = e.signedIn("ada")
		c.enrol()
		token := e.browser().half("ada")
		ada := e.user("ada").ID
		_, devices, err := e.service.SignIn.OTPDevices(t.Context(), project, ada)
		e.must(err)
		e.must(e.service.SignIn.UnbindOTPDevices(t.Context(), workspace.Caller{ProjectID: project}, ada, []string{devices[0].ID}))
		e.browser().second(token, "000000").is(401, "")
		e.signedIn("ada").call("GET", "me", "").is(200, `"on":false`)
	})
	t.Run("OfAnAppThatWasNotConfirmedInTimeCountForNothing", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		c := e.signedIn("ada")
		old := c.begin()
		app := c.begin() // again, as after closing the page
		c.call("POST", "me/codes/confirm", codeOf(old.code(0))).is(403, "")
		e.later(signin.EnrolmentLife)
		c.call("POST", "me/codes/confirm", codeOf(app.code(0))).is(409, "begin again")
		c.enrol()
	})
	t.Run("MustBeSetUpBeforeAnythingElseWhereTheyAreRequired", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorRequired)
		c := e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"policy":"required","on":false`)
		for method, path := range map[string]string{"GET": "desktops", "POST": "desktops/" + e.desktop["running"] + "/ticket"} {
			c.call(method, path, "").is(403, "authenticator app first")
		}
		c.call("GET", "desktops/events", "").is(403, "authenticator app first")
		c.enrol()
		c.call("GET", "desktops", "").is(200, "running")
		e.change("bob", func(u *directory.User) { u.MustChangePassword = true })
		e.signedIn("bob").call("POST", "me/codes", "").is(403, "new password first")
	})
	t.Run("AreNotAskedForWhereTheyAreOff", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		e.signedIn("ada").enrol()
		e.service.SignIn.SecondFactor, e.service.Connections.SecondFactor = signin.SecondFactorOff, signin.SecondFactorOff
		c := e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"codes":{"policy":"off","on":false`)
		c.call("POST", "me/codes", "").is(403, "not used here")
	})
	t.Run("AreAskedForBehindALinkToo", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, _ := e.signedIn("ada").enrol()
		link, err := e.service.SignIn.NewEntry(t.Context(), e.user("ada").ID)
		e.must(err)
		a := e.browser().call("POST", "enter", `{"token":"`+link+`"}`)
		a.is(202, "code_token")
		var body struct {
			Token string `json:"code_token"`
		}
		e.must(json.Unmarshal([]byte(a.body), &body))
		e.browser().second(body.Token, app.next()).is(200, "")
	})
	t.Run("AreNotAskedForLongAfterThePassword", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, _ := e.signedIn("ada").enrol()
		b := e.browser()
		token := b.half("ada")
		e.later(signin.HalfSignInLife)
		b.second(token, app.code(0)).is(401, "")
	})
}

func TestSecretsOfAppsAndRecoveryCodesAreNotReadableInTheDatabase(t *testing.T) {
	e := codesEnv(t, signin.SecondFactorOptional)
	c := e.signedIn("ada")
	app, codes := c.enrol()
	files, err := filepath.Glob(filepath.Join(e.folder, "*"))
	e.must(err)
	var all strings.Builder // database and its log
	for _, file := range files {
		content, err := os.ReadFile(file)
		e.must(err)
		all.Write(content)
	}
	readable := all.String()
	for _, hidden := range append(codes, base32.StdEncoding.EncodeToString(app.secret), strings.ReplaceAll(codes[0], "-", "")) {
		if strings.Contains(readable, hidden) {
			t.Errorf("%s is in the database", hidden)
		}
	}
	if !strings.Contains(readable, e.user("ada").ID) {
		t.Error("these are not the database's files")
	}
}

func TestUnlockingSomebodyLetsThemInAtOnce(t *testing.T) {
	e := newEnv(t)
	c := e.browser()
	for range workspace.FreeSignIns + 1 {
		c.call("POST", "sign-in", `{"user_name":"ada","password":"Wrong-one-1"}`).is(401, "")
	}
	c.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(429, "")
	e.must(e.service.SignIn.ActOnUser(t.Context(), workspace.Caller{ProjectID: project}, e.user("ada").ID, signin.LetIn))
	c.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(200, "ada")
}
