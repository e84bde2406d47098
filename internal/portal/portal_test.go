package portal_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/portal"
	"carrel/internal/secret"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	project  = "0123456789abcdef0123456789abcdef"
	password = "Let-me-in-1"
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

func TestForeignPagesChangeNothing(t *testing.T) {
	e := newEnv(t)
	c := e.signedIn("ada")
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	} {
		c.with(header).call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(403, "may not call")
	}
	c.with(http.Header{"Origin": {"https://desktops.example.org"}, "Sec-Fetch-Site": {"cross-site"}}).
		call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(200, "ticket")
}

func TestDesktops(t *testing.T) {
	e := newEnv(t)
	ada, bob := e.signedIn("ada"), e.signedIn("bob")

	t.Run("AreThoseOfThePerson", func(t *testing.T) {
		var body struct {
			Desktops []struct{ Name, Door, Why, Sentence, OS string }
		}
		e.must(json.Unmarshal([]byte(ada.call("GET", "desktops", "").body), &body))
		var got []string
		for _, d := range body.Desktops {
			got = append(got, d.Name+" "+d.Door+" "+d.Why)
			if d.OS != "Debian GNU/Linux 12" || (d.Door == "wait") != (d.Sentence != "") {
				t.Errorf("card: %+v", d)
			}
		}
		want := "asleep start ,busy wait restarting,off start ,running open "
		if strings.Join(got, ",") != want {
			t.Errorf("cards: %q", got)
		}
		bob.call("GET", "desktops", "").is(200, `{"desktops":[]}`)
	})
	t.Run("OfOthersDoNotExist", func(t *testing.T) {
		for _, call := range []string{"ticket", "start", "stop", "restart"} {
			bob.call("POST", "desktops/"+e.desktop["running"]+"/"+call, "").is(404, "")
			bob.call("POST", "desktops/nonsense/"+call, "").is(404, "")
		}
	})
	t.Run("OpenWithATicketOnlyWhileTheyRun", func(t *testing.T) {
		ada.call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(200, `{"ticket":"`)
		ada.call("POST", "desktops/"+e.desktop["off"]+"/ticket", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/ticket", "").is(409, "restarting")
	})
	t.Run("StartOnceHoweverOftenAsked", func(t *testing.T) {
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { ada.call("POST", "desktops/"+e.desktop["off"]+"/start", "").is(202, "") })
		}
		all.Wait()
		ada.call("GET", "desktops", "").is(200, `"why":"starting"`)
		ada.call("POST", "desktops/"+e.desktop["asleep"]+"/start", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["running"]+"/start", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/start", "").is(409, "restarting")
		if n := e.subJobs(); n != 2 {
			t.Errorf("%d sub-jobs, want one for each desktop that was off", n)
		}
	})
}

func TestPeopleShutDownAndRestartTheirOwnDesktops(t *testing.T) {
	for call, state := range map[string]string{"stop": "stopping", "restart": "restarting"} {
		t.Run(call+"OnceHoweverOftenAsked", func(t *testing.T) {
			e := newEnv(t)
			ada := e.signedIn("ada")
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() { ada.call("POST", "desktops/"+e.desktop["running"]+"/"+call, "").is(202, "") })
			}
			all.Wait()
			ada.call("GET", "desktops", "").is(200, `"why":"`+state+`"`)
			if n := e.subJobs(); n != 1 {
				t.Errorf("%d sub-jobs, want one", n)
			}
		})
	}
	t.Run("NotWhatIsOffAlready", func(t *testing.T) {
		e := newEnv(t)
		ada := e.signedIn("ada")
		ada.call("POST", "desktops/"+e.desktop["off"]+"/stop", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["off"]+"/restart", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["asleep"]+"/restart", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/stop", "").is(409, "restarting")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/restart", "").is(202, "")
		if n := e.subJobs(); n != 0 {
			t.Errorf("%d sub-jobs, want none", n)
		}
	})
	t.Run("NotOneThatOthersHaveToo", func(t *testing.T) {
		e := newEnv(t)
		bob := e.user("bob").ID
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			return assignment.Assign(t.Context(), tx, []plan.Pair{{
				DesktopID: e.desktop["running"], Type: plan.HolderUser, HolderID: bob, Group: workspace.GroupDefault,
			}})
		}))
		for _, name := range []string{"ada", "bob"} {
			person := e.signedIn(name)
			person.call("POST", "desktops/"+e.desktop["running"]+"/stop", "").is(403, "others use this desktop")
			person.call("POST", "desktops/"+e.desktop["running"]+"/restart", "").is(403, "others use this desktop")
			person.call("POST", "desktops/"+e.desktop["running"]+"/start", "").is(202, "")
		}
	})
}

func TestEvents(t *testing.T) {
	t.Run("TellOfChanges", func(t *testing.T) {
		e := newEnv(t)
		events := e.signedIn("ada").events()
		if first := events.next(); !strings.Contains(first, `"name":"running"`) {
			t.Fatalf("the first event: %s", first)
		}
		e.setStatus("running", desktop.StatusShutoff)
		if next := events.next(); strings.Contains(next, `"door":"open"`) {
			t.Errorf("the next event: %s", next)
		}
	})
	t.Run("TellOnlyWhoseDesktopsTheyAre", func(t *testing.T) {
		e := newEnv(t)
		if first := e.signedIn("bob").events().next(); first != `{"desktops":[]}` {
			t.Errorf("bob is told: %s", first)
		}
	})
	t.Run("EndWhenTheServerStops", func(t *testing.T) {
		e := newEnv(t)
		c := e.signedIn("ada")
		events := c.events()
		events.next()
		e.stop()
		if rest, err := io.ReadAll(events.lines); err != nil {
			t.Errorf("the stream ended with %v after %s", err, rest)
		}
		c.call("GET", "desktops/events", "").is(503, "")
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

func TestLanguageIsRemembered(t *testing.T) {
	e := newEnv(t)
	c := e.signedIn("ada")
	c.call("PUT", "me/language", `{"language":"zh"}`).is(204, "")
	c.call("GET", "me", "").is(200, `"language":"zh"`)
	c.call("PUT", "me/language", `{"language":"xx"}`).is(400, "")
}

func TestPages(t *testing.T) {
	e := newEnv(t)
	c := e.browser()
	for _, address := range []string{"/", "/desktops/abc", "/first-password", "/enter?token=x"} {
		a := c.get(address)
		a.is(200, "the page")
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") || a.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", address, a.header)
		}
	}
	asset := c.get("/assets/a-1234.js")
	asset.is(200, "js")
	if asset.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || asset.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("asset: %v", asset.header)
	}
	c.with(http.Header{"If-None-Match": {asset.header.Get("ETag")}}).get("/assets/a-1234.js").is(304, "")
	c.get("/assets/gone.js").is(404, "")
	c.get("/index.html").is(404, "")
	unknown := c.get("/nonsense")
	unknown.is(404, `"error_msg":"there is no GET /nonsense"`)
	if kind := unknown.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("a program is told in %s", kind)
	}
	page := c.with(http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}).get("/nonsense")
	page.is(404, "the page")
	if kind := page.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		t.Errorf("a browser is told in %s", kind)
	}
}

// env is a portal over a database with the people ada, bob and fresh, who has no password. All desktops are ada's.
type env struct {
	t       *testing.T
	store   *store.Store
	service *core.Services
	server  *httptest.Server
	stop    func()
	desktop map[string]string // ids by name
	folder  string            // of the database

	mu    sync.Mutex
	ahead time.Duration
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, desktop: map[string]string{}, folder: t.TempDir()}
	s, err := store.Open(context.Background(), filepath.Join(e.folder, "carrel.db"), store.WithClock(e.now))
	e.must(err)
	t.Cleanup(func() { s.Close() })
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1})
	e.must(err)
	e.store, e.service = s, core.NewServices(core.Config{Store: s, Passwords: passwords})
	e.furnish(passwords)
	p, err := portal.New(portal.Config{
		SignIns: e.service.SignIn, Desktops: e.service.Connections, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond,
		Origins: []string{"https://desktops.example.org"},
		Pages: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>the page")},
			"assets/a-1234.js": {Data: []byte(strings.Repeat("js ", 100))},
		},
	})
	e.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	e.server = httptest.NewServer(p)
	e.stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(func() {
		e.stop()
		e.server.Close()
	})
	return e
}

func (e *env) furnish(passwords *secret.Passwords) {
	ctx := e.t.Context()
	e.must(e.service.Catalog.Subscribe(ctx, project, "10.1.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "n"}}))
	hash, err := passwords.Hash(password)
	e.must(err)
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		ada := directory.User{ID: workspace.NewID(), ProjectID: project, Name: "ada", PasswordHash: hash, MayChangePassword: true, EnterpriseID: "0"}
		bob, fresh := ada, ada
		bob.ID, bob.Name = workspace.NewID(), "bob"
		fresh.ID, fresh.Name, fresh.PasswordHash = workspace.NewID(), "fresh", ""
		if err := directory.InsertUsers(ctx, tx, []directory.User{ada, bob, fresh}); err != nil {
			return err
		}
		image := catalog.Image{ID: workspace.NewID(), Type: catalog.ImageGold, Name: "debian", OSVersion: "Debian GNU/Linux 12", Created: tx.Now()}
		if err := catalog.PutImages(ctx, tx, []catalog.Image{image}); err != nil {
			return err
		}
		subnets, err := catalog.Subnets(ctx, tx, project)
		if err != nil {
			return err
		}
		var all []desktop.Desktop
		for i, state := range []desktop.Desktop{
			{Name: "running", Status: desktop.StatusActive}, {Name: "off", Status: desktop.StatusShutoff},
			{Name: "asleep", Status: desktop.StatusHibernated}, {Name: "busy", Status: desktop.StatusRestarting, Task: workspace.TaskRebooting},
		} {
			d := state
			d.ID, d.ProjectID, d.Type, d.HostName = workspace.NewID(), project, workspace.Dedicated, d.Name
			d.ImageID, d.SubnetID, d.Address = image.ID, subnets[0].ID, "10.1.0."+strconv.Itoa(5+i)
			d.Root = desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: tx.Now()}
			d.Assignments = []desktop.Assignment{{DesktopID: d.ID, UserID: ada.ID, Group: workspace.GroupSudo, Created: tx.Now()}}
			d.Created, d.Updated = tx.Now(), tx.Now()
			e.desktop[d.Name] = d.ID
			all = append(all, d)
		}
		return desktop.InsertDesktops(ctx, tx, all)
	}))
}

func (e *env) user(name string) (u directory.User) {
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		u, err = directory.UserByName(e.t.Context(), tx, project, name)
		return err
	}))
	return u
}

func (e *env) change(name string, f func(*directory.User)) {
	u := e.user(name)
	f(&u)
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return directory.SaveUser(e.t.Context(), tx, u) }))
}

func (e *env) setStatus(name string, status desktop.DesktopStatus) {
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.t.Context(), tx, project, e.desktop[name])
		if err != nil {
			return err
		}
		d.Status = status
		return desktop.SaveDesktop(e.t.Context(), tx, d)
	}))
}

// subJobs counts what has been ordered.
func (e *env) subJobs() (n int) {
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		_, n, err = tx.SubJobs(e.t.Context(), workspace.SubJobQuery{ProjectID: project, Page: workspace.Page{Limit: 10}})
		return err
	}))
	return n
}

func (e *env) passwordToken(name string) string {
	token := workspace.NewToken()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return signin.InsertPasswordToken(e.t.Context(), tx, signin.PasswordToken{
			TokenHash: workspace.HashToken(token), UserID: e.user(name).ID, Expires: tx.Now().Add(24 * time.Hour),
		})
	}))
	return token
}

func (e *env) now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Now().Add(e.ahead)
}

func (e *env) later(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ahead += d
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// browser is one with its own cookies.
type browser struct {
	e      *env
	client *http.Client
	header http.Header
}

func (e *env) browser() browser {
	jar, err := cookiejar.New(nil)
	e.must(err)
	return browser{e, &http.Client{Jar: jar, Transport: e.server.Client().Transport}, nil}
}

func (e *env) signedIn(name string) browser {
	e.t.Helper()
	b := e.browser()
	b.call("POST", "sign-in", `{"user_name":"`+name+`","password":"`+password+`"}`).is(200, name)
	return b
}

// with returns the browser with headers of its own.
func (b browser) with(h http.Header) browser {
	b.header = h
	return b
}

func (b browser) call(method, path, body string) answer {
	b.e.t.Helper()
	return b.do(method, "/portal/api/"+path, body)
}

func (b browser) get(address string) answer {
	b.e.t.Helper()
	return b.with(merge(b.header, "Accept-Encoding", "gzip")).do("GET", address, "")
}

func merge(h http.Header, key, value string) http.Header {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(key, value)
	return h
}

func (b browser) request(method, address, body string) *http.Response {
	b.e.t.Helper()
	r, err := http.NewRequestWithContext(b.e.t.Context(), method, b.e.server.URL+address, strings.NewReader(body))
	b.e.must(err)
	maps.Copy(r.Header, b.header)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := b.client.Do(r)
	b.e.must(err)
	return response
}

func (b browser) do(method, address, body string) answer {
	b.e.t.Helper()
	response := b.request(method, address, body)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.e.must(err)
	if response.Header.Get("Content-Encoding") == "gzip" && bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		text = []byte("gzipped js")
		if strings.Contains(response.Header.Get("Content-Type"), "html") {
			text = []byte("gzipped: the page")
		}
	}
	return answer{b.e.t, method + " " + address, response.StatusCode, response.Header, string(text)}
}

type answer struct {
	t      *testing.T
	call   string
	status int
	header http.Header
	body   string
}

func (a answer) is(status int, contains string) {
	a.t.Helper()
	if a.status != status || !strings.Contains(a.body, contains) {
		a.t.Errorf("%s: %d %s, want %d and %q", a.call, a.status, a.body, status, contains)
	}
}

// stream is an open event stream.
type stream struct {
	t     *testing.T
	lines *bufio.Reader
}

func (b browser) events() stream {
	b.e.t.Helper()
	response := b.request("GET", "/portal/api/desktops/events", "")
	b.e.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		b.e.t.Fatalf("events: %v", response)
	}
	return stream{b.e.t, bufio.NewReader(response.Body)}
}

// next returns the data of the next event about desktops.
func (s stream) next() string {
	s.t.Helper()
	return s.nextOf("desktops")
}

// nextOf returns the data of the next event of a kind.
func (s stream) nextOf(kind string) string {
	s.t.Helper()
	for event := ""; ; {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			s.t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = strings.TrimSpace(name)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == kind {
			return strings.TrimSpace(data)
		}
	}
}
