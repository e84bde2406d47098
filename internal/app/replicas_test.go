package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/app"
	"carrel/internal/store/storetest"
)

// on is a configuration of a control plane on a PostgreSQL database.
func on(t *testing.T, database string) app.Config {
	t.Helper()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine, config.Database = t.TempDir(), "127.0.0.1:0", "sim", database
	return config
}

func TestASecondProcessWithSimulatedDesktopsOrOfTheSameNameIsRefused(t *testing.T) {
	database := storetest.PostgresURL(t)
	first := on(t, database)
	first.Replica = "vm"
	a, err := app.Start(t.Context(), first, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop := func() { a.Stop(context.WithoutCancel(t.Context())) }
	second := on(t, database)
	second.SecretKey = first.Data + "/secret.key"
	refused := func(want string) {
		t.Helper()
		b, err := app.Start(t.Context(), second, slog.New(slog.DiscardHandler))
		if err == nil {
			b.Stop(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the second process got %v, want it refused with %q", err, want)
		}
	}
	refused("simulated desktops exist in one process only")
	second.Replica = "vm"
	refused(`another carrel on this database is called "vm"`)
	stop()
	b, err := app.Start(t.Context(), second, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	b.Stop(context.WithoutCancel(t.Context()))
}

// TestWhileTheDatabaseIsAwayCallersAreToldToComeBackAndThenAreServed takes the database away from a running control plane.
func TestWhileTheDatabaseIsAwayCallersAreToldToComeBackAndThenAreServed(t *testing.T) {
	road, database := storetest.NewRoad(t, storetest.PostgresURL(t))
	a, err := app.Start(t.Context(), on(t, database), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(context.WithoutCancel(t.Context())) })
	b := a.Bootstrap
	token := ""
	call := func(method, path, body string) (int, http.Header, map[string]any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, a.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Auth-Token", token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", a.URL)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var out map[string]any
		var text bytes.Buffer
		_, _ = text.ReadFrom(answer.Body)
		_ = json.Unmarshal(text.Bytes(), &out) // what is not JSON is known by its status
		return answer.StatusCode, answer.Header, out
	}
	signIn := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + b.UserName + `","password":"` + b.Password +
		`","domain":{"name":"` + b.DomainName + `"}}}},"scope":{"project":{"id":"` + b.ProjectID + `"}}}}`
	order := `{"desktop_type":"DEDICATED","product_id":"` + b.ProductID + `","image_type":"gold","image_id":"` + b.ImageID +
		`","root_volume":{"type":"SAS","size":80},"desktop_name":"lab","size":50}`
	status, header, _ := call("POST", "/v3/auth/tokens", signIn)
	if token = header.Get("X-Subject-Token"); token == "" {
		t.Fatalf("signing in: %d", status)
	}
	desktops := "/v2/" + b.ProjectID + "/desktops"
	status, _, ordered := call("POST", desktops, order)
	if status != http.StatusOK {
		t.Fatalf("ordering: %d %v", status, ordered)
	}

	road.Close()
	for _, c := range []struct{ method, path, body string }{
		{"GET", desktops, ""}, {"POST", desktops, strings.Replace(order, "lab", "den", 1)}, {"POST", "/v3/auth/tokens", signIn},
		{"POST", "/portal/api/sign-in", `{"user_name":"alice","password":"Secret-12345"}`},
	} {
		status, header, out := call(c.method, c.path, c.body)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("%s %s: %d, Retry-After %q, %v; want 503", c.method, c.path, status, header.Get("Retry-After"), out)
		}
	}
	if status, _, out := call("GET", "/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d %v", status, out)
	}

	road.Open()
	job := ""
	for job != "SUCCESS" {
		status, _, out := call("GET", "/v2/"+b.ProjectID+"/workspace-jobs/"+ordered["job_id"].(string), "")
		if status != http.StatusOK {
			t.Fatalf("after the outage: %d %v", status, out)
		}
		if job, _ = out["status"].(string); job == "FAIL" {
			t.Fatalf("the job: %v", out)
		}
		pause(t, 100*time.Millisecond)
	}
	if status, _, _ := call("GET", "/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz after the outage: %d", status)
	}
}

// pause lets the control plane work before it is asked again.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("it took too long")
	}
}
