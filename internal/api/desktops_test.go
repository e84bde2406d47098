package api_test

import (
	"net/http"
	"strings"
	"testing"

	"carrel/internal/workspace"
)

func TestCreatingDesktopsAnswersWithAJobWhoseSubJobsAreThere(t *testing.T) {
	e := newEnv(t)
	a := e.ok(e.post("/desktops", order(object{"desktops": desktopsFor("ann", "bob")})))
	job := a.text("job_id")
	a = e.ok(e.get("/workspace-sub-jobs?job_id=" + job))
	if a.number("total_count") != 2 || a.text("jobs", 0, "status") != "WAITING" || a.text("jobs", 0, "entities", "desktop_id") == "" {
		t.Fatalf("sub-jobs: %s", a.raw)
	}
	a = e.ok(e.get("/workspace-jobs/" + job))
	for path, want := range map[string]any{
		"status": "WAITING", "job_type": "createDesktops", "sub_jobs_total": 2.0, "id": job, "end_time": "",
	} {
		if a.at(path) != want {
			t.Errorf("%s is %v, want %v", path, a.at(path), want)
		}
	}
	sub := answer{body: a.at("sub_jobs", 1)}
	if sub.text("attach_user") != "bob" || sub.text("job_id") != job || sub.text("project_id") != e.first.ProjectID || sub.number("process") != 0 {
		t.Errorf("sub-job: %v", sub.body)
	}
}

func TestADesktopHasWhatClientsRead(t *testing.T) {
	e := newEnv(t)
	e.enterprises("7")
	id := e.create(object{
		"desktops":     []object{{"user_name": "ann", "user_group": "sudo", "computer_name": "ann-pc"}},
		"data_volumes": []object{{"type": "SSD", "size": 10}, {"type": "SAS", "size": 20}},
		"tags":         []object{{"key": "team", "value": "a"}}, "enterprise_project_id": "7", "vpc_id": e.vpcID,
		"nics": []object{{"subnet_id": e.subnetID}}, "desktop_ips": []string{"10.9.0.50"},
	})[0]
	if a := e.ok(e.get("/desktops/" + id)); a.text("desktop", "status") != "" || a.text("desktop", "task_status") != "spawning" {
		t.Errorf("while it is made: %s", a.raw)
	}
	e.settle(id)
	for name, a := range map[string]answer{
		"alone":     {body: e.ok(e.get("/desktops/" + id)).at("desktop")},
		"in a list": {body: e.ok(e.get("/desktops/detail")).at("desktops", 0)},
	} {
		for _, c := range []struct {
			want any
			path []any
		}{
			{id, []any{"desktop_id"}},
			{"ann-pc", []any{"computer_name"}},
			{"ann-pc", []any{"os_host_name"}},
			{"ACTIVE", []any{"status"}},
			{"", []any{"task_status"}},
			{"REGISTERED", []any{"login_status"}},
			{"DEDICATED", []any{"desktop_type"}},
			{image, []any{"metadata", "metering.image_id"}},
			{product, []any{"product", "product_id"}},
			{"2", []any{"product", "cpu"}},
			{"4096", []any{"product", "memory"}},
			{"1", []any{"product", "charge_mode"}},
			{"80", []any{"product", "system_disk_size"}},
			{80.0, []any{"root_volume", "size"}},
			{"SAS", []any{"root_volume", "type"}},
			{"/dev/sda", []any{"root_volume", "device"}},
			{"SSD", []any{"data_volumes", 0, "type"}},
			{"/dev/sdb", []any{"data_volumes", 0, "device"}},
			{20.0, []any{"data_volumes", 1, "size"}},
			{"ann", []any{"user_name"}},
			{"sudo", []any{"user_group"}},
			{"ann", []any{"attach_user_infos", 0, "user_name"}},
			{"USER", []any{"attach_user_infos", 0, "type"}},
			{"ATTACHED", []any{"attach_state"}},
			{"team", []any{"tags", 0, "key"}},
			{"7", []any{"enterprise_project_id"}},
			{zone, []any{"availability_zone"}},
			{e.subnetID, []any{"subnet_id"}},
			{"10.9.0.50", []any{"ipv4"}},
			{"10.9.0.50", []any{"ip_addresses", 0}},
			{"Debian GNU/Linux 12", []any{"os_version"}},
		} {
			if got := a.at(c.path...); got != c.want {
				t.Errorf("%s: %v is %v, want %v", name, c.path, got, c.want)
			}
		}
		for _, path := range [][]any{{"security_groups", 0, "id"}, {"root_volume", "volume_id"}, {"root_volume", "create_time"}, {"created"}} {
			if a.text(path...) == "" {
				t.Errorf("%s: %v is empty", name, path)
			}
		}
	}
}

func TestDesktopsAreFilteredByEveryParameter(t *testing.T) {
	e := newEnv(t)
	e.enterprises("7")
	ann := e.create(object{
		"desktops": []object{{"user_name": "ann", "computer_name": "ann-pc"}}, "desktop_ips": []string{"10.9.0.50"},
		"tags": []object{{"key": "team", "value": "a"}, {"key": "floor", "value": "2"}}, "enterprise_project_id": "7",
	})[0]
	bob := e.create(object{"desktop_type": "SHARED", "desktops": []object{{"user_name": "bob", "computer_name": "Bobs"}}})[0]
	spare := e.create(object{"size": 1, "desktop_name": "spare"})[0]
	e.settle(ann)
	all := []string{ann, bob, spare}
	cases := []struct {
		query  string
		want   []string
		detail bool // only the list of details takes it
	}{
		{"", all, false},
		{"computer_name=ANN", []string{ann}, false},
		{"desktop_ip=10.9.0.50", []string{ann}, false},
		{"pool_id=none", nil, false},
		{"enterprise_project_id=7", []string{ann}, false},
		{"desktop_type=SHARED", []string{bob}, false},
		{"desktop_type=SHARED,DEDICATED", all, false},
		{"desktop_type=POOLED", nil, false},
		{"is_share_desktop=true", []string{bob}, false},
		{"is_share_desktop=false", []string{ann, spare}, false},
		{"is_share_desktop=false&desktop_type=SHARED", nil, false},
		{"subnet_id=" + e.subnetID, all, false},
		{"subnet_id=other", nil, false},
		{"status=ACTIVE", []string{ann}, false},
		{"status=ACTIVE,ERROR", []string{ann}, false},
		{"status=SHUTOFF", nil, false},
		{"desktop_id=" + ann + "&desktop_id=" + spare, []string{ann, spare}, false},
		{"desktop_id=" + ann + "," + bob, []string{ann, bob}, false},
		{"tag=team=a", []string{ann}, false},
		{"tag=team%3Da,floor%3D2", []string{ann}, false},
		{"tag=team=b", nil, false},
		{"limit=0", nil, false},
		{"offset=1&limit=1", []string{bob}, false},
		{"offset=3", nil, false},
		{"unknown=1", all, false},
		{"user_name=an", []string{ann}, true},
		{"user_names=ann&user_names=bob", []string{ann, bob}, true},
		{"user_names=an", nil, true},
		{"computer_names=bobs&computer_names=spare", []string{bob, spare}, true},
		{"sort_field=computer_name&sort_type=DESC", []string{spare, bob, ann}, true},
		{"sort_field=created&sort_type=ASC", all, true},
		{"user_attached=true", []string{ann, bob}, true},
		{"user_attached=false", []string{spare}, true},
		{"image_id=" + image, all, true},
		{"image_id=other", nil, true},
		{"charge_mode=1", all, true},
		{"charge_mode=0", nil, true},
		{"in_maintenance_mode=true", nil, true},
		{"in_maintenance_mode=false", all, true},
		{"is_support_internet=true", nil, true},
		{"is_support_internet=false", all, true},
		{"availability_zone=" + zone, all, true},
		{"availability_zone=other", nil, true},
	}
	ids := func(a answer) []string {
		var out []string
		for _, d := range a.list("desktops") {
			out = append(out, answer{body: d}.text("desktop_id"))
		}
		return out
	}
	for _, c := range cases {
		lists := []string{"/desktops/detail?"}
		if !c.detail {
			lists = append(lists, "/desktops?")
		}
		for _, list := range lists {
			a := e.ok(e.get(list + c.query))
			if got := ids(a); strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("%s%s gives %v, want %v", list, c.query, got, c.want)
			}
			if a.list("desktops") == nil {
				t.Errorf("%s%s: desktops is not a list: %s", list, c.query, a.raw)
			}
		}
	}
	if got := ids(e.ok(e.get("/desktops?user_name=ann&user_name=bob"))); len(got) != 2 {
		t.Errorf("user_name, repeated, gives %v", got)
	}
	if a := e.ok(e.get("/desktops?limit=0")); a.number("total_count") != 3 {
		t.Errorf("limit 0 does not count: %s", a.raw)
	}
	a := e.ok(e.get("/desktops?computer_name=ann"))
	if a.text("desktops", 0, "domain_id") != e.first.DomainID || a.text("desktops", 0, "connect_status") != "REGISTERED" {
		t.Errorf("summary: %s", a.raw)
	}
}

func TestParametersOutOfRangeAreRefusedByName(t *testing.T) {
	e := newEnv(t)
	for target, message := range map[string]string{
		"/desktops?limit=1001":                              "limit: expected number <= 1000, got 1001",
		"/desktops?limit=-1":                                "limit: expected number >= 0",
		"/desktops?limit=many":                              `limit: invalid integer, got "many"`,
		"/desktops?limit=99999999999999999999":              "limit: invalid integer",
		"/desktops?offset=-1":                               "offset: expected number >= 0",
		"/desktops?is_share_desktop=maybe":                  "is_share_desktop: invalid boolean",
		"/desktops?tag=" + strings.Repeat("a=b,", 21):       "tag: 21 tags, at most 20 are allowed",
		"/desktops?tag=team":                                "tag: \"team\" must have the form key=value",
		"/desktops?" + strings.Repeat("desktop_id=x&", 101): "desktop_id: at most 100 are allowed",
		"/desktops/detail?limit=501":                        "limit: expected number <= 500",
		"/desktops/detail?sort_field=size":                  "sort_field: expected value to be one of",
		"/desktops/detail?sort_type=up":                     "sort_type: expected value to be one of",
		"/desktops/detail?charge_mode=2":                    "charge_mode: expected value to be one of",
		"/workspace-sub-jobs?limit=1001":                    "limit: expected number <= 1000",
		"/workspace-sub-jobs?status=LOST":                   "status: expected value to be one of",
		"/products?limit=101":                               "limit: expected number <= 100",
		"/images?limit=101":                                 "limit: expected number <= 100",
		"/images?sort_field=size":                           "sort_field: expected value to be one of",
		"/users?limit=2001":                                 `limit: "2001" is out of range, use a number from 0 to 2000`,
		"/users?limit=x":                                    `limit: "x" is out of range`,
		"/users?offset=-1":                                  `offset: "-1" is out of range`,
		"/users?active_type=SELF":                           "active_type: expected value to be one of",
		"/availability-zones/detail":                        "availability_zone_id: must be given",
	} {
		e.refused(e.get(target), http.StatusBadRequest, workspace.CodeInvalid, message)
	}
	e.refused(e.get("/availability-zones/detail?availability_zone_id=x"), 400, workspace.CodeZoneNotFound, "availability_zone_id")
}

func TestBadOrdersAreRefusedAndLeaveNothingBehind(t *testing.T) {
	e := newEnv(t)
	with := func(field string, value any) object {
		return order(object{"desktops": desktopsFor("ann"), field: value})
	}
	named := func(name string) object {
		return order(object{"desktops": []object{{"user_name": "ann", "computer_name": name}}})
	}
	for name, c := range map[string]struct {
		body    any
		status  int
		code    workspace.Code
		message string
	}{
		"an empty body":                     {"", 400, workspace.CodeEmptyBody, "no body"},
		"a body of white space":             {"\n", 400, workspace.CodeEmptyBody, "no body"},
		"malformed JSON":                    {`{"desktop_type":`, 400, workspace.CodeMalformed, "not valid JSON"},
		"two objects":                       {`{} {}`, 400, workspace.CodeMalformed, "not valid JSON"},
		"a list":                            {`[]`, 400, workspace.CodeInvalid, "body: expected object"},
		"null":                              {`null`, 400, workspace.CodeInvalid, "body: expected object"},
		"an empty object":                   {`{}`, 400, workspace.CodeInvalid, "must be given"},
		"no product":                        {with("product_id", nil), 400, workspace.CodeInvalid, "product_id: must be given"},
		"a number for a text":               {with("product_id", 5), 400, workspace.CodeInvalid, "product_id: expected string"},
		"a text for a number":               {with("root_volume", object{"type": "SAS", "size": "80"}), 400, workspace.CodeInvalid, "root_volume.size: expected integer"},
		"a fraction of a GB":                {with("root_volume", object{"type": "SAS", "size": 80.5}), 400, workspace.CodeInvalid, "root_volume.size: expected integer"},
		"a number beyond all bounds":        {with("root_volume", object{"type": "SAS", "size": 1e300}), 400, workspace.CodeInvalid, "number is too large"},
		"no disk size":                      {with("root_volume", object{"type": "SAS"}), 400, workspace.CodeInvalid, "root_volume.size: must be given"},
		"a text for the list of desktops":   {with("desktops", "ann"), 400, workspace.CodeInvalid, "desktops: expected array"},
		"a desktop without a user":          {with("desktops", []object{{}}), 400, workspace.CodeInvalid, "desktops[0].user_name: must be given"},
		"101 desktops":                      {with("desktops", people(101)), 400, workspace.CodeInvalid, "desktops: 101 desktops, at most 100 are allowed"},
		"desktops and size":                 {with("size", 1), 400, workspace.CodeInvalid, "size: cannot be used together with desktops"},
		"neither desktops nor size":         {order(nil), 400, workspace.CodeInvalid, "desktops: must hold 1 to 100"},
		"a name of 16 characters":           {named("abcdefghijklmnop"), 400, workspace.CodeInvalid, "desktops[0].computer_name"},
		"a trailing hyphen":                 {named("abc-"), 400, workspace.CodeInvalid, "must not end with a hyphen"},
		"the same name twice":               {with("desktops", []object{{"user_name": "a", "computer_name": "x"}, {"user_name": "b", "computer_name": "X"}}), 400, workspace.CodeInvalid, "desktops[1].computer_name"},
		"a system disk of 79 GB":            {with("root_volume", object{"type": "SAS", "size": 79}), 400, workspace.CodeInvalid, "root_volume.size: 79 GB is out of range, use 80 to 32760"},
		"a system disk of 85 GB":            {with("root_volume", object{"type": "SAS", "size": 85}), 400, workspace.CodeInvalid, "root_volume.size: 85 GB is not a multiple of 10"},
		"a data disk of 32770 GB":           {with("data_volumes", []object{{"type": "SAS", "size": 32770}}), 400, workspace.CodeInvalid, "data_volumes[0].size: 32770 GB"},
		"an unknown type of disk":           {with("root_volume", object{"type": "TAPE", "size": 80}), 400, workspace.CodeInvalid, "root_volume.type"},
		"an unknown product":                {with("product_id", "huge"), 400, workspace.CodeProductNotFound, "huge"},
		"an unknown image":                  {with("image_id", "none"), 400, workspace.CodeImageNotFound, "none"},
		"an unknown subnet":                 {with("nics", []object{{"subnet_id": "none"}}), 400, workspace.CodeSubnetNotFound, "nics[0].subnet_id"},
		"an unknown zone":                   {with("availability_zone", "moon"), 400, workspace.CodeZoneNotFound, "moon"},
		"an unknown security group":         {with("security_groups", []object{{"id": "none"}}), 400, workspace.CodeSecurityNotFound, "security_groups[0].id"},
		"an unknown type of desktop":        {with("desktop_type", "MINE"), 400, workspace.CodeInvalid, "desktop_type"},
		"an unknown way to buy":             {with("buy_type", "slow"), 400, workspace.CodeInvalid, "buy_type: expected value to be one of"},
		"a public address":                  {with("eip", object{"id": "x"}), 404, workspace.CodeNetworkNotFound, "eip.id:"},
		"a disk with its own speed":         {with("root_volume", object{"type": "SAS", "size": 80, "iops": 3000}), 400, workspace.CodeUnsupported, "root_volume.iops"},
		"a data disk with its own key":      {with("data_volumes", []object{{"type": "SAS", "size": 10, "kms_id": "k"}}), 400, workspace.CodeUnsupported, "data_volumes[0].kms_id"},
		"a copy of another desktop's disks": {with("desktops", []object{{"user_name": "ann", "copy_volume_desktop_id": "x"}}), 400, workspace.CodeUnsupported, "desktops[0].copy_volume_desktop_id"},
		"an hour package":                   {with("hour_package_product_id", "x"), 400, workspace.CodeUnsupported, "hour_package_product_id"},
		"a body of more than a megabyte":    {strings.Repeat(" ", 1<<20+1), 413, workspace.CodeTooLarge, "the body may have 1 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			e.TB = t
			e.refused(e.post("/desktops", c.body), c.status, c.code, c.message)
		})
	}
	e.TB = t
	e.nothingWritten()
	t.Run("JSON by another name is read as JSON", func(t *testing.T) {
		e.TB = t
		a := e.do("POST", e.path("/desktops"), order(nil), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
		e.refused(a, 400, workspace.CodeInvalid, "desktops: must hold 1 to 100")
	})
	t.Run("a text with the character NUL", func(t *testing.T) {
		e.TB = t
		a := e.do("POST", e.path("/desktops"), order(map[string]any{"tags": []map[string]any{{"key": "a", "value": "x\x00"}}}))
		e.refused(a, 400, workspace.CodeMalformed, "NUL")
	})
}

func TestRefusalsNameAllFieldsAtFault(t *testing.T) {
	e := newEnv(t)
	a := e.post("/desktops", `{"desktop_type":1,"product_id":2,"image_type":"gold","image_id":"x","root_volume":{"type":"SAS","size":80}}`)
	if detail := a.text("error_detail"); !strings.Contains(detail, "desktop_type") || !strings.Contains(detail, "product_id") {
		t.Errorf("error_detail %q", detail)
	}
}

func TestFieldsThatNobodyKnowsAndNullsAreNoFault(t *testing.T) {
	e := newEnv(t)
	body := `{"desktop_type":"DEDICATED","product_id":"` + product + `","image_type":"gold","image_id":"` + image + `",
		"root_volume":{"type":"SAS","size":80,"iops":0,"kms_id":"","shine":true},"availability_zone":null,"data_volumes":null,
		"eip":null,"size":1,"desktop_name":"one","later":{"a":[1]}}` + "\r\n"
	e.ok(e.post("/desktops", body))
}

func TestTheSameNameTwiceAtOnceIsGivenOnce(t *testing.T) {
	e := newEnv(t)
	const callers = 8
	answers := make(chan answer, callers)
	for range callers {
		go func() {
			answers <- e.post("/desktops", order(object{"size": 1, "desktop_name": "only"}))
		}()
	}
	made := 0
	for range callers {
		a := <-answers
		if a.status == http.StatusOK {
			made++
			continue
		}
		e.refused(a, http.StatusConflict, workspace.CodeNameTaken, `"only"`)
	}
	if n := e.ok(e.get("/desktops")).number("total_count"); made != 1 || n != 1 {
		t.Errorf("%d calls succeeded, %d desktops exist", made, n)
	}
}

func TestAMissingDesktopIsNotFound(t *testing.T) {
	e := newEnv(t)
	e.refused(e.get("/desktops/nothing"), http.StatusNotFound, workspace.CodeDesktopNotFound, "nothing")
	e.refused(e.do("DELETE", e.path("/desktops/nothing"), nil), http.StatusNotFound, workspace.CodeDesktopNotFound, "nothing")
	e.refused(e.post("/desktops/batch-delete", object{"desktop_ids": []string{"a", "b"}}), http.StatusNotFound, workspace.CodeDesktopNotFound, "2")
}

func TestDeletingADesktopIsAJobThatSaysNothing(t *testing.T) {
	e := newEnv(t)
	ids := e.create(object{"size": 2, "desktop_name": "spare"})
	a := e.do("DELETE", e.path("/desktops/"+ids[0]+"?delete_users=true&email_notification=false&is_force_delete=true"), nil)
	if a.status != http.StatusNoContent || a.raw != "" {
		t.Errorf("got %d %q", a.status, a.raw)
	}
	if task := e.ok(e.get("/desktops/"+ids[0])).text("desktop", "task_status"); task != "deleting" {
		t.Errorf("its task is %q", task)
	}
	if a := e.ok(e.post("/desktops/batch-delete", object{"desktop_ids": ids[1:], "is_force_delete": true})); a.text("job_id") == "" {
		t.Errorf("got %s", a.raw)
	}
	e.refused(e.post("/desktops/batch-delete", object{"desktop_ids": []string{}}), 400, workspace.CodeInvalid, "desktop_ids: 0 ids, give 1 to 100")
	e.refused(e.post("/desktops/batch-delete", object{}), 400, workspace.CodeInvalid, "desktop_ids: must be given")
}

func TestOperatingDesktopsRefusesThemOneByOne(t *testing.T) {
	e := newEnv(t)
	ids := e.create(object{"size": 2, "desktop_name": "spare"})
	e.settle(ids[0])
	a := e.ok(e.post("/desktops/action", object{"desktop_ids": append(ids, "nothing"), "op_type": "os-stop", "type": "HARD"}))
	if a.text("job_id") == "" || len(a.list("failed_operation_list")) != 2 {
		t.Fatalf("got %s", a.raw)
	}
	busy := answer{body: a.at("failed_operation_list", 0)}
	if busy.text("desktop_id") != ids[1] || busy.text("error_code") != string(workspace.CodeConflict) || busy.text("error_msg") == "" {
		t.Errorf("got %v", busy.body)
	}
	if code := a.text("failed_operation_list", 1, "error_code"); code != string(workspace.CodeDesktopNotFound) {
		t.Errorf("a desktop that does not exist has code %q", code)
	}
	a = e.ok(e.post("/desktops/action", object{"desktop_ids": ids, "op_type": "os-start"}))
	if _, there := a.body.(map[string]any)["job_id"]; there || len(a.list("failed_operation_list")) != 2 {
		t.Errorf("when all are refused: %s", a.raw)
	}
	e.refused(e.post("/desktops/action", object{"desktop_ids": ids, "op_type": "hibernate"}), 400, workspace.CodeInvalid, "op_type: expected value to be one of")
	e.refused(e.post("/desktops/action", object{"desktop_ids": ids, "op_type": "reboot", "type": "SOFTLY"}), 400, workspace.CodeInvalid, "type: expected value to be one of")
}
