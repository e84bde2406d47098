package api_test

import (
	"slices"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestADesktopsDetailsHaveWhatTheModelsHaveAndCarrelKnows(t *testing.T) {
	e := newEnv(t)
	id := e.create(object{"desktops": desktopsFor("ann"), "data_volumes": []object{{"type": "SSD", "size": 10}}})[0]
	d := answer{body: e.ok(e.get("/desktops/" + id)).at("desktop")}
	if d.at("process") != 0.0 {
		t.Errorf("a desktop that is being made has come to %v percent", d.at("process"))
	}
	e.update(func(tx *store.Tx) error {
		claimed, err := tx.ClaimSubJobs(e.Context(), "test", map[workspace.JobType]int{workspace.JobCreateDesktops: 1}, 1)
		if err != nil {
			return err
		}
		claimed[0].Progress = 40
		_, err = tx.SaveSubJob(e.Context(), claimed[0])
		return err
	})
	if got := e.ok(e.get("/desktops/detail")).at("desktops", 0, "process"); got != 40.0 {
		t.Errorf("at 40 percent of its making the list says %v", got)
	}
	e.settle(id)
	for _, d := range []answer{{body: e.ok(e.get("/desktops/" + id)).at("desktop")}, {body: e.ok(e.get("/desktops/detail")).at("desktops", 0)}} {
		for _, c := range []struct {
			want any
			path []any
		}{
			{nil, []any{"process"}},
			{nil, []any{"order_id"}},
			{false, []any{"isolated"}},
			{false, []any{"is_freeze"}},
			{directory.BuiltInDomain, []any{"domain"}},
			{directory.BuiltInDomain, []any{"attach_user_infos", 0, "domain"}},
			{e.ok(e.get("/security-groups")).text("security_groups", 0, "name"), []any{"security_groups", 0, "name"}},
			{"SAS", []any{"root_volume", "resource_spec_code"}},
			{"SSD", []any{"data_volumes", 0, "resource_spec_code"}},
			{nil, []any{"root_volume", "desktop_pool_disk_id"}},
		} {
			if got := d.at(c.path...); got != c.want {
				t.Errorf("%v is %v, want %v", c.path, got, c.want)
			}
		}
		if links, isList := d.at("flavor", "links").([]any); !isList || len(links) > 0 {
			t.Errorf("links: %v", d.at("flavor", "links"))
		}
	}
	if got := e.ok(e.get("/desktops")).text("desktops", 0, "attach_user_infos", 0, "domain"); got != directory.BuiltInDomain {
		t.Errorf("in the short list ann is of the directory %q", got)
	}
}

// endWork ends what is waiting to be done about a pool.
func (e *env) endWork(poolID string) {
	e.Helper()
	var ids []string
	for _, sub := range e.ok(e.get("/workspace-sub-jobs?desktop_pool_id=" + poolID)).list("jobs") {
		ids = append(ids, answer{body: sub}.text("id"))
	}
	e.update(func(tx *store.Tx) error { return tx.EndSubJobs(e.Context(), ids, workspace.SubJobSuccess, "", "") })
}

func TestAPoolsDesktopsTellWhichOfItsDisksTheyHaveAndWhoseOrderRebuiltThem(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(object{"data_volumes": []object{{"type": "SSD", "size": 10}}})
	e.endWork(id)
	pool := e.ok(e.get("/desktop-pools/" + id))
	a := e.ok(e.get("/desktop-pools/" + id + "/desktops?inconsistent_type=IMAGE_ID"))
	if a.text("inconsistent_type") != "image_id" || len(a.list("pool_desktops")) != 0 {
		t.Errorf("those of another image: %s", a.raw)
	}
	job := e.ok(e.post("/desktop-pools/"+id+"/rebuild", object{"image_id": image, "order_id": "CS-1", "desktop_ids": ids[:1]})).text("job_id")
	if job == "" {
		t.Fatal("no job")
	}
	a = e.ok(e.get("/desktop-pools/" + id + "/desktops"))
	for field, want := range map[string]int{
		"on_demand_desktops_num": 2, "on_demand_free_image_desktops_num": 2, "on_demand_charge_image_desktops_num": 0,
		"period_desktops_num": 0, "period_free_image_desktops_num": 0, "period_charge_image_desktops_num": 0,
	} {
		if got := a.number(field); got != want {
			t.Errorf("%s is %d, want %d", field, got, want)
		}
	}
	if a.at("inconsistent_type") != nil {
		t.Errorf("a difference that nobody asked for: %v", a.at("inconsistent_type"))
	}
	for i := range ids {
		d := answer{body: a.at("pool_desktops", i)}
		order := map[bool]string{true: "CS-1"}[d.text("desktop_id") == ids[0]]
		if d.text("order_id") != order || d.at("isolated") != false || d.text("root_volume", "desktop_pool_disk_id") != pool.text("root_volume", "id") ||
			d.text("data_volumes", 0, "desktop_pool_disk_id") != pool.text("data_volumes", 0, "id") {
			t.Errorf("desktop %d: %v", i, d.body)
		}
	}
	if got := e.ok(e.get("/desktops/"+ids[0])).text("desktop", "order_id"); got != "CS-1" {
		t.Errorf("by itself the desktop has the order %q", got)
	}
}

func TestAJobWithNothingToDoHasAnEnd(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	e.endWork(id)
	job := e.ok(e.post("/desktop-pools/"+id+"/rebuild", object{"image_id": image, "handle_type": "ONLY_FOR_EXPAND", "order_id": "CS-2"})).text("job_id")
	a := e.ok(e.get("/workspace-jobs/" + job))
	if a.text("order_id") != "CS-2" {
		t.Errorf("the job has the order %q", a.text("order_id"))
	}
	if a.text("status") != "SUCCESS" || a.number("sub_jobs_total") != 0 || a.text("begin_time") == "" || a.text("end_time") != a.text("begin_time") {
		t.Errorf("the job: %s", a.raw)
	}
	e.update(func(tx *store.Tx) error {
		for _, d := range ids {
			if err := desktop.DeleteDesktop(e.Context(), tx, d); err != nil {
				return err
			}
		}
		return pool.DeletePool(e.Context(), tx, id)
	})
	if a := e.ok(e.get("/workspace-jobs/" + job)); a.text("status") != "SUCCESS" || a.at("order_id") != nil {
		t.Errorf("the job after its pool: %s", a.raw)
	}
}

// TestTheDescriptionHasTheFieldsOfEmbeddedBodies: huma knows embedded structs only if they are exported.
func TestTheDescriptionHasTheFieldsOfEmbeddedBodies(t *testing.T) {
	described := newEnv(t).described()
	for operation, fields := range map[string][]string{
		"CreateDesktopPool":      {"root_volume.size", "data_volumes[].iops"},
		"RebuildDesktopPool":     {"handle_type", "desktop_ids[]"},
		"AddDesktopPoolVolumes":  {"volumes[].type", "handle_type"},
		"ListPoolDesktopsDetail": {"pool_desktops[].desktop_id", "pool_desktops[].product.cpu"},
		"ListUserDetail":         {"user_detail.is_pre_user"},
	} {
		o := described.operation(operation)
		known := map[string]bool{}
		described.addFields(known, "", &o.RequestBody.Content.JSON.Schema, 0)
		described.addFields(known, "", &o.Responses.OK.Content.JSON.Schema, 0)
		if missing := slices.DeleteFunc(fields, func(f string) bool { return known[f] }); len(missing) > 0 {
			t.Errorf("%s is described without %v", operation, missing)
		}
	}
}
