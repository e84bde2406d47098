package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// countingPasswords counts the hashes that are computed.
type countingPasswords struct {
	workspace.Passwords
	computed atomic.Int64
}

func (c *countingPasswords) Hash(password string) (string, error) {
	c.computed.Add(1)
	return c.Passwords.Hash(password)
}

func (c *countingPasswords) Verify(password, hash string) (bool, bool) {
	c.computed.Add(1)
	return c.Passwords.Verify(password, hash)
}

func (c *countingPasswords) VerifyNothing(password string) {
	c.computed.Add(1)
	c.Passwords.VerifyNothing(password)
}

// Whoever does not know a password learns from the time of the answer neither whether the user exists nor what is the matter with it: the
// hashes and statements are the same.
func TestAWrongPasswordCostsAsMuchAsAnUnknownUser(t *testing.T) {
	e := codesEnv(t, signin.SecondFactorOptional)
	e.oblige("bob")
	e.change("bob", func(u *directory.User) { u.Locked = true })
	counting := &countingPasswords{Passwords: e.service.SignIn.Passwords}
	e.service.SignIn.Passwords = counting
	work := func(name string) string {
		counting.computed.Store(0)
		ctx, statements := telemetry.CountStatements(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/portal/api/sign-in", strings.NewReader(fmt.Sprintf(`{"user_name":%q,"password":"Wrong-one-1"}`, name)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.server.Config.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		return fmt.Sprintf("%d hashes and %d statements", counting.computed.Load(), statements.Load())
	}
	want := work("nobody")
	if !strings.HasPrefix(want, "1 hashes") || strings.Contains(want, " 0 ") {
		t.Fatalf("an unknown user takes %s", want)
	}
	for name, what := range map[string]string{"ada": "a wrong password", "bob": "a locked user", "fresh": "a user without password", "somebody": "another unknown user"} {
		if got := work(name); got != want {
			t.Errorf("%s takes %s, an unknown user %s", what, got, want)
		}
	}
}
