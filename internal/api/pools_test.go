package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestPoolDesktopsAreFoundByWhatTheyDifferIn(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(object{"size": 4, "data_volumes": []object{{"type": "SAS", "size": 10}}})
	e.set(ids[0], func(d *desktop.Desktop) { d.ProductID = "other" })
	e.set(ids[1], func(d *desktop.Desktop) { d.ImageID = "older" })
	e.change(ids[2], "", func(m *desktop.Member) { m.Isolated = true })
	ann := e.somebody("ann")
	e.bind(ids[3], ann)
	for query, want := range map[string][]string{
		"inconsistent_type=PRODUCT_ID": {ids[0]}, "inconsistent_type=IMAGE_ID": {ids[1]}, "inconsistent_type=DISK_NUM": nil,
		"inconsistent_type=DISK_SIZE": nil, "inconsistent_type=AUTO_ISOLATION": {ids[2]}, "isolated=true": {ids[2]},
		"isolated=false": {ids[0], ids[1], ids[3]}, "user_attached=true": {ids[3]}, "user_name=an": {ids[3]}, "user_names=ann": {ids[3]},
		"image_id=older": {ids[1]}, "limit=1&offset=1": {ids[1]}, "desktop_type=POOLED": ids, "desktop_type=SHARED": nil,
		"is_share_desktop=true": nil, "charge_mode=0": nil, "charge_mode=1": ids, "is_support_internet=true": nil,
		"subnet_id=" + e.subnetID: ids, "availability_zone=x": nil, "status=ACTIVE": ids, "enterprise_project_id=0": ids,
		"computer_name=POOL01": ids, "desktop_id=" + ids[2]: {ids[2]}, "in_maintenance_mode=true": nil, "sort_field=created&sort_type=DESC": {ids[3], ids[2], ids[1], ids[0]},
	} {
		if got := e.poolDesktops(id, query); !sameSet(got, want) {
			t.Errorf("%s gives %v, want %v", query, got, want)
		}
	}
	a := e.ok(e.get("/desktop-pools/" + id + "/desktops?inconsistent_type=IMAGE_ID"))
	if got := a.at("pool_desktops", 0, "inconsistent_types", 0); got != "IMAGE" || a.number("on_demand_desktops_num") != 1 {
		t.Errorf("inconsistent_types: %s", a.raw)
	}
	n := e.ok(e.get("/desktop-pools/" + id + "/inconsistent-statics"))
	if n.number("product_id") != 1 || n.number("image_id") != 1 || n.number("disk_num") != 0 || n.number("disk_size") != 0 {
		t.Errorf("statistics: %s", n.raw)
	}
	if p := e.ok(e.get("/desktop-pools/" + id)); p.number("desktop_used") != 1 || p.number("isolation_num") != 1 || p.number("desktop_count") != 4 {
		t.Errorf("counts: %s", p.raw)
	}
	e.refused(e.get("/desktop-pools/"+id+"/desktops?limit=101"), 400, workspace.CodeInvalid, "limit: ")
	e.refused(e.get("/desktop-pools/"+id+"/desktops?inconsistent_type=COLOUR"), 400, workspace.CodeInvalid, "inconsistent_type: ")
}

func TestAPoolIsShrunkByWhatNobodyHas(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(object{"size": 4})
	e.bind(ids[0], e.somebody("ann"))
	e.refused(e.post("/desktop-pools/"+id+"/shrink", object{"size": 4}), http.StatusConflict, workspace.CodeConflict, "only 3")
	e.refused(e.post("/desktop-pools/"+id+"/shrink", object{"size": 0}), 400, workspace.CodeInvalid, "size: ")
	e.refused(e.post("/desktop-pools/x/shrink", object{"size": 1}), 404, workspace.CodePoolNotFound, "")
	job := e.ok(e.post("/desktop-pools/"+id+"/shrink", object{"size": 3})).text("job_id")
	subs := e.ok(e.get("/workspace-sub-jobs?job_type=deleteDesktops&desktop_pool_id=" + id + "&job_id=" + job)).list("jobs")
	if len(subs) != 3 {
		t.Errorf("%d sub-jobs", len(subs))
	}
	for _, s := range subs {
		if (answer{body: s}).text("entities", "desktop_id") == ids[0] {
			t.Error("ann loses her desktop")
		}
	}
}

func TestWhatWasPutAsideIsTakenBack(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	for _, d := range ids {
		e.change(d, "", func(m *desktop.Member) { m.Isolated = true })
	}
	e.set(ids[1], func(d *desktop.Desktop) { d.Status = desktop.StatusError })
	back := func(desktops ...string) answer {
		return e.post("/desktop-pools/"+id+"/desktops/take-back", object{"desktop_ids": desktops})
	}
	e.refused(back(ids...), http.StatusConflict, workspace.CodeConflict, "desktop_ids[1]: ")
	e.refused(back("x"), http.StatusNotFound, workspace.CodeDesktopNotFound, "desktop_ids[0]: ")
	e.refused(back(), 400, workspace.CodeInvalid, "desktop_ids: ")
	if n := len(e.poolDesktops(id, "isolated=true")); n != 2 {
		t.Errorf("refusals took %d back", 2-n)
	}
	for range 2 { // a second time changes nothing
		if a := e.ok(back(ids[0])); a.raw != "" {
			t.Errorf("taking back answers %q", a.raw)
		}
	}
	if left := e.poolDesktops(id, "isolated=true"); !slices.Equal(left, ids[1:]) {
		t.Errorf("still aside: %v", left)
	}
}

func TestThePeopleOfAPoolKeepOrLoseTheirDesktopWithTheirGrant(t *testing.T) {
	e := newEnv(t)
	ann, bob, eve := e.somebody("ann"), e.somebody("bob"), e.somebody("eve")
	id, ids := e.pool(object{"size": 3, "type": "STATIC"})
	staff := e.group("staff")
	if a := e.post("/groups/"+staff+"/actions", object{"op_type": "ADD", "user_ids": []string{bob, eve}}); a.status != http.StatusNoContent {
		t.Fatal(a.raw)
	}
	users := func(action string, objects ...object) answer {
		return e.post("/desktop-pools/"+id+"/users", object{"action": action, "objects": objects})
	}
	user := func(id, group string) object {
		return object{"object_type": "USER", "object_id": id, "object_name": "x", "user_group": group}
	}
	group := object{"object_type": "USER_GROUP", "object_id": staff, "object_name": "staff", "user_group": "default"}
	e.ok(users("ADD", user(ann, "default"), group))
	for i, person := range []string{ann, bob, eve} {
		e.bind(ids[i], person)
	}
	held := func() string {
		var out []string
		for i, d := range ids {
			a := e.ok(e.get("/desktops/" + d))
			out = append(out, fmt.Sprintf("%d:%s:%s", i, a.text("desktop", "user_name"), a.text("desktop", "user_group")))
		}
		return strings.Join(out, " ")
	}
	e.ok(users("CHANGE_PRIVILEGE", user(ann, "sudo")))
	if got := held(); got != "0:ann:sudo 1:bob:default 2:eve:default" {
		t.Errorf("after CHANGE_PRIVILEGE: %s", got)
	}
	subs := e.ok(e.get("/workspace-sub-jobs?job_type=changeUserPrivilegeGroup&desktop_pool_id=" + id))
	if subs.number("total_count") != 1 || subs.text("jobs", 0, "entities", "desktop_id") != ids[0] {
		t.Errorf("the change is brought in by %s", subs.raw)
	}
	e.ok(users("ADD", user(eve, "default"))) // in her own right
	e.ok(users("REMOVE", group))
	if got := held(); got != "0:ann:sudo 1:: 2:eve:default" {
		t.Errorf("after REMOVE of the group: %s", got)
	}
	e.ok(users("REMOVE", user(ann, "default"), user("nobody", "default")))
	if got := held(); got != "0:: 1:: 2:eve:default" {
		t.Errorf("after REMOVE of ann: %s", got)
	}
	if used := e.ok(e.get("/desktop-pools/" + id)).number("desktop_used"); used != 1 {
		t.Errorf("%d desktops are used", used)
	}
	e.refused(users("DANCE", user(ann, "default")), 400, workspace.CodeInvalid, "action: ")
	e.refused(users("ADD"), 400, workspace.CodeInvalid, "objects: ")
	e.refused(users("ADD", user("x", "default")), 400, workspace.CodeUserNotFound, "objects[0].object_id: ")
	e.refused(users("CHANGE_PRIVILEGE", group), 400, workspace.CodeGroupNotFound, "objects[0].object_id: ")
	e.refused(e.post("/desktop-pools/x/users", object{"action": "ADD", "objects": []object{group}}), 404, workspace.CodePoolNotFound, "")
	e.refused(e.get("/desktop-pools/x/users"), 404, workspace.CodePoolNotFound, "")
}

func TestMessagesGoToThoseWhoAreConnected(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	ann := e.somebody("ann")
	e.bind(ids[0], ann)
	e.set(ids[0], func(d *desktop.Desktop) { d.Login = desktop.LoginConnected })
	notify := func(text string) answer {
		return e.post("/desktop-pools/"+id+"/notifications", object{"notifications": text})
	}
	job := e.ok(notify("Lunch!")).text("job_id")
	a := e.ok(e.get("/workspace-jobs/" + job))
	if a.number("sub_jobs_total") != 1 || a.text("sub_jobs", 0, "entities", "desktop_id") != ids[0] || a.text("sub_jobs", 0, "attach_user") != "ann" || a.text("job_type") != "notifyDesktopPool" {
		t.Errorf("the job: %s", a.raw)
	}
	e.refused(notify("  "), 400, workspace.CodeInvalid, "notifications: ")
	e.refused(notify(strings.Repeat("a", 1025)), 400, workspace.CodeInvalid, "1024")
}

func TestTheDecisionLogIsRead(t *testing.T) {
	e := newEnv(t)
	id, _ := e.pool(nil)
	e.update(func(tx *store.Tx) error {
		for i, kind := range []pool.DecisionKind{pool.DecideScale, pool.DecideBind} {
			d := pool.PoolDecision{
				ID: fmt.Sprint(i), PoolID: id, Kind: kind, At: tx.Now().Add(time.Duration(i) * time.Second), Inputs: json.RawMessage(`{"idle":2}`),
				Reasons: []workspace.Reason{{Rule: "cap", Text: "enough"}},
			}
			if err := pool.InsertDecision(e.Context(), tx, d, 10); err != nil {
				return err
			}
		}
		return nil
	})
	a := e.ok(e.get("/desktop-pools/" + id + "/decisions"))
	if a.number("total_count") != 2 || a.text("decisions", 0, "kind") != "BIND" || a.number("decisions", 1, "inputs", "idle") != 2 || a.text("decisions", 0, "reasons", 0, "rule") != "cap" {
		t.Errorf("decisions: %s", a.raw)
	}
	if a := e.ok(e.get("/desktop-pools/" + id + "/decisions?kind=AUTOSCALE&limit=1&offset=1")); a.number("total_count") != 1 || len(a.list("decisions")) != 0 {
		t.Errorf("a page: %s", a.raw)
	}
	idle := 30
	scaled := pool.ScaleEntry(pool.Autoscale(pool.PoolSnapshot{Pool: pool.Pool{
		Policy: autoscale.Policy{Type: autoscale.AutoCreated, MaxAutoCreated: 9, MinIdle: 2, IdleMinutes: &idle},
		Scale:  autoscale.History{Failures: 3, Failed: time.Now()},
	}}, time.Now()), id, time.Now())
	e.update(func(tx *store.Tx) error { return pool.InsertDecision(e.Context(), tx, scaled, 10) })
	in := answer{body: e.ok(e.get("/desktop-pools/"+id+"/decisions?kind=AUTOSCALE&limit=1")).at("decisions", 0, "inputs")}
	for field, want := range map[string]any{
		"autoscale_type": "AUTO_CREATED", "max_auto_created": 9.0, "min_idle": 2.0, "once_auto_created": 100.0, "min_retention": 0.0,
		"idle_retention_duration": 30.0, "auto_isolation_enable": false, "auto_isolation_max_num": 1000.0,
	} {
		if got := in.at("policy", field); got != want {
			t.Errorf("the policy of a decision has %s %v, want %v", field, got, want)
		}
	}
	if h, _ := in.at("history").(object); len(h) != 2 || h["failures"] != 3.0 || h["failed_at"] == "" {
		t.Errorf("the history of a decision: %v", h)
	}
	e.refused(e.get("/desktop-pools/"+id+"/decisions?kind=DICE"), 400, workspace.CodeInvalid, "kind: ")
	e.refused(e.get("/desktop-pools/x/decisions"), 404, workspace.CodePoolNotFound, "")
}

func TestOnlyAnEmptyPoolIsDeleted(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	e.refused(e.do("DELETE", e.path("/desktop-pools/"+id), nil), http.StatusConflict, workspace.CodeConflict, "2 desktops")
	e.update(func(tx *store.Tx) error {
		for _, d := range ids {
			if err := desktop.DeleteDesktop(e.Context(), tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if a := e.do("DELETE", e.path("/desktop-pools/"+id), nil); a.status != http.StatusNoContent || a.raw != "" {
		t.Errorf("deleting answers %d %q", a.status, a.raw)
	}
	for _, a := range []answer{
		e.do("DELETE", e.path("/desktop-pools/"+id), nil), e.get("/desktop-pools/" + id), e.get("/desktop-pools/" + id + "/desktops"),
		e.get("/desktop-pools/" + id + "/inconsistent-statics"), e.post("/desktop-pools/"+id+"/expand", object{"size": 1}),
		e.do("PUT", e.path("/desktop-pools/"+id), object{"description": "x"}), e.post("/desktop-pools/"+id+"/notifications", object{"notifications": "x"}),
	} {
		e.refused(a, http.StatusNotFound, workspace.CodePoolNotFound, id)
	}
}

func TestBadChangesOfPoolsAreRefusedAndChangeNothing(t *testing.T) {
	e := newEnv(t)
	id, _ := e.pool(object{"type": "STATIC", "tags": []object{{"key": "a"}}})
	e.pool(object{"name": "taken"})
	before := e.ok(e.get("/desktop-pools/" + id)).raw
	for name, c := range map[string]struct {
		body    object
		status  int
		code    workspace.Code
		message string
	}{
		"a name in use":          {object{"name": "TAKEN"}, 409, workspace.CodeNameTaken, "name: "},
		"an empty name":          {object{"name": ""}, 400, workspace.CodeInvalid, "name: "},
		"an unknown zone":        {object{"availability_zone": "x"}, 400, workspace.CodeZoneNotFound, "availability_zone: "},
		"an unknown unit":        {object{"ou_name": "x"}, 400, workspace.CodeInvalid, "ou_name: "},
		"an unknown policy":      {object{"desktop_name_policy_id": "x"}, 400, workspace.CodePolicyNotFound, "desktop_name_policy_id: "},
		"no subnet":              {object{"subnet_ids": []string{}}, 400, workspace.CodeInvalid, "subnet_ids: "},
		"an unknown subnet":      {object{"subnet_ids": []string{"x"}}, 400, workspace.CodeSubnetNotFound, "subnet_ids[0]: "},
		"an unknown VPC":         {object{"vpc_id": "x"}, 400, workspace.CodeInvalid, "subnet_ids[0]: "},
		"an unknown group":       {object{"security_groups": []object{{"id": "x"}}}, 400, workspace.CodeSecurityNotFound, "security_groups[0].id: "},
		"another system disk":    {object{"root_volume": object{"id": "x", "type": "SSD"}}, 400, workspace.CodeInvalid, "root_volume.id: "},
		"an unknown data disk":   {object{"data_volumes": []object{{"id": "x", "type": "SSD"}}}, 400, workspace.CodeInvalid, "data_volumes[0].id: "},
		"a retention":            {object{"disconnected_retention_period": 20}, 400, workspace.CodeInvalid, "DYNAMIC pools only"},
		"scaling without bounds": {object{"enable_autoscale": true, "autoscale_policy": object{"autoscale_type": "AUTO_CREATED"}}, 400, workspace.CodeInvalid, "max_auto_created: "},
		"a text for a boolean":   {object{"in_maintenance_mode": "yes"}, 400, workspace.CodeInvalid, "in_maintenance_mode: "},
	} {
		t.Run(name, func(t *testing.T) {
			e.TB = t
			e.refused(e.do("PUT", e.path("/desktop-pools/"+id), c.body), c.status, c.code, c.message)
		})
	}
	e.TB = t
	if after := e.ok(e.get("/desktop-pools/" + id)).raw; after != before {
		t.Errorf("the pool was %s and is %s", before, after)
	}
}
