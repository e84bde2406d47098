package api_test

import (
	"net/http"
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The tests of this file are requests of the public Terraform provider, by the number of the finding.

func TestTerraform01APoolWithoutAZoneShowsNone(t *testing.T) {
	e := newEnv(t)
	id, desktops := e.pool(nil)
	if p := e.ok(e.get("/desktop-pools/" + id)); p.at("availability_zone") != "" {
		t.Errorf("the pool shows the zone %v", p.at("availability_zone"))
	}
	if d := e.ok(e.get("/desktops/" + desktops[0])); d.at("desktop", "availability_zone") != zone {
		t.Errorf("its desktop shows the zone %v", d.at("desktop", "availability_zone"))
	}
	named, _ := e.pool(object{"name": "NAMED", "availability_zone": zone})
	if p := e.ok(e.get("/desktop-pools/" + named)); p.at("availability_zone") != zone {
		t.Errorf("the pool with a zone shows %v", p.at("availability_zone"))
	}
	e.ok(e.put("/desktop-pools/"+named, object{"availability_zone": ""}))
	if p := e.ok(e.get("/desktop-pools/" + named)); p.at("availability_zone") != "" {
		t.Errorf("the zone that was cleared shows %v", p.at("availability_zone"))
	}
	if n := len(e.ok(e.get("/desktop-pools?availability_zone=" + zone)).list("desktop_pools")); n != 2 {
		t.Errorf("%d pools are found by the zone that their desktops are in", n)
	}
}

func TestTerraform02APoolWithoutSecurityGroupsShowsNone(t *testing.T) {
	e := newEnv(t)
	id, desktops := e.pool(nil)
	if groups := e.ok(e.get("/desktop-pools/" + id)).list("security_groups"); len(groups) != 0 {
		t.Errorf("the pool shows %v", groups)
	}
	if groups := e.ok(e.get("/desktops/"+desktops[0])).list("desktop", "security_groups"); len(groups) != 1 {
		t.Errorf("its desktop shows %v, want the default group", groups)
	}
}

func TestTerraform03APolicyShowsOnlyWhatWasGiven(t *testing.T) {
	e := newEnv(t)
	id, _ := e.pool(nil)
	e.ok(e.put("/desktop-pools/"+id, object{"enable_autoscale": true, "autoscale_policy": object{
		"autoscale_type": "AUTO_CREATED", "max_auto_created": 3, "min_idle": 0, "once_auto_created": nil,
	}}))
	policy := answer{body: e.ok(e.get("/desktop-pools/" + id)).at("autoscale_policy")}
	if policy.at("once_auto_created") != nil || policy.number("min_idle") != 0 || policy.number("max_auto_created") != 3 {
		t.Errorf("the policy shows %v", policy.body)
	}
}

func TestTerraform04ANoticeToNobodyIsAJobThatHasEnded(t *testing.T) {
	e := newEnv(t)
	id, _ := e.pool(nil)
	job := e.ok(e.post("/desktop-pools/"+id+"/notifications", object{"notifications": "Good morning"})).text("job_id")
	if job == "" {
		t.Fatal("the answer has no job_id")
	}
	if j := e.ok(e.get("/workspace-jobs/" + job)); j.text("status") != "SUCCESS" || len(j.list("sub_jobs")) != 0 || j.text("end_time") == "" {
		t.Errorf("the job is %s", j.raw)
	}
}

func TestTerraform05AUserToBeActivatedMayComeWithAPassword(t *testing.T) {
	e := newEnv(t)
	for name, kind := range map[string]any{"ann": "USER_ACTIVATE", "bob": nil} {
		body := object{"user_name": name, "user_email": name + "@example.org", "password": "Quiet-Harbour-71"}
		if kind != nil {
			body["active_type"] = kind
		}
		id := e.ok(e.post("/users", body)).text("id")
		if n := len(e.mails()); n == 0 {
			t.Errorf("%s got no mail to choose a password", name)
		}
		if u := e.ok(e.get("/users/" + id)); u.at("user_detail", "active_type") == "ADMIN_ACTIVATE" {
			t.Errorf("the user is %s", u.raw)
		}
	}
}

func TestTerraform06StatisticsByUserTakeAHundred(t *testing.T) {
	e := newEnv(t)
	e.ok(e.get("/desktop-pools/statistics/by-users?limit=100"))
	e.refused(e.get("/desktop-pools/statistics/by-users?limit=101"), http.StatusBadRequest, workspace.CodeInvalid, "limit: ")
}

func TestTerraform07AUnitWithoutADescriptionHasNone(t *testing.T) {
	e := newEnv(t)
	e.ok(e.post("/ous", object{"ou_name": "unit", "domain": "carrel.local", "description": "old"}))
	id := e.ok(e.get("/ous")).text("ous", 0, "id")
	e.ok(e.put("/ous/"+id, object{"ou_name": "m"}))
	if u := e.ok(e.get("/ous")); u.text("ous", 0, "ou_name") != "m" || u.text("ous", 0, "description") != "" {
		t.Errorf("the unit is %s", u.raw)
	}
}

func TestTerraform08ADesktopIsOrderedByAProductForWindowsAndAMarketImage(t *testing.T) {
	e := newEnv(t)
	e.update(func(tx *store.Tx) error {
		return catalog.PutProducts(e.Context(), tx, []catalog.Product{{
			ID: "workspace.c2.large.windows", CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Windows", DiskType: "SAS", DiskGB: 80,
			PackageType: "general", Status: "normal",
		}})
	})
	products := e.ok(e.get("/products?os_type=Windows"))
	id := products.text("products", 0, "product_id")
	if id == "" {
		t.Fatalf("no product: %s", products.raw)
	}
	for _, kind := range []string{"market", "gold", "private", "shared"} {
		ids := e.create(object{"product_id": id, "image_type": kind, "desktops": desktopsFor("user" + kind)})
		e.settle(ids...)
	}
	e.ok(e.post("/desktop-pools", e.poolOrder(object{"product_id": id, "image_type": "market"})))
	if n := len(e.ok(e.get("/products?os_type=Linux")).list("products")); n != 1 {
		t.Errorf("%d products for Linux, want 1", n)
	}
	e.refused(e.post("/desktops", order(object{"image_type": "colour", "desktops": desktopsFor("eve")})), http.StatusBadRequest, workspace.CodeInvalid, "image_type: ")
}

func TestTerraform09WhatAClientReadsIsNotEmpty(t *testing.T) {
	e := newEnv(t)
	e.ok(e.post("/ous", object{"ou_name": "unit", "domain": "carrel.local"}))
	e.somebody("ann")
	pool, _ := e.pool(object{"data_volumes": []object{{"type": "SAS", "size": 10}}})
	unit := answer{body: e.ok(e.get("/ous")).at("ous", 0)}
	user := answer{body: e.ok(e.get("/users?user_name="+"ann")).at("users", 0)}
	of := answer{body: e.ok(e.get("/desktop-pools/"+pool+"/desktops")).at("pool_desktops", 0)}
	disk := answer{body: of.at("root_volume")}
	product := answer{body: e.ok(e.get("/products")).at("products", 0)}
	for _, c := range []struct {
		what  string
		of    answer
		field string
	}{
		{"unit", unit, "domain_id"},
		{"user", user, "sid"},
		{"pool desktop", of, "sid"},
		{"pool desktop", of, "bill_resource_id"},
		{"pool desktop", of, "site_name"},
		{"disk", disk, "bill_resource_id"},
		{"disk", disk, "volume_id"},
		{"product", product, "resource_type"},
		{"product", product, "cloud_service_type"},
		{"product", product, "volume_product_type"},
	} {
		if c.of.text(c.field) == "" {
			t.Errorf("%s of a %s is empty: %v", c.field, c.what, c.of.body)
		}
	}
}

func TestTerraform10OnlyADesktopWithAnAddressOfItsOwnSupportsTheInternet(t *testing.T) {
	e := newEnv(t)
	id := e.create(object{"desktops": desktopsFor("ann")})[0]
	e.settle(id)
	if got := e.ok(e.get("/desktops/"+id)).at("desktop", "is_support_internet"); got != false {
		t.Errorf("is_support_internet is %v", got)
	}
}

func TestTerraform12SeveralPeopleNeedASharedDesktop(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	e.hire("ann", "bob")
	both := []object{
		{"type": "USER", "user_name": "ann", "user_group": "USER"}, {"type": "USER", "user_name": "bob", "user_group": "USER"},
	}
	a := e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": both}}})
	if a.status < 400 || a.status > 499 {
		t.Errorf("two people were given a desktop for one: %d %s", a.status, a.raw)
	}
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": both[:1]}}}))
}

func TestTerraform13TheInfrastructureHasAGroupOfItsOwn(t *testing.T) {
	e := newEnv(t)
	w := e.ok(e.get("/workspaces"))
	desktops, infrastructure := w.text("desktop_security_group", "id"), w.text("infrastructure_security_group", "id")
	if desktops == "" || infrastructure == "" || desktops == infrastructure {
		t.Errorf("desktops have group %q, the infrastructure %q", desktops, infrastructure)
	}
	if n := len(e.ok(e.get("/security-groups")).list("security_groups")); n != 2 {
		t.Errorf("%d security groups are listed, want both", n)
	}
}

func TestTerraform14AMissingOperationIsNotFound(t *testing.T) {
	e := newEnv(t)
	for _, call := range []string{"PATCH /desktops", "DELETE /products", "GET /no-such-thing", "POST /desktops/x/no-such-thing", "PUT /desktop-pools"} {
		method, target, _ := strings.Cut(call, " ")
		if a := e.do(method, e.path(target), object{}); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d %s", call, a.status, a.raw)
		}
	}
}

func TestTerraform15ThePoolOfDesktopsHasTwoNames(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	e.settle(e.create(object{"desktops": desktopsFor("ann")})...)
	for _, query := range []string{"pool_id=" + id, "desktop_pool_id=" + id} {
		for _, list := range []string{"/desktops", "/desktops/detail"} {
			if n := len(e.ok(e.get(list + "?" + query)).list("desktops")); n != len(ids) {
				t.Errorf("%s?%s lists %d desktops, want %d", list, query, n, len(ids))
			}
		}
	}
	if n := len(e.ok(e.get("/desktops?colour=red")).list("desktops")); n != len(ids)+1 {
		t.Errorf("an unknown parameter leaves %d desktops, want all", n)
	}
}

func TestTerraform16FixedWordsComeBeforeIDs(t *testing.T) {
	e := newEnv(t)
	e.settle(e.create(object{"desktops": desktopsFor("ann"), "tags": []object{{"key": "team", "value": "a"}}})...)
	if a := e.ok(e.get("/desktops/tags")); a.text("tags", 0, "key") != "team" {
		t.Errorf("the tags of desktops are %s", a.raw)
	}
}

func TestTerraformTextsOfWhatDoesNotExist(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get("/desktops/00000000-0000-4000-8000-000000000000/tags"), http.StatusNotFound, workspace.CodeDesktopNotFound, "The resource does not exist or is a resource of another project. DesktopId is not exist.")
}
