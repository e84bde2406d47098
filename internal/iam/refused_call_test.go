package iam_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// refusals makes the service record refused calls, so many at once.
func (e *env) refusals(atOnce int) *audit.Refusals {
	f := &audit.Refusals{Store: e.iam.Store, Clock: time.Now, Log: slog.New(slog.DiscardHandler), AtOnce: atOnce}
	e.iam.RefusedCalls = f
	return f
}

// recordsOf are the audit records of an account, or of none, that are of refused or failed requests; oldest first.
func (e *env) recordsOf(accountID string) []workspace.AuditRecord {
	e.Helper()
	all, err := store.View(e.Context(), e.iam.Store, func(tx *store.Tx) (all []workspace.AuditRecord, err error) {
		return all, tx.NewSelect().Model(&all).ModelTableExpr("audit_records AS audit_record").
			Where("project_id = ?", accountID).Where("result <> ?", workspace.AuditSuccess).Order("time", "id").Scan(e.Context())
	})
	if err != nil {
		e.Fatal(err)
	}
	return all
}

// behind sends a request to what stands behind Require.
func (e *env) behind(r *http.Request) int {
	rec := httptest.NewRecorder()
	rec.Header().Set(iam.RequestIDHeader, "request-1")
	e.iam.Require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(rec, r)
	return rec.Code
}

func TestRequestsThatAreNotAuthenticatedAreRecorded(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addReader()
		reader := e.tokenOf("reader", readerPassword, nil)
		k, plain, err := e.iam.CreateKey(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, id, "")
		if err != nil {
			t.Fatal(err)
		}
		own, wrong := key{access: k.ID, secret: plain}, key{access: k.ID, secret: "wrong"}
		e.wants(e.changeUser(id, object{"enabled": false}), http.StatusOK)
		e.refusals(100)
		for _, c := range []struct {
			name              string
			request           *http.Request
			account, resource string
			kind              workspace.ResourceType
			how               workspace.CredentialKind
		}{
			{"with nothing", httptest.NewRequest("GET", "/v2/p/desktops", nil), "", "", "", ""},
			{"with an unknown token", get("/v2/p/desktops", "x"), "", "", "", workspace.CredentialToken},
			{"with a token that has ended", get("/v2/p/desktops", reader), "", "", "", workspace.CredentialToken},
			{"with an unknown key", signed(key{access: "NONE", secret: "x"}, "GET", "/v2/p/desktops", ""), "", "", "", workspace.CredentialAccessKey},
			{"with a wrong signature", signed(wrong, "GET", "/v2/p/desktops", ""), e.first.DomainID, k.ID, iam.ResourceAccessKey, workspace.CredentialAccessKey},
			{"of a user who is disabled", signed(own, "GET", "/v2/p/desktops", ""), e.first.DomainID, k.ID, iam.ResourceAccessKey, workspace.CredentialAccessKey},
		} {
			pass(time.Second)
			before := len(e.recordsOf(c.account))
			if status := e.behind(c.request); status != http.StatusUnauthorized {
				t.Fatalf("%s: %d", c.name, status)
			}
			all := e.recordsOf(c.account)
			if len(all) != before+1 {
				t.Errorf("%s: %d records", c.name, len(all)-before)
				continue
			}
			r := all[len(all)-1]
			if r.Operation != "Authenticate" || r.Result != workspace.AuditRefused || r.ErrorCode != "APIGW.0301" || r.ErrorMsg == "" || r.ResourceID != c.resource ||
				r.ResourceType != c.kind || r.Credential != c.how || r.ActorID != "" || r.Address != "192.0.2.1" || r.RequestID != "request-1" {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
		before := len(e.recordsOf(e.first.DomainID))
		if status := e.behind(signed(e.firstKey(), "GET", "/v2/p/desktops", "")); status != http.StatusOK || len(e.recordsOf(e.first.DomainID)) != before {
			t.Errorf("a request that is authenticated: %d, and a record", status)
		}
	})
}

func TestRefusedCallsOfTheIdentityAPIAreRecorded(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addReader()
		reader := e.tokenOf("reader", readerPassword, nil)
		e.refusals(100)
		dry := func(r *http.Request) *http.Request { r.Header.Set("X-Dry-Run", "true"); return r }
		change := func(token, method, target string, body any) *http.Request {
			r := post(target, body)
			r.Method = method
			r.Header.Set("X-Auth-Token", token)
			return r
		}
		admin := e.token(nil)
		for _, c := range []struct {
			request   *http.Request
			status    int
			operation string // of the record; empty: there is none
			resource  string
		}{
			{change(reader, "POST", "/v3/groups", object{"group": object{"name": "g"}}), 403, "KeystoneCreateGroup", ""},
			{change(reader, "DELETE", "/v3/users/"+id, object{}), 403, "KeystoneDeleteUser", id},
			{get("/v3/audit-records", e.tokenOf("reader", readerPassword, nil)), 403, "ListAccountAuditRecords", ""},
			{dry(change(reader, "POST", "/v3/groups", object{"group": object{"name": "g"}})), 403, "KeystoneCreateGroup", ""},
			{change(admin, "POST", "/v3/groups", object{"group": object{"name": ""}}), 400, "KeystoneCreateGroup", ""},
			{change(admin, "PATCH", "/v3/groups/none", object{"group": object{}}), 404, "KeystoneUpdateGroup", "none"},
			{dry(change(admin, "PATCH", "/v3/groups/none", object{"group": object{}})), 404, "", ""},
			{get("/v3/groups/none", admin), 404, "", ""},
			{get("/v3/groups", admin), 200, "", ""},
			{get("/v3/groups", "x"), 401, "", ""}, // recorded under no account
		} {
			pass(time.Second)
			before := len(e.recordsOf(e.first.DomainID))
			name := c.request.Method + " " + c.request.URL.Path
			e.wants(e.do(c.request), c.status)
			all := e.recordsOf(e.first.DomainID)[before:]
			if c.operation == "" && len(all) == 0 {
				continue
			}
			if len(all) != 1 || all[0].Operation != c.operation || all[0].ResourceID != c.resource || all[0].ErrorMsg == "" || all[0].ActorName == "" || all[0].Result != workspace.AuditRefused {
				t.Errorf("%s: %+v, want %s", name, all, c.operation)
			}
		}
	})
}

func TestAFloodOfRefusedCallsLeavesAFewRecords(t *testing.T) {
	inEnv(t, func(e *env) {
		f := e.refusals(10)
		for i := range 1000 {
			e.behind(get("/v2/p/desktops", "x"))
			r := httptest.NewRequest("GET", "/v2/p/desktops", nil)
			r.RemoteAddr = "192.0.2." + []string{"7", "8", "9"}[i%3] + ":1"
			e.behind(r)
		}
		if all := e.recordsOf(""); len(all) != 10 {
			t.Errorf("%d records", len(all))
		}
		pass(time.Second)
		f.Flush(context.WithoutCancel(e.Context()))
		all := e.recordsOf("")
		var left []string
		for _, r := range all[10:] {
			left = append(left, r.Operation+" "+r.Address+" "+r.Changes[0].New)
		}
		slices.Sort(left)
		if len(left) != 4 {
			t.Errorf("%q", left)
		}
	})
}
