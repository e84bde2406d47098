package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"carrel/internal/workspace"
)

func TestADesktopTellsWhoLostItWithTheirGroup(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, object{"desktop_type": "SHARED"})[0]
	e.hire("ann", "ben", "cara", "dora")
	lab := e.group("Lab")
	ids := map[string]string{"Lab": lab}
	for _, u := range e.ok(e.get("/users")).list("users") {
		ids[answer{body: u}.text("user_name")] = answer{body: u}.text("id")
	}
	members := func(op string, names ...string) {
		t.Helper()
		var users []string
		for _, n := range names {
			users = append(users, ids[n])
		}
		if a := e.post("/groups/"+lab+"/actions", object{"op_type": op, "user_ids": users}); a.status != http.StatusNoContent {
			t.Fatal(a.raw)
		}
	}
	members("ADD", "ann", "ben", "cara", "dora")
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": []object{
		{"user_id": lab, "type": "GROUP", "user_group": "sudo"}, {"user_name": "dora", "user_group": "default"},
	}}}}))
	e.settle(id)
	told := func() (all []string) {
		t.Helper()
		for _, d := range e.ok(e.get("/desktops/" + id + "/detach-info")).list("desktop_detach_infos") {
			d := answer{body: d}
			if d.text("user_id") != ids[d.text("user_name")] || d.text("detach_time") == "" {
				t.Errorf("told of: %v", d.body)
			}
			all = append(all, strings.Join([]string{d.text("type"), d.text("user_name"), d.text("user_group")}, " "))
		}
		slices.Sort(all)
		return all
	}
	members("DELETE", "ann", "dora") // dora has it in her own name as well
	if got := told(); !slices.Equal(got, []string{"USER ann sudo"}) {
		t.Errorf("after ann has left: %q", got)
	}
	e.ok(e.do("DELETE", e.path("/users/"+ids["ben"]), nil))
	if got := told(); !slices.Equal(got, []string{"USER ann sudo", "USER ben sudo"}) {
		t.Errorf("after ben was deleted: %q", got)
	}
	if a := e.do("DELETE", e.path("/groups/"+lab), nil); a.status != http.StatusNoContent {
		t.Fatal(a.raw)
	}
	if got := told(); !slices.Equal(got, []string{"GROUP Lab sudo", "USER ann sudo", "USER ben sudo", "USER cara sudo"}) {
		t.Errorf("after the group was deleted: %q", got)
	}
}

func TestADesktopTellsThatItsPersonWasDeleted(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	e.hire("ann")
	e.ok(e.attachTo(id, "ann", object{"user_group": "sudo"}))
	e.settle(id)
	ann := e.ok(e.get("/users?user_names=ann")).text("users", 0, "id")
	e.ok(e.post("/users/batch-delete", object{"user_ids": []string{ann}}))
	told := e.ok(e.get("/desktops/" + id + "/detach-info"))
	for field, want := range map[string]string{"user_id": ann, "user_name": "ann", "user_group": "sudo", "type": "USER"} {
		if got := told.text("desktop_detach_infos", 0, field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
}

// endedAtOnce says whether a job is one that had nothing to do. Clients fail when they are given no id, or a job without sub-jobs.
func (e *env) endedAtOnce(job string) bool {
	e.Helper()
	a := e.ok(e.get("/workspace-jobs/" + job))
	return a.text("status") == "SUCCESS" && a.number("sub_jobs_total") > 0
}

func TestADesktopOfSeveralIsTakenFromThoseWhoAreNamed(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, object{"desktop_type": "SHARED"})[0]
	e.hire("ann", "ben")
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": []object{
		{"user_name": "ann", "user_group": "sudo"}, {"user_name": "ben", "user_group": "default"},
	}}}}))
	detach := func(d object) answer {
		d["desktop_id"] = id
		return e.post("/desktops/batch-detach", object{"desktops": []object{d}})
	}
	if out := e.ok(detach(object{"is_detach_all_users": true})); out.text("failed_operation_list", 0, "error_code") != string(workspace.CodeConflict) {
		t.Errorf("a desktop that is busy was taken: %s", out.raw)
	}
	e.settle(id)
	if out := e.ok(detach(object{})); !strings.Contains(out.text("failed_operation_list", 0, "error_msg"), "is_detach_all_users") {
		t.Errorf("detaching nobody in particular: %s", out.raw)
	}
	if out := e.ok(detach(object{"detach_user_infos": []object{{"user_name": "unknown"}}})); !e.endedAtOnce(out.text("job_id")) || len(out.list("failed_operation_list")) > 0 {
		t.Errorf("detaching somebody who does not have it: %s", out.raw)
	}
	e.refused(detach(object{"is_detach_all_users": true, "detach_user_infos": []object{{"user_name": "ann"}}}), 400, workspace.CodeInvalid, "detach_user_infos")
	e.ok(detach(object{"detach_user_infos": []object{{"user_name": "ANN"}}}))
	if got := e.holder(id); got != "ben" {
		t.Errorf("the desktop is %q's", got)
	}
}
