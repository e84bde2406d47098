package iam_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

const region = "local-1"

// env is an identity service with its first account. It belongs inside a synctest bubble, where its clock moves.
type env struct {
	*testing.T
	iam   *iam.Service
	first iam.Credentials
}

// inEnv runs a test in a bubble of its own time.
func inEnv(t *testing.T, f func(e *env)) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, storetest.SQLitePath(t), nil)
		s := newService(t, db)
		first, err := s.Bootstrap(t.Context(), firstAccount)
		if err != nil {
			t.Fatal(err)
		}
		f(&env{T: t, iam: s, first: first})
	})
}

var firstAccount = iam.First{Region: region, Account: "carrel", User: "administrator"}

var keyText = strings.Repeat("5a", 32)

func newService(t *testing.T, db *store.Store) *iam.Service {
	t.Helper()
	box, err := secret.ParseBox(keyText)
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &iam.Service{
		Store: db, Box: box, Passwords: passwords, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Region: region,
		Catalog: []iam.CatalogService{{Type: "workspace", Path: "/v2/{project_id}"}},
	}
}

// key is what a client signs with.
type key struct{ access, secret, token string }

func (e *env) firstKey() key { return key{access: e.first.AccessKey, secret: e.first.SecretKey} }

// signed makes a request signed as section 1 of the signing rules says, written apart from the code under test.
func signed(k key, method, target, body string) *http.Request {
	r := httptest.NewRequest(method, "http://carrel.test"+target, nil)
	values := r.URL.Query()
	for _, v := range values {
		slices.Sort(v)
	}
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	return signedAs(k, method, target, body, strings.TrimSuffix(r.URL.EscapedPath(), "/")+"/", query)
}

// signedAs makes a request signed with a path and a query in the form that the client gives them.
func signedAs(k key, method, target, body, path, query string) *http.Request {
	r := httptest.NewRequest(method, "http://carrel.test"+target, strings.NewReader(body))
	date := time.Now().UTC().Format("20060102T150405Z")
	r.Header.Set("X-Sdk-Date", date)
	headers, names := "x-sdk-date:"+date+"\n", "x-sdk-date"
	if k.token != "" {
		r.Header.Set("X-Security-Token", k.token)
		headers, names = "x-sdk-date:"+date+"\nx-security-token:"+k.token+"\n", "x-sdk-date;x-security-token"
	}
	text := strings.Join([]string{method, path, query, headers, names, sha(body)}, "\n")
	mac := hmac.New(sha256.New, []byte(k.secret))
	io.WriteString(mac, "SDK-HMAC-SHA256\n"+date+"\n"+sha(text))
	r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access="+k.access+", SignedHeaders="+names+", Signature="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// answer is a response of the identity API.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// at finds a value by its path of keys and indexes.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

// do sends a request through the service's own handler, behind what gives requests their ids.
func (e *env) do(r *http.Request) answer {
	e.Helper()
	rec := httptest.NewRecorder()
	rec.Header().Set(iam.RequestIDHeader, "request-1")
	e.iam.Handler().ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
			e.Fatalf("%s %s answered %q: %v", r.Method, r.URL, rec.Body, err)
		}
	}
	return a
}

func (e *env) wants(a answer, status int) answer {
	e.Helper()
	if a.status != status {
		e.Fatalf("status %d, want %d: %v", a.status, status, a.body)
	}
	return a
}

func (e *env) refused(a answer, status int, code, message string) {
	e.Helper()
	if a.status != status || a.text("error_code") != code || !strings.Contains(a.text("error_msg"), message) {
		e.Errorf("got %d %v, want %d %s %q", a.status, a.body, status, code, message)
	}
	if a.text("request_id") != "request-1" {
		e.Errorf("the refusal has no request id: %v", a.body)
	}
}

func post(target string, body any) *http.Request {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(body); err != nil {
		panic(err)
	}
	return httptest.NewRequest("POST", "http://carrel.test"+target, &b)
}

func get(target, token string) *http.Request {
	r := httptest.NewRequest("GET", "http://carrel.test"+target, nil)
	r.Header.Set("X-Auth-Token", token)
	return r
}

type object = map[string]any

func passwordBody(account, user, password string, scope object) object {
	identity := object{"methods": []string{"password"}, "password": object{"user": object{
		"name": user, "password": password, "domain": object{"name": account},
	}}}
	auth := object{"identity": identity}
	if scope != nil {
		auth["scope"] = scope
	}
	return object{"auth": auth}
}

func (e *env) token(scope object) string {
	e.Helper()
	return e.tokenOf(e.first.UserName, e.first.Password, scope)
}

func (e *env) tokenOf(user, password string, scope object) string {
	e.Helper()
	a := e.wants(e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, user, password, scope))), http.StatusCreated)
	return a.header.Get("X-Subject-Token")
}

func (e *env) projectScope() object { return object{"project": object{"id": e.first.ProjectID}} }

func TestBootstrapMakesOneAccount(t *testing.T) {
	t.Run("and gives the same credentials to whoever asks again", func(t *testing.T) {
		inEnv(t, func(e *env) {
			again, err := e.iam.Bootstrap(e.Context(), iam.First{Region: "other", Account: "x", User: "y", Password: "Zz1-zzzzzz"})
			if err != nil || again != e.first {
				t.Errorf("got %+v, %v, want %+v", again, err, e.first)
			}
			if e.first.ProjectName != region || len(e.first.ProjectID) != 32 || e.first.Password == "" || e.first.SecretKey == "" {
				t.Errorf("credentials are not usable: %+v", e.first)
			}
			e.token(nil)
			e.wants(e.do(signed(e.firstKey(), "GET", "/v3/auth/domains", "")), http.StatusOK)
		})
	})
	t.Run("when several processes start at once", func(t *testing.T) {
		path := storetest.SQLitePath(t)
		const processes = 4
		got := make(chan iam.Credentials, processes)
		for range processes {
			s := newService(t, storetest.Open(t, path, nil))
			go func() {
				c, err := s.Bootstrap(t.Context(), firstAccount)
				if err != nil {
					t.Error(err)
				}
				got <- c
			}()
		}
		first := <-got
		for range processes - 1 {
			if other := <-got; other != first {
				t.Errorf("one got %+v, another %+v", first, other)
			}
		}
	})
}

func TestASignatureLetsItsOwnerIn(t *testing.T) {
	for name, target := range map[string]string{
		"without a query":            "/v3/auth/projects",
		"with a query":               "/v3/projects?name=local-1&enabled=true",
		"with a key without a value": "/v3/projects?name",
		"with escaped characters":    "/v3/users?name=%E6%A1%8C%2B%20x&name=a",
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) { e.wants(e.do(signed(e.firstKey(), "GET", target, "")), http.StatusOK) })
		})
	}
	for name, c := range map[string]struct{ target, path, query string }{
		"with an array in the caller's order, as Java does":      {"/v3/users?name=b&name=a", "/v3/users/", "name=b&name=a"},
		"with numbers in the order of numbers, as PHP does":      {"/v3/users?name=9&name=10", "/v3/users/", "name=9&name=10"},
		"with a slash that Node signs and does not send":         {"/v3/users", "//v3/users/", ""},
		"with a slash after an endpoint's own":                   {"//v3/users", "//v3/users/", ""},
		"with quotes in the path as Node escapes them":           {"/v3/users/o'b%20%22|^%E6%A1%8C", "/v3/users/o%2527b%2520%2522%257C%255E%E6%A1%8C/", ""},
		"with a path that is escaped once more, as Java does it": {"/v3/users/%E6%A1%8C%20a", "/v3/users/%25E6%25A1%258C%2520a/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				if _, err := e.iam.Authenticate(signedAs(e.firstKey(), "GET", c.target, "", c.path, c.query)); err != nil {
					t.Error(err)
				}
			})
		})
	}
	t.Run("and leaves the body to read", func(t *testing.T) {
		inEnv(t, func(e *env) {
			body := `{"credential":{"description":"for <b> & co"}}` + "\n"
			a := e.wants(e.do(signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", body)), http.StatusCreated)
			if a.text("credential", "description") != "for <b> & co" {
				t.Errorf("got %v", a.body)
			}
		})
	})
	t.Run("twice, for clients send again what got no answer", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			e.wants(e.do(r.Clone(e.Context())), http.StatusOK)
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("with headers added after signing", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Project-Id", e.first.ProjectID)
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("14 minutes late", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			pass(14 * time.Minute)
			e.wants(e.do(r), http.StatusOK)
		})
	})
}

// pass lets time pass in a bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place where a bubble's time moves
	synctest.Wait()
}

func TestARequestIsRefused(t *testing.T) {
	cases := map[string]struct {
		spoil   func(e *env, r *http.Request)
		code    string
		message string
	}{
		"without credentials": {
			func(_ *env, r *http.Request) { r.Header = http.Header{} }, "APIGW.0301", "x-auth-token not found",
		},
		"with a token that nobody gave out": {
			func(_ *env, r *http.Request) { r.Header = http.Header{"X-Auth-Token": {"abc"}} }, "APIGW.0301", "decrypt token fail",
		},
		"when the signature is off by one digit": {
			func(_ *env, r *http.Request) {
				auth := r.Header.Get("Authorization")
				last := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(auth, "0")]
				r.Header.Set("Authorization", auth[:len(auth)-1]+last)
			}, "APIGW.0301", "verify aksk signature fail",
		},
		"with an unknown access key": {
			func(e *env, r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), e.first.AccessKey, "NOBODYSKEY", 1))
			}, "APIGW.0301", "Get secretKey failed,ak:NOBODYSKEY,err:ak not exist",
		},
		"when the body was changed": {
			func(_ *env, r *http.Request) {
				r.Body = io.NopCloser(strings.NewReader(`{"credential":{"description":"b"}}`))
			},
			"APIGW.0301", "verify aksk signature fail",
		},
		"when a slash became part of a segment": {func(_ *env, r *http.Request) {
			r.URL.Path, r.URL.RawPath = "/v3.0/OS-CREDENTIAL/credentials", "/v3.0/OS-CREDENTIAL%2Fcredentials"
		}, "APIGW.0301", "verify aksk"},
		"when the path was changed":  {func(_ *env, r *http.Request) { r.URL.Path += "/x" }, "APIGW.0301", "verify aksk"},
		"when the query was changed": {func(_ *env, r *http.Request) { r.URL.RawQuery = "a=b" }, "APIGW.0301", "verify aksk"},
		"when the query cannot be read": {
			func(_ *env, r *http.Request) { r.URL.RawQuery = "a=%zz" }, "APIGW.0301", "verify aksk",
		},
		"when a body hash is claimed that is not the body's": {
			func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", sha("other")) }, "APIGW.0301", "verify aksk",
		},
		"when it claims afterwards that the body is unsigned": {
			func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD") }, "APIGW.0301", "verify aksk",
		},
		"16 minutes late": {
			func(*env, *http.Request) { pass(16 * time.Minute) }, "APIGW.0303", "the signing time",
		},
		"without a date":  {func(_ *env, r *http.Request) { r.Header.Del("X-Sdk-Date") }, "APIGW.0301", "X-Sdk-Date must be there once"},
		"with two dates":  {func(_ *env, r *http.Request) { r.Header.Add("X-Sdk-Date", "20240102T030405Z") }, "APIGW.0301", "once"},
		"with a bad date": {func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Date", "yesterday") }, "APIGW.0301", "YYYYMMDDTHHMMSSZ"},
		"with another algorithm": {
			func(_ *env, r *http.Request) { r.Header.Set("Authorization", "SDK-HMAC-SM3 Access=a") }, "APIGW.0301", "sign with SDK-HMAC-SHA256",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				r := signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", `{"credential":{"description":"a"}}`)
				c.spoil(e, r)
				p, err := e.iam.Authenticate(r)
				if err == nil {
					t.Fatalf("let in as %+v", p)
				}
				rec := httptest.NewRecorder()
				rec.Header().Set(iam.RequestIDHeader, "request-1")
				e.iam.Require(http.NotFoundHandler()).ServeHTTP(rec, r)
				a := answer{status: rec.Code}
				if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
					t.Fatal(err)
				}
				e.refused(a, http.StatusUnauthorized, c.code, c.message)
			})
		})
	}
	t.Run("with a signed body over 12 MB", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", strings.Repeat(" ", iam.MaxSignedBody+1))
			e.refused(e.do(r), http.StatusRequestEntityTooLarge, "APIGW.0308", "12 MB")
		})
	})
}

func TestWrongSignaturesLockNobodyOut(t *testing.T) {
	inEnv(t, func(e *env) {
		wrong := e.firstKey()
		wrong.secret += "x"
		try := func(k key) answer { return e.do(signed(k, "GET", "/v3/auth/projects", "")) }
		for range 20 {
			e.refused(try(wrong), 401, "APIGW.0301", "verify aksk signature fail")
		}
		e.wants(try(e.firstKey()), http.StatusOK)
	})
}

func TestATokenLetsItsOwnerIn(t *testing.T) {
	t.Run("for 24 hours", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			pass(24*time.Hour - time.Second)
			e.wants(e.do(get("/v3/auth/projects", token)), http.StatusOK)
			pass(time.Second)
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "token expires, expires_at:")
			pass(24*time.Hour + time.Second)
			e.token(nil) // sweeps what expired a day ago
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "decrypt token fail")
		})
	})
	t.Run("until it is revoked", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			r := get("/v3/auth/tokens", e.token(nil))
			r.Method = "DELETE"
			r.Header.Set("X-Subject-Token", token)
			e.wants(e.do(r), http.StatusNoContent)
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "decrypt token fail")
		})
	})
	t.Run("together with a signature of the same user", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Auth-Token", e.token(nil))
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("but not with a signature of another", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.addReader()
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Auth-Token", e.tokenOf("reader", readerPassword, nil))
			e.refused(e.do(r), 401, "APIGW.0301", "different users")
		})
	})
	t.Run("and a header of another scheme does no harm", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := get("/v3/auth/projects", e.token(nil))
			r.Header.Set("Authorization", "Basic abc")
			e.wants(e.do(r), http.StatusOK)
		})
	})
}

const readerPassword = "Look-0nly-please"

func (e *env) addReader() string {
	e.Helper()
	id, err := e.iam.CreateAdmin(e.Context(), iam.NewAdmin{
		AccountID: e.first.DomainID, Name: "reader", Password: readerPassword, Role: iam.RoleReader,
	})
	if err != nil {
		e.Fatal(err)
	}
	return id
}

func TestTokensSayWhatTheyAreFor(t *testing.T) {
	type want struct{ project, domain bool }
	for name, c := range map[string]struct {
		scope func(c iam.Credentials) object
		want  want
	}{
		"a project by id":   {func(c iam.Credentials) object { return object{"project": object{"id": c.ProjectID}} }, want{project: true}},
		"a project by name": {func(c iam.Credentials) object { return object{"project": object{"name": c.ProjectName}} }, want{project: true}},
		"a domain by id":    {func(c iam.Credentials) object { return object{"domain": object{"id": c.DomainID}} }, want{domain: true}},
		"a domain by name":  {func(c iam.Credentials) object { return object{"domain": object{"name": c.DomainName}} }, want{domain: true}},
		"no scope":          {func(iam.Credentials) object { return nil }, want{domain: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				token := e.token(c.scope(e.first))
				r := get("/v3/auth/tokens", token)
				r.Header.Set("X-Subject-Token", token)
				a := e.wants(e.do(r), http.StatusOK)
				if got := (want{a.text("token", "project", "id") == e.first.ProjectID, a.text("token", "domain", "id") == e.first.DomainID}); got != c.want {
					t.Errorf("scope %+v, want %+v: %v", got, c.want, a.body)
				}
				if a.text("token", "user", "name") != e.first.UserName || a.text("token", "user", "domain", "id") != e.first.DomainID {
					t.Errorf("whose? %v", a.body)
				}
				if c.want.project && a.text("token", "catalog", 1, "endpoints", 0, "url") != "http://carrel.test/v2/"+e.first.ProjectID {
					t.Errorf("catalogue: %v", a.at("token", "catalog"))
				}
			})
		})
	}
	for name, scope := range map[string]object{
		"a project that does not exist is not found": {"project": object{"name": "nowhere"}},
		"another's domain is refused":                {"domain": object{"name": "other"}},
		"a project and a domain are too much":        {"project": object{"name": region}, "domain": object{"name": "carrel"}},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				a := e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, e.first.UserName, e.first.Password, scope)))
				if a.status < 400 || a.status >= 500 || !strings.Contains(a.text("error_msg"), "auth.scope") {
					t.Errorf("got %d %v", a.status, a.body)
				}
			})
		})
	}
	t.Run("a token made from a token has a new scope and no longer life", func(t *testing.T) {
		inEnv(t, func(e *env) {
			old := e.token(nil)
			pass(time.Hour)
			body := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": object{"id": old}}, "scope": e.projectScope()}}
			a := e.wants(e.do(post("/v3/auth/tokens", body)), http.StatusCreated)
			if a.text("token", "project", "id") != e.first.ProjectID {
				t.Errorf("got %v", a.body)
			}
			pass(23 * time.Hour)
			e.refused(e.do(get("/v3/auth/projects", a.header.Get("X-Subject-Token"))), 401, "APIGW.0301", "token expires")
		})
	})
	t.Run("another user's token is shown to administrators only", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.addReader()
			admin, reader := e.token(nil), e.tokenOf("reader", readerPassword, nil)
			r := get("/v3/auth/tokens?nocatalog=true", admin)
			r.Header.Set("X-Subject-Token", reader)
			if a := e.wants(e.do(r), http.StatusOK); a.text("token", "roles", 0, "name") != "reader" {
				t.Errorf("got %v", a.body)
			}
			r = get("/v3/auth/tokens", reader)
			r.Header.Set("X-Subject-Token", admin)
			e.refused(e.do(r), http.StatusForbidden, "IAM.0003", "another user's")
		})
	})
}

func TestWrongPasswordsAreThrottled(t *testing.T) {
	try := func(e *env, user, password, address string) answer {
		r := post("/v3/auth/tokens", passwordBody(e.first.DomainName, user, password, nil))
		r.RemoteAddr = address + ":1234"
		return e.do(r)
	}
	t.Run("per user and network, whatever the name's case, until the pause ends", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for i := range 6 {
				e.refused(try(e, e.first.UserName, "wrong", "192.0.2."+string(rune('1'+i))), 401, "IAM.0002", "wrong")
			}
			a := try(e, strings.ToUpper(e.first.UserName), e.first.Password, "192.0.2.77")
			e.refused(a, http.StatusTooManyRequests, "IAM.0006", "too many")
			if a.header.Get("Retry-After") != "15" {
				t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "198.51.100.7"), http.StatusCreated)
			pass(15 * time.Second)
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.77"), http.StatusCreated)
		})
	})
	t.Run("and names that nobody has alike", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for range 6 {
				e.refused(try(e, "nobody", "wrong", "192.0.2.1"), 401, "IAM.0002", "wrong")
			}
			e.refused(try(e, "nobody", "wrong", "192.0.2.1"), 429, "IAM.0006", "too many")
		})
	})
	t.Run("so that fifty unknown clients lock nobody out", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			for i := range 120 {
				try(e, e.first.UserName, "wrong", fmt.Sprintf("10.0.%d.1", i%60))
				try(e, "user"+string(rune('a'+i%26)), "wrong", "192.0.2.9") // at the administrator's own place
			}
			start := time.Now()
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			if waited := time.Since(start); waited != 0 {
				t.Errorf("the right password from a known place was held for %v", waited)
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "203.0.113.9"), http.StatusCreated) // a new place is held at most
			if waited := time.Since(start); waited > 10*time.Second {
				t.Errorf("the right password from a new place was held for %v", waited)
			}
		})
	})
	t.Run("also one after the other from the known place itself", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.wants(e.do(signed(e.firstKey(), "GET", "/v3/auth/projects", "")), http.StatusOK) // a signature makes a place known, too
			for range 12 {
				e.refused(try(e, e.first.UserName, "wrong", "192.0.2.1"), 401, "IAM.0002", "wrong")
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
		})
	})
	t.Run("and right ones are not", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for range 60 {
				e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			}
		})
	})
}

func TestTemporaryKeys(t *testing.T) {
	make := func(e *env, token string, identity object) (key, answer) {
		body := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": identity}}}
		r := post("/v3.0/OS-CREDENTIAL/securitytokens", body)
		if token != "" {
			r.Header.Set("X-Auth-Token", token)
		}
		a := e.do(r)
		return key{a.text("credential", "access"), a.text("credential", "secret"), a.text("credential", "securitytoken")}, a
	}
	t.Run("sign for as long as asked, for the project of the token", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, a := make(e, e.token(e.projectScope()), object{"duration_seconds": 3600})
			e.wants(a, http.StatusCreated)
			p, err := e.iam.Authenticate(signed(k, "GET", "/v2/x", ""))
			if err != nil || p.ProjectID != e.first.ProjectID || !p.Temporary {
				t.Fatalf("got %+v, %v", p, err)
			}
			pass(time.Hour - time.Second)
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
			pass(time.Second)
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "token expires")
		})
	})
	t.Run("end with the token that they were made of", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			k, a := make(e, token, object{"duration_seconds": 86400})
			e.wants(a, http.StatusCreated)
			pass(time.Hour)
			late, a := make(e, token, object{"duration_seconds": 86400})
			if expires, err := time.Parse(time.RFC3339, a.text("credential", "expires_at")); err != nil || time.Until(expires) > 23*time.Hour {
				t.Errorf("outlives its token: %v", a.body)
			}
			r := httptest.NewRequest("DELETE", "/v3/auth/tokens", nil)
			r.Header.Set("X-Auth-Token", token)
			r.Header.Set("X-Subject-Token", token)
			e.wants(e.do(r), http.StatusNoContent)
			for _, gone := range []key{k, late} {
				e.refused(e.do(signed(gone, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "ak not exist")
			}
			_, a = make(e, token, nil)
			e.refused(a, 401, "APIGW.0301", "")
			fresh, _ := make(e, e.token(nil), nil)
			e.wants(e.do(signed(fresh, "GET", "/v3/auth/projects", "")), http.StatusOK)
		})
	})
	t.Run("do not sign without their security token", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			k.token = ""
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "send its security token in X-Security-Token")
			k.token = "other"
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "X-Security-Token is not the one")
		})
	})
	t.Run("are not locked by a wrong security token, which only their owner can sign with", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			wrong := k
			wrong.token = "other"
			for range 7 {
				e.refused(e.do(signed(wrong, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "X-Security-Token is not the one")
			}
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
		})
	})
	t.Run("are made of a token in the body, or of a signature", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, a := make(e, "", object{"id": e.token(nil)})
			e.wants(a, http.StatusCreated)
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
			body := `{"auth":{"identity":{"methods":["token"]}}}`
			e.wants(e.do(signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/securitytokens", body)), http.StatusCreated)
			e.refused(e.do(signed(k, "POST", "/v3.0/OS-CREDENTIAL/securitytokens", body)), 403, "IAM.0003", "temporary")
		})
	})
	t.Run("cannot manage access keys", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			e.refused(e.do(signed(k, "GET", "/v3.0/OS-CREDENTIAL/credentials", "")), 403, "IAM.0003", "temporary")
		})
	})
	t.Run("are refused with a life or a policy that cannot be kept", func(t *testing.T) {
		inEnv(t, func(e *env) {
			_, a := make(e, e.token(nil), object{"duration_seconds": 60})
			e.refused(a, 400, "IAM.0001", "auth.identity.token.duration_seconds: use 900 to 86400")
			r := post("/v3.0/OS-CREDENTIAL/securitytokens", object{"auth": object{"identity": object{"methods": []string{"token"}, "policy": object{"Version": "1.1"}}}})
			r.Header.Set("X-Auth-Token", e.token(nil))
			e.refused(e.do(r), 400, "IAM.0001", "auth.identity.policy")
		})
	})
	t.Run("are refused to unknown callers", func(t *testing.T) {
		inEnv(t, func(e *env) {
			_, a := make(e, "", nil)
			e.refused(a, 401, "APIGW.0301", "x-auth-token not found")
		})
	})
}

func TestAccessKeysSignUntilTheyAreDeleted(t *testing.T) {
	inEnv(t, func(e *env) {
		readerID := e.addReader()
		token := e.token(nil)
		r := post("/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{"user_id": readerID, "description": "ci"}})
		r.Header.Set("X-Auth-Token", token)
		a := e.wants(e.do(r), http.StatusCreated)
		k := key{access: a.text("credential", "access"), secret: a.text("credential", "secret")}
		p, err := e.iam.Authenticate(signed(k, "GET", "/v3/auth/projects", ""))
		if err != nil || p.AdminID != readerID || p.Role != iam.RoleReader {
			t.Fatalf("got %+v, %v", p, err)
		}

		a = e.wants(e.do(get("/v3.0/OS-CREDENTIAL/credentials?user_id="+readerID, token)), http.StatusOK)
		if a.text("credentials", 0, "access") != k.access || a.text("credentials", 0, "secret") != "" {
			t.Errorf("listed %v", a.body)
		}
		a = e.wants(e.do(get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)), http.StatusOK)
		if last := a.text("credential", "last_use_time"); last != time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") {
			t.Errorf("last use %q", last)
		}
		e.refused(e.do(signed(k, "GET", "/v3.0/OS-CREDENTIAL/credentials/"+e.first.AccessKey, "")), 403, "IAM.0003", "administrators")

		r = get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)
		r.Method = "DELETE"
		e.wants(e.do(r), http.StatusNoContent)
		e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "ak not exist")
		e.refused(e.do(get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)), 404, "IAM.0004", k.access)
	})
}

func TestAUserHasAtMostTenAccessKeys(t *testing.T) {
	inEnv(t, func(e *env) {
		token := e.token(nil)
		var last answer
		for range 10 { // the first was made at the start
			r := post("/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{}})
			r.Header.Set("X-Auth-Token", token)
			last = e.do(r)
		}
		e.refused(last, http.StatusConflict, "IAM.0005", "10 access keys")
	})
}

func TestTheDirectoryAnswersWhatClientsLookUp(t *testing.T) {
	inEnv(t, func(e *env) {
		token, c := e.token(nil), e.first
		cases := map[string]struct {
			target string
			path   []any
			want   any
		}{
			"a region's name finds its one project":       {"/v3/projects?name=" + region, []any{"projects", 0, "id"}, c.ProjectID},
			"an unknown name finds an empty list":         {"/v3/projects?name=other", []any{"projects"}, []any{}},
			"a page past the end is empty":                {"/v3/projects?page=2&per_page=10", []any{"projects"}, []any{}},
			"disabled projects are none":                  {"/v3/projects?enabled=false", []any{"projects"}, []any{}},
			"the caller's projects":                       {"/v3/auth/projects", []any{"projects", 0, "name"}, region},
			"a project by id":                             {"/v3/projects/" + c.ProjectID, []any{"project", "domain_id"}, c.DomainID},
			"the caller's domain":                         {"/v3/auth/domains", []any{"domains", 0, "id"}, c.DomainID},
			"users by name":                               {"/v3/users?name=" + c.UserName, []any{"users", 0, "id"}, c.UserID},
			"users by a name that nobody has":             {"/v3/users?name=nobody", []any{"users"}, []any{}},
			"a user by id":                                {"/v3/users/" + c.UserID, []any{"user", "name"}, c.UserName},
			"the regions":                                 {"/v3/regions", []any{"regions", 0, "id"}, region},
			"the catalogue, of an account":                {"/v3/auth/catalog", []any{"catalog", 0, "endpoints", 0, "url"}, "http://carrel.test/v3"},
			"who the caller is":                           {"/v5/caller-identity", []any{"account_id"}, c.DomainID},
			"a project that does not exist":               {"/v3/projects/nothing", []any{"error_code"}, "IAM.0004"},
			"a user who does not exist":                   {"/v3/users/nobody", []any{"error_code"}, "IAM.0004"},
			"a page that is not a number is refused":      {"/v3/projects?page=x", []any{"error_msg"}, `page: "x" is out of range, use 1 to 5000`},
			"a list of keys of a user who does not exist": {"/v3.0/OS-CREDENTIAL/credentials?user_id=x", []any{"error_code"}, "IAM.0004"},
		}
		for name, c := range cases {
			a := e.do(get(c.target, token))
			got, _ := json.Marshal(a.at(c.path...))
			want, _ := json.Marshal(c.want)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %s is %s, want %s", name, c.target, got, want)
			}
		}
	})
}

func TestBadBodiesAreRefusedWithTheField(t *testing.T) {
	inEnv(t, func(e *env) {
		for body, message := range map[string]string{
			``:                                    "body: is not the JSON",
			`{"auth":`:                            "body: is not the JSON",
			`[]`:                                  "must not be a array",
			`{"auth":{"identity":{"methods":5}}}`: "auth.identity.methods: must not be a number",
			`{"auth":{"identity":{"methods":["totp"]}}}`:                                                                 `auth.identity.methods: "totp"`,
			`{"auth":{"identity":{"methods":["password"]}}}`:                                                             "auth.identity.password.user.name: must be given",
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":"b"}}}}}`:             "user.domain: must be given",
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","domain":{"name":"carrel"}}}}}}`: "user.password: must be given",
			`{"auth":{"identity":{"methods":["token"]}}}`:                                                                "auth.identity.token.id: must be given",
		} {
			a := e.do(httptest.NewRequest("POST", "http://carrel.test/v3/auth/tokens", strings.NewReader(body)))
			e.refused(a, http.StatusBadRequest, "IAM.0001", message)
		}
		a := e.do(httptest.NewRequest("POST", "http://carrel.test/v3/auth/tokens", strings.NewReader(strings.Repeat(" ", 1<<20+1))))
		e.refused(a, http.StatusRequestEntityTooLarge, "APIGW.0308", "1 MB")
	})
}

func TestRolesAndScopesDecideWhatACallerMayDo(t *testing.T) {
	inEnv(t, func(e *env) {
		admin := iam.Principal{AdminName: "a", AccountID: e.first.DomainID, Role: iam.RoleAdmin}
		scoped := admin
		scoped.ProjectID = e.first.ProjectID
		elsewhere := admin
		elsewhere.ProjectID = "other"
		reader := admin
		reader.Role = iam.RoleReader
		other := admin
		other.AccountID = "other"
		nobody := admin
		nobody.Role = "owner"
		project := e.first.ProjectID
		for name, c := range map[string]struct {
			who     iam.Principal
			project string
			need    iam.Permission
			want    workspace.Code
		}{
			"an administrator may write":                {admin, project, iam.Write, ""},
			"a reader may read":                         {reader, project, iam.Read, ""},
			"a reader may not write":                    {reader, project, iam.Write, workspace.CodeForbidden},
			"an unknown role may nothing":               {nobody, project, iam.Read, workspace.CodeForbidden},
			"an unknown project is not found":           {admin, "nothing", iam.Read, workspace.CodeProjectNotFound},
			"another account's project is not found":    {other, project, iam.Read, workspace.CodeProjectNotFound},
			"a token for the project is good for it":    {scoped, project, iam.Write, ""},
			"a token for another project is refused":    {elsewhere, project, iam.Read, workspace.CodeForbidden},
			"also where the path names nothing we know": {scoped, "nothing", iam.Read, workspace.CodeProjectNotFound},
		} {
			err := e.iam.Authorize(e.Context(), c.who, c.project, c.need)
			if (err == nil) != (c.want == "") || err != nil && workspace.CodeOf(err) != c.want {
				t.Errorf("%s: got %v, want %q", name, err, c.want)
			}
		}
	})
}

func TestAdministratorsHaveUniqueNamesAndKnownRoles(t *testing.T) {
	inEnv(t, func(e *env) {
		e.addReader()
		for name, a := range map[string]iam.NewAdmin{
			"the same name in capitals": {AccountID: e.first.DomainID, Name: "READER", Password: "Some-thing-1", Role: iam.RoleReader},
			"an unknown role":           {AccountID: e.first.DomainID, Name: "other", Password: "Some-thing-1", Role: "owner"},
			"a weak password":           {AccountID: e.first.DomainID, Name: "other", Password: "short", Role: iam.RoleReader},
		} {
			if id, err := e.iam.CreateAdmin(e.Context(), a); err == nil {
				t.Errorf("%s was accepted as %s", name, id)
			}
		}
	})
}

func TestEveryRouteButTheDoorsAsksForCredentials(t *testing.T) {
	inEnv(t, func(e *env) {
		open := []string{"POST /v3/auth/tokens", "POST /v3.0/OS-CREDENTIAL/securitytokens"}
		for _, pattern := range iam.Routes() {
			method, path, _ := strings.Cut(pattern, " ")
			if slices.Contains(open, pattern) {
				continue
			}
			target := strings.NewReplacer("{", "", "}", "").Replace(path)
			if _, err := url.Parse(target); err != nil {
				t.Fatal(err)
			}
			a := e.do(httptest.NewRequest(method, "http://carrel.test"+target, nil))
			if a.status != http.StatusUnauthorized {
				t.Errorf("%s answered %d to an unknown caller", pattern, a.status)
			}
		}
	})
}
