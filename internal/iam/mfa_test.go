package iam_test

import (
	"encoding/base32"
	"net/http"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/signin"
)

// authenticator is an app with a secret.
type authenticator struct {
	serial string
	secret []byte
}

// codeAt is the code that the app shows some steps from now.
func (a authenticator) codeAt(steps int64) string {
	return signin.TOTPCode(a.secret, signin.TOTPStep(time.Now())+steps)
}

func (e *env) newAuthenticator(token string) authenticator {
	e.Helper()
	a := e.wants(e.callAs(token, "POST", "/v3.0/OS-MFA/virtual-mfa-devices", object{"virtual_mfa_device": object{"name": "phone"}}), http.StatusCreated)
	secret, err := base32.StdEncoding.DecodeString(a.text("virtual_mfa_device", "base32_string_seed"))
	if err != nil || len(secret) < 20 {
		e.Fatalf("the secret of %v: %v", a.body, err)
	}
	return authenticator{a.text("virtual_mfa_device", "serial_number"), secret}
}

func (e *env) bind(token, user string, a authenticator, first, second string) answer {
	e.Helper()
	return e.callAs(token, "PUT", "/v3.0/OS-MFA/mfa-devices/bind", object{
		"user_id": user, "serial_number": a.serial, "authentication_code_first": first, "authentication_code_second": second,
	})
}

// signInWith asks for a token with a password and a code; without a code if that is empty.
func (e *env) signInWith(code string) answer {
	e.Helper()
	body := passwordBody(e.first.DomainName, e.first.UserName, e.first.Password, nil)
	if code != "" {
		identity := body["auth"].(object)["identity"].(object)
		identity["methods"], identity["totp"] = []string{"password", "totp"}, object{"user": object{"id": e.first.UserID, "passcode": code}}
	}
	return e.do(post("/v3/auth/tokens", body))
}

func TestCodes(t *testing.T) {
	t.Run("are asked for once an authenticator is bound, and good once", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			e.refused(e.signInWith("123456"), 400, "IAM.0001", "leave the method totp out")
			a := e.newAuthenticator(token)
			e.wants(e.signInWith(""), http.StatusCreated) // not bound yet
			e.refused(e.bind(token, e.first.UserID, a, a.codeAt(0), a.codeAt(0)), 400, "IAM.0001", "two in a row")
			e.refused(e.bind(token, e.first.UserID, a, a.codeAt(-1), a.codeAt(1)), 400, "IAM.0001", "two in a row")
			e.refused(e.bind(token, "other", a, a.codeAt(0), a.codeAt(1)), 403, "IAM.0003", "user_id")
			e.wants(e.bind(token, e.first.UserID, a, a.codeAt(-1), a.codeAt(0)), http.StatusNoContent)
			if r := e.records()[0]; r.Operation != "CreateBindingDevice" || r.ResourceType != iam.ResourceDevice || len(r.Changes) != 1 || r.Changes[0].Field != "registered" {
				t.Errorf("the record is %+v", r)
			}
			e.refused(e.bind(token, e.first.UserID, a, a.codeAt(0), a.codeAt(1)), 409, "IAM.0010", "bound already")

			e.refused(e.signInWith(""), 401, "IAM.0011", `methods ["password", "totp"]`)
			e.refused(e.signInWith(a.codeAt(0)), 401, "IAM.0002", "The code is wrong, or was used before.")
			pass(30 * time.Second)
			signedIn := e.wants(e.signInWith(a.codeAt(0)), http.StatusCreated)
			if m, _ := signedIn.at("token", "methods").([]any); len(m) != 2 || m[1] != "totp" {
				t.Errorf("methods %v", m)
			}
			e.refused(e.signInWith(a.codeAt(0)), 401, "IAM.0002", "used before")
			body := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": object{"id": signedIn.header.Get("X-Subject-Token")}}, "scope": e.projectScope()}}
			renewed := e.wants(e.do(post("/v3/auth/tokens", body)), http.StatusCreated).header.Get("X-Subject-Token")
			for name, r := range map[string]*http.Request{
				"token": get("/v2/x", renewed), "temporary key": signed(e.temporaryKey(renewed), "GET", "/v2/x", ""),
			} {
				if p, err := e.iam.Authenticate(r); err != nil || !p.MFA {
					t.Errorf("%s: %+v, %v", name, p, err)
				}
			}
			if p, err := e.iam.Authenticate(get("/v2/x", token)); err != nil || p.MFA {
				t.Errorf("the token from before: %+v, %v", p, err)
			}

			if a := e.callAs(renewed, "GET", "/v3.0/OS-MFA/virtual-mfa-devices", nil); a.text("virtual_mfa_devices", 0, "user_id") != e.first.UserID {
				t.Errorf("listed %v", a.body)
			}
			unbind := func(code string) answer {
				return e.callAs(renewed, "PUT", "/v3.0/OS-MFA/mfa-devices/unbind", object{"user_id": e.first.UserID, "serial_number": a.serial, "authentication_code": code})
			}
			e.refused(unbind(a.codeAt(0)), 401, "IAM.0002", "used before")
			e.refused(unbind(""), 401, "IAM.0002", "wrong")
			pass(30 * time.Second)
			e.wants(unbind(a.codeAt(0)), http.StatusNoContent)
			e.wants(e.signInWith(""), http.StatusCreated)
			e.wants(e.callAs(renewed, "GET", "/v3.0/OS-MFA/users/"+e.first.UserID+"/virtual-mfa-device", nil), http.StatusNotFound)
		})
	})
	t.Run("cannot be guessed", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			a := e.newAuthenticator(token)
			e.wants(e.bind(token, e.first.UserID, a, a.codeAt(-1), a.codeAt(0)), http.StatusNoContent)
			for range 6 {
				e.refused(e.signInWith("000000"), 401, "IAM.0002", "code")
			}
			pass(time.Second)
			if late := e.signInWith(a.codeAt(1)); late.status != http.StatusTooManyRequests || late.header.Get("Retry-After") == "" {
				t.Errorf("got %d %v", late.status, late.body)
			}
			pass(time.Minute)
			e.wants(e.signInWith(a.codeAt(0)), http.StatusCreated)
		})
	})
	t.Run("are unbound by an administrator for who has lost the phone", func(t *testing.T) {
		inEnv(t, func(e *env) {
			id := e.addReader()
			token := e.tokenOf("reader", readerPassword, nil)
			e.newAuthenticator(token)
			a := e.newAuthenticator(token) // replaces the one that was not bound
			e.wants(e.bind(token, id, a, a.codeAt(-1), a.codeAt(0)), http.StatusNoContent)
			e.refused(e.callAs(token, "POST", "/v3.0/OS-MFA/virtual-mfa-devices", object{"virtual_mfa_device": object{"name": "x"}}), 409, "IAM.0010", "unbind it first")
			unbind := func(token, user string) answer {
				return e.callAs(token, "PUT", "/v3.0/OS-MFA/mfa-devices/unbind", object{"user_id": user, "serial_number": a.serial})
			}
			e.refused(unbind(token, e.first.UserID), 403, "IAM.0003", "for administrators")
			e.refused(unbind(e.token(nil), "x"), 404, "IAM.0004", "user")
			e.wants(unbind(e.token(nil), id), http.StatusNoContent)
			e.tokenOf("reader", readerPassword, nil)
		})
	})
	t.Run("have to be confirmed in time", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			a := e.newAuthenticator(token)
			pass(signin.EnrolmentLife)
			e.refused(e.bind(token, e.first.UserID, a, a.codeAt(-1), a.codeAt(0)), 409, "IAM.0010", "took longer")
		})
	})
}
