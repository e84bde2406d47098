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

// FuzzCalls sends bodies of strangers, and ids of theirs in paths, to every operation of the identity API: none is the server's fault.
func FuzzCalls(f *testing.F) {
	s := newService(f, storetest.Open(f, storetest.SQLitePath(f), nil))
	s.Log = slog.New(slog.DiscardHandler)
	first, err := s.Bootstrap(f.Context(), firstAccount)
	if err != nil {
		f.Fatal(err)
	}
	routes := iam.Routes()
	handler := s.Handler()
	signIn := httptest.NewRecorder()
	handler.ServeHTTP(signIn, post("/v3/auth/tokens", passwordBody(first.DomainName, first.UserName, first.Password, nil)))
	token := signIn.Header().Get("X-Subject-Token")
	call := func(t testing.TB, at int, id, body string) {
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
	for at := range routes {
		for _, body := range []string{``, `{}`, `[]`, `null`, `{"user":{"name":"x","password":5}}`, `{"group":{"name":"\u0000"}}`, "{\"project\":{\"name\":\"\xff\"}}",
			`{"credential":{"status":"paused"}}`, `{"agency_urn":"iam::a:agency:b","agency_session_name":"xx","duration_seconds":9223372036854775807}`,
			`{"auth":{"identity":{"methods":["assume_role"],"assume_role":{"domain_name":"carrel","agency_name":"x","duration_seconds":-1}}}}`,
			`{"user_id":"x","serial_number":"x","authentication_code_first":"１","authentication_code_second":"2"}`} {
			f.Add(at, "x", body)
		}
	}
	f.Fuzz(func(t *testing.T, at int, id, body string) {
		if at < 0 || id == "" || strings.ContainsAny(id, "/\x00") {
			return
		}
		call(t, at%len(routes), id, body)
	})
}
