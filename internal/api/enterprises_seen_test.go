package api_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fillEnterprise puts something of every kind that has one into an enterprise project.
func (e *env) fillEnterprise(id, mark string) {
	e.Helper()
	in := func(body object) object { body["enterprise_project_id"] = id; return body }
	user := e.ok(e.post("/users", in(object{"user_name": mark, "user_email": mark + "@example.org", "description": mark}))).text("id")
	desktops := e.create(in(object{"size": 2, "desktop_name": mark, "tags": []object{{"key": mark, "value": mark}}}))
	e.settle(desktops...)
	e.ok(e.post("/snapshots/batch-create", object{"desktop_ids": desktops[:1], "disk_type": "SYSTEM_DISK", "system_disk_snapshot": object{"name": mark, "description": mark}}))
	pool, _ := e.pool(in(object{"name": mark, "description": mark}))
	e.endWork(pool)
	e.ok(e.post("/desktop-pools/"+pool+"/users", object{"action": "ADD", "objects": []object{
		{"object_id": user, "object_type": "USER", "object_name": mark, "user_group": "sudo"},
	}}))
	e.ok(e.post("/desktop-pools/"+pool+"/notifications", object{"notifications": mark}))
	e.ok(e.post("/script-executions", object{"resource_ids": desktops, "command": "echo " + mark, "command_type": "SHELL"}))
	e.ok(e.post("/desktop-pools/"+pool+"/script-executions", object{"command_content": "echo " + mark, "command_type": "SHELL"}))
	gone := e.create(in(object{"size": 1, "desktop_name": mark + "gone"}))
	e.settle(gone...)
	e.ok(e.post("/desktops/batch-delete", object{"desktop_ids": gone}))
	moved := e.create(object{"size": 1, "desktop_name": mark + "moved"}) // into it, with what is kept of its jobs
	e.settle(moved...)
	if a := e.migrate(id, object{"resource_id": moved[0]}); a.status != http.StatusNoContent {
		e.Fatalf("moving: %d %s", a.status, a.raw)
	}
}

// TestTwoEnterpriseProjectsNeverSeeEachOther calls every operation that lists or gets, as who has rights in one enterprise project of a project, with the ids
// and names of what is in the other one as parameters: no answer has an id or the mark of the other, but what the request itself has.
func TestTwoEnterpriseProjectsNeverSeeEachOther(t *testing.T) {
	onBoth(t, func(e *env) { e.separateEnterprises(e.TB.(*testing.T)) })
}

func (e *env) separateEnterprises(t *testing.T) {
	t.Helper()
	e.enterprises("e1", "e2")
	seenAs := func(name, enterprise string) *env {
		who := e.as(name, "", "")
		who.hold(enterprise, "operator")
		o := *e
		o.token = who.token
		return &o
	}
	me, they := seenAs("caller-of-one", "e1"), seenAs("caller-of-two", "e2")
	all := readings(t)
	e.fillEnterprise("e1", markA)
	mine := idsIn(t, me, all)
	e.fillEnterprise("e2", markB)
	var foreign []string
	for id := range idsIn(t, they, all) {
		if !mine[id] {
			foreign = append(foreign, id)
		}
	}
	slices.Sort(foreign)
	if len(foreign) < 20 {
		t.Fatalf("who has rights in the other enterprise project sees %d ids: is it empty?", len(foreign))
	}
	shown := map[string]bool{}
	for _, o := range all {
		if o.params() > 0 {
			continue
		}
		_, a := o.call(me, nil, nil)
		for _, text := range append(slices.Collect(maps.Keys(mine)), markA) {
			shown[o.ID] = shown[o.ID] || strings.Contains(a.raw, text)
		}
	}
	for _, id := range []string{"ListDesktops", "ListDesktopsDetail", "ListDesktopPools", "ListItaSubJobs", "ListScriptTasks", "ListScriptRecords", "ShowDesktopPoolsScriptExecTasks", "ListUsers"} {
		if !shown[id] {
			t.Fatalf("%s shows nothing of the caller's enterprise project", id)
		}
	}
	separate := func(t interface{ Errorf(string, ...any) }, o reading, path []string, query url.Values) {
		sent, a := o.call(me, path, query)
		if a.status >= 500 {
			t.Errorf("%s %s: %d %s", o.ID, sent, a.status, a.raw)
		}
		for _, text := range append([]string{markB}, foreign...) {
			if strings.Contains(a.raw, text) && !strings.Contains(sent, text) {
				t.Errorf("%s %s shows %s of the other enterprise project: %s", o.ID, sent, text, a.raw)
			}
		}
		if len(path) > 0 && a.status < 300 && !mine[path[0]] && len(query) == 0 {
			t.Errorf("%s %s found what is in the other enterprise project: %s", o.ID, sent, a.raw)
		}
	}
	for _, o := range all {
		if o.params() == 0 {
			separate(t, o, nil, nil)
			continue
		}
		for _, id := range foreign {
			separate(t, o, slices.Repeat([]string{id}, o.params()), nil)
		}
	}
	own := slices.Sorted(maps.Keys(mine))
	value := rapid.OneOf(rapid.SampledFrom(foreign), rapid.SampledFrom(own), rapid.SampledFrom([]string{markA, markB, "qq", "", "0", "1", "true", "e1", "e2"}))
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			o := rapid.SampledFrom(all).Draw(t, "operation")
			path := rapid.SliceOfN(value, o.params(), o.params()).Draw(t, "path")
			for i := range path {
				if path[i] == "" {
					path[i] = "x"
				}
			}
			query := url.Values{}
			for _, name := range o.query {
				if rapid.Bool().Draw(t, "with "+name) {
					query.Add(name, value.Draw(t, name))
				}
			}
			if len(path) > 0 && !mine[path[0]] && len(query) == 0 && !slices.Contains(foreign, path[0]) {
				continue // a word that is no id
			}
			separate(t, o, path, query)
		}
	})
	for _, id := range foreign {
		for path, body := range map[string]object{
			"/workspace-jobs/" + id + "/actions": {"op_type": "retry"}, "/workspace-sub-jobs/batch-delete": {"job_ids": []string{id}},
			"/script-executions/stop": {"task_id": id}, "/script-executions/retry": {"record_id": id}, "/users/" + id + "/actions": {"op_type": "LOCK"},
		} {
			if a := me.post(path, body); a.status != http.StatusForbidden {
				t.Errorf("%s of %s: %d %s", path, id, a.status, a.raw)
			}
		}
	}
}
