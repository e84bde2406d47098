package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"carrel/internal/api"
	"carrel/internal/core"
	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestOnlyCallersOfTheProjectGetIn(t *testing.T) {
	e := newEnv(t)
	reader := "Look-0nly-please"
	e.addAdmin("reader", reader, iam.RoleReader)
	readerToken := e.tokenOf("reader", reader)
	as := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Auth-Token", token) }
	}
	e.refused(e.do("GET", e.path("/desktops"), nil, as("")), 401, "APIGW.0301", "x-auth-token not found")
	e.refused(e.do("GET", e.path("/desktops"), nil, as("wrong")), 401, "APIGW.0301", "decrypt token fail")
	e.refused(e.do("GET", "/v2/0123456789abcdef/desktops", nil), 404, workspace.CodeProjectNotFound, `project_id: project "0123456789abcdef" does not exist`)
	e.refused(e.do("GET", e.path("/desktops"), nil, func(r *http.Request) { r.Header.Set("X-Project-Id", "other") }), 403, workspace.CodeForbidden, "X-Project-Id")
	e.ok(e.do("GET", e.path("/desktops"), nil, func(r *http.Request) { r.Header.Set("X-Project-Id", e.first.ProjectID) }))
	e.ok(e.do("GET", e.path("/desktops"), nil, as(readerToken)))
	e.refused(e.do("POST", e.path("/desktops"), order(nil), as(readerToken)), 403, workspace.CodeForbidden, "workspace:desktops:create")
	e.refused(e.do("DELETE", e.path("/desktops/x"), nil, as(readerToken)), 403, workspace.CodeForbidden, "workspace:desktops:delete")
}

func TestUnknownPathsAndMethodsAreRefusedInJSON(t *testing.T) {
	e := newEnv(t)
	const code = "APIGW.0101"
	e.refused(e.get("/nowhere"), http.StatusNotFound, code, "there is no operation GET")
	e.refused(e.do("GET", "/v9/x", nil), http.StatusNotFound, code, "/v9/x")
	e.refused(e.do("PUT", e.path("/desktops"), nil), http.StatusNotFound, code, "PUT")
	e.refused(e.do("PATCH", "/v3/projects", nil), http.StatusNotFound, code, "PATCH")
}

func TestOneHandlerServesAllFaces(t *testing.T) {
	e := newEnv(t)
	a := e.ok(e.do("GET", "/v3/projects?name=local-1", nil))
	if a.text("projects", 0, "id") != e.first.ProjectID {
		t.Errorf("identity: %s", a.raw)
	}
	anonymous := func(r *http.Request) { r.Header.Del("X-Auth-Token") }
	if a := e.ok(e.do("GET", "/openapi.json", nil, anonymous)); a.at("paths", "/v2/{project_id}/desktops", "post") == nil {
		t.Error("openapi.json does not describe CreateDesktop")
	}
}

func TestPathsCoverWhatIsServed(t *testing.T) {
	mux := http.NewServeMux()
	for _, p := range api.Paths {
		mux.Handle(p, http.NotFoundHandler())
	}
	for _, route := range iam.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if _, pattern := mux.Handler(httptest.NewRequest(method, path, nil)); pattern == "" {
			t.Errorf("%s is in none of %v", route.Pattern, api.Paths)
		}
	}
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	e := newEnv(t)
	with := func(id string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Request-Id", id) }
	}
	if a := e.do("GET", e.path("/desktops"), nil, with("mine-1")); a.header.Get("X-Request-Id") != "mine-1" {
		t.Errorf("the caller's id became %q", a.header.Get("X-Request-Id"))
	}
	for _, bad := range []string{"a b", "a\"b", strings.Repeat("x", 65), "ü"} {
		if id := e.do("GET", e.path("/desktops"), nil, with(bad)).header.Get("X-Request-Id"); id == bad || id == "" {
			t.Errorf("%q became %q", bad, id)
		}
	}
	job := e.ok(e.do("POST", e.path("/desktops"), order(object{"size": 1, "desktop_name": "spare"}), with("mine-2"))).text("job_id")
	var stored workspace.Job
	err := e.store.View(e.Context(), func(tx *store.Tx) (err error) {
		stored, err = tx.Job(e.Context(), e.first.ProjectID, job, false)
		return err
	})
	if err != nil || stored.RequestID != "mine-2" {
		t.Errorf("the job was made by request %q, %v", stored.RequestID, err)
	}
}

func TestEachRequestIsLoggedAndCounted(t *testing.T) {
	e := newEnv(t)
	e.log.Reset()
	e.do("GET", e.path("/desktops/nothing?secret=1"), nil)
	var line map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(e.log.Bytes()), &line); err != nil {
		t.Fatalf("%v in %s", err, e.log.String())
	}
	for key, want := range map[string]any{
		"msg": "request", "operation": "ShowDesktopDetail", "action": "workspace:desktops:get", "method": "GET", "path": e.path("/desktops/nothing"), "status": 404.0, "caller": "admin", "from": "192.0.2.1",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if strings.Contains(e.log.String(), e.token) || strings.Contains(e.log.String(), "secret=1") {
		t.Errorf("the log tells too much: %s", e.log.String())
	}
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found, statements := false, 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "carrel_api_statements_total" && m.GetLabel()[0].GetValue() == "ShowDesktopDetail" {
				statements = m.GetCounter().GetValue()
			}
			if f.GetName() == "carrel_api_requests_total" && m.GetLabel()[0].GetValue() == "ShowDesktopDetail" && m.GetLabel()[1].GetValue() == "404" {
				found = m.GetCounter().GetValue() == 1
			}
		}
	}
	if !found {
		t.Error("the request was not counted under its operation and status")
	}
	if statements == 0 || line["statements"] != statements {
		t.Errorf("the metrics count %v statements, the log %v", statements, line["statements"])
	}
	if n, err := testutil.GatherAndCount(e.registry, "carrel_api_request_seconds"); err != nil || n == 0 {
		t.Errorf("requests are not timed: %d, %v", n, err)
	}
}

// A caller who does not wait for the answer is no fault of the server's, in the log nor in the metrics.
func TestACallerWhoLeavesIsNotedAsGone(t *testing.T) {
	e := newEnv(t)
	e.log.Reset()
	ctx, leave := context.WithCancel(t.Context())
	leave()
	e.do("GET", e.path("/desktops"), nil, func(r *http.Request) { *r = *r.WithContext(ctx) })
	var line map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(e.log.Bytes()), &line); err != nil || line["status"] != 499.0 || line["level"] != "INFO" {
		t.Errorf("the log says %s (%v), want one line with status 499", e.log.String(), err)
	}
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "carrel_api_requests_total" && strings.HasPrefix(m.GetLabel()[1].GetValue(), "5") {
				t.Errorf("counted as %v", m)
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	e := newEnv(t)
	server := httptest.NewServer(e.server)
	defer server.Close()
	send := func(body io.Reader) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(e.Context(), "POST", server.URL+e.path("/desktops"), body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Auth-Token", e.token)
		r.Header.Set("Content-Type", "application/json")
		reply, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		return reply.StatusCode, string(text)
	}
	large := strings.Repeat("x", 20<<20)
	if status, text := send(strings.NewReader(large)); status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "the body may have 12 MB") {
		t.Errorf("20 MB: %d %s", status, text)
	}
	if status, text := send(struct{ io.Reader }{strings.NewReader(large[:5<<20])}); status != http.StatusRequestEntityTooLarge || !strings.Contains(text, "the body may have 1 MB") {
		t.Errorf("5 MB of unknown length: %d %s", status, text)
	}
}

// brokenStore fails in ways that no caller should see.
type brokenStore struct {
	store.Transactions
	view func() error
}

func (b brokenStore) View(context.Context, func(*store.Tx) error) error { return b.view() }

func TestFaultsOfOursAreLoggedAndNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		view   func() error
		status int
		code   workspace.Code
	}{
		"a panic":            {func() error { panic("the secret of the panic") }, http.StatusInternalServerError, workspace.CodeInternal},
		"an error":           {func() error { return io.ErrUnexpectedEOF }, http.StatusInternalServerError, workspace.CodeInternal},
		"an answer too late": {func() error { return context.DeadlineExceeded }, http.StatusGatewayTimeout, workspace.CodeDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.server.Services = core.NewServices(core.Config{Store: brokenStore{e.store, c.view}})
			e.log.Reset()
			a := e.get("/desktops")
			e.refused(a, c.status, c.code, "")
			if strings.Contains(a.raw, "secret") || strings.Contains(a.raw, "EOF") {
				t.Errorf("the answer tells what is not the caller's: %s", a.raw)
			}
			if !strings.Contains(e.log.String(), `"level":"ERROR"`) {
				t.Errorf("the log does not tell: %s", e.log.String())
			}
		})
	}
}
