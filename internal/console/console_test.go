package console_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/console"
	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// clock is the time of the database, which tests move forward.
type clock struct {
	mu    sync.Mutex // guards ahead
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// env has two replicas on one database.
type env struct {
	*testing.T
	clock       *clock
	store       *store.Store
	iam         *iam.Service
	here, there *console.Console
	first       iam.Credentials
}

// onEach runs a test on each database.
func onEach(t *testing.T, f func(e *env)) {
	for name, address := range map[string]func(testing.TB) string{"sqlite": storetest.SQLitePath, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			e := &env{T: t, clock: &clock{}}
			e.here, e.iam, e.store = e.replica(url)
			var err error
			if e.first, err = e.iam.Bootstrap(t.Context(), iam.First{Region: "local-1", Account: "carrel", User: "administrator"}); err != nil {
				t.Fatal(err)
			}
			e.there, _, _ = e.replica(url)
			f(e)
		})
	}
}

func (e *env) replica(url string) (*console.Console, *iam.Service, *store.Store) {
	db := storetest.Open(e.T, url, e.clock.now)
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		e.Fatal(err)
	}
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
	if err != nil {
		e.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(e.Output(), nil))
	service := &iam.Service{Store: db, Box: box, Passwords: passwords, Log: log, Region: "local-1"}
	c, err := console.New(console.Config{API: service.Handler(), Store: db, Box: box, Log: log, Origins: []string{"https://desktops.example.org"}})
	if err != nil {
		e.Fatal(err)
	}
	return c, service, db
}

// answer is a response with its body as JSON.
type answer struct {
	*httptest.ResponseRecorder
	body map[string]any
}

// cookie is the console's, if the response sets it.
func (a answer) cookie() *http.Cookie {
	for _, c := range a.Result().Cookies() {
		return c
	}
	return nil
}

// call makes a request of a page with somebody at it; change may change it.
func (e *env) call(c *console.Console, method, path string, cookie *http.Cookie, body string, change ...func(*http.Request)) answer {
	e.Helper()
	r := httptest.NewRequest(method, "http://carrel.test/console/api"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(console.PageHeader, "active")
	if cookie != nil {
		r.AddCookie(cookie)
	}
	for _, f := range change {
		f(r)
	}
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	c.ServeHTTP(a, r)
	if text, _ := io.ReadAll(a.Result().Body); len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			e.Fatalf("%s %s answered %q: %v", method, path, text, err)
		}
	}
	return a
}

func (e *env) wants(a answer, status int) answer {
	e.Helper()
	if a.Code != status {
		e.Fatalf("status %d, want %d: %v", a.Code, status, a.body)
	}
	return a
}

func (e *env) signInAs(user, password string, cookie *http.Cookie) answer {
	e.Helper()
	body, err := json.Marshal(map[string]string{"account": "carrel", "user_name": user, "password": password})
	if err != nil {
		e.Fatal(err)
	}
	return e.call(e.here, "POST", "/sign-in", cookie, string(body))
}

func (e *env) signIn() *http.Cookie {
	e.Helper()
	return e.wants(e.signInAs(e.first.UserName, e.first.Password, nil), http.StatusOK).cookie()
}

func page(as string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(console.PageHeader, as) }
}

func TestSignIn(t *testing.T) {
	onEach(t, func(e *env) {
		a := e.wants(e.signInAs(e.first.UserName, e.first.Password, nil), http.StatusOK)
		c := a.cookie()
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/console/api/" || c.Secure {
			e.Errorf("the cookie over plain HTTP is %v", c)
		}
		secure := e.call(e.here, "POST", "/sign-out", c, "", func(r *http.Request) { r.TLS = &tls.ConnectionState{}; r.Header.Del("Cookie") })
		if e.wants(secure, http.StatusNoContent); !secure.cookie().Secure {
			e.Errorf("the cookie with TLS is %v", secure.cookie())
		}
		for _, there := range []*console.Console{e.here, e.there} {
			who := e.wants(e.call(there, "GET", "/session", c, ""), http.StatusOK).body
			if who["user_name"] != "administrator" || who["account"] != "carrel" || who["idle_seconds"] != float64(1800) {
				e.Errorf("signed in is %v", who)
			}
			found := e.wants(e.call(there, "GET", "/v3/auth/projects", c, ""), http.StatusOK).body["projects"].([]any)
			if len(found) != 1 {
				e.Errorf("the projects are %v", found)
			}
		}
		wrong := e.wants(e.signInAs(e.first.UserName, "Wrong-one-1", nil), http.StatusUnauthorized)
		if wrong.body["error_code"] != "IAM.0002" || wrong.cookie() != nil {
			e.Errorf("a wrong password: %v, %v", wrong.body, wrong.cookie())
		}
		e.wants(e.call(e.here, "GET", "/session", nil, ""), http.StatusUnauthorized)
		e.wants(e.call(e.here, "GET", "/v3/auth/projects", &http.Cookie{Name: c.Name, Value: "0"}, ""), http.StatusUnauthorized)
	})
}

func TestTooManyWrongPasswords(t *testing.T) {
	onEach(t, func(e *env) {
		for range 30 {
			a := e.signInAs(e.first.UserName, "Wrong-one-1", nil)
			if a.Code == http.StatusTooManyRequests {
				if a.Header().Get("Retry-After") == "" {
					e.Error("429 without Retry-After")
				}
				e.wants(e.signInAs(e.first.UserName, e.first.Password, nil), http.StatusTooManyRequests)
				return
			}
		}
		e.Error("wrong passwords were accepted without end")
	})
}

// What a page set as the cookie before the sign-in, or what another one signed in with, is worth nothing after it.
func TestFixation(t *testing.T) {
	onEach(t, func(e *env) {
		planted := &http.Cookie{Name: "carrel_console", Value: strings.Repeat("ab", 32)}
		a := e.wants(e.signInAs(e.first.UserName, e.first.Password, planted), http.StatusOK)
		if a.cookie().Value == planted.Value {
			e.Error("the sign-in has the secret that was planted")
		}
		e.wants(e.call(e.here, "GET", "/session", planted, ""), http.StatusUnauthorized)
		former := a.cookie()
		again := e.wants(e.signInAs(e.first.UserName, e.first.Password, former), http.StatusOK).cookie()
		e.wants(e.call(e.there, "GET", "/session", former, ""), http.StatusUnauthorized)
		e.wants(e.call(e.there, "GET", "/session", again, ""), http.StatusOK)
	})
}

func TestForeignPages(t *testing.T) {
	onEach(t, func(e *env) {
		c := e.signIn()
		from := func(origin string) func(*http.Request) {
			return func(r *http.Request) {
				r.Header.Set("Origin", origin)
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
		}
		e.wants(e.call(e.here, "POST", "/sign-out", c, "", from("https://evil.example")), http.StatusForbidden)
		e.wants(e.call(e.here, "POST", "/v3/groups", c, `{"group":{"name":"g"}}`, from("https://evil.example")), http.StatusForbidden)
		for _, value := range []string{"", "1"} {
			e.wants(e.call(e.here, "POST", "/sign-out", c, "", page(value)), http.StatusForbidden)
			e.wants(e.call(e.here, "GET", "/v3/auth/projects", c, "", page(value)), http.StatusForbidden)
		}
		e.wants(e.call(e.here, "GET", "/session", c, ""), http.StatusOK)
		e.wants(e.call(e.here, "POST", "/sign-out", c, "", from("https://desktops.example.org")), http.StatusNoContent)
	})
}

func TestIdle(t *testing.T) {
	onEach(t, func(e *env) {
		c := e.signIn()
		for range 3 { // with somebody there it goes on
			e.clock.pass(20 * time.Minute)
			e.wants(e.call(e.here, "GET", "/v3/auth/projects", c, ""), http.StatusOK)
		}
		e.clock.pass(20 * time.Minute)
		e.wants(e.call(e.there, "GET", "/v3/auth/projects", c, "", page("idle")), http.StatusOK)
		e.clock.pass(10 * time.Minute)
		e.wants(e.call(e.there, "GET", "/v3/auth/projects", c, "", page("idle")), http.StatusUnauthorized)
		e.wants(e.call(e.here, "GET", "/session", c, ""), http.StatusUnauthorized)
		e.rows(0)
	})
}

// rows fails unless there are so many sign-ins, and tokens of them.
func (e *env) rows(want int) {
	e.Helper()
	for _, table := range []string{"console_sessions", "tokens"} {
		n, err := store.View(e.Context(), e.store, func(tx *store.Tx) (int64, error) {
			n, err := tx.NewSelect().TableExpr(table).Count(e.Context())
			return int64(n), err
		})
		if err != nil || n != int64(want) {
			e.Errorf("%s has %d rows, %v; want %d", table, n, err, want)
		}
	}
}

func TestSignOut(t *testing.T) {
	onEach(t, func(e *env) {
		one, two, three := e.signIn(), e.signIn(), e.signIn()
		out := e.wants(e.call(e.there, "POST", "/sign-out", one, ""), http.StatusNoContent)
		if out.cookie() == nil || out.cookie().MaxAge >= 0 {
			e.Errorf("the cookie stays: %v", out.cookie())
		}
		e.wants(e.call(e.here, "GET", "/session", one, ""), http.StatusUnauthorized)
		e.wants(e.call(e.here, "POST", "/sign-out", one, ""), http.StatusNoContent) // twice is a success
		e.rows(2)
		e.wants(e.call(e.here, "POST", "/sign-out-everywhere", two, ""), http.StatusNoContent)
		for _, c := range []*http.Cookie{two, three} {
			e.wants(e.call(e.there, "GET", "/session", c, ""), http.StatusUnauthorized)
		}
		e.rows(0)
	})
}

func TestSignInEndsWithTheCredential(t *testing.T) {
	onEach(t, func(e *env) {
		caller := workspace.Caller{ProjectID: e.first.DomainID}
		u, err := e.iam.CreateUser(e.Context(), caller, iam.NewUser{Name: "ann", Password: "Ink-and-books-7", Role: iam.RoleReader})
		if err != nil {
			e.Fatal(err)
		}
		c := e.wants(e.signInAs("ann", "Ink-and-books-7", nil), http.StatusOK).cookie()
		refused := e.wants(e.call(e.here, "POST", "/v3/groups", c, `{"group":{"name":"g"}}`), http.StatusForbidden)
		if !strings.Contains(refused.body["error_msg"].(string), "iam:groups:create") {
			e.Errorf("the refusal does not name the action: %v", refused.body)
		}
		admin := e.signIn()
		e.wants(e.call(e.here, "PATCH", "/v3/users/"+u.ID, admin, `{"user":{"enabled":false}}`), http.StatusOK)
		e.wants(e.call(e.here, "GET", "/v3/auth/projects", c, ""), http.StatusUnauthorized)
		e.wants(e.call(e.there, "GET", "/v3/auth/projects", c, ""), http.StatusUnauthorized)
		e.wants(e.call(e.there, "GET", "/session", c, ""), http.StatusUnauthorized)
	})
}

// Nothing that the page gets or sends is a credential of the API.
func TestTokensAreNotForPages(t *testing.T) {
	onEach(t, func(e *env) {
		c := e.signIn()
		for _, path := range []string{"/v3/auth/tokens", "/v3/auth/%74okens", "/v3/auth/tokens?nocatalog"} {
			a := e.wants(e.call(e.here, "POST", path, c, `{"auth":{"identity":{"methods":["token"]}}}`), http.StatusForbidden)
			if a.Header().Get("X-Subject-Token") != "" {
				e.Errorf("%s answers with a token", path)
			}
		}
		r := httptest.NewRequest("GET", "http://carrel.test/v3/auth/projects", nil)
		r.Header.Set("X-Auth-Token", c.Value)
		if _, err := e.iam.Authenticate(r); err == nil {
			e.Error("the cookie is a token of the API")
		}
		e.wants(e.call(e.here, "GET", "/v3/auth/projects", nil, "", func(r *http.Request) { r.Header.Set("X-Auth-Token", "x") }), http.StatusUnauthorized)
		text, err := store.View(e.Context(), e.store, func(tx *store.Tx) (string, error) {
			var rows []map[string]any
			err := tx.NewSelect().TableExpr("console_sessions").Scan(e.Context(), &rows)
			text, _ := json.Marshal(rows)
			return string(text), err
		})
		if err != nil || strings.Contains(text, c.Value) {
			e.Errorf("the database has the secret: %s %v", text, err)
		}
	})
}
