package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

const enterprisesPath = "/v1.0/enterprise-projects"

// enterprise creates an enterprise project and returns its id.
func (e *env) enterprise(name string) string {
	e.Helper()
	return e.ok(e.do("POST", enterprisesPath, object{"name": name})).text("enterprise_project", "id")
}

// enterprises adds enterprise projects with these ids.
func (e *env) enterprises(ids ...string) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		for _, id := range ids {
			_, err := tx.NewRaw(`INSERT INTO enterprise_projects (account_id, id, name, name_folded, description, type, enabled, created, updated)
				VALUES (?, ?, ?, ?, '', 'prod', TRUE, ?, ?)`, e.first.DomainID, id, id, id, tx.Now(), tx.Now()).Exec(e.Context())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) able(id, action string) answer {
	e.Helper()
	return e.do("POST", enterprisesPath+"/"+id+"/action", object{"action": action})
}

func (e *env) migrate(to string, body object) answer {
	e.Helper()
	all := object{"project_id": e.first.ProjectID, "resource_type": "workspace-desktop"}
	maps.Copy(all, body)
	return e.do("POST", enterprisesPath+"/"+to+"/resources-migrate", all)
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, f func(e *env)) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) { f(newEnvOn(t, database(t))) })
	}
}

func TestEnterpriseProjectsAreCreatedListedChangedAndDisabled(t *testing.T) {
	onBoth(t, func(e *env) {
		a := e.ok(e.do("POST", enterprisesPath, object{"name": "Phys_ics-物理", "description": "upstairs", "type": "poc"}))
		id := a.text("enterprise_project", "id")
		for field, want := range map[string]any{"name": "Phys_ics-物理", "description": "upstairs", "type": "poc", "status": 1.0, "delete_flag": false} {
			if got := e.ok(e.do("GET", enterprisesPath+"/"+id, nil)).at("enterprise_project", field); got != want || a.at("enterprise_project", field) != want {
				e.Errorf("%s is %v, want %v", field, got, want)
			}
		}
		for body, message := range map[string]string{
			`{"name": ""}`: "name: ", `{"name": "` + strings.Repeat("x", 65) + `"}`: "name: at most 64", `{"name": "a b"}`: `name: ' ' is not allowed`, `{}`: "name: must be given",
			`{"name": "DEFAULT"}`: "name: ", `{"name": "x", "description": "` + strings.Repeat("x", 513) + `"}`: "description: at most 512", `{"name": "x", "type": "y"}`: "type: ",
		} {
			e.refused(e.do("POST", enterprisesPath, body), http.StatusBadRequest, workspace.CodeInvalid, message)
		}
		e.refused(e.do("POST", enterprisesPath, object{"name": "PHYS_ics-物理"}), http.StatusConflict, workspace.CodeNameTaken, "name: ")
		other := e.enterprise("Biology")
		e.refused(e.do("PUT", enterprisesPath+"/"+other, object{"name": "phys_ics-物理"}), http.StatusConflict, workspace.CodeNameTaken, "name: ")
		changed := e.ok(e.do("PUT", enterprisesPath+"/"+id, object{"name": "Physics"}))
		if changed.text("enterprise_project", "name") != "Physics" || changed.text("enterprise_project", "description") != "upstairs" {
			e.Errorf("changed: %s", changed.raw)
		}
		e.refused(e.do("PUT", enterprisesPath+"/0", object{"name": "Zero"}), http.StatusConflict, workspace.CodeConflict, "default")
		e.refused(e.able("0", "disable"), http.StatusConflict, workspace.CodeConflict, "default")
		e.refused(e.able(id, "delete"), http.StatusBadRequest, workspace.CodeInvalid, "action: ")
		for range 2 { // again is no error
			if a := e.able(id, "disable"); a.status != http.StatusNoContent {
				e.Errorf("disabling: %d %s", a.status, a.raw)
			}
		}
		for query, want := range map[string][]string{
			"": {"Biology", "Physics", "default"}, "sort_dir=asc": {"default", "Physics", "Biology"}, "limit=1": {"Biology"}, "limit=1&offset=1": {"Physics"},
			"sort_key=updated_at": {"Physics", "Biology", "default"}, "name=LOG": {"Biology"}, "id=0": {"default"}, "status=2": {"Physics"}, "status=1": {"Biology", "default"},
			"type=poc": {"Physics"}, "type=prod&name=phys": nil, "offset=9": nil,
		} {
			a := e.ok(e.do("GET", enterprisesPath+"?"+query, nil))
			var names []string
			for _, item := range a.list("enterprise_projects") {
				names = append(names, answer{body: item}.text("name"))
			}
			if !slices.Equal(names, want) {
				e.Errorf("%q lists %v, want %v", query, names, want)
			}
		}
		for query, message := range map[string]string{"limit=0": "limit: ", "limit=1001": "limit: ", "offset=-1": "offset: ", "status=3": "status: ", "sort_key=name": "sort_key: "} {
			e.refused(e.do("GET", enterprisesPath+"?"+query, nil), http.StatusBadRequest, workspace.CodeInvalid, message)
		}
		quota := e.ok(e.do("GET", enterprisesPath+"/quotas", nil))
		if quota.number("quotas", "resources", 0, "used") != 2 || quota.number("quotas", "resources", 0, "quota") != 100 || quota.text("quotas", "resources", 0, "type") != "enterprise_project" {
			e.Errorf("quotas: %s", quota.raw)
		}
		if a := e.ok(e.do("GET", "/v1/enterprise-projects/configs", nil)); a.text("support_item", "delete_ep_support") != "false" {
			e.Errorf("configs: %s", a.raw)
		}
		for _, unknown := range []string{"nothing", url.PathEscape("a b'\"%"), strings.Repeat("x", 300)} {
			e.refused(e.do("GET", enterprisesPath+"/"+unknown, nil), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "does not exist")
			e.refused(e.do("PUT", enterprisesPath+"/"+unknown, object{"name": "x"}), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "does not exist")
			e.refused(e.able(unknown, "enable"), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "does not exist")
			e.refused(e.do("POST", enterprisesPath+"/"+unknown+"/resources/filter", object{"resource_types": []string{"workspace-desktop"}}), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "does not exist")
		}
		e.refused(e.do("GET", enterprisesPath+"/0", nil, func(r *http.Request) { r.Header.Set("X-Domain-Id", "other") }), http.StatusForbidden, workspace.CodeForbidden, "X-Domain-Id: ")
		records := e.ok(e.do("GET", "/v3/audit-records?operation=EnableEnterpriseProject&resource_id="+id, nil))
		if records.text("records", 0, "resource_type") != "enterprise_project" || records.text("records", 0, "resource_name") != "Physics" {
			e.Errorf("audit: %s", records.raw)
		}
	})
}

func TestAnAccountHasSoManyEnterpriseProjects(t *testing.T) {
	e := newEnv(t)
	for i := range 100 {
		e.enterprises(fmt.Sprint("e", i))
	}
	e.refused(e.do("POST", enterprisesPath, object{"name": "one-more"}), http.StatusConflict, workspace.CodeConflict, "100 enterprise projects, which is the limit")
}

// requestsWithEnterprise returns the operations whose body, or whose query, names an enterprise project, as the API describes itself.
func requestsWithEnterprise(t *testing.T, e *env) (bodies, queries []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			ID          string `json:"operationId"`
			Parameters  []struct{ Name, In string }
			RequestBody struct {
				Content map[string]struct{ Schema any }
			} `json:"requestBody"`
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(e.do("GET", "/openapi.json", nil).raw), &doc); err != nil {
		t.Fatal(err)
	}
	var has func(schema any, depth int) bool
	has = func(schema any, depth int) bool {
		s, _ := schema.(map[string]any)
		if ref, is := s["$ref"].(string); is && depth < 10 {
			return has(doc.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]], depth+1)
		}
		properties, _ := s["properties"].(map[string]any)
		for name, of := range properties {
			if name == "enterprise_project_id" || has(of, depth+1) {
				return true
			}
		}
		return s["items"] != nil && has(s["items"], depth+1)
	}
	for _, methods := range doc.Paths {
		for _, o := range methods {
			for _, p := range o.Parameters {
				if p.Name == "enterprise_project_id" && p.In == "query" {
					queries = append(queries, o.ID)
				}
			}
			for _, c := range o.RequestBody.Content {
				if has(c.Schema, 0) {
					bodies = append(bodies, o.ID)
				}
			}
		}
	}
	slices.Sort(bodies)
	slices.Sort(queries)
	return slices.Compact(bodies), slices.Compact(queries)
}

// puttingCalls put something into an enterprise project. One for each operation whose body names one, but for what filters.
var puttingCalls = map[string]string{
	"CreateDesktop":          `{` + orderText + `, "size": 1, "desktop_name": "put", "enterprise_project_id": "{ep}"}`,
	"CreateDesktopPool":      `{` + orderText + `, "name": "PUT1", "type": "DYNAMIC", "size": 1, "subnet_ids": ["{subnet}"], "enterprise_project_id": "{ep}"}`,
	"CreateOrder":            `{"type": "createDesktops", "enterprise_project_id": "{ep}", "resources": [{"create_desktops": {` + orderText + `, "size": 1, "desktop_name": "put2"}}]}`,
	"UpdateDesktopPool":      `{"enterprise_project_id": "{ep}"}`,
	"CreateDesktopUser":      `{"user_name": "put1", "user_email": "put1@example.org", "enterprise_project_id": "{ep}"}`,
	"CreateVpc":              `{"vpc": {"name": "put", "cidr": "10.0.0.0/8", "enterprise_project_id": "{ep}"}}`,
	"CreateVpcSecurityGroup": `{"security_group": {"name": "put", "enterprise_project_id": "{ep}"}}`,
	"CreateSecurityGroup":    `{"security_group": {"name": "put", "enterprise_project_id": "{ep}"}}`,
	"ApplyDesktopsInternet":  `{"count": 1, "eip_type": "5_bgp", "eip_charge_mode": "TRAFFIC", "bandwidth_size": 5, "enterprise_project_id": "{ep}"}`,
	"CreatePublicip":         `{"publicip": {"type": "5_bgp"}, "bandwidth": {"share_type": "PER", "size": 5}, "enterprise_project_id": "{ep}"}`,
	"BatchCreateUsers":       `{"users": [{"user_name": "first", "user_email": "f@example.org"}, {"user_name": "put", "user_email": "put@example.org", "enterprise_project_id": "{ep}"}]}`,
}

// TestEveryOperationKnowsItsEnterpriseProject goes through all operations that name one, as the API describes them: unknown ones are refused, and disabled ones
// take nothing new.
func TestEveryOperationKnowsItsEnterpriseProject(t *testing.T) {
	o := newOffice(t)
	bodies, queries := requestsWithEnterprise(t, o.env)
	if len(bodies) < 6 || len(queries) < 6 {
		t.Fatalf("found %v and %v", bodies, queries)
	}
	off := o.enterprise("Off")
	if a := o.able(off, "disable"); a.status != http.StatusNoContent {
		t.Fatal(a.raw)
	}
	for _, id := range bodies {
		switch id {
		case "AddDesktopVolumes", "BatchRebuildDesktopsSystemDisk", "ChangeDesktopToImage", "CreateCloudImage", "CreateChangeOrder":
			continue // they refuse all but the default one: what is there stays where it is, and images are there
		}
		body, puts := puttingCalls[id]
		if id == "ExportUsersNew" { // a filter
			body = `{"enterprise_project_id": "{ep}"}`
		} else if !puts {
			t.Errorf("%s names an enterprise project, and puttingCalls has no call of it", id)
			continue
		}
		send := func(ep string, change ...func(*http.Request)) answer {
			return o.sendTo(id, goodCalls[id].path, strings.ReplaceAll(body, "{ep}", ep), change...)
		}
		before := o.rows()
		o.refused(send("nothing"), http.StatusNotFound, workspace.CodeEnterpriseNotFound, `enterprise_project_id: enterprise project "nothing" does not exist`)
		o.refused(send("nothing", dryly), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "enterprise_project_id: ")
		o.refused(send("nothing", withClientToken("n"+id)), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "enterprise_project_id: ")
		if puts {
			o.refused(send(off), http.StatusBadRequest, workspace.CodeEnterpriseDisabled, "enterprise_project_id: enterprise project Off ("+off+") is disabled")
			o.refused(send(off, dryly), http.StatusBadRequest, workspace.CodeEnterpriseDisabled, "enterprise_project_id: ")
		}
		if after := o.rows(); len(after)-len(before) > 10 { // audit records of the refusals
			t.Errorf("%s wrote %d rows", id, len(after)-len(before))
		}
		if a := send(o.ids["labs"]); a.status >= 400 {
			t.Errorf("%s in an enterprise project that there is: %d %s", id, a.status, a.raw)
		}
	}
	for _, id := range queries {
		var target, method string
		for _, operation := range api.Operations() {
			if operation.ID == id {
				method = operation.Method
				target = strings.NewReplacer("{project_id}", o.first.ProjectID, "{group_id}", o.ids["group"], "{pool_id}", o.ids["pool"]).Replace(operation.Path) + "?"
				if id == "ExportDesktopListNew" {
					target += "language=en_US&"
				}
			}
		}
		o.refused(o.do(method, target+"enterprise_project_id=nothing", nil), http.StatusNotFound, workspace.CodeEnterpriseNotFound, "enterprise_project_id: ")
		for _, known := range []string{"0", off, ""} {
			if a := o.do(method, target+"enterprise_project_id="+known, nil); a.status != http.StatusOK {
				t.Errorf("%s of %q: %d %s", id, known, a.status, a.raw)
			}
		}
	}
	pool, _ := o.pool(object{"name": "POOL08", "size": 1, "enterprise_project_id": o.ids["labs"]})
	o.endWork(pool)
	o.able(o.ids["labs"], "disable")
	o.refused(o.post("/desktop-pools/"+pool+"/expand", object{"size": 1}), http.StatusBadRequest, workspace.CodeEnterpriseDisabled, "enterprise project Labs")
	o.able(o.ids["labs"], "enable")
	o.ok(o.post("/desktop-pools/"+pool+"/expand", object{"size": 1}))
}

// A caller needs rights in the enterprise project that something is put into, and in that which it leaves.
func TestTheRecordsOfScriptsMoveWithTheirDesktop(t *testing.T) {
	e := newEnv(t)
	e.enterprises("e1", "e2")
	made := e.create(object{"size": 1, "desktop_name": "mine", "enterprise_project_id": "e1"})
	e.settle(made...)
	e.ok(e.post("/script-executions", object{"resource_ids": made, "command": "true", "command_type": "SHELL"}))
	seen := func(a asked) int {
		return len(e.ok(a.send("GET", e.path("/script-execution-records"), nil)).list("script_records"))
	}
	first, second := e.as("first", "", ""), e.as("second", "", "")
	first.hold("e1", "operator")
	second.hold("e2", "operator")
	if a, b := seen(first), seen(second); a != 1 || b != 0 {
		t.Errorf("before: %d and %d", a, b)
	}
	if a := e.migrate("e2", object{"resource_id": made[0]}); a.status >= 300 {
		t.Fatal(a.raw)
	}
	if a, b := seen(first), seen(second); a != 0 || b != 1 {
		t.Errorf("after: %d and %d", a, b)
	}
}

func TestResourcesMoveBetweenEnterpriseProjects(t *testing.T) {
	onBoth(t, func(e *env) {
		e.enterprises("e1", "e2")
		made := e.create(object{"size": 1, "desktop_name": "mine", "enterprise_project_id": "e1"})
		other := e.create(object{"size": 1, "desktop_name": "other", "enterprise_project_id": "e2"})[0]
		pool, members := e.pool(object{"name": "POOL01", "size": 2, "enterprise_project_id": "e1"})
		inE1 := e.as("in-e1", "", "")
		inE1.hold("e1", "operator")
		both := e.as("both", "", "")
		both.hold("e1", "operator")
		both.hold("e2", "operator")

		e.refused(inE1.send("PUT", e.path("/desktop-pools/"+pool), object{"enterprise_project_id": "e2"}), 403, workspace.CodeForbidden, "workspace:desktopPools:update")
		e.refused(inE1.send("PUT", e.path("/desktop-pools/"+pool), object{"enterprise_project_id": ""}), 403, workspace.CodeForbidden, "workspace:desktopPools:update")
		if a := inE1.send("PUT", e.path("/desktop-pools/"+pool), object{"enterprise_project_id": "e1", "description": "still"}); a.status >= 300 {
			e.Errorf("the same one: %d %s", a.status, a.raw)
		}
		move := func(who asked, to, id, kind string, associated bool) answer {
			return who.send("POST", enterprisesPath+"/"+to+"/resources-migrate", object{
				"project_id": e.first.ProjectID, "resource_id": id, "resource_type": kind, "associated": associated,
			})
		}
		e.refused(move(inE1, "e2", made[0], "workspace-desktop", false), 403, workspace.CodeForbidden, "eps:resources:add")
		e.refused(move(inE1, "e1", other, "workspace-desktop", false), 403, workspace.CodeForbidden, "eps:resources:remove")
		e.refused(move(inE1, "e1", "nothing", "workspace-desktop", false), 403, workspace.CodeForbidden, "eps:resources:remove")
		e.refused(e.migrate("e2", object{"resource_id": "nothing"}), 404, workspace.CodeDesktopNotFound, "nothing")
		e.refused(e.migrate("e2", object{"resource_id": "nothing", "resource_type": "workspace-desktop-pool"}), 404, workspace.CodePoolNotFound, "nothing")
		e.refused(e.migrate("e2", object{"resource_id": made[0], "resource_type": "ecs"}), 400, workspace.CodeInvalid, "resource_type: ")
		e.refused(e.migrate("e2", object{"resource_id": made[0], "project_id": "x"}), 404, workspace.CodeProjectNotFound, "project_id: ")
		e.refused(e.migrate("e2", object{"resource_id": made[0], "project_id": nil}), 400, workspace.CodeInvalid, "project_id: must be given")
		e.refused(e.migrate("e9", object{"resource_id": made[0]}), 404, workspace.CodeEnterpriseNotFound, "e9")
		e.able("e2", "disable")
		e.refused(e.migrate("e2", object{"resource_id": made[0]}), 400, workspace.CodeEnterpriseDisabled, "e2")
		e.able("e2", "enable")

		in := func(ep string) []string { return namesIn(e, e.get("/desktops?limit=10&enterprise_project_id="+ep)) }
		if a := move(both, "e2", made[0], "workspace-desktop", false); a.status != http.StatusNoContent {
			e.Errorf("moving: %d %s", a.status, a.raw)
		}
		if got := in("e2"); !slices.Equal(got, []string{"mine", "other"}) {
			e.Errorf("e2 has %v", got)
		}
		if e.ok(e.get("/desktops/"+made[0])).text("desktop", "enterprise_project_id") != "e2" {
			e.Error("the desktop shows where it was")
		}
		if a := inE1.get("/desktops/" + made[0]); a.status != http.StatusForbidden {
			e.Errorf("who has rights where it was: %d %s", a.status, a.raw)
		}
		if subs := inE1.get("/workspace-sub-jobs"); strings.Contains(subs.raw, "mine") || !strings.Contains(subs.raw, "POOL01") {
			e.Errorf("sub-jobs of e1: %s", subs.raw)
		}
		records := e.ok(e.get("/audit-records?operation=MigrateResource&resource_id=" + made[0] + "&result=success"))
		if records.text("records", 0, "changes", 0, "old") != "e1" || records.text("records", 0, "changes", 0, "new") != "e2" || records.text("records", 0, "resource_name") != "mine" {
			e.Errorf("audit: %s", records.raw)
		}

		if a := move(both, "e2", pool, "workspace-desktop-pool", false); a.status != http.StatusNoContent {
			e.Errorf("moving a pool: %d %s", a.status, a.raw)
		}
		if a := e.ok(e.get("/desktop-pools/" + pool)); a.text("enterprise_project_id") != "e2" || len(in("e1")) != len(members) {
			e.Errorf("a pool without its desktops: %s, %v", a.raw, in("e1"))
		}
		listed := both.get("/desktop-pools/" + pool + "/desktops")
		if mine := inE1.get("/desktop-pools/" + pool + "/desktops"); listed.number("total_count") != 2 || mine.status != http.StatusForbidden {
			e.Errorf("desktops of the pool: %s and %s", listed.raw, mine.raw)
		}
		inE2 := e.as("in-e2", "", "")
		inE2.hold("e2", "reader")
		if a := e.ok(inE2.get("/desktop-pools/" + pool + "/desktops")); a.number("total_count") != 0 {
			e.Errorf("desktops in another enterprise project than their pool: %s", a.raw)
		}
		move(both, "e1", pool, "workspace-desktop-pool", false)
		if a := move(both, "e2", pool, "workspace-desktop-pool", true); a.status != http.StatusNoContent || len(in("e1")) != 0 {
			e.Errorf("a pool with its desktops: %d %s, in e1 are %v", a.status, a.raw, in("e1"))
		}
		if a := e.ok(inE2.get("/desktop-pools/" + pool + "/desktops")); a.number("total_count") != 2 {
			e.Errorf("desktops that moved with their pool: %s", a.raw)
		}

		filter := func(who asked, ep string, body object) answer {
			return who.send("POST", enterprisesPath+"/"+ep+"/resources/filter", body)
		}
		all := e.ok(filter(both, "e2", object{"resource_types": []string{"workspace-desktop", "workspace-desktop-pool"}}))
		if all.number("total_count") != 5 || all.text("resources", 0, "project_id") != e.first.ProjectID || all.text("resources", 0, "enterprise_project_name") != "e2" {
			e.Errorf("resources of e2: %s", all.raw)
		}
		for text, want := range map[string]int{
			`{"resource_types": ["workspace-desktop-pool"]}`: 1, `{"resource_types": ["workspace-desktop"], "matches": [{"key": "resource_name", "value": "OTH"}]}`: 1,
			`{"resource_types": ["workspace-desktop"], "projects": ["x"]}`: 0, `{"resource_types": ["workspace-desktop"], "limit": 1, "offset": 1}`: 1,
			`{"resource_types": ["workspace-desktop"], "offset": 99}`: 0,
		} {
			var body object
			if err := json.Unmarshal([]byte(text), &body); err != nil {
				e.Fatal(err)
			}
			if a := e.ok(filter(inE2, "e2", body)); len(a.list("resources")) != want {
				e.Errorf("%s lists %s", text, a.raw)
			}
		}
		for text, message := range map[string]string{
			`{}`: "resource_types: ", `{"resource_types": []}`: "resource_types: ", `{"resource_types": ["ecs"]}`: "resource_types[0]: ",
			`{"resource_types": ["workspace-desktop"], "limit": 1001}`: "limit: ", `{"resource_types": ["workspace-desktop"], "matches": [{"key": "x", "value": ""}]}`: "matches[0].key: ",
		} {
			e.refused(e.do("POST", enterprisesPath+"/e2/resources/filter", text), 400, workspace.CodeInvalid, message)
		}
		e.refused(filter(inE1, "e2", object{"resource_types": []string{"workspace-desktop"}}), 403, workspace.CodeForbidden, "eps:resources:list")
		if a := e.ok(inE2.send("GET", enterprisesPath, nil)); a.number("total_count") != 1 || a.text("enterprise_projects", 0, "id") != "e2" {
			e.Errorf("enterprise projects of who has rights in one: %s", a.raw)
		}
		e.refused(inE2.send("GET", enterprisesPath+"/e1", nil), 403, workspace.CodeForbidden, "eps:enterpriseProjects:get")
		e.refused(inE2.send("POST", enterprisesPath, object{"name": "x"}), 403, workspace.CodeForbidden, "eps:enterpriseProjects:create")
		e.refused(both.send("POST", enterprisesPath+"/e1/action", object{"action": "disable"}), 403, workspace.CodeForbidden, "eps:enterpriseProjects:enable")
	})
}

// hold gives the caller a role in an enterprise project.
func (a asked) hold(enterprise, role string) {
	a.Helper()
	me := a.send("GET", "/v3/auth/tokens", nil, func(r *http.Request) { r.Header.Set("X-Subject-Token", a.token) }).text("token", "user", "id")
	if got := a.do("PUT", "/v3.0/OS-PERMISSION/enterprise-projects/"+enterprise+"/users/"+me+"/roles/"+role, nil); got.status != http.StatusNoContent {
		a.Fatalf("no role: %d %s", got.status, got.raw)
	}
}

// Of enabling and disabling a caller may do one without the other.
func TestDisablingIsAnActionOfItsOwn(t *testing.T) {
	e := newEnv(t)
	id := e.enterprise("Labs")
	policies := map[string]string{"enable": "eps:enterpriseProjects:enable", "disable": "eps:enterpriseProjects:disable"}
	for may, action := range policies {
		body := object{"role": object{"display_name": may, "type": "AX", "policy": object{
			"Version": "5.0", "Statement": []object{{"Effect": "Allow", "Action": []string{action}}},
		}}}
		role := e.do("POST", "/v3.0/OS-ROLE/roles", body).text("role", "id")
		who := e.as("may-"+may, "", "")
		user := e.ok(e.do("GET", "/v3/users?name=may-"+may, nil)).text("users", 0, "id")
		if a := e.do("PUT", "/v3/domains/"+e.first.DomainID+"/users/"+user+"/roles/"+role, nil); a.status != http.StatusNoContent {
			t.Fatal(a.raw)
		}
		for _, act := range []string{"disable", "enable"} {
			a := who.send("POST", enterprisesPath+"/"+id+"/action", object{"action": act})
			if want := map[bool]int{true: http.StatusNoContent, false: http.StatusForbidden}[act == may]; a.status != want {
				t.Errorf("who may %s does %s: %d %s", may, act, a.status, a.raw)
			}
		}
	}
}

// What is about the account cannot be changed with a credential for a project.
func TestEnterpriseProjectsAreOfTheAccount(t *testing.T) {
	e := newEnv(t)
	scoped := object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{
			"name": e.first.UserName, "password": e.first.Password, "domain": object{"name": e.first.DomainName},
		}}},
		"scope": object{"project": object{"id": e.first.ProjectID}},
	}}
	token := e.do("POST", "/v3/auth/tokens", scoped, func(r *http.Request) { r.Header.Del("X-Auth-Token") }).header.Get("X-Subject-Token")
	a := asked{e, token}
	e.refused(a.send("POST", enterprisesPath, object{"name": "x"}), 403, workspace.CodeForbidden, "use a token with auth.scope.domain")
	e.ok(a.send("GET", enterprisesPath, nil))
	other := e.otherProject("other")
	other.create(object{"size": 1, "desktop_name": "theirs"})
	e.create(object{"size": 1, "desktop_name": "ours"})
	types := object{"resource_types": []string{"workspace-desktop"}}
	if got := e.ok(a.send("POST", enterprisesPath+"/0/resources/filter", types)); got.number("total_count") != 1 || strings.Contains(got.raw, "theirs") {
		t.Errorf("with a credential for a project: %s", got.raw)
	}
	if got := e.ok(e.do("POST", enterprisesPath+"/0/resources/filter", types)); got.number("total_count") != 2 {
		t.Errorf("with one for the account: %s", got.raw)
	}
}
