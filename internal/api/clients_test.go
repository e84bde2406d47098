package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"slices"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The tests of this file keep what public clients, used unchanged, found missing.

func TestWhatAPoolWasNotGivenStaysEmpty(t *testing.T) {
	e := newEnv(t)
	e.update(func(tx *store.Tx) error { return catalog.PutZones(e.Context(), tx, []catalog.Zone{{ID: "west"}}) })
	policy := object{"autoscale_type": "AUTO_CREATED", "max_auto_created": 9, "once_auto_created": nil, "auto_isolation_max_num": nil}
	id, ids := e.pool(object{"enable_autoscale": true, "autoscale_policy": policy})
	empty := func(when string) {
		t.Helper()
		p := e.ok(e.get("/desktop-pools/" + id))
		if p.text("availability_zone") != "" || len(p.list("security_groups")) != 0 {
			t.Errorf("%s the pool shows zone %q and groups %v", when, p.text("availability_zone"), p.list("security_groups"))
		}
		for _, setting := range []string{"once_auto_created", "auto_isolation_max_num", "idle_retention_duration"} {
			if got := p.at("autoscale_policy", setting); got != nil {
				t.Errorf("%s %s is %v", when, setting, got)
			}
		}
	}
	empty("new,")
	e.ok(e.post("/desktop-pools/"+id+"/expand", object{"size": 1}))
	empty("expanded,")
	groups := e.ok(e.get("/security-groups"))
	e.ok(e.do("PUT", e.path("/desktop-pools/"+id), object{"availability_zone": "west", "security_groups": []object{{"id": groups.text("security_groups", 0, "id")}}}))
	if p := e.ok(e.get("/desktop-pools/" + id)); p.text("availability_zone") != "west" || len(p.list("security_groups")) != 1 {
		t.Errorf("what was given is not shown: %s", p.raw)
	}
	e.ok(e.do("PUT", e.path("/desktop-pools/"+id), object{"availability_zone": "", "security_groups": []object{}, "autoscale_policy": policy}))
	empty("cleared,")
	d := answer{body: e.ok(e.get("/desktops/" + ids[0])).at("desktop")}
	if d.text("availability_zone") != zone || d.text("security_groups", 0, "name") != "WorkspaceUserSecurityGroup" {
		t.Errorf("a desktop of the pool is in zone %q with groups %v", d.text("availability_zone"), d.list("security_groups"))
	}
}

func TestAMessageToNobodyIsAJobToo(t *testing.T) {
	e := newEnv(t)
	id, _ := e.pool(nil)
	job := e.ok(e.post("/desktop-pools/"+id+"/notifications", object{"notifications": "Lunch!"})).text("job_id")
	a := e.ok(e.get("/workspace-jobs/" + job))
	if job == "" || a.text("status") != "SUCCESS" || a.number("sub_jobs_total") != 0 || a.text("end_time") == "" {
		t.Errorf("job %q: %s", job, a.raw)
	}
}

func TestAPasswordBesideAMailedLinkIsNotKept(t *testing.T) {
	e := newEnv(t)
	for name, more := range map[string]object{"ann": {}, "bob": {"active_type": "USER_ACTIVATE"}} {
		more["user_name"], more["user_email"], more["password"] = name, name+"@example.org", "Some-thing-1"
		id := e.ok(e.post("/users", more)).text("id")
		e.update(func(tx *store.Tx) error {
			u, err := directory.ReadUser(e.Context(), tx, e.first.ProjectID, id)
			if err == nil && (u.PasswordHash != "" || u.Activation != directory.ActivateByUser) {
				t.Errorf("%s has password %q, activation %s", name, u.PasswordHash, u.Activation)
			}
			return err
		})
	}
	e.refused(e.post("/users", object{"user_name": "eve", "password": "Some-thing-1"}), 400, workspace.CodeInvalid, "user_email: must be given")
}

func TestListsTakeThePageSizesOfClients(t *testing.T) {
	e := newEnv(t)
	e.ok(e.get("/desktop-pools/statistics/by-users?limit=100"))
}

func TestAnUpdateOfAUnitWithoutADescriptionClearsIt(t *testing.T) {
	e := newEnv(t)
	id := e.unit("Sales")
	e.ok(e.do("PUT", e.path("/ous/"+id), object{"ou_name": "m"}))
	if u := e.ok(e.get("/ous")); u.text("ous", 0, "description") != "" || u.text("ous", 0, "ou_name") != "m" {
		t.Errorf("the unit: %s", u.raw)
	}
}

func TestClientsFindATextWhereTheyWantOne(t *testing.T) {
	e := newEnv(t)
	pool, _ := e.pool(object{"data_volumes": []object{{"type": "SSD", "size": 10}}})
	e.unit("Sales")
	e.somebody("ann")
	e.admitted("bob")
	e.ok(e.post("/groups", object{"group_name": "Staff", "platform_type": "LOCAL"}))
	for target, paths := range map[string][][]any{
		"/ous":                                 {{"ous", 0, "domain_id"}},
		"/users":                               {{"users", 0, "sid"}},
		"/groups":                              {{"user_groups", 0, "sid"}},
		"/desktops":                            {{"desktops", 0, "sid"}, {"desktops", 0, "bill_resource_id"}},
		"/products":                            {{"products", 0, "resource_type"}, {"products", 0, "cloud_service_type"}, {"products", 0, "volume_product_type"}},
		"/volume/products":                     {{"volumes", 0, "resource_type"}, {"volumes", 0, "cloud_service_type"}, {"volumes", 0, "volume_product_type"}},
		"/desktops/detail":                     {{"desktops", 0, "sid"}, {"desktops", 0, "site_name"}, {"desktops", 0, "bill_resource_id"}, {"desktops", 0, "data_volumes", 0, "bill_resource_id"}},
		"/desktop-pools":                       {{"desktop_pools", 0, "product", "resource_type"}, {"desktop_pools", 0, "product", "cloud_service_type"}},
		"/desktop-pools/" + pool + "/desktops": {{"pool_desktops", 0, "sid"}, {"pool_desktops", 0, "root_volume", "bill_resource_id"}, {"pool_desktops", 0, "product", "volume_product_type"}},
	} {
		first, second := e.ok(e.get(target)), e.ok(e.get(target))
		for _, path := range paths {
			if got := first.text(path...); got == "" || got != second.text(path...) {
				t.Errorf("%s: %v is %q, then %q", target, path, got, second.text(path...))
			}
		}
	}
}

func TestNoDesktopHasAPublicAddress(t *testing.T) {
	e := newEnv(t)
	id := e.create(object{"size": 1, "desktop_name": "pc"})[0]
	if got := e.ok(e.get("/desktops/"+id)).at("desktop", "is_support_internet"); got != false {
		t.Errorf("is_support_internet is %v", got)
	}
}

func TestAServiceHasTwoSecurityGroups(t *testing.T) {
	e := newEnv(t)
	s := e.ok(e.get("/workspaces"))
	desktops, infrastructure := s.text("desktop_security_group", "id"), s.text("infrastructure_security_group", "id")
	if desktops == "" || infrastructure == "" || desktops == infrastructure {
		t.Errorf("the groups are %q and %q", desktops, infrastructure)
	}
	id := e.create(object{"size": 1, "desktop_name": "pc"})[0]
	if got := e.ok(e.get("/desktops/"+id)).list("desktop", "security_groups"); len(got) != 1 || (answer{body: got[0]}).text("id") != desktops {
		t.Errorf("a new desktop is in %v", got)
	}
}

func TestWordsOfThePathAreNoIDs(t *testing.T) {
	e := newEnv(t)
	for _, c := range []struct{ method, path string }{
		{"PUT", "/desktops/tags"}, {"DELETE", "/desktops/tags"}, {"GET", "/desktops/statistics"}, {"GET", "/desktop-pools/statistics"},
		{"PUT", "/desktop-pools/script-execution-tasks"}, {"GET", "/users/template"}, {"DELETE", "/groups/export"},
		{"PUT", "/desktop-name-policies/batch-delete"}, {"GET", "/desktops/orders/detach-info"},
	} {
		e.refused(e.do(c.method, e.path(c.path), object{}), http.StatusNotFound, "APIGW.0101", "there is no operation "+c.method)
	}
	e.refused(e.get("/desktops/tag"), http.StatusNotFound, workspace.CodeDesktopNotFound, "tag")
}

func TestAliasesOfIDsSelect(t *testing.T) {
	e := newEnv(t)
	pool, ids := e.pool(nil)
	e.create(object{"size": 1, "desktop_name": "pc"})
	for _, list := range []string{"/desktops", "/desktops/detail"} {
		for query, want := range map[string][]string{"desktop_pool_id=" + pool: ids, "pool_id=" + pool: ids, "desktop_pool_id=x": nil} {
			if got := e.names(e.ok(e.get(list+"?"+query)), "desktops", "desktop_id"); !sameSet(got, want) {
				t.Errorf("%s?%s lists %v, want %v", list, query, got, want)
			}
		}
	}
}

func TestAnUploadWithoutAFileNameIsToldSo(t *testing.T) {
	e := newEnv(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("file", "user_name\nann\n"); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	a := e.do("POST", e.path("/users/desktop-users/action/import"), body.String(), func(r *http.Request) {
		r.Header.Set("Content-Type", form.FormDataContentType())
	})
	e.refused(a, 400, workspace.CodeInvalid, "file: the part has no file name")
}

func TestAnswersNameTheirRequestTwice(t *testing.T) {
	e := newEnv(t)
	for _, a := range []answer{e.get("/desktops"), e.get("/nowhere"), e.do("GET", "/v3/projects", nil)} {
		if id := a.header.Get("X-Request-Id"); id == "" || !slices.Equal(a.header.Values("X-IAM-Trace-Id"), []string{id}) {
			t.Errorf("X-Request-Id %q, X-IAM-Trace-Id %q", id, a.header.Values("X-IAM-Trace-Id"))
		}
	}
}

func TestHostNamesAreUniqueInAProject(t *testing.T) {
	e := newEnv(t)
	e.somebody("ann")
	host := func(id string) string { return e.ok(e.get("/desktops/"+id)).text("desktop", "os_host_name") }
	named := func(name, host string) object {
		return object{"user_name": "ann", "computer_name": name, "os_host_name": host}
	}
	first := e.create(object{"size": 1, "desktop_name": "lab-1"})[0]
	second := e.create(object{"size": 1, "desktop_name": "spare"})[0]
	e.settle(first, second)
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": second, "user_name": "ann", "computer_name": "lab_1"}}}))
	if a, b := host(first), host(second); a != "lab-1" || b == "" || b == a {
		t.Errorf("lab-1 and lab_1 have the host names %q and %q", a, b)
	}
	e.refused(e.post("/desktops", order(object{"desktops": []object{named("other", "LAB-1")}})), 409, workspace.CodeNameTaken, "os_host_name")
	both := e.create(object{"desktops": []object{{"user_name": "ann", "computer_name": "box-1"}, named("box-2", "box-1")}})
	if a, b := host(both[0]), host(both[1]); b != "box-1" || a == "" || a == b {
		t.Errorf("in one request the host names are %q and %q, of which the second was asked for", a, b)
	}
}

func TestAnImageThatIsGoneIsNotOrdered(t *testing.T) {
	e := newEnv(t)
	pool, _ := e.pool(nil)
	e.update(func(tx *store.Tx) error { return catalog.MarkGone(e.Context(), tx, []string{image}) })
	if n := e.ok(e.get("/images")).number("total_count"); n != 0 {
		t.Errorf("%d images are listed", n)
	}
	for path, body := range map[string]object{
		"/desktops": order(object{"size": 1, "desktop_name": "pc"}), "/desktop-pools": e.poolOrder(object{"name": "POOL02"}),
		"/desktop-pools/" + pool + "/expand": {"size": 1},
	} {
		e.refused(e.post(path, body), 400, workspace.CodeImageNotFound, "image_id: ")
	}
	if got := e.ok(e.get("/desktop-pools/" + pool)).text("image_name"); got == "" {
		t.Error("the pool has forgotten how its image is called")
	}
}
