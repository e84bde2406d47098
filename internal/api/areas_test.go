package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestJobsAreListedRetriedAndForgotten(t *testing.T) {
	e := newEnv(t)
	job := e.ok(e.post("/desktops", order(object{"desktops": desktopsFor("ann", "bob")}))).text("job_id")
	other := e.ok(e.post("/desktops", order(object{"size": 1, "desktop_name": "spare"}))).text("job_id")
	e.refused(e.get("/workspace-jobs/nothing"), http.StatusNotFound, workspace.CodeJobNotFound, "nothing")
	e.refused(e.post("/workspace-jobs/"+job+"/actions", object{"op_type": "retry"}), http.StatusConflict, workspace.CodeConflict, "WAITING")
	e.refused(e.post("/workspace-jobs/"+job+"/actions", object{"op_type": "stop"}), 400, workspace.CodeInvalid, "op_type: expected value to be one of")
	e.refused(e.post("/workspace-jobs/nothing/actions", object{"op_type": "retry"}), 404, workspace.CodeJobNotFound, "nothing")

	e.endSubJobs(job, workspace.SubJobFailed)
	a := e.ok(e.get("/workspace-jobs/" + job))
	if a.text("status") != "FAIL" || a.text("job_error_code") != string(workspace.CodeNoCapacity) || a.text("fail_reason") != "no host has capacity" || a.text("end_time") == "" {
		t.Errorf("a failed job: %s", a.raw)
	}
	if s := (answer{body: a.at("sub_jobs", 0)}); s.text("status") != "FAILED" || s.text("error_code") == "" || s.text("fail_reason") == "" || s.text("end_time") == "" {
		t.Errorf("a failed sub-job: %v", s.body)
	}
	for query, want := range map[string]int{
		"job_id=" + job: 2, "job_id=" + job + "&status=FAILED": 2, "status=WAITING": 1, "job_type=createDesktops": 3,
		"job_type=deleteDesktops": 0, "job_type=unheardOf": 0, "desktop_pool_id=x": 0, "limit=2": 2, "limit=2&offset=2": 1, "limit=0": 0, "": 3,
	} {
		if got := len(e.ok(e.get("/workspace-sub-jobs?" + query)).list("jobs")); got != want {
			t.Errorf("%q lists %d sub-jobs, want %d", query, got, want)
		}
	}
	if again := e.ok(e.post("/workspace-jobs/"+job+"/actions", object{"op_type": "retry"})).text("job_id"); again != job {
		t.Errorf("retry answers %q, want %q", again, job)
	}
	if status := e.ok(e.get("/workspace-jobs/" + job)).text("status"); status != "WAITING" {
		t.Errorf("after retry the job is %s", status)
	}

	e.endSubJobs(job, workspace.SubJobSuccess)
	a = e.ok(e.get("/workspace-jobs/" + job))
	if s := (answer{body: a.at("sub_jobs", 0)}); a.text("status") != "SUCCESS" || s.text("fail_reason") != "" || s.text("remark") == "" || s.number("process") != 100 {
		t.Errorf("a job that succeeded: %s", a.raw)
	}
	first := a.text("sub_jobs", 0, "id")
	if a := e.ok(e.post("/workspace-sub-jobs/batch-delete", object{"job_ids": []string{first}})); a.raw != "" {
		t.Errorf("deleting answers %q", a.raw)
	}
	e.ok(e.post("/workspace-sub-jobs/batch-delete", object{"delete_by_status": "SUCCESS"}))
	if left := e.ok(e.get("/workspace-sub-jobs")); left.number("total_count") != 1 || left.text("jobs", 0, "job_id") != other {
		t.Errorf("left: %s", left.raw)
	}
	e.refused(e.post("/workspace-sub-jobs/batch-delete", object{}), 400, workspace.CodeInvalid, "job_ids")
	e.refused(e.post("/workspace-sub-jobs/batch-delete", object{"delete_by_status": "RUNNING"}), 400, workspace.CodeInvalid, "delete_by_status")
}

// endSubJobs does what the job runner does with the sub-jobs of a job.
func (e *env) endSubJobs(job string, state workspace.SubJobState) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		claimed, err := tx.ClaimSubJobs(e.Context(), "test", map[workspace.JobType]int{workspace.JobCreateDesktops: 100}, time.Minute)
		if err != nil {
			return err
		}
		for _, s := range claimed {
			s.State, s.Ended, s.Progress, s.Reason = state, tx.Now(), 100, "took another group"
			if s.JobID != job {
				s.State, s.Ended = workspace.SubJobWaiting, time.Time{}
			}
			if s.State == workspace.SubJobFailed {
				s.Code, s.Reason = workspace.CodeNoCapacity, "no host has capacity"
			}
			if _, err := tx.SaveSubJob(e.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestUsersAreCreatedShownListedAndDeleted(t *testing.T) {
	e := newEnv(t)
	e.enterprises("7")
	ann := e.ok(e.post("/users", object{
		"user_name": "ann", "user_email": "ann@example.org", "user_phone": "(+49) 30-1 2", "alias_name": "Ann A.", "description": "works upstairs",
		"account_expires": "2100-01-31T12:00:00.000Z", "enable_change_password": false,
	})).text("id")
	bob := e.ok(e.post("/users", object{
		"user_name": "Bob", "active_type": "ADMIN_ACTIVATE", "password": "Some-thing-1", "next_login_change_password": false, "account_expires": "0",
		"enterprise_project_id": "7",
	})).text("id")
	const expires = 4105080000000 // 2100-01-31T12:00:00Z
	a := e.ok(e.get("/users/" + ann))
	for path, want := range map[string]any{
		"id": ann, "user_name": "ann", "user_email": "ann@example.org", "user_phone": "(+49) 30-1 2", "full_name": "Ann A.", "description": "works upstairs",
		"account_expires": float64(expires), "user_expired": false, "active_type": "USER_ACTIVATE", "enable_change_password": false,
		"total_desktops": 0.0, "locked": false, "disabled": false, "sam_account_name": "ann",
		"distinguished_name": "CN=ann,DC=carrel,DC=local", "account_type": 0.0, "is_pre_user": false, "share_space_subscription": false, "share_space_desktops": 0.0,
	} {
		if got := a.at("user_detail", path); got != want {
			t.Errorf("detail: %s is %v, want %v", path, got, want)
		}
	}
	if got := e.ok(e.get("/users/"+bob)).at("user_detail", "account_expires"); got != 0.0 {
		t.Errorf("a user without expiry shows %v", got)
	}
	e.create(object{"desktops": desktopsFor("ann")})
	for query, want := range map[string][]string{
		"": {"ann", "Bob"}, "user_name=AN": {"ann"}, "user_names=bob": {"Bob"}, "user_names=bob&user_names=ann": {"ann", "Bob"},
		"description=stairs": {"ann"}, "active_type=ADMIN_ACTIVATE": {"Bob"}, "enterprise_project_id=7": {"Bob"}, "disabled=true": nil,
		"disabled=false": {"ann", "Bob"}, "domain=" + directory.BuiltInDomain: {"ann", "Bob"}, "domain=other": nil, "platform_type=LOCAL": {"ann", "Bob"},
		"platform_type=AD": nil, "group_name=x": nil, "share_space_subscription=true": nil, "share_space_desktops=true": nil,
		"limit=1": {"ann"}, "limit=1&offset=1": {"Bob"}, "limit=0": nil, "offset=2": nil, "is_query_total_desktops=false": {"ann", "Bob"},
	} {
		a := e.ok(e.get("/users?" + query))
		var got []string
		for _, u := range a.list("users") {
			got = append(got, answer{body: u}.text("user_name"))
		}
		if !slices.Equal(got, want) || a.list("users") == nil {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
	a = e.ok(e.get("/users"))
	if a.text("users", 0, "account_expires") != "4105080000000" || a.text("users", 1, "account_expires") != "0" || a.number("users", 0, "total_desktops") != 1 {
		t.Errorf("list: %s", a.raw)
	}
	if a := e.ok(e.get("/users?is_query_total_desktops=false")); a.at("users", 0, "total_desktops") != nil {
		t.Errorf("counted although not asked: %s", a.raw)
	}
	if a := e.ok(e.do("DELETE", e.path("/users/"+ann), nil)); a.raw != "" {
		t.Errorf("deleting answers %q", a.raw)
	}
	e.refused(e.get("/users/"+ann), http.StatusBadRequest, workspace.CodeUserNotFound, "")
	e.refused(e.do("DELETE", e.path("/users/"+ann), nil), http.StatusBadRequest, workspace.CodeUserNotFound, "")
}

func TestBadUsersAreRefused(t *testing.T) {
	e := newEnv(t)
	e.ok(e.post("/users", object{"user_name": "ann", "user_email": "ann@example.org"}))
	for name, c := range map[string]struct {
		body    any
		status  int
		code    workspace.Code
		message string
	}{
		"a name in use":              {object{"user_name": "ANN", "user_email": "a@example.org"}, 409, workspace.CodeNameTaken, "ANN"},
		"no name":                    {object{}, 400, workspace.CodeInvalid, "user_name: must be given"},
		"a name that is too long":    {object{"user_name": strings.Repeat("a", 33)}, 400, workspace.CodeInvalid, "user_name"},
		"no way to a password":       {object{"user_name": "bob"}, 400, workspace.CodeInvalid, "user_email"},
		"a weak password":            {object{"user_name": "bob", "active_type": "ADMIN_ACTIVATE", "password": "weak"}, 400, workspace.CodeInvalid, "password"},
		"a password of another type": {object{"user_name": "bob", "password": 12345678}, 400, workspace.CodeInvalid, "password: expected string"},
		"an unreadable expiry":       {object{"user_name": "bob", "user_email": "b@example.org", "account_expires": "soon"}, 400, workspace.CodeInvalid, "account_expires"},
		"an expiry that is past":     {object{"user_name": "bob", "user_email": "b@example.org", "account_expires": "2001-01-01 00:00:00"}, 400, workspace.CodeInvalid, "account_expires"},
		"a phone that is a word":     {object{"user_name": "bob", "user_email": "b@example.org", "user_phone": "abc"}, 400, workspace.CodeInvalid, `user_phone: "abc"`},
		"a phone without a digit":    {object{"user_name": "bob", "user_email": "b@example.org", "user_phone": "+-()"}, 400, workspace.CodeInvalid, "user_phone: "},
		"a plus within a phone":      {object{"user_name": "bob", "user_email": "b@example.org", "user_phone": "1+1"}, 400, workspace.CodeInvalid, "user_phone: "},
		"a phone that is too long":   {object{"user_name": "bob", "user_email": "b@example.org", "user_phone": strings.Repeat("1", 33)}, 400, workspace.CodeInvalid, "user_phone: at most 32"},
		"a group":                    {object{"user_name": "bob", "user_email": "b@example.org", "group_ids": []string{"x"}}, 400, workspace.CodeGroupNotFound, "group_ids[0]"},
		"an unknown activation":      {object{"user_name": "bob", "active_type": "SELF"}, 400, workspace.CodeInvalid, "active_type"},
	} {
		t.Run(name, func(t *testing.T) {
			e.TB = t
			a := e.post("/users", c.body)
			e.refused(a, c.status, c.code, c.message)
			if strings.Contains(a.raw, "12345678") {
				t.Errorf("the answer repeats the password: %s", a.raw)
			}
		})
	}
}

func TestTheCatalogueHasWhatClientsRead(t *testing.T) {
	e := newEnv(t)
	for _, c := range []struct {
		target string
		want   any
		path   []any
	}{
		{"/products", product, []any{"products", 0, "product_id"}},
		{"/products", "2", []any{"products", 0, "cpu"}},
		{"/products", "4096", []any{"products", 0, "memory"}},
		{"/products", "1", []any{"products", 0, "charge_mode"}},
		{"/products", "80", []any{"products", 0, "system_disk_size"}},
		{"/products", 1.0, []any{"total_count"}},
		{"/products?product_id=" + product + "&os_type=Linux&architecture=x86&package_type=general&charge_mode=1&availability_zone=" + zone, 1.0, []any{"total_count"}},
		{"/products?product_id=x", 0.0, []any{"total_count"}},
		{"/products?os_type=Windows", 0.0, []any{"total_count"}},
		{"/products?architecture=arm", 0.0, []any{"total_count"}},
		{"/products?package_type=solver", 0.0, []any{"total_count"}},
		{"/products?charge_mode=0", 0.0, []any{"total_count"}},
		{"/products?availability_zone=x", 0.0, []any{"total_count"}},
		{"/products?offset=1", nil, []any{"products", 0}},
		{"/images", image, []any{"images", 0, "id"}},
		{"/images", "gold", []any{"images", 0, "image_type"}},
		{"/images", 40.0, []any{"images", 0, "min_disk"}},
		{"/images?image_type=gold&os_type=Linux&architecture=x86&platform=debian&package_type=general&image_id=" + image + "&sort_field=created_at&sort_type=desc", 1.0, []any{"total_count"}},
		{"/products", "2 processors, 4 GB", []any{"products", 0, "product_desc", "zh_cn"}},
		{"/images", nil, []any{"images", 0, "disk_format"}},
		{"/images?image_type=private", 0.0, []any{"total_count"}},
		{"/images?os_type=Windows", 0.0, []any{"total_count"}},
		{"/images?platform=Ubuntu", 0.0, []any{"total_count"}},
		{"/images?platform=%25", 0.0, []any{"total_count"}},
		{"/images?architecture=arm", 0.0, []any{"total_count"}},
		{"/images?image_id=x", 0.0, []any{"total_count"}},
		{"/volume/products", "SAS", []any{"volumes", 1, "volume_type"}},
		{"/volume/products?volume_type=SSD&availability_zone=" + zone, "SSD", []any{"volumes", 0, "volume_type"}},
		{"/volume/products?availability_zone=x", nil, []any{"volumes", 0}},
		{"/availability-zones", zone, []any{"availability_zones", 0, "availability_zone"}},
		{"/availability-zones", true, []any{"availability_zones", 0, "default_availability_zone"}},
		{"/availability-zones/detail?availability_zone_id=" + zone, "local-1", []any{"region_id"}},
		{"/availability-zones/detail?availability_zone_id=" + zone, 0.0, []any{"category"}},
		{"/availability-zones/summary", zone, []any{"azs", "Workspace", 0, "availability_zone"}},
		{"/vpcs", "10.9.0.0/16", []any{"vpcs", 0, "cidr"}},
		{"/vpcs", e.first.ProjectID, []any{"vpcs", 0, "tenant_id"}},
		{"/subnets", "10.9.0.0/24", []any{"subnets", 0, "cidr"}},
		{"/subnets", 1.0, []any{"subnet_size"}},
		{"/subnets", true, []any{"subnets", 0, "checked"}},
		{"/subnets", true, []any{"subnets", 0, "unused"}},
		{"/workspaces", nil, []any{"vpc_config_infos", 0, "used_subnet_ids", 0}},
		{"/workspaces", false, []any{"is_global"}},
		{"/subnets?vpc_id=" + e.vpcID + "&availability_zone_id=" + zone, "10.9.0.1", []any{"subnets", 0, "gateway_ip"}},
		{"/subnets?vpc_id=x", 0.0, []any{"subnet_size"}},
		{"/subnets?availability_zone_id=x", 0.0, []any{"subnet_size"}},
		{"/security-groups", e.first.ProjectID, []any{"security_groups", 0, "project_id"}},
		{"/workspaces", "SUBSCRIBED", []any{"status"}},
		{"/workspaces", e.vpcID, []any{"vpc_id"}},
		{"/workspaces", e.subnetID, []any{"subnet_ids", 0, "subnet_id"}},
		{"/workspaces", "3", []any{"config_status"}},
		{"/workspaces", "0", []any{"ad_domains", "delete_computer_object"}},
		{"/workspaces", "carrel", []any{"enterprise_id"}},
	} {
		if got := e.ok(e.get(c.target)).at(c.path...); got != c.want {
			t.Errorf("%s: %v is %v, want %v", c.target, c.path, got, c.want)
		}
	}
	for endpoint, want := range map[string]string{"https://desktops.example.org": "desktops.example.org 443", "http://[::1]:8080": "::1 8080", "": " "} {
		e.iam.Endpoint = endpoint
		s := e.ok(e.get("/workspaces"))
		if got := s.text("internet_access_address") + " " + s.text("internet_access_port"); got != want {
			t.Errorf("at %q people reach the service at %q", endpoint, got)
		}
	}
	e.create(object{"desktops": desktopsFor("ann")})
	if s := e.ok(e.get("/subnets")); s.at("subnets", 0, "unused") != false {
		t.Errorf("a subnet with a desktop: %s", s.raw)
	}
	if s := e.ok(e.get("/workspaces")); s.text("vpc_config_infos", 0, "used_subnet_ids", 0) != e.subnetID {
		t.Errorf("the subnets in use: %s", s.raw)
	}
	if id := e.ok(e.get("/workspaces")).text("desktop_security_group", "id"); id == "" {
		t.Error("the service names no security group")
	}
}
