package portal_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// rule changes the project's rules as an administrator does.
func (e *env) rule(change signin.RulesChange) {
	e.t.Helper()
	_, err := e.service.SignIn.UpdateRules(e.t.Context(), workspace.Caller{ProjectID: project}, change)
	e.must(err)
}

// passwords changes the password of who is signed in.
func (b browser) passwords(old, password string) answer {
	b.e.t.Helper()
	return b.call("PUT", "me/password", fmt.Sprintf(`{"old_password":%q,"new_password":%q}`, old, password))
}

func TestPasswordsThatAProjectAllows(t *testing.T) {
	t.Run("AreLongerAndOfMoreKinds", func(t *testing.T) {
		e := newEnv(t)
		c := e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"may_change_password":true,"codes"`) // the usual rules are not told
		e.rule(signin.RulesChange{MinLength: new(12), MinKinds: new(4)})
		c.call("GET", "me", "").is(200, `"password_rules":{"min_length":12,"min_kinds":4}`) // and she is still signed in
		c.passwords(password, "Short-one-7").is(400, "password: use 12 to 64 characters")
		c.passwords(password, "LongEnough12345").is(400, "password: use all of: lower case letters")
		c.passwords(password, "Long-enough-12345").is(204, "")
		link := e.browser().with(http.Header{"Authorization": {"Bearer " + e.passwordToken("fresh")}})
		link.call("GET", "first-password", "").is(200, `"password_rules":{"min_length":12,"min_kinds":4}`)
		link.call("POST", "first-password", `{"password":"Short-one-7"}`).is(400, "password: use 12 to 64 characters")
		link.call("POST", "first-password", `{"password":"Long-enough-12345"}`).is(200, "fresh")
		e.rule(signin.RulesChange{MinLength: new(64)})
		made, err := e.service.SignIn.RandomPassword(t.Context(), workspace.Caller{ProjectID: project}, e.user("bob").ID, false)
		e.must(err)
		if len(made) != 64 {
			t.Errorf("a random password has %d characters", len(made))
		}
	})
	t.Run("AreNotThoseThatTheUserHad", func(t *testing.T) {
		e := newEnv(t)
		e.rule(signin.RulesChange{History: new(2)})
		c := e.signedIn("ada")
		had := []string{password, "Second-one-2", "Third-one-3", "Fourth-one-4"}
		for i, next := range had[1:] {
			c.passwords(had[i], next).is(204, "")
		}
		c.passwords(had[3], had[3]).is(400, "have not had")
		c.passwords(had[3], had[2]).is(400, "the last 2 passwords cannot be chosen again")
		c.passwords(had[3], had[1]).is(400, "have not had")
		c.passwords(had[3], had[0]).is(204, "") // is three back
		e.must(e.service.SignIn.ActOnUser(t.Context(), workspace.Caller{ProjectID: project}, e.mailable("ada"), signin.ResetPassword))
		link := e.browser().with(http.Header{"Authorization": {"Bearer " + e.passwordToken("ada")}})
		link.call("POST", "first-password", `{"password":"`+had[0]+`"}`).is(400, "have not had") // a reset does not help
		e.rule(signin.RulesChange{History: new(0)})
		link.call("POST", "first-password", `{"password":"`+had[3]+`"}`).is(200, "ada")
	})
	t.Run("AreForgottenWithTheRule", func(t *testing.T) {
		e := newEnv(t)
		e.rule(signin.RulesChange{History: new(2)})
		c := e.signedIn("ada")
		c.passwords(password, "Second-one-2").is(204, "")
		c.passwords("Second-one-2", password).is(400, "have not had")
		e.rule(signin.RulesChange{History: new(0)})
		e.rule(signin.RulesChange{History: new(2)}) // it counts from now on
		c.passwords("Second-one-2", password).is(204, "")
	})
	t.Run("AreChangedWhenTheyAreOld", func(t *testing.T) {
		e := newEnv(t)
		e.later(400 * 24 * time.Hour)
		before := e.signedIn("ada")
		e.rule(signin.RulesChange{MaxAgeDays: new(30)})
		before.call("GET", "desktops", "").is(200, "running")
		e.signedIn("ada").call("GET", "me", "").is(200, `"must_change_password":false`) // the age counts from the rule
		e.later(30*24*time.Hour - time.Minute)
		e.signedIn("ada").call("GET", "me", "").is(200, `"must_change_password":false`)
		e.later(time.Minute)
		e.change("bob", func(u *directory.User) { u.PasswordNeverExpires = true })
		e.signedIn("bob").call("GET", "me", "").is(200, `"must_change_password":false`)
		c := e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"must_change_password":true`)
		c.call("GET", "desktops", "").is(403, "new password first")
		c.passwords(password, "Second-one-2").is(204, "")
		c.call("GET", "desktops", "").is(200, "running")
		e.later(29 * 24 * time.Hour)
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Second-one-2"}`).is(200, `"must_change_password":false`)
		e.rule(signin.RulesChange{MaxAgeDays: new(0)})
		e.later(400 * 24 * time.Hour)
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Second-one-2"}`).is(200, `"must_change_password":false`)
	})
}

// mailable gives a user a mail address and returns the id.
func (e *env) mailable(name string) string {
	e.change(name, func(u *directory.User) { u.Email = name + "@example.org" })
	return e.user(name).ID
}

func TestLockoutOfAProject(t *testing.T) {
	wrong := func(c browser, name string) answer {
		return c.call("POST", "sign-in", `{"user_name":"`+name+`","password":"Wrong-one-1"}`)
	}
	right := `{"user_name":"ada","password":"` + password + `"}`
	t.Run("LocksWhetherTheNameExistsOrNot", func(t *testing.T) {
		for _, name := range []string{"ada", "nobody"} {
			e := newEnv(t)
			e.rule(signin.RulesChange{LockoutAttempts: new(3), LockoutMinutes: new(30)})
			c := e.browser()
			for range 3 {
				wrong(c, name).is(401, "")
			}
			a := c.call("POST", "sign-in", `{"user_name":"`+name+`","password":"`+password+`"}`)
			a.is(429, "too many attempts")
			if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 29*60 || wait > 30*60 {
				t.Errorf("%s: Retry-After: %s", name, a.header.Get("Retry-After"))
			}
		}
	})
	t.Run("EndsAfterItsTimeAndBeginsToCountAnew", func(t *testing.T) {
		e := newEnv(t)
		signed := e.signedIn("ada") // from a place that is known then
		e.rule(signin.RulesChange{LockoutAttempts: new(3), LockoutMinutes: new(30)})
		c := e.browser()
		for range 2 {
			for range 3 {
				wrong(c, "ada").is(401, "")
			}
			c.call("POST", "sign-in", right).is(429, "")
			e.later(30*time.Minute + time.Second)
		}
		wrong(c, "ada").is(401, "")
		c.call("POST", "sign-in", right).is(200, "ada")
		signed.call("GET", "me", "").is(200, "ada") // nobody is signed out
		wrong(c, "ada").is(401, "")
		wrong(c, "ada").is(401, "")
		c.call("POST", "sign-in", right).is(200, "ada") // the right one begins the count anew
	})
	t.Run("IsEndedByAnAdministrator", func(t *testing.T) {
		e := newEnv(t)
		e.rule(signin.RulesChange{LockoutAttempts: new(3), LockoutMinutes: new(1440)})
		c := e.browser()
		for range 3 {
			wrong(c, "ada").is(401, "")
		}
		e.must(e.service.SignIn.ActOnUser(t.Context(), workspace.Caller{ProjectID: project}, e.user("ada").ID, signin.LetIn))
		c.call("POST", "sign-in", right).is(200, "ada")
	})
	t.Run("HoldsForCodes", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		app, _ := e.signedIn("ada").enrol()
		e.rule(signin.RulesChange{LockoutAttempts: new(3), LockoutMinutes: new(30)})
		b := e.browser()
		for range 3 {
			b.second(b.half("ada"), "000000").is(403, "")
		}
		e.later(29 * time.Minute)
		b.second(b.half("ada"), app.next()).is(429, "too many attempts")
		e.later(time.Minute)
		b.second(b.half("ada"), app.next()).is(200, "ada")
	})
	t.Run("LeavesKnownPlacesToThemselves", func(t *testing.T) {
		e := newEnv(t)
		home := workspace.WithNetwork(t.Context(), "192.0.2.0/24")
		if _, err := e.service.SignIn.SignIn(home, "ada", password); err != nil {
			t.Fatal(err)
		}
		e.rule(signin.RulesChange{LockoutAttempts: new(3), LockoutMinutes: new(30)})
		for i := range 3 { // the name is locked at all places that are new
			e.service.SignIn.SignIn(workspace.WithNetwork(t.Context(), fmt.Sprintf("198.51.%d.0/24", i)), "ada", "Wrong-one-1")
		}
		if _, err := e.service.SignIn.SignIn(workspace.WithNetwork(t.Context(), "203.0.113.0/24"), "ada", password); workspace.CodeOf(err) != workspace.CodeRateLimited {
			t.Errorf("at a new place: %v", err)
		}
		if _, err := e.service.SignIn.SignIn(home, "ada", password); err != nil {
			t.Errorf("at home: %v", err)
		}
	})
}
