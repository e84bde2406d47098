package iam_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carrel/internal/iam"
	"carrel/internal/store/storetest"
)

// strange are bodies that fit no operation, or that one at most.
var strange = []string{
	``, `{}`, `[]`, `null`, `{"user":{"name":"x","password":5}}`, `{"group":{"name":"\u0000"}}`, "{\"project\":{\"name\":\"\xff\"}}",
	`{"credential":{"status":"paused"}}`, `{"agency_urn":"iam::a:agency:b","agency_session_name":"xx","duration_seconds":9223372036854775807}`,
	`{"auth":{"identity":{"methods":["assume_role"],"assume_role":{"domain_name":"carrel","agency_name":"x","duration_seconds":-1}}}}`,
	`{"user_id":"x","serial_number":"x","authentication_code_first":"１","authentication_code_second":"2"}`,
}

// strangers returns what calls the operation with a number, as the administrator, and fails if the server says that the fault is its own.
func strangers(t testing.TB) func(t testing.TB, at int, id, body string) {
	s := newService(t, storetest.Open(t, storetest.SQLitePath(t), nil))
	s.Log = slog.New(slog.DiscardHandler)
	first, err := s.Bootstrap(t.Context(), firstAccount)
	if err != nil {
		t.Fatal(err)
	}
	routes := iam.Routes()
	handler := s.Handler()
	signIn := httptest.NewRecorder()
	handler.ServeHTTP(signIn, post("/v3/auth/tokens", passwordBody(first.DomainName, first.UserName, first.Password, nil)))
	token := signIn.Header().Get("X-Subject-Token")
	return func(t testing.TB, at int, id, body string) {
		method, path, _ := strings.Cut(routes[at].Pattern, " ")
		for _, name := range []string{"{project_id}", "{user_id}", "{group_id}", "{access_key}"} {
			path = strings.ReplaceAll(path, name, id)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, "http://carrel.test/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("X-Auth-Token", token)
		r.Header.Set("X-Subject-Token", id)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code >= http.StatusInternalServerError {
			t.Errorf("%s with %q %q: %d %s", routes[at].Pattern, id, body, rec.Code, rec.Body)
		}
	}
}

func TestNoStrangeBodyIsTheServersFault(t *testing.T) {
	call := strangers(t)
	for at := range iam.Routes() {
		for _, body := range strange {
			call(t, at, "x", body)
		}
	}
}

// FuzzCalls sends bodies of strangers, and ids of theirs in paths, to every operation of the identity API: none is the server's fault. It has few
// seeds, since all of them are played before the first new one.
func FuzzCalls(f *testing.F) {
	call := strangers(f)
	n := len(iam.Routes())
	for at := range n {
		f.Add(at, "x", strange[at%len(strange)])
	}
	f.Fuzz(func(t *testing.T, at int, id, body string) {
		if at < 0 || id == "" || strings.ContainsAny(id, "/\x00") {
			return
		}
		call(t, at%n, id, body)
	})
}
