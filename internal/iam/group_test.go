package iam_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// call sends a request with a token of the whole account.
func (e *env) call(method, target string, body any) answer {
	e.Helper()
	return e.callAs(e.token(nil), method, target, body)
}

func (e *env) callAs(token, method, target string, body any) answer {
	e.Helper()
	pass(time.Millisecond) // so that records have an order
	r := post(target, body)
	r.Method = method
	r.Header.Set("X-Auth-Token", token)
	return e.do(r)
}

// records are the account's audit records, newest first.
func (e *env) records() []workspace.AuditRecord {
	e.Helper()
	found, err := store.View(e.Context(), e.iam.Store, func(tx *store.Tx) ([]workspace.AuditRecord, error) {
		found, _, err := audit.Records(e.Context(), tx, audit.Query{ProjectID: e.first.DomainID, Page: storetest.Everything})
		return found, err
	})
	if err != nil {
		e.Fatal(err)
	}
	return found
}

// recorded fails unless the newest record is of this operation and resource, and has these changes: "field: old -> new".
func (e *env) recorded(operation string, kind workspace.ResourceType, id string, changes ...string) {
	e.Helper()
	all := e.records()
	if len(all) == 0 {
		e.Fatalf("no record of %s", operation)
	}
	r := all[0]
	var got []string
	for _, c := range r.Changes {
		got = append(got, c.Field+": "+c.Old+" -> "+c.New)
	}
	if r.Operation != operation || r.ResourceType != kind || r.ResourceID != id || r.Action == "" || r.ActorName == "" || r.RequestID != "request-1" {
		e.Errorf("the record is %+v, want one of %s of %s %s", r, operation, kind, id)
	}
	if strings.Join(got, ", ") != strings.Join(changes, ", ") {
		e.Errorf("the record of %s has the changes %q, want %q", operation, got, changes)
	}
}

func (e *env) newGroup(name string) string {
	e.Helper()
	return e.wants(e.call("POST", "/v3/groups", object{"group": object{"name": name, "description": "of " + name}}), http.StatusCreated).text("group", "id")
}

func TestGroups(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.newGroup("Operators")
		e.recorded("KeystoneCreateGroup", iam.ResourceGroup, id, "name:  -> Operators", "description:  -> of Operators")
		e.refused(e.call("POST", "/v3/groups", object{"group": object{"name": "oPERATORS"}}), 409, "IAM.0010", `group.name: "oPERATORS" is in use`)
		other := e.newGroup("Auditors")
		for target, want := range map[string]string{
			"/v3/groups":                                 "Auditors Operators",
			"/v3/groups?page=2&per_page=1":               "Operators",
			"/v3/groups?name=operators":                  "Operators",
			"/v3/groups?name=Oper":                       "",
			"/v3/groups?domain_id=" + e.first.DomainID:   "Auditors Operators",
			"/v3/groups?domain_id=other":                 "",
			"/v3/users/" + e.first.UserID + "/groups":    "",
			"/v3/groups/" + other + "/users":             "",
			"/v3/groups?page=3&per_page=1&name=auditors": "",
		} {
			a := e.wants(e.call("GET", target, nil), http.StatusOK)
			var names []string
			groups, _ := a.at("groups").([]any)
			for i := range groups {
				names = append(names, a.text("groups", i, "name"))
			}
			if got := strings.Join(names, " "); got != want {
				e.Errorf("%s: %q, want %q", target, got, want)
			}
		}
		a := e.wants(e.call("PATCH", "/v3/groups/"+id, object{"group": object{"description": "on call"}}), http.StatusOK)
		if a.text("group", "name") != "Operators" || a.text("group", "description") != "on call" {
			e.Errorf("after the change: %v", a.body)
		}
		e.recorded("KeystoneUpdateGroup", iam.ResourceGroup, id, "description: of Operators -> on call")
		e.refused(e.call("PATCH", "/v3/groups/"+id, object{"group": object{"name": "AUDITORS"}}), 409, "IAM.0010", "in use")
		e.wants(e.call("PATCH", "/v3/groups/"+id, object{"group": object{"name": "OPERATORS"}}), http.StatusOK)
		e.wants(e.call("DELETE", "/v3/groups/"+id, nil), http.StatusNoContent)
		e.recorded("KeystoneDeleteGroup", iam.ResourceGroup, id, "name: OPERATORS -> ", "description: on call -> ")
		e.refused(e.call("GET", "/v3/groups/"+id, nil), 404, "IAM.0004", "group")
		trail := e.wants(e.call("GET", "/v3/audit-records?resource_id="+id+"&per_page=1", nil), http.StatusOK)
		if trail.at("total_count") != 4.0 || trail.text("records", 0, "operation") != "KeystoneDeleteGroup" || trail.text("records", 0, "changes", 0, "old") != "OPERATORS" {
			e.Errorf("the trail is %v", trail.body)
		}
	})
}

func TestGroupMembers(t *testing.T) {
	inEnv(t, func(e *env) {
		group, reader := e.newGroup("Operators"), e.addReader()
		member := "/v3/groups/" + group + "/users/" + reader
		e.wants(e.call("HEAD", member, nil), http.StatusNotFound)
		for range 2 {
			e.wants(e.call("PUT", member, nil), http.StatusNoContent)
			e.recorded("KeystoneAddUserToGroup", iam.ResourceGroup, group, "member:  -> reader")
		}
		e.wants(e.call("HEAD", member, nil), http.StatusNoContent)
		if a := e.call("GET", "/v3/groups/"+group+"/users", nil); a.text("users", 0, "id") != reader || a.at("users", 1) != nil {
			e.Errorf("members: %v", a.body)
		}
		if a := e.callAs(e.tokenOf("reader", readerPassword, nil), "GET", "/v3/users/"+reader+"/groups", nil); a.text("groups", 0, "id") != group {
			e.Errorf("groups: %v", a.body)
		}
		for _, wrong := range []string{"/v3/groups/x/users/" + reader, "/v3/groups/" + group + "/users/x"} {
			for _, method := range []string{"PUT", "HEAD", "DELETE"} {
				e.wants(e.call(method, wrong, nil), http.StatusNotFound)
			}
		}
		e.wants(e.call("DELETE", member, nil), http.StatusNoContent)
		e.recorded("KeystoneRemoveUserFromGroup", iam.ResourceGroup, group, "member: reader -> ")
		e.refused(e.call("DELETE", member, nil), 404, "IAM.0004", "member")
		e.wants(e.call("PUT", member, nil), http.StatusNoContent)
		e.wants(e.call("DELETE", "/v3/groups/"+group, nil), http.StatusNoContent)
		if a := e.call("GET", "/v3/users/"+reader+"/groups", nil); len(a.at("groups").([]any)) != 0 {
			e.Errorf("the group's members stayed: %v", a.body)
		}
	})
}

func TestGroupsAreRefused(t *testing.T) {
	inEnv(t, func(e *env) {
		e.addReader()
		reader, project := e.tokenOf("reader", readerPassword, nil), e.token(e.projectScope())
		e.refused(e.callAs(reader, "POST", "/v3/groups", object{"group": object{"name": "x"}}), 403, "IAM.0003", "user reader may not do iam:groups:create")
		e.refused(e.callAs(project, "POST", "/v3/groups", object{"group": object{"name": "x"}}), 403, "IAM.0003", "use a token with auth.scope.domain")
		e.wants(e.callAs(reader, "GET", "/v3/groups", nil), http.StatusOK)
		for message, fields := range map[string]object{
			"group.name: has 0 characters":           {},
			"group.name: has 129 characters":         {"name": strings.Repeat("x", 129)},
			"group.name: must not begin or end":      {"name": " x"},
			"group.name: must not contain control":   {"name": "a\tb"},
			"group.description: has 256 characters":  {"name": "x", "description": strings.Repeat("桌", 256)},
			"group.domain_id: is not the caller's":   {"name": "x", "domain_id": "other"},
			"group.name: must not be a number":       {"name": 5},
			"X-Client-Token: 129 characters, at mos": nil,
		} {
			r := post("/v3/groups", object{"group": fields})
			r.Header.Set("X-Auth-Token", e.token(nil))
			if fields == nil {
				r.Header.Set("X-Client-Token", strings.Repeat("x", 129))
			}
			if a := e.do(r); a.status < 400 || a.status >= 500 || !strings.Contains(a.text("error_msg"), message) {
				e.Errorf("got %d %v, want %q", a.status, a.body, message)
			}
		}
	})
}

// A client that repeats a request with its token gets the first answer, and there is one group.
func TestAGroupIsCreatedOnceForEachClientToken(t *testing.T) {
	inEnv(t, func(e *env) {
		create := func(name string) answer {
			r := post("/v3/groups", object{"group": object{"name": name}})
			r.Header.Set("X-Auth-Token", e.token(nil))
			r.Header.Set("X-Client-Token", "a-token")
			return e.do(r)
		}
		first := e.wants(create("Operators"), http.StatusCreated)
		if again := e.wants(create("Operators"), http.StatusCreated); again.text("group", "id") != first.text("group", "id") {
			e.Errorf("%v, then %v", first.body, again.body)
		}
		e.refused(create("Others"), 409, "IAM.0010", "X-Client-Token")
	})
}
