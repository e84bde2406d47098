package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/audit"
	"carrel/internal/listen"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// signIn asks for a token with the first administrator's name and a password, and returns the status.
func signIn(t *testing.T, a *app.App, password string) int {
	t.Helper()
	b := a.Bootstrap
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + b.UserName + `","password":"` + password +
		`","domain":{"name":"` + b.DomainName + `"}}}},"scope":{"project":{"id":"` + b.ProjectID + `"}}}}`
	r, err := http.NewRequestWithContext(t.Context(), "POST", a.URL+"/v3/auth/tokens", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// A key that is used too often is told when to come back; another is not held up, nor is who only guesses at the key.
func TestRequestsOfAKeyAreLimited(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	config.Requests.PerKey = listen.Rate{PerSecond: 0.01, Burst: 3}
	a := started(t, config)
	token := func() string {
		t.Helper()
		b := a.Bootstrap
		body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + b.UserName + `","password":"` + b.Password + `","domain":{"name":"` + b.DomainName + `"}}}}}}`
		answer, err := http.Post(a.URL+"/v3/auth/tokens", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.Header.Get("X-Subject-Token")
	}
	one, other := token(), token()
	for n := range 5 {
		path := []string{"/v3/auth/projects", "/v2/" + a.Bootstrap.ProjectID + "/desktops"}[n%2]
		status, answered := send(t, "GET", a.URL+path, map[string]string{"X-Auth-Token": one})
		if limited := status == http.StatusTooManyRequests; limited != (n >= 3) || limited && answered.Get("Retry-After") == "" {
			t.Errorf("request %d: %d, Retry-After %q", n+1, status, answered.Get("Retry-After"))
		}
		if status, _ := send(t, "GET", a.URL+path, map[string]string{"X-Auth-Token": "guessed"}); status != http.StatusUnauthorized {
			t.Errorf("a guess: %d", status)
		}
	}
	if status, _ := send(t, "GET", a.URL+"/v3/auth/projects", map[string]string{"X-Auth-Token": other}); status != http.StatusOK {
		t.Errorf("another token: %d", status)
	}
}

// portalSignIn tries to sign a user in at the portal.
func portalSignIn(t *testing.T, a *app.App, name, password string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", a.URL+"/portal/api/sign-in", strings.NewReader(`{"user_name":"`+name+`","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// The whole way: what administrators do is linked, written to a file, verified beside the running control plane, and whoever changes it by hand
// is found out.
func TestTheTrailIsLinkedCopiedAndVerified(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	config.AuditLog.File = filepath.Join(t.TempDir(), "audit.jsonl")
	log := slog.New(slog.DiscardHandler)
	a, err := app.Start(t.Context(), config, log)
	if err != nil {
		t.Fatal(err)
	}
	stop := func() { a.Stop(context.WithoutCancel(t.Context())) }
	defer stop()
	demo, err := a.EnsureDemo(t.Context(), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{demo.Password, "Wrong-one-1"} {
		portalSignIn(t, a, demo.UserName, password)
	}
	if got := signIn(t, a, a.Bootstrap.Password); got != http.StatusCreated {
		t.Fatal(got)
	}
	if got := signIn(t, a, "Wrong-one-1"); got != http.StatusUnauthorized {
		t.Fatal(got)
	}
	verify := func() audit.Report {
		t.Helper()
		trail, release, err := app.OpenAuditTrail(t.Context(), config, log)
		if err != nil {
			t.Fatal(err)
		}
		r, err := trail.Verify(t.Context())
		if err := errors.Join(err, release()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(); len(r.Findings) > 0 {
		t.Errorf("beside a running control plane: %v", r.Findings)
	}
	stop() // links and writes what is left
	report := verify()
	if report.Records < 2 || len(report.Findings) > 0 {
		t.Errorf("%+v", report)
	}
	body, err := os.ReadFile(config.AuditLog.File)
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	for line := range bytes.Lines(body) {
		e, err := audit.ParseEntry(line)
		if err != nil {
			t.Fatal(err)
		}
		if e.Record.Operation == "SignIn" || e.Record.Operation == "KeystoneCreateUserTokenByPassword" {
			results = append(results, string(e.Record.Result)+" "+e.Record.ActorName)
			under := map[workspace.ActorKind]string{workspace.ActorUser: a.Bootstrap.ProjectID, workspace.ActorAdministrator: a.Bootstrap.DomainID}
			if e.Record.ProjectID != under[e.Record.ActorKind] || e.Record.Address != "127.0.0.1" || e.Record.Credential != "password" {
				t.Errorf("%+v", e.Record)
			}
		}
	}
	if !slices.Equal(results, []string{"success demo", "refused demo", "success admin", "refused admin"}) || bytes.Count(body, []byte{'\n'}) != report.Records {
		t.Errorf("sign-ins: %q, %d lines of %d records", results, bytes.Count(body, []byte{'\n'}), report.Records)
	}
	s, err := store.Open(t.Context(), filepath.Join(config.Data, "carrel.db"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.ExecContext(t.Context(), "DELETE FROM audit_records WHERE result = 'refused'")
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if r := verify(); len(r.Findings) == 0 || r.Findings[0].Fault != audit.Removed {
		t.Errorf("after a record was removed: %v", r.Findings)
	}
}
