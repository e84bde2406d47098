package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// records reads audit records with a query, newest first.
func (e *env) records(query string) []answer {
	e.Helper()
	var all []answer
	for _, r := range e.ok(e.get("/audit-records?" + query)).list("records") {
		all = append(all, answer{body: r})
	}
	return all
}

// record is the only one that matches.
func (e *env) record(query string) answer {
	e.Helper()
	all := e.records(query)
	if len(all) != 1 {
		e.Fatalf("%d records match %s: %v", len(all), query, all)
	}
	return all[0]
}

func (e *env) has(a answer, want map[string]string) {
	e.Helper()
	for field, text := range want {
		if got := a.text(field); got != text {
			e.Errorf("%s is %q, want %q, in %v", field, got, text, a.body)
		}
	}
}

func TestTheTrailSaysWhoChangedWhat(t *testing.T) {
	e := newEnv(t)
	a := e.do("POST", e.path("/ous"), object{"domain": "carrel.local", "ou_name": "Press", "description": "of the house"}, func(r *http.Request) {
		r.Header.Set("X-Request-Id", "my-request")
		r.RemoteAddr = "192.0.2.7:1234"
	})
	id := e.ok(a).text("id")
	r := e.record("request_id=my-request")
	e.has(r, map[string]string{
		"actor_name": "admin", "actor_kind": "administrator", "credential": "token", "address": "192.0.2.7", "operation": "AddOu", "action": "workspace:ou:create",
		"resource_type": "organisational_unit", "resource_id": id, "resource_name": "Press", "result": "success", "error_code": "", "job_id": "",
	})
	if r.text("changes", 1, "field") != "description" || r.text("changes", 1, "new") != "of the house" {
		t.Errorf("changed: %v", r.at("changes"))
	}
	e.ok(e.do("PUT", e.path("/ous/"+id), object{"ou_name": "Books", "description": "of the house"}))
	r = e.record("operation=UpdateOuInfo&resource_id=" + id)
	if got := r.list("changes"); len(got) != 1 || r.text("changes", 0, "old") != "Press" || r.text("changes", 0, "new") != "Books" {
		t.Errorf("changed: %v", got)
	}

	ids := e.create(object{"desktops": desktopsFor("ann", "bob")})
	for _, id := range ids {
		r := e.record("operation=CreateDesktop&resource_type=desktop&resource_id=" + id)
		if r.text("job_id") == "" || r.text("resource_name") == "" {
			t.Errorf("a new desktop is recorded as %v", r.body)
		}
	}
	if n := len(e.records("operation=CreateDesktop&resource_type=user")); n != 2 {
		t.Errorf("%d new users are recorded, want 2", n)
	}
	if newest := e.records("limit=1")[0]; newest.text("operation") != "CreateDesktop" {
		t.Errorf("the newest is %v", newest.body)
	}
}

func TestBadFiltersOfTheTrailAreRefused(t *testing.T) {
	e := newEnv(t)
	for query, message := range map[string]string{
		"result=maybe":                         "result",
		"limit=1001":                           "limit",
		"offset=-1":                            "offset",
		"start_time=yesterday":                 `start_time: "yesterday" is not a time`,
		"end_time=1969-12-31T23:59:59Z":        "end_time: ",
		"end_time=0000-01-01T00:00:00Z":        "end_time: ",
		"start_time=9999-12-31T23:59:59-01:00": "start_time: ",
		"start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z": "end_time: must be later than start_time",
	} {
		e.refused(e.get("/audit-records?"+query), 400, workspace.CodeInvalid, message)
	}
	if all := e.records("start_time=1970-01-01T00:00:00Z&end_time=9999-12-31T23:59:59Z&result=success"); len(all) != 0 {
		t.Errorf("there are records: %v", all)
	}
}

func TestRefusedRequestsAreRecorded(t *testing.T) {
	e := newEnv(t)
	missing := "00000000-0000-4000-8000-000000000001"
	for _, c := range []struct {
		query        string
		send         func() answer
		code         workspace.Code
		message      string
		kind, target string
	}{
		{"operation=DeleteDesktop", func() answer { return e.do("DELETE", e.path("/desktops/"+missing), nil) }, workspace.CodeDesktopNotFound, "does not exist", "desktop", missing},
		{"operation=DeleteOu", func() answer { return e.do("DELETE", e.path("/ous/"+missing), nil) }, workspace.CodeOUNotFound, "does not exist", "organisational_unit", missing},
		{"operation=AddOu", func() answer { return e.post("/ous", object{"domain": "carrel.local"}) }, workspace.CodeInvalid, "ou_name: must be given", "", ""},
		{"operation=CreateUserGroup", func() answer { return e.post("/groups", `{"group_name": `) }, workspace.CodeMalformed, "not valid JSON", "", ""},
		{"operation=CreateDesktop", func() answer { return e.post("/desktops?x=%00", order(nil)) }, workspace.CodeMalformed, "x: a text holds", "", ""},
		{"operation=DeleteUser", func() answer { return e.do("DELETE", e.path("/users/%FF"), nil) }, workspace.CodeMalformed, "path: it is not UTF-8", "", ""},
		{"operation=DeleteExportTasks", func() answer {
			return e.post("/export-tasks/batch-delete", object{"task_ids": []string{missing}})
		}, workspace.CodeExportNotFound, missing, "", ""},
	} {
		if a := c.send(); a.status < 400 {
			t.Errorf("%s: status %d", c.query, a.status)
		}
		r := e.record(c.query)
		e.has(r, map[string]string{"result": "refused", "error_code": string(c.code), "resource_type": c.kind, "resource_id": c.target, "actor_name": "admin"})
		if !strings.Contains(r.text("error_msg"), c.message) {
			t.Errorf("%s: %q", c.query, r.text("error_msg"))
		}
	}
	if n := len(e.records("result=success")); n != 0 {
		t.Errorf("%d are said to have succeeded", n)
	}
	e.get("/desktops/" + missing) // reading what is not there is none of the trail's business
	if n := len(e.records("operation=ShowDesktopDetail")); n != 0 {
		t.Errorf("%d refused reads are recorded", n)
	}
}

func TestForbiddenRequestsAreRecordedInProjectsOfTheAccount(t *testing.T) {
	e := newEnv(t)
	const password = "Reads-only-1"
	e.addAdmin("reader", password, iam.RoleReader)
	reader := e.tokenOf("reader", password)
	as := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Auth-Token", token) }
	}
	elsewhere := "00000000-0000-4000-8000-000000000002"
	for _, target := range []string{e.path("/ous"), "/v2/" + elsewhere + "/ous", "/v2/%FF/ous"} {
		if a := e.do("POST", target, object{"domain": "carrel.local", "ou_name": "x"}, as(reader)); a.status < 400 {
			t.Errorf("%s: %d", target, a.status)
		}
	}
	e.has(e.record("actor_name=reader"), map[string]string{"result": "refused", "error_code": string(workspace.CodeForbidden), "operation": "AddOu"})
	e.do("GET", e.path("/desktops"), nil, as("wrong"))
	e.do("GET", e.path("/desktops"), nil, func(r *http.Request) { r.Header.Set("X-Project-Id", elsewhere) })
	e.has(e.record("operation=ListDesktops"), map[string]string{"result": "refused", "error_code": string(workspace.CodeForbidden), "actor_name": "admin"})
	e.update(func(tx *store.Tx) error {
		n, err := tx.NewSelect().Table("audit_records").Where("result = 'refused'").Count(e.Context())
		if err == nil && n != 2 {
			t.Errorf("%d records, want 2", n)
		}
		return err
	})
}

func TestAFaultOfTheTrailDoesNotChangeTheAnswer(t *testing.T) {
	e := newEnv(t)
	e.update(func(tx *store.Tx) error {
		_, err := tx.ExecContext(e.Context(), "ALTER TABLE audit_records RENAME TO audit_records_away")
		return err
	})
	e.refused(e.do("DELETE", e.path("/desktops/x"), nil), 404, workspace.CodeDesktopNotFound, "does not exist")
	if !strings.Contains(e.log.String(), "could not be recorded in the audit trail") {
		t.Error("the log does not say so")
	}
	if err := testutil.GatherAndCompare(e.registry, strings.NewReader(`
		# HELP carrel_api_unaudited_requests_total Refused or failed API requests whose audit record could not be written.
		# TYPE carrel_api_unaudited_requests_total counter
		carrel_api_unaudited_requests_total 1
	`), "carrel_api_unaudited_requests_total"); err != nil {
		t.Error(err)
	}
	if a := e.post("/ous", object{"domain": "carrel.local", "ou_name": "x"}); a.status != 500 { // no change without its record
		t.Errorf("a change without a record: %d %s", a.status, a.raw)
	}
}
