package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reference is the body of the public documentation's example.
const reference = `{ "name" : "POOL01", "type" : "STATIC", "size" : 50, "image_type" : "gold",
	"image_id" : "a866298d-67db-44b0-a1f1-9d09bdddc20f", "root_volume" : { "type" : "SAS", "size" : 80 },
	"availability_zone" : "az3.manage.x86", "subnet_ids" : [ "5dee0216-2260-47c2-9368-98a27d910e55" ],
	"product_id" : "workspace.c2.large.windows.2" }`

// addSubnet adds a subnet to the project's VPC and returns its id.
func (e *env) addSubnet(id, cidr, gateway string) string {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
			ID: id, ProjectID: e.first.ProjectID, VPCID: e.vpcID, Name: id, CIDR: cidr, Gateway: gateway, Network: "net-" + id[:4],
		})
	})
	return id
}

func TestTheExampleOfTheReferenceMakesAPool(t *testing.T) {
	e := newEnv(t)
	e.addSubnet("5dee0216-2260-47c2-9368-98a27d910e55", "10.9.4.0/22", "10.9.4.1")
	e.update(func(tx *store.Tx) error {
		ctx := e.Context()
		for _, err := range []error{
			catalog.PutZones(ctx, tx, []catalog.Zone{{ID: zone, Default: true}, {ID: "az3.manage.x86"}}),
			catalog.PutProducts(ctx, tx, []catalog.Product{{ID: "workspace.c2.large.windows.2", CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Windows", Status: "normal"}}),
			catalog.PutImages(ctx, tx, []catalog.Image{{ID: "a866298d-67db-44b0-a1f1-9d09bdddc20f", Type: catalog.ImageGold, Name: "Windows", OSType: "Windows", Architecture: "x86", EngineID: "sim"}}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	job := e.ok(e.post("/desktop-pools", reference)).text("job_id")
	p := answer{body: e.ok(e.get("/desktop-pools?name=POOL01")).at("desktop_pools", 0)}
	if p.text("status") != "TEMPORARY" || p.number("desktop_count") != 50 || p.text("availability_zone") != "az3.manage.x86" {
		t.Errorf("listed at once: %v", p.body)
	}
	subs := e.ok(e.get("/workspace-sub-jobs?job_id=" + job + "&desktop_pool_id=" + p.text("id")))
	if subs.number("total_count") != 50 || subs.text("jobs", 49, "job_type") != "createDesktopPool" {
		t.Errorf("%d sub-jobs", subs.number("total_count"))
	}
	e.refused(e.post("/desktop-pools", reference), http.StatusConflict, workspace.CodeNameTaken, "POOL01")
	if n := e.ok(e.get("/desktops")).number("total_count"); n != 50 {
		t.Errorf("%d desktops", n)
	}
}

// poolOrder is a request for a pool that is right; changes make it wrong.
func (e *env) poolOrder(changes object) object {
	o := object{
		"name": "POOL01", "type": "DYNAMIC", "size": 2, "product_id": product, "image_type": "gold", "image_id": image,
		"root_volume": object{"type": "SAS", "size": 80}, "subnet_ids": []string{e.subnetID},
	}
	for k, v := range changes {
		if v == nil {
			delete(o, k)
		} else {
			o[k] = v
		}
	}
	return o
}

// pool makes a pool whose desktops run and are idle, and returns its id and theirs.
func (e *env) pool(changes object) (string, []string) {
	e.Helper()
	o := e.poolOrder(changes)
	e.ok(e.post("/desktop-pools", o))
	id := e.ok(e.get("/desktop-pools?name="+o["name"].(string))).text("desktop_pools", 0, "id")
	ids := e.poolDesktops(id, "limit=100")
	e.settle(ids...)
	return id, ids
}

func (e *env) poolDesktops(poolID, query string) []string {
	e.Helper()
	var ids []string
	for _, d := range e.ok(e.get("/desktop-pools/" + poolID + "/desktops?" + query)).list("pool_desktops") {
		ids = append(ids, answer{body: d}.text("desktop_id"))
	}
	return ids
}

// somebody adds a person.
func (e *env) somebody(name string) string {
	e.Helper()
	return e.ok(e.post("/users", object{"user_name": name, "user_email": name + "@example.org"})).text("id")
}

// change writes what a desktop has only in a pool.
func (e *env) change(desktopID string, group workspace.UserGroup, change func(*desktop.Member)) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		m, err := desktop.ReadMember(e.Context(), tx, desktopID)
		if err != nil {
			return err
		}
		was := m.Binding
		change(&m)
		saved, err := desktop.SaveMember(e.Context(), tx, m, was, group)
		if err == nil && !saved {
			err = fmt.Errorf("desktop %s is not as it was", desktopID)
		}
		return err
	})
}

func (e *env) bind(desktopID, userID string) {
	e.Helper()
	e.change(desktopID, workspace.GroupDefault, func(m *desktop.Member) { *m = m.AfterBinding(userID, time.Now()) })
}

// set changes a desktop's own row.
func (e *env) set(desktopID string, change func(*desktop.Desktop)) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, desktopID)
		if err != nil {
			return err
		}
		change(&d)
		return desktop.SaveDesktop(e.Context(), tx, d)
	})
}

func TestBadOrdersOfPoolsAreRefusedAndLeaveNothingBehind(t *testing.T) {
	e := newEnv(t)
	other := "other-vpc"
	e.update(func(tx *store.Tx) error {
		ctx := e.Context()
		if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: other, ProjectID: e.first.ProjectID, Name: other, CIDR: "10.8.0.0/16"}); err != nil {
			return err
		}
		return catalog.InsertSubnet(ctx, tx, catalog.Subnet{ID: "far", ProjectID: e.first.ProjectID, VPCID: other, Name: "far", CIDR: "10.8.0.0/24", Gateway: "10.8.0.1", Network: "far"})
	})
	perUser := e.ok(e.post("/desktop-name-policies", object{
		"policy_name": "people", "name_prefix": "$DomainUser$", "digit_number": 2, "start_number": 1, "single_domain_user_inc": 1,
	})).text("policy_id")
	policy := func(p object) object {
		return e.poolOrder(object{"enable_autoscale": true, "autoscale_policy": p})
	}
	auto := func(field string, value any) object {
		return policy(object{"autoscale_type": "AUTO_CREATED", "max_auto_created": 5, field: value})
	}
	for name, c := range map[string]struct {
		body    any
		status  int
		code    workspace.Code
		message string
	}{
		"an empty body":            {"", 400, workspace.CodeEmptyBody, "no body"},
		"no name":                  {e.poolOrder(object{"name": nil}), 400, workspace.CodeInvalid, "name: must be given"},
		"a name of 256 characters": {e.poolOrder(object{"name": strings.Repeat("a", 256)}), 400, workspace.CodeInvalid, "at most 255"},
		"a name with a space":      {e.poolOrder(object{"name": "a b"}), 400, workspace.CodeInvalid, "name: "},
		"an unknown type":          {e.poolOrder(object{"type": "SHARED"}), 400, workspace.CodeInvalid, "type: expected value to be one of"},
		"no desktops":              {e.poolOrder(object{"size": 0}), 400, workspace.CodeInvalid, "size: 0 is out of range, use 1 to 1000"},
		"1001 desktops":            {e.poolOrder(object{"size": 1001}), 400, workspace.CodeInvalid, "size: 1001 is out of range"},
		"a text for the size":      {e.poolOrder(object{"size": "2"}), 400, workspace.CodeInvalid, "size: expected integer"},
		"an unknown product":       {e.poolOrder(object{"product_id": "x"}), 400, workspace.CodeProductNotFound, "product_id: "},
		"another flavor":           {e.poolOrder(object{"flavor_id": "x"}), 400, workspace.CodeUnsupported, "flavor_id: "},
		"an unknown image":         {e.poolOrder(object{"image_id": "x"}), 400, workspace.CodeImageNotFound, "image_id: "},
		"an image of another type": {e.poolOrder(object{"image_type": "private"}), 400, workspace.CodeInvalid, "image_type: "},
		"no system disk":           {e.poolOrder(object{"root_volume": nil}), 400, workspace.CodeInvalid, "root_volume: must be given"},
		"a system disk of 70 GB":   {e.poolOrder(object{"root_volume": object{"type": "SAS", "size": 70}}), 400, workspace.CodeInvalid, "root_volume.size: "},
		"an unknown kind of disk":  {e.poolOrder(object{"root_volume": object{"type": "TAPE", "size": 80}}), 400, workspace.CodeInvalid, "root_volume.type: "},
		"a disk with an id":        {e.poolOrder(object{"root_volume": object{"type": "SAS", "size": 80, "id": "x"}}), 400, workspace.CodeUnsupported, "root_volume.id: "},
		"a disk of another specification": {
			e.poolOrder(object{"data_volumes": []object{{"type": "SAS", "size": 10, "resource_spec_code": "x"}}}), 400, workspace.CodeUnsupported,
			"data_volumes[0].resource_spec_code: ",
		},
		"eleven data disks":          {e.poolOrder(object{"data_volumes": slices.Repeat([]object{{"type": "SAS", "size": 10}}, 11)}), 400, workspace.CodeInvalid, "data_volumes: 11"},
		"no subnet":                  {e.poolOrder(object{"subnet_ids": []string{}}), 400, workspace.CodeInvalid, "subnet_ids: "},
		"a subnet twice":             {e.poolOrder(object{"subnet_ids": []string{e.subnetID, e.subnetID}}), 400, workspace.CodeInvalid, "subnet_ids[1]: "},
		"an unknown subnet":          {e.poolOrder(object{"subnet_ids": []string{e.subnetID, "x"}}), 400, workspace.CodeSubnetNotFound, "subnet_ids[1]: "},
		"subnets of two VPCs":        {e.poolOrder(object{"subnet_ids": []string{e.subnetID, "far"}}), 400, workspace.CodeInvalid, "subnet_ids[1]: subnet far is in VPC other-vpc"},
		"another VPC":                {e.poolOrder(object{"vpc_id": other}), 400, workspace.CodeInvalid, "subnet_ids[0]: "},
		"a subnet that is too small": {e.poolOrder(object{"size": 400}), 409, workspace.CodeNoAddress, "subnet_ids: "},
		"an unknown security group":  {e.poolOrder(object{"security_groups": []object{{"id": "x"}}}), 400, workspace.CodeSecurityNotFound, "security_groups[0].id: "},
		"an unknown zone":            {e.poolOrder(object{"availability_zone": "x"}), 400, workspace.CodeZoneNotFound, "availability_zone: "},
		"an unknown unit":            {e.poolOrder(object{"ou_name": "x"}), 400, workspace.CodeInvalid, "ou_name: "},
		"an unknown directory":       {e.poolOrder(object{"domain": "corp.example"}), 400, workspace.CodeInvalid, "domain: "},
		"an unknown name policy":     {e.poolOrder(object{"desktop_name_policy_id": "x"}), 400, workspace.CodePolicyNotFound, "desktop_name_policy_id: "},
		"a name policy for people":   {e.poolOrder(object{"desktop_name_policy_id": perUser}), 400, workspace.CodeInvalid, "desktop_name_policy_id: "},
		"somebody unknown":           {e.poolOrder(object{"authorized_objects": []object{{"object_type": "USER", "object_id": "x"}}}), 400, workspace.CodeUserNotFound, "authorized_objects[0].object_id: "},
		"a group unknown":            {e.poolOrder(object{"authorized_objects": []object{{"object_type": "USER_GROUP", "object_id": "x"}}}), 400, workspace.CodeGroupNotFound, "authorized_objects[0].object_id: "},
		"an unknown privilege": {
			e.poolOrder(object{"authorized_objects": []object{{"object_type": "USER", "object_id": "x", "user_group": "king"}}}), 400, workspace.CodeInvalid,
			"authorized_objects[0].user_group: ",
		},
		"a short retention":       {e.poolOrder(object{"disconnected_retention_period": 9}), 400, workspace.CodeInvalid, "use 10 to 43200"},
		"a retention in a STATIC": {e.poolOrder(object{"type": "STATIC", "disconnected_retention_period": 10}), 400, workspace.CodeInvalid, "DYNAMIC pools only"},
		"no maximum":              {policy(object{"autoscale_type": "AUTO_CREATED"}), 400, workspace.CodeInvalid, "autoscale_policy.max_auto_created: "},
		"no way to scale":         {policy(object{"min_idle": 1}), 400, workspace.CodeInvalid, "autoscale_policy.autoscale_type: "},
		"too many at once":        {auto("once_auto_created", 101), 400, workspace.CodeInvalid, "autoscale_policy.once_auto_created: 101"},
		"too many idle":           {auto("min_idle", 5001), 400, workspace.CodeInvalid, "autoscale_policy.min_idle: 5001"},
		"too long idle":           {auto("idle_retention_duration", 43201), 400, workspace.CodeInvalid, "autoscale_policy.idle_retention_duration: 43201"},
		"too many aside":          {auto("auto_isolation_max_num", 1001), 400, workspace.CodeInvalid, "autoscale_policy.auto_isolation_max_num: 1001"},
		"too many resets":         {e.poolOrder(object{"user_reset_policy": object{"enable": true, "reset_count_per_day": 101}}), 400, workspace.CodeInvalid, "user_reset_policy.reset_count_per_day: "},
		"21 tags":                 {e.poolOrder(object{"tags": slices.Repeat([]object{{"key": "a"}}, 21)}), 400, workspace.CodeInvalid, "tags: 21 tags"},
	} {
		t.Run(name, func(t *testing.T) {
			e.TB = t
			e.refused(e.post("/desktop-pools", c.body), c.status, c.code, c.message)
		})
	}
	e.TB = t
	e.nothingWritten()
	if n := e.ok(e.get("/desktop-pools")).number("total_count"); n != 0 {
		t.Errorf("%d pools were written", n)
	}
}

func TestOfTwoPoolsOfOneNameOnlyOneIsMade(t *testing.T) {
	e := newEnv(t)
	answers := make([]answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = e.post("/desktop-pools", e.poolOrder(object{"name": []string{"Pool-1", "pool-1"}[i%2]}))
		})
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			made++
		} else {
			e.refused(a, http.StatusConflict, workspace.CodeNameTaken, "name: ")
			if !strings.HasPrefix(a.text("error_msg"), "name: pool ") {
				t.Errorf("the refusal does not name the field once: %s", a.raw)
			}
		}
	}
	if n := e.ok(e.get("/desktops")).number("total_count"); made != 1 || n != 2 {
		t.Errorf("%d pools were made, with %d desktops", made, n)
	}
}

func TestAPoolIsSpreadOverItsSubnetsWhileTheyHaveRoom(t *testing.T) {
	e := newEnv(t)
	small, wide := e.addSubnet("tiny-1", "10.9.8.0/28", "10.9.8.1"), e.addSubnet("wide-1", "10.9.16.0/22", "10.9.16.1")
	id, _ := e.pool(object{"size": 60, "subnet_ids": []string{e.subnetID, small, wide}, "tags": []object{{"key": "a", "value": "b"}}})
	count := func(subnetID string) int {
		return e.ok(e.get("/desktop-pools/" + id + "/desktops?limit=0&subnet_id=" + subnetID)).number("total_count")
	}
	if first, tiny, second := count(e.subnetID), count(small), count(wide); first+tiny+second != 60 || tiny == 0 || first < 20 || second < 20 {
		t.Errorf("%d, %d and %d of 60 desktops", first, tiny, second)
	}
	e.refused(e.post("/desktop-pools/"+id+"/expand", object{"size": 1001}), 400, workspace.CodeInvalid, "size: ")
	e.ok(e.post("/desktop-pools/"+id+"/expand", object{"size": 400}))
	if n := count(wide); n < 200 {
		t.Errorf("the full subnets left %d for the wide one", n)
	}
}

func TestNamesOfAPoolFollowItsPolicy(t *testing.T) {
	e := newEnv(t)
	policy := e.ok(e.post("/desktop-name-policies", object{
		"policy_name": "office", "name_prefix": "office", "digit_number": 3, "start_number": 7, "single_domain_user_inc": 0,
	})).text("policy_id")
	id, _ := e.pool(object{"desktop_name_policy_id": policy})
	e.ok(e.post("/desktop-pools/"+id+"/expand", object{"size": 1}))
	var names []string
	for _, d := range e.ok(e.get("/desktop-pools/" + id + "/desktops?sort_field=computer_name")).list("pool_desktops") {
		names = append(names, answer{body: d}.text("computer_name"))
	}
	if !slices.Equal(names, []string{"office007", "office008", "office009"}) {
		t.Errorf("names: %v", names)
	}
	other, _ := e.pool(object{"name": "销售部"})
	if name := e.ok(e.get("/desktop-pools/"+other+"/desktops")).text("pool_desktops", 0, "computer_name"); !strings.HasPrefix(name, "销售部-0") {
		t.Errorf("a pool with a Chinese name has desktop %q", name)
	}
}

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

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestThePathOfTheReferencesExampleWorksToo(t *testing.T) {
	e := newEnv(t)
	id, ids := e.pool(nil)
	e.ok(e.post("/desktops-pools/"+id+"/action", object{"op_type": "os-stop", "type": "SOFT"}))
	e.refused(e.post("/desktop-pools/"+id+"/action", object{"op_type": "os-stop"}), http.StatusConflict, workspace.CodeConflict, "all 2 desktops of pool POOL01 are busy")
	e.set(ids[0], func(d *desktop.Desktop) { d.Status, d.Task, d.TaskOwner = desktop.StatusActive, "", "" })
	job := e.ok(e.post("/desktop-pools/"+id+"/action", object{"op_type": "reboot", "type": "HARD"})).text("job_id")
	a := e.ok(e.get("/workspace-jobs/" + job))
	states := map[string]string{}
	for _, s := range a.list("sub_jobs") {
		s := answer{body: s}
		states[s.text("entities", "desktop_id")] = s.text("status") + " " + s.text("error_code")
	}
	if states[ids[0]] != "WAITING " || states[ids[1]] != "FAILED WKS.00010032" || a.text("status") != "RUNNING" {
		t.Errorf("the job is %s, its sub-jobs %v", a.text("status"), states)
	}
	anonymous := func(r *http.Request) { r.Header.Del("X-Auth-Token") }
	e.refused(e.do("POST", e.path("/desktops-pools/"+id+"/action"), object{"op_type": "os-stop"}, anonymous), 401, "APIGW.0301", "")
	e.refused(e.post("/desktop-pools/"+id+"/action", object{"op_type": "os-stop", "type": "FIRM"}), 400, workspace.CodeInvalid, "type: ")
	e.refused(e.post("/desktop-pools/x/action", object{"op_type": "os-stop"}), 404, workspace.CodePoolNotFound, "")
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
		"a faster disk":          {object{"root_volume": object{"id": "x", "type": "SSD", "iops": 5}}, 400, workspace.CodeUnsupported, "root_volume.iops: "},
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

func TestTheExampleOfThePoolsPageMakesAPool(t *testing.T) {
	page, err := os.ReadFile("../../docs/pools.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(page), "<!-- example: CreateDesktopPool -->\n```json\n")
	example, _, closed := strings.Cut(example, "```")
	if !found || !closed {
		t.Fatal("docs/pools.md has no example")
	}
	e := newEnv(t)
	e.ok(e.post("/desktop-pools", strings.NewReplacer("PRODUCT", product, "IMAGE", image, "SUBNET", e.subnetID, `"GROUP"`, `"`+e.group("sales")+`"`).Replace(example)))
	p := answer{body: e.ok(e.get("/desktop-pools")).at("desktop_pools", 0)}
	if p.number("desktop_count") != 3 || p.number("autoscale_policy", "min_idle") != 2 || p.number("user_reset_policy", "reset_count_per_day") != 2 {
		t.Errorf("pool: %v", p.body)
	}
	if a := e.ok(e.get("/desktop-pools/" + p.text("id") + "/users")); a.text("objects", 0, "object_name") != "sales" {
		t.Errorf("people: %s", a.raw)
	}
}
