package portal_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestSignIn(t *testing.T) {
	t.Run("GivesACookieThatScriptsAndOtherSitesCannotUse", func(t *testing.T) {
		e := newEnv(t)
		c := e.browser()
		a := c.call("POST", "sign-in", `{"user_name":"ADA","password":"`+password+`"}`)
		a.is(200, `"user_name":"ada"`)
		cookie := a.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/portal/api"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie is not %s: %s", want, cookie)
			}
		}
		c.call("GET", "me", "").is(200, `"user_name":"ada"`)
	})
	t.Run("SaysWhatSomebodyIsCalledInsideTheirDesktops", func(t *testing.T) {
		e := newEnv(t)
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			u, err := directory.UserByName(t.Context(), tx, project, "ada")
			if err != nil {
				return err
			}
			u.ID, u.Name, u.Account = workspace.NewID(), "ada.lovelace", ""
			return directory.InsertUsers(t.Context(), tx, []directory.User{u})
		}))
		c := e.browser()
		c.call("POST", "sign-in", `{"user_name":"ada.lovelace","password":"`+password+`"}`).is(200, `"account":"ada-lovelace"`)
		c.call("GET", "me", "").is(200, `"account":"ada-lovelace"`)
	})
	t.Run("AnswersTheSameForAWrongPasswordAndNobody", func(t *testing.T) {
		e := newEnv(t)
		wrong := e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Wrong-one-1"}`)
		nobody := e.browser().call("POST", "sign-in", `{"user_name":"nobody","password":"Wrong-one-1"}`)
		none := e.browser().call("POST", "sign-in", `{"user_name":"fresh","password":"Wrong-one-1"}`)
		wrong.is(401, "the user name or the password is wrong")
		if wrong.body != nobody.body || nobody.status != 401 || none.body != wrong.body || none.status != 401 {
			t.Errorf("answers differ:\n%s%s%s", wrong.body, nobody.body, none.body)
		}
	})
	t.Run("MakesWhoGuessesWaitWhetherTheNameExistsOrNot", func(t *testing.T) {
		for _, name := range []string{"ada", "nobody"} {
			e := newEnv(t)
			c := e.browser()
			for range workspace.FreeSignIns + 1 { // the last of them begins the pause
				c.call("POST", "sign-in", `{"user_name":"`+name+`","password":"Wrong-one-1"}`).is(401, "")
			}
			a := c.call("POST", "sign-in", `{"user_name":"`+name+`","password":"`+password+`"}`)
			a.is(429, "too many attempts")
			if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 10 || wait > 15 {
				t.Errorf("%s: Retry-After: %s", name, a.header.Get("Retry-After"))
			}
		}
	})
	t.Run("KeepsThePauseInTheStoreForOtherReplicas", func(t *testing.T) {
		e := newEnv(t)
		elsewhere := workspace.WithNetwork(t.Context(), "127.0.0.0/24") // another replica, the same network
		var all sync.WaitGroup
		for range 20 { // at once
			all.Go(func() { e.service.SignIn.SignIn(elsewhere, "ada", "Wrong-one-1") })
		}
		all.Wait()
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(429, "")
		e.later(16 * time.Second)
		if _, err := e.service.SignIn.SignIn(elsewhere, "ada", password); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
	t.Run("IsNotRefusedForWhatOthersDo", func(t *testing.T) {
		e := newEnv(t)
		c := e.browser()
		c.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(200, "")
		var others sync.WaitGroup // attempts are held for seconds
		for i := range 80 {
			others.Go(func() {
				e.service.SignIn.SignIn(workspace.WithNetwork(t.Context(), fmt.Sprintf("10.0.%d.0/24", i%9)), "ada", "Wrong-one-1")
			})
		}
		others.Wait()
		c.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(200, "")
	})
	t.Run("IsRefusedWithAReasonToWhoKnowsThePassword", func(t *testing.T) {
		e := newEnv(t)
		e.change("ada", func(u *directory.User) { u.Locked = true })
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(403, "locked")
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Wrong-one-1"}`).is(401, "")
	})
	t.Run("EndsWithTheSignOutTheLockAndTime", func(t *testing.T) {
		e := newEnv(t)
		c := e.signedIn("ada")
		c.call("POST", "sign-out", "").is(204, "")
		c.call("GET", "me", "").is(401, "")
		c = e.signedIn("ada")
		e.change("ada", func(u *directory.User) { u.Locked = true })
		c.call("GET", "desktops", "").is(401, "")
		e.change("ada", func(u *directory.User) { u.Locked = false })
		c = e.signedIn("ada")
		e.later(signin.SignInLife)
		c.call("GET", "me", "").is(401, "")
	})
	t.Run("OpensByALinkOnce", func(t *testing.T) {
		e := newEnv(t)
		token, err := e.service.SignIn.NewEntry(t.Context(), e.user("ada").ID)
		e.must(err)
		c := e.browser()
		c.call("POST", "enter", `{"token":"`+token+`"}`).is(200, `"user_name":"ada"`)
		c.call("GET", "me", "").is(200, "")
		e.browser().call("POST", "enter", `{"token":"`+token+`"}`).is(401, "")
	})
	t.Run("RefusesBadInput", func(t *testing.T) {
		c := newEnv(t).browser()
		c.call("POST", "sign-in", `{`).is(400, "JSON")
		c.call("POST", "sign-in", `{"user_name":`+strings.Repeat("9", 1<<15)+`}`).is(413, "")
		c.call("POST", "sign-in", `{"user_name":["ada"]}`).is(400, "")
		c.call("POST", "sign-in", `{"user_name":"ada","password":"`+strings.Repeat("x", 5000)+`"}`).is(401, "")
		c.call("GET", "nonsense", "").is(404, "there is no GET /portal/api/nonsense")
		c.call("GET", "me", "").is(401, "")
	})
}

func TestPasswords(t *testing.T) {
	t.Run("AreFirstChosenByALinkThatIsGoodOnce", func(t *testing.T) {
		e := newEnv(t)
		token := e.passwordToken("fresh")
		c := e.browser().with(http.Header{"Authorization": {"Bearer " + token}})
		c.call("GET", "first-password", "").is(200, `"user_name":"fresh"`)
		c.call("POST", "first-password", `{"password":"short"}`).is(400, "8 to 64 characters")
		c.call("POST", "first-password", `{"password":"Fresh-1234"}`).is(400, "user name")
		c.call("POST", "first-password", `{"password":"`+password+`"}`).is(200, "")
		c.call("POST", "first-password", `{"password":"Another-12"}`).is(403, "used or is too old")
		c.call("GET", "first-password", "").is(403, "")
		e.signedIn("fresh")
	})
	t.Run("OfAnOldOrUnknownLinkAreRefused", func(t *testing.T) {
		e := newEnv(t)
		token := e.passwordToken("fresh")
		e.later(25 * time.Hour)
		for _, token := range []string{token, "nonsense", ""} {
			e.browser().with(http.Header{"Authorization": {"Bearer " + token}}).call("GET", "first-password", "").is(403, "")
		}
	})
	t.Run("AreChangedByWhoKnowsThePresentOne", func(t *testing.T) {
		e := newEnv(t)
		here, elsewhere := e.signedIn("ada"), e.signedIn("ada")
		here.call("PUT", "me/password", `{"old_password":"Wrong-one-1","new_password":"Another-12"}`).is(403, "present password")
		here.call("PUT", "me/password", `{"old_password":"`+password+`","new_password":"`+password+`"}`).is(400, "differs")
		here.call("PUT", "me/password", `{"old_password":"`+password+`","new_password":"weak"}`).is(400, "")
		here.call("PUT", "me/password", `{"old_password":"`+password+`","new_password":"Another-12"}`).is(204, "")
		here.call("GET", "me", "").is(200, "")
		elsewhere.call("GET", "me", "").is(401, "")
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Another-12"}`).is(200, "")
	})
	t.Run("MustBeChangedFirstWhenTheAdministratorSaysSo", func(t *testing.T) {
		e := newEnv(t)
		e.change("ada", func(u *directory.User) { u.MustChangePassword, u.MayChangePassword = true, false })
		c := e.signedIn("ada")
		c.call("GET", "me", "").is(200, `"must_change_password":true`)
		c.call("GET", "desktops", "").is(403, "choose a new password first")
		c.call("GET", "desktops/events", "").is(403, "")
		c.call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(403, "")
		c.call("PUT", "me/password", `{"old_password":"`+password+`","new_password":"Another-12"}`).is(204, "")
		c.call("GET", "desktops", "").is(200, "")
	})
	t.Run("StayWhenTheyMayNotBeChanged", func(t *testing.T) {
		e := newEnv(t)
		e.change("ada", func(u *directory.User) { u.MayChangePassword = false })
		e.signedIn("ada").call("PUT", "me/password", `{"old_password":"`+password+`","new_password":"Another-12"}`).is(403, "administrator")
	})
}
