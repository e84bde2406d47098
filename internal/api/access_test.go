package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/iam"
	iampolicy "carrel/internal/iam/policy"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

const somePassword = "Some-thing-1"

// asked sends the requests of a caller.
type asked struct {
	*env
	token string
}

// as adds a caller with a role, and with a policy for the whole account unless it is empty.
func (e *env) as(name string, role iam.Role, document string) asked {
	e.Helper()
	e.addAdmin(name, somePassword, role)
	a := asked{e, e.tokenOf(name, somePassword)}
	if document != "" {
		body := fmt.Sprintf(`{"role": {"display_name": %q, "type": "XA", "policy": %s}}`, name, document)
		created := e.do("POST", "/v3.0/OS-ROLE/roles", body)
		users := e.ok(e.do("GET", "/v3/users?name="+name, nil))
		path := "/v3/domains/" + e.first.DomainID + "/users/" + users.text("users", 0, "id") + "/roles/" + created.text("role", "id")
		if put := e.do("PUT", path, nil); created.status != http.StatusCreated || put.status != http.StatusNoContent {
			e.Fatalf("%s %s", created.raw, put.raw)
		}
	}
	return a
}

func (a asked) send(method, target string, body any, change ...func(*http.Request)) answer {
	a.Helper()
	return a.do(method, target, body, append(change, func(r *http.Request) { r.Header.Set("X-Auth-Token", a.token) })...)
}

func (a asked) get(target string) answer { a.Helper(); return a.send("GET", a.path(target), nil) }

// decisions has for each operation whether each built-in role may call it, through the server's own door.
func decisions(e *env) string {
	callers := map[string]asked{}
	head := []string{"operation", "action"}
	for _, role := range iampolicy.Roles {
		head = append(head, role.ID)
		callers[role.ID] = e.as("role-"+role.ID, iam.Role(role.ID), "")
	}
	lines := []string{strings.Join(head, "\t")}
	for _, o := range sample(api.Operations()) {
		line := []string{o.ID, o.Action}
		target := strings.NewReplacer("{project_id}", e.first.ProjectID, "{", "", "}", "").Replace(o.Path)
		for _, role := range iampolicy.Roles {
			a := callers[role.ID].send(o.Method, target, nil)
			switch denied := a.text("encoded_authorization_message") != ""; {
			case a.status == http.StatusForbidden && denied:
				line = append(line, "no")
			case denied, a.status == http.StatusForbidden, a.status == http.StatusUnauthorized, a.status >= 500:
				e.Errorf("%s as %s: %d %s", o.ID, role.ID, a.status, a.raw)
			default:
				line = append(line, "yes")
			}
		}
		lines = append(lines, strings.Join(line, "\t"))
	}
	return strings.Join(lines, "\n") + "\n"
}

// TestEveryOperationAgainstEveryRole compares with a table that somebody has read: -update writes it, and its diff is to be read again.
func TestEveryOperationAgainstEveryRole(t *testing.T) {
	const file = "testdata/decisions.tsv"
	got := decisions(newEnv(t))
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	is, was := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for _, line := range is {
		if !slices.Contains(was, line) {
			t.Errorf("is, and is not in %s: %s", file, line)
		}
	}
	for _, line := range was {
		if !sampled && !slices.Contains(is, line) {
			t.Errorf("is in %s only: %s", file, line)
		}
	}
}

// allow is a policy of one statement.
func allow(action, rest string) string {
	return fmt.Sprintf(`{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": [%q]%s}]}`, action, rest)
}

// lists are the lists that leave out what a caller may not see, with what is in them.
var lists = map[string]func(asked, string) answer{
	"desktops":                       func(a asked, page string) answer { return a.get("/desktops?" + page) },
	"desktops/detail":                func(a asked, page string) answer { return a.get("/desktops/detail?" + page) },
	"desktops by tags (former path)": func(a asked, page string) answer { return byTags(a, "resource_instances", page) },
	"desktops by tags":               func(a asked, page string) answer { return byTags(a, "resource-instances", page) },
}

// byTags lists desktops without a condition on tags.
func byTags(a asked, path, page string) answer {
	a.Helper()
	body := object{"action": "filter"}
	for pair := range strings.SplitSeq(page, "&") {
		name, value, _ := strings.Cut(pair, "=")
		body[name] = value
	}
	return a.send("POST", a.path("/desktops/"+path+"/action"), body)
}

func namesIn(e *env, a answer) (names []string) {
	for _, key := range []string{"desktops", "resources", "desktop_pools"} {
		for _, item := range e.ok(a).list(key) {
			one := answer{body: item}
			names = append(names, one.text("computer_name")+one.text("resource_name")+one.text("name"))
		}
	}
	slices.Sort(names)
	return names
}

func TestListsShowWhatThePoliciesAllow(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			e := newEnvOn(t, database(t))
			e.enterprises("e1", "e2")
			mine := e.create(object{"size": 1, "desktop_name": "mine", "enterprise_project_id": "e1", "tags": []object{{"key": "team", "value": "a\"b%"}}})[0]
			e.create(object{"size": 1, "desktop_name": "other", "tags": []object{{"key": "team", "value": "A\"b%"}}})
			e.create(object{"size": 1, "desktop_name": "third", "enterprise_project_id": "e2"})
			for i, c := range []struct {
				rest string
				want []string
			}{
				{``, []string{"mine", "other", "third"}},
				{`, "Condition": {"StringEquals": {"g:ResourceTag/team": ["a\"b%"]}}`, []string{"mine"}},
				{`, "Condition": {"StringLike": {"g:ResourceTag/team": ["A*"]}}`, []string{"other"}},
				{`, "Condition": {"StringLike": {"g:ResourceTag/team": ["*"]}}`, []string{"mine", "other"}},
				{`, "Condition": {"StringNotEquals": {"g:ResourceTag/team": ["a\"b%"]}}`, []string{"other", "third"}},
				{`, "Condition": {"StringEquals": {"g:EnterpriseProjectId": ["e1", "e2"]}}`, []string{"mine", "third"}},
				{`, "Condition": {"StringLike": {"g:EnterpriseProjectId": ["e*"]}, "StringNotEquals": {"g:EnterpriseProjectId": ["e2"]}}`, []string{"mine"}},
				{`, "Resource": ["workspace:*:*:desktop:` + mine + `"]`, []string{"mine"}},
				{`, "Resource": ["workspace:*:*:desktop:` + mine[:8] + `*", "workspace:*:*:desktop:x"]`, []string{"mine"}},
				{`, "Resource": ["workspace:*:*:desktop:x"]`, nil},
			} {
				a := e.as(fmt.Sprint("caller-", i), "", allow("workspace:desktops:*", c.rest))
				for name, list := range lists {
					if got := namesIn(e, list(a, "limit=10&offset=0")); !slices.Equal(got, c.want) {
						t.Errorf("%s of a caller with %s: %v, want %v", name, c.rest, got, c.want)
					}
					page := list(a, "limit=1&offset=0") // the count is of what the caller may see, and so are the pages
					if got := e.ok(page).number("total_count"); got != len(c.want) {
						t.Errorf("%s of a caller with %s counts %d", name, c.rest, got)
					}
				}
			}
			team := e.as("team", "", allow("workspace:desktops:*", `, "Condition": {"StringEquals": {"g:ResourceTag/team": ["a\"b%"]}}`))
			if a := team.get("/desktops/" + mine); a.status != http.StatusOK {
				t.Errorf("the caller's own desktop: %d %s", a.status, a.raw)
			}
			others := e.ok(e.get("/desktops?computer_name=other")).text("desktops", 0, "desktop_id")
			for _, path := range []string{"/desktops/" + others, "/desktops/" + others + "/tags", "/desktops/nothing", "/desktops/tags"} {
				e.refused(team.get(path), 403, workspace.CodeForbidden, "user team may not do workspace:desktops:")
			}
			e.refused(team.send("POST", e.path("/desktops/batch-delete"), object{"desktop_ids": []string{mine, others}}), 403, workspace.CodeForbidden, others)
			if a := team.send("DELETE", e.path("/desktops/"+mine), nil); a.status != http.StatusNoContent {
				t.Errorf("the caller's own desktop: %d %s", a.status, a.raw)
			}
		})
	}
}

func TestListsOfPoolsShowWhatThePoliciesAllow(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			e := newEnvOn(t, database(t))
			e.enterprises("e1")
			mine, _ := e.pool(object{"name": "mine", "size": 1, "enterprise_project_id": "e1", "tags": []object{{"key": "floor", "value": "1"}, {"key": "team", "value": `a& "b`}}})
			other, _ := e.pool(object{"name": "other", "size": 1, "tags": []object{{"key": "team", "value": `A& "b`}, {"key": "x", "value": `{"Key":"team"`}}})
			for i, c := range []struct {
				rest string
				want []string
			}{
				{``, []string{"mine", "other"}},
				{`, "Condition": {"StringEquals": {"g:ResourceTag/team": ["a& \"b"]}}`, []string{"mine"}},
				{`, "Condition": {"StringEquals": {"g:ResourceTag/team": ["a&"]}}`, nil},
				{`, "Condition": {"StringLike": {"g:ResourceTag/team": ["A&*", "x"]}}`, []string{"other"}},
				{`, "Condition": {"StringNotLike": {"g:ResourceTag/floor": ["*"]}}`, []string{"other"}},
				{`, "Condition": {"StringEquals": {"g:EnterpriseProjectId": ["e1"]}}`, []string{"mine"}},
				{`, "Resource": ["workspace:*:*:desktopPool:` + other + `"]`, []string{"other"}},
			} {
				a := e.as(fmt.Sprint("caller-", i), "", allow("workspace:desktopPools:*", c.rest))
				list := a.get("/desktop-pools?limit=10")
				if got := namesIn(e, list); !slices.Equal(got, c.want) || list.number("total_count") != len(c.want) {
					t.Errorf("pools of a caller with %s: %v, want %v", c.rest, list.raw, c.want)
				}
				for pool, id := range map[string]string{"mine": mine, "other": other} {
					status := http.StatusForbidden
					if slices.Contains(c.want, pool) {
						status = http.StatusOK
					}
					if got := a.get("/desktop-pools/" + id); got.status != status {
						t.Errorf("pool %s of a caller with %s: %d %s", pool, c.rest, got.status, got.raw)
					}
				}
			}
		})
	}
}

// What a body names is decided one by one: all of it must be allowed.
func TestBodiesNameWhatThePoliciesAllow(t *testing.T) {
	e := newEnv(t)
	e.enterprises("e1")
	tags := []object{{"key": "team", "value": "a"}}
	mine := e.create(object{"size": 1, "desktop_name": "mine", "tags": tags})[0]
	other := e.create(object{"size": 1, "desktop_name": "other", "enterprise_project_id": "e1"})[0]
	e.settle(mine, other)
	team := e.as("team", "", allow("workspace:*:*", `, "Condition": {"StringEquals": {"g:ResourceTag/team": ["a"]}}`))
	bodies := map[string]func(ids ...string) object{
		"/desktops/action":       func(ids ...string) object { return object{"desktop_ids": ids, "op_type": "os-start"} },
		"/desktops/batch-delete": func(ids ...string) object { return object{"desktop_ids": ids} },
		"/desktops/detach":       func(ids ...string) object { return object{"desktop_ids": ids} },
	}
	for _, path := range []string{
		"/desktops/attach", "/desktops/batch-attach", "/desktops/pre-batch-attach", "/desktops/batch-detach", "/desktops/change-user-privilege-group", "/desktops/batch-tags",
	} {
		bodies[path] = func(ids ...string) object {
			var desktops []object
			for _, id := range ids {
				desktops = append(desktops, object{"desktop_id": id, "tags": tags})
			}
			return object{"desktops": desktops}
		}
	}
	for path, body := range bodies {
		for _, ids := range [][]string{{other}, {mine, other}, {other, mine}, {"nothing"}, {}} {
			if a := team.send("POST", e.path(path), body(ids...)); a.status != http.StatusForbidden && len(ids) > 0 || a.status < 400 {
				t.Errorf("%s of %v: %d %s", path, ids, a.status, a.raw)
			}
		}
		if a := team.send("POST", e.path(path), body(mine)); a.status == http.StatusForbidden {
			t.Errorf("%s of the caller's desktop: %s", path, a.raw)
		}
	}
	for _, path := range []string{"/desktops", "/desktop-pools"} {
		request := func(changes object) object {
			if path == "/desktops" {
				changes["size"], changes["desktop_name"] = 1, "new"
				return order(changes)
			}
			return e.poolOrder(changes)
		}
		e.refused(team.send("POST", e.path(path), request(object{})), 403, workspace.CodeForbidden, ":create")
		e.ok(team.send("POST", e.path(path), request(object{"tags": tags})))
		e.refused(e.as("zero-"+strings.Trim(path, "/"), "", allow("workspace:*:*", `, "Condition": {"StringEquals": {"g:EnterpriseProjectId": ["e1"]}}`)).
			send("POST", e.path(path), request(object{})), 403, workspace.CodeForbidden, ":create")
	}
	e.refused(team.send("POST", e.path("/script-executions"), object{}), 403, workspace.CodeForbidden, "as far as the request tells")
}

// A refusal says that it is one, and only who may decode it learns which policy it was.
func TestARefusalHasAnEncodedMessage(t *testing.T) {
	e := newEnv(t)
	reader := e.as("reader", iam.RoleReader, "")
	a := reader.send("DELETE", e.path("/desktops/d1"), nil)
	e.refused(a, 403, workspace.CodeForbidden, "user reader may not do workspace:desktops:delete on workspace:local-1:"+e.first.ProjectID+":desktop:d1: no policy allows it")
	decoded := e.ok(e.do("POST", "/v5/decode-authorization-message", object{"encoded_message": a.text("encoded_authorization_message")}))
	if text := decoded.text("decoded_message"); !strings.Contains(text, `"action":"workspace:desktops:delete"`) || !strings.Contains(text, `"source_ip":"192.0.2.1"`) {
		t.Error(decoded.raw)
	}
	if a := e.get("/desktops/d1"); a.status != 404 || a.text("encoded_authorization_message") != "" {
		t.Errorf("another error has a message, too: %s", a.raw)
	}
}
