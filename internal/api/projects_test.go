package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/core"
)

// The marks of two projects: what is in one has the same form and name as what is in the other, but for the mark.
const (
	markA = "qqone"
	markB = "qqtwo"
)

// otherProject adds a project with a service of its own, and returns an env that calls it.
func (e *env) otherProject(name string) *env {
	e.Helper()
	a := e.do("POST", "/v3/projects", object{"project": object{"name": name}})
	if a.status != http.StatusCreated {
		e.Fatalf("no project: %s", a.raw)
	}
	o := *e
	o.first.ProjectID = a.text("project", "id")
	service := core.NewServices(core.Config{Store: e.store}).Catalog
	subnets := []catalog.NewSubnet{{Name: "subnet", CIDR: "10.9.0.0/24", Gateway: "10.9.0.1", Network: "net-" + name}}
	if err := service.Subscribe(e.Context(), o.first.ProjectID, "", "10.9.0.0/16", subnets); err != nil {
		e.Fatal(err)
	}
	o.ok(o.post("/agencies", object{"scene": "WORKSPACE", "action": "CREATE"}))
	o.subnetID = o.ok(o.get("/subnets")).text("subnets", 0, "id")
	o.vpcID = o.ok(o.get("/vpcs")).text("vpcs", 0, "id")
	return &o
}

// fill puts something of every kind into a project.
func (e *env) fill(mark string) {
	e.Helper()
	e.ok(e.post("/ous", object{"ou_name": mark, "domain": "carrel.local"}))
	e.ok(e.post("/groups", object{"group_name": mark, "platform_type": "LOCAL", "description": mark}))
	group := e.ok(e.get("/groups")).text("user_groups", 0, "id")
	user := e.ok(e.post("/users", object{"user_name": mark, "user_email": mark + "@example.org", "description": mark, "group_ids": []string{group}})).text("id")
	e.ok(e.post("/desktop-name-policies", object{"policy_name": mark, "name_prefix": mark, "digit_number": 2, "start_number": 1, "single_domain_user_inc": 0}))
	e.ok(e.post("/scripts", object{"name": mark, "type": "SHELL", "description": mark, "content": "echo " + mark}))
	e.settle(e.create(object{"size": 2, "desktop_name": mark, "tags": []object{{"key": mark, "value": mark}}})...)
	pool, _ := e.pool(object{"name": mark, "description": mark})
	e.ok(e.post("/desktop-pools/"+pool+"/users", object{"action": "ADD", "objects": []object{
		{"object_id": user, "object_type": "USER", "object_name": mark, "user_group": "sudo"},
	}}))
	e.ok(e.post("/desktop-pools/"+pool+"/notifications", object{"notifications": mark}))
	e.ok(e.do("POST", "/v3/"+e.first.ProjectID+"/users/export", object{"language": "en_US"}))
}

// reading is an operation that changes nothing, with its parameters.
type reading struct {
	api.Operation
	query []string
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

// readings are the operations of the route table that read: all of GET, and filters in a body.
func readings(t *testing.T) (all []reading) {
	t.Helper()
	queries := map[string][]string{}
	for _, file := range []string{"testdata/operations.tsv", "testdata/own_operations.tsv"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, "\t")
			for parameter := range strings.SplitSeq(cells[4], ", ") {
				if name, _, is := strings.Cut(parameter, ":"); is {
					queries[cells[2]] = append(queries[cells[2]], name)
				}
			}
		}
	}
	for _, o := range api.Operations() {
		if !strings.Contains(o.Path, "{project_id}") {
			continue // about the account
		}
		if o.Method == http.MethodGet || o.ID == "ListDesktopsByTags" || o.ID == "ListDesktopByTags" {
			all = append(all, reading{o, queries[o.ID]})
		}
	}
	return all
}

// call sends a reading operation in a project, with values for the other parameters of its path and for its query.
func (o reading) call(e *env, path []string, query url.Values) (sent string, a answer) {
	target := strings.Replace(o.Path, "{project_id}", e.first.ProjectID, 1)
	for _, value := range path {
		if at := pathParam.FindStringIndex(target); at != nil {
			target = target[:at[0]] + url.PathEscape(value) + target[at[1]:]
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body any
	if o.Method != http.MethodGet {
		body = object{"action": "filter"}
	}
	return target, e.do(o.Method, target, body)
}

// params is the number of parameters of the path besides the project.
func (o reading) params() int { return len(pathParam.FindAllString(o.Path, -1)) - 1 }

var anID = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b`)

// idsIn are the ids that lists of a project show, and those that they lead to.
func idsIn(t *testing.T, e *env, all []reading) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	collect := func(path ...string) {
		for _, o := range all {
			if o.params() == len(path) && o.ID != "ResetRandomPassword" {
				_, a := o.call(e, path, nil)
				for _, id := range anID.FindAllString(a.raw, -1) {
					found[id] = true
				}
			}
		}
	}
	collect()
	for _, id := range sample(slices.Sorted(maps.Keys(found))) {
		collect(id)
	}
	delete(found, e.first.ProjectID)
	return found
}

// TestTwoProjectsNeverSeeEachOther calls every operation that lists or gets in one project, with the ids and names of the other one as parameters: no
// answer has an id or the mark of the other, but what the request itself has.
func TestTwoProjectsNeverSeeEachOther(t *testing.T) {
	e := newEnv(t)
	other := e.otherProject("other")
	e.fill(markA)
	other.fill(markB)
	all := readings(t)
	mine, theirs := idsIn(t, e, all), idsIn(t, other, all)
	var foreign []string
	for id := range theirs {
		if !mine[id] {
			foreign = append(foreign, id)
		}
	}
	slices.Sort(foreign)
	told := append([]string{markB, other.first.ProjectID}, foreign...)
	if len(foreign) < 15 {
		t.Fatalf("the other project shows %d ids of its own: is it empty?", len(foreign))
	}
	shown := 0
	for _, o := range all {
		if _, a := o.call(other, nil, nil); o.params() == 0 && strings.Contains(a.raw, markB) {
			shown++
		}
	}
	if shown < 12 {
		t.Fatalf("%d lists of the other project show something of it: is it empty?", shown)
	}
	separate := func(t interface{ Errorf(string, ...any) }, o reading, path []string, query url.Values) {
		sent, a := o.call(e, path, query)
		if a.status >= 500 {
			t.Errorf("%s %s: %d %s", o.ID, sent, a.status, a.raw)
		}
		answered := a.raw
		if o.ID == "ListAuditRecords" { // a request that was refused is recorded with the ids that it named
			answered = fmt.Sprint(slices.DeleteFunc(a.list("records"), func(r any) bool { return answer{body: r}.at("result") == "refused" }))
		}
		for _, text := range told {
			if strings.Contains(answered, text) && !strings.Contains(sent, text) {
				t.Errorf("%s %s shows %s of the other project: %s", o.ID, sent, text, a.raw)
			}
		}
		if len(path) > 0 && a.status < 300 && strings.Contains(answered, path[0]) && len(query) == 0 && !mine[path[0]] {
			t.Errorf("%s %s found what is in the other project: %s", o.ID, sent, a.raw)
		}
	}
	for _, o := range all {
		if o.params() == 0 {
			separate(t, o, nil, nil)
			continue
		}
		for _, id := range sample(foreign) {
			separate(t, o, slices.Repeat([]string{id}, o.params()), nil)
		}
	}
	own := slices.Sorted(maps.Keys(mine))
	value := rapid.OneOf(rapid.SampledFrom(foreign), rapid.SampledFrom(own), rapid.SampledFrom([]string{markA, markB, "qq", "", "0", "1", "true", other.first.ProjectID}))
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			o := rapid.SampledFrom(all).Draw(t, "operation")
			path := rapid.SliceOfN(value, o.params(), o.params()).Draw(t, "path")
			for i := range path {
				path[i] = strings.Trim(path[i], "/")
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
			separate(t, o, path, query)
		}
	})
}
