package iam_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
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

func newService(t testing.TB, db *store.Store) *iam.Service {
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
		Catalog:      []iam.CatalogService{{Type: "workspace", Path: "/v2/{project_id}"}},
		ProjectHolds: func(context.Context, *store.Tx, string) ([]string, error) { return nil, nil },
		Actions:      []string{"workspace:desktops:create", "workspace:desktops:delete", "workspace:desktops:get", "workspace:desktops:list"},
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

// signedWith is signed with one more header, whose name comes after the others.
func signedWith(k key, method, target, body, name, value string) *http.Request {
	r := httptest.NewRequest(method, "http://carrel.test"+target, strings.NewReader(body))
	values := r.URL.Query()
	for _, v := range values {
		slices.Sort(v)
	}
	date := time.Now().UTC().Format("20060102T150405Z")
	r.Header.Set("X-Sdk-Date", date)
	r.Header.Set(name, value)
	var path []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			panic(err)
		}
		path = append(path, escaped(decoded))
	}
	var query []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[key] {
			query = append(query, escaped(key)+"="+escaped(v))
		}
	}
	headers, names := "x-sdk-date:"+date+"\n"+name+":"+value+"\n", "x-sdk-date;"+name
	text := strings.Join([]string{method, "/" + strings.Join(path, "/") + "/", strings.Join(query, "&"), headers, names, sha(body)}, "\n")
	mac := hmac.New(sha256.New, []byte(k.secret))
	io.WriteString(mac, "SDK-HMAC-SHA256\n"+date+"\n"+sha(text))
	r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access="+k.access+", SignedHeaders="+names+", Signature="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

// escaped escapes all but letters, digits and "_-~.".
func escaped(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

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

const readerPassword = "Look-0nly-please"

func (e *env) addReader() string {
	e.Helper()
	return e.addUser("reader", iam.RoleReader)
}

// addUser adds a user with readerPassword.
func (e *env) addUser(name string, role iam.Role) string {
	e.Helper()
	u, err := e.iam.CreateUser(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, iam.NewUser{Name: name, Password: readerPassword, Role: role})
	if err != nil {
		e.Fatal(err)
	}
	return u.ID
}

// pass lets time pass in a bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place where a bubble's time moves
	synctest.Wait()
}
