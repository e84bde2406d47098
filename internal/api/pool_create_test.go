package api_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reference is the body of the public documentation's example.
const reference = `{ "name" : "POOL01", "type" : "STATIC", "size" : 50, "image_type" : "gold",
	"image_id" : "a866298d-67db-44b0-a1f1-9d09bdddc20f", "root_volume" : { "type" : "SAS", "size" : 80 },
	"availability_zone" : "az3.manage.x86", "subnet_ids" : [ "5dee0216-2260-47c2-9368-98a27d910e55" ],
	"product_id" : "workspace.c2.large.windows.2" }`

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
		"an unknown type of image": {e.poolOrder(object{"image_type": "colour"}), 400, workspace.CodeInvalid, "image_type: "},
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
		"21 tags":                 {e.poolOrder(object{"tags": slices.Repeat([]object{{"key": "a"}}, 21)}), 400, workspace.CodeInvalid, "tags: at most 20 "},
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

func TestAPoolIsSpreadOverItsSubnetsWhileTheyHaveAddresses(t *testing.T) {
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
