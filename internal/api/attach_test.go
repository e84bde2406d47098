package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/assignment/plan"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// spares are desktops at rest that nobody has.
func (e *env) spares(n int, changes object) []string {
	e.Helper()
	o := object{"size": n, "desktop_name": "spare"}
	maps.Copy(o, changes)
	ids := e.create(o)
	e.settle(ids...)
	return ids
}

func (e *env) hire(names ...string) {
	e.Helper()
	for _, name := range names {
		e.ok(e.post("/users", object{"user_name": name, "user_email": name + "@example.org"}))
	}
}

func (e *env) attachTo(id, user string, more object) answer {
	e.Helper()
	d := object{"desktop_id": id, "user_name": user, "user_group": "default"}
	maps.Copy(d, more)
	return e.post("/desktops/attach", object{"desktops": []object{d}})
}

func (e *env) holder(id string) string {
	e.Helper()
	return e.ok(e.get("/desktops/"+id)).text("desktop", "user_name")
}

func TestOfManyWhoGiveADesktopAwayAtOnceOneDoes(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("user-%d", i))
	}
	e.hire(names...)
	answers := make([]answer, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { answers[i] = e.attachTo(id, name, nil) })
	}
	all.Wait()
	given := ""
	for i, a := range answers {
		switch {
		case a.status == http.StatusOK && given == "":
			given = names[i]
		case a.status != http.StatusConflict || a.text("error_code") != string(workspace.CodeConflict):
			t.Errorf("%s: %d %s", names[i], a.status, a.raw)
		}
	}
	if got := e.holder(id); given == "" || got != given {
		t.Errorf("the desktop is %q's, given to %q", got, given)
	}
}

func TestABatchOfTenThousandIsRead(t *testing.T) {
	e := newEnv(t)
	var desktops []object
	for i := range plan.MaxAttachedDesktops {
		desktops = append(desktops, object{
			"desktop_id": workspace.NewID(), "user_name": fmt.Sprintf("somebody-with-a-long-name-%06d", i), "user_id": workspace.NewID(),
			"user_email": fmt.Sprintf("somebody-with-a-long-name-%06d@long-department-name.example.org", i), "user_group": "default",
			"computer_name": fmt.Sprintf("computer-%06d", i), "is_clear_data": true,
		})
	}
	e.refused(e.post("/desktops/batch-attach", object{"desktops": desktops}), 404, workspace.CodeDesktopNotFound, "desktops[0].desktop_id")
	desktops = append(desktops, object{"desktop_id": "one-more", "user_name": "x"})
	e.refused(e.post("/desktops/batch-attach", object{"desktops": desktops}), 400, workspace.CodeInvalid, "10001 desktops, give 1 to 10000")
}

func TestDesktopsThatAreGivenAwayAreNamedByAPolicy(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(3, nil)
	e.hire("ann", "ben")
	policy := e.ok(e.post("/desktop-name-policies", object{
		"policy_name": "p", "name_prefix": "WS-", "digit_number": 3, "start_number": 7, "single_domain_user_inc": 0,
	})).text("policy_id")
	if policy == "" {
		policy = e.ok(e.get("/desktop-name-policies")).text("desktop_name_policy_infos", 0, "policy_id")
	}
	a := e.post("/desktops/batch-attach", object{
		"desktops": []object{{"desktop_id": ids[0]}, {"desktop_id": ids[1], "computer_name": "mine"}, {"desktop_id": ids[2]}},
		"users":    []object{{"user_name": "ann"}, {"user_name": "ben"}},
		"assign_model": object{
			"priority_strategy": "USER_NO_DESKTOP", "desktop_name_policy_id": policy,
		},
	})
	e.ok(a)
	for i, want := range []string{"WS-007", "mine", "spare03"} {
		if got := e.ok(e.get("/desktops/"+ids[i])).text("desktop", "computer_name"); got != want {
			t.Errorf("desktop %d is called %q, want %q", i, got, want)
		}
	}
	e.refused(e.post("/desktops/attach", object{
		"desktops": []object{{"desktop_id": ids[2], "user_name": "ann"}}, "desktop_name_policy_id": "x",
	}), 400, workspace.CodePolicyNotFound, "desktop_name_policy_id")
	if got := e.holder(ids[2]); got != "" {
		t.Errorf("a refused request gave the desktop to %s", got)
	}
}

func TestARefusedAttachCallsADesktopByTheNameThatItHas(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(1, nil)
	e.hire("ann", "ben")
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": ids[0], "user_name": "ann"}}}))
	e.settle(ids...)
	e.refused(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": ids[0], "user_name": "ben", "computer_name": "ben-pc"}}}),
		409, workspace.CodeConflict, "desktops[0].desktop_id: desktop spare belongs to ann")
}

func TestSomebodyWhoHasTheDesktopAlreadyStillGetsTheirAddress(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	e.ok(e.post("/users", object{"user_name": "ann", "active_type": "ADMIN_ACTIVATE", "password": "Let-me-in-1"}))
	e.ok(e.attachTo(id, "ann", nil))
	e.settle(id)
	e.ok(e.post("/desktops/attach", object{"desktops": []object{
		{"desktop_id": id, "user_name": "ann", "user_email": "ann@example.org"},
	}}))
	if got := e.ok(e.get("/users?user_names=ann")).text("users", 0, "user_email"); got != "ann@example.org" {
		t.Errorf("ann has the address %q", got)
	}
}

func TestAnAttachGivesSomebodyWhoHasTheDesktopThePrivilegeGroupThatItNames(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, object{"desktop_type": "SHARED"})
	e.hire("ann", "ben")
	holders := []object{{"user_name": "ann", "user_group": "default"}, {"user_name": "ben", "user_group": "sudo"}}
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": ids[0], "attach_user_infos": holders}}}))
	groups := func() (of []string) {
		for _, u := range e.ok(e.get("/desktops/"+ids[0])).list("desktop", "attach_user_infos") {
			of = append(of, answer{body: u}.text("user_name")+" "+answer{body: u}.text("user_group"))
		}
		return of
	}
	up := object{"desktops": []object{{"desktop_id": ids[0], "attach_user_infos": []object{{"user_name": "ann", "user_group": "sudo"}}}}}
	e.refused(e.post("/desktops/attach", up), 409, workspace.CodeConflict, "desktops[0].desktop_id: desktop spare01 is busy")
	e.settle(ids[0])

	silent := object{"desktops": []object{{"desktop_id": ids[0], "attach_user_infos": []object{{"user_name": "ben"}}}}}
	if a := e.ok(e.post("/desktops/attach", silent)); !e.endedAtOnce(a.text("job_id")) {
		t.Errorf("an attach that names no group changes something: %s", a.raw)
	}
	plan := e.ok(e.post("/desktops/pre-batch-attach", up))
	if plan.text("desktops_attach_infos", 0, "attach_user_infos", 0, "user_group") != "sudo" || plan.number("user", 0, "desktop_num") != 0 || len(plan.list("left_users")) != 0 {
		t.Errorf("the plan: %s", plan.raw)
	}
	job := e.ok(e.post("/desktops/attach", up)).text("job_id")
	if a := e.ok(e.get("/workspace-jobs/" + job)); a.number("sub_jobs_total") != 1 || a.text("sub_jobs", 0, "entities", "desktop_id") != ids[0] {
		t.Errorf("the job: %s", a.raw)
	}
	if got := groups(); !slices.Equal(got, []string{"ann sudo", "ben sudo"}) {
		t.Errorf("afterwards: %v", got)
	}
	e.settle(ids[0])
	if a := e.ok(e.post("/desktops/attach", up)); !e.endedAtOnce(a.text("job_id")) {
		t.Errorf("the same again has something to do: %s", a.raw)
	}
	e.ok(e.post("/desktops/batch-attach", object{
		"desktops": []object{{"desktop_id": ids[0]}, {"desktop_id": ids[1]}}, "assign_model": object{"priority_strategy": "DESKTOP_ASSIGN_USERS_OR_GROUPS"},
		"users": []object{{"user_name": "ann", "user_group": "default"}, {"user_name": "ben"}},
	}))
	if got := groups(); !slices.Equal(got, []string{"ann default", "ben sudo"}) {
		t.Errorf("after a batch: %v", got)
	}
}

func TestWhatCannotBeGivenIsRefusedAndNothingChanges(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, nil)
	e.hire("ann", "a-very-long-name-of-25-abc")
	attach := func(d object) answer { return e.post("/desktops/attach", object{"desktops": []object{d}}) }
	e.refused(attach(object{"desktop_id": ids[0], "user_name": "spare01", "user_email": "s@example.org"}), 400, workspace.CodeInvalid, "is the name of the desktop")
	e.refused(attach(object{"desktop_id": ids[0], "user_name": "ann", "user_id": "someone-else"}), 400, workspace.CodeUserNotFound, "desktops[0].user_id")
	e.refused(attach(object{"desktop_id": ids[0], "user_name": "ann", "computer_name": "9th"}), 400, workspace.CodeInvalid, "desktops[0].computer_name")
	e.refused(attach(object{"desktop_id": ids[0], "user_name": "ann", "user_group": "wheel"}), 400, workspace.CodeInvalid, "desktops[0].user_group")
	e.refused(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": ids[0], "user_name": "ann"}}, "image_id": image}), 400, workspace.CodeUnsupported, "image_id")
	e.refused(attach(object{"desktop_id": ids[0], "attach_user_infos": []object{{"user_name": "lab", "type": "GROUP"}}}), 400, workspace.CodeGroupNotFound, "attach_user_infos[0]")

	e.update(func(tx *store.Tx) error {
		windows := catalog.Image{ID: "win", Type: catalog.ImageGold, OSType: "Windows", Architecture: "x86", EngineID: "sim"}
		if err := catalog.PutImages(e.Context(), tx, []catalog.Image{windows}); err != nil {
			return err
		}
		d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, ids[1])
		if err != nil {
			return err
		}
		d.ImageID = "win"
		return desktop.SaveDesktop(e.Context(), tx, d)
	})
	e.refused(e.attachTo(ids[1], "a-very-long-name-of-25-abc", nil), 400, workspace.CodeInvalid, "at most 20")
	for _, id := range ids {
		if d := e.ok(e.get("/desktops/" + id)); d.text("desktop", "user_name") != "" || d.text("desktop", "task_status") != "" {
			t.Errorf("a refused request left its mark: %s", d.raw)
		}
	}
	if n := e.ok(e.get("/users")).number("total_count"); n != 2 {
		t.Errorf("refused requests left %d users, want 2", n)
	}
}

func TestADesktopOfAPoolIsLeftToItsPool(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	e.hire("ann")
	e.update(func(tx *store.Tx) error {
		p := pool.Pool{ID: "pool", ProjectID: e.first.ProjectID, Name: "pool", Type: pool.Static, SubnetIDs: []string{e.subnetID}}
		if err := pool.InsertPool(e.Context(), tx, p, nil); err != nil {
			return err
		}
		d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, id)
		if err != nil {
			return err
		}
		d.PoolID = "pool"
		return desktop.SaveDesktop(e.Context(), tx, d)
	})
	e.refused(e.attachTo(id, "ann", nil), 409, workspace.CodeConflict, "change the pool's people instead")
	out := e.ok(e.post("/desktops/detach", object{"desktop_ids": []string{id}}))
	if !strings.Contains(out.text("failed_operation_list", 0, "error_msg"), "pool") {
		t.Errorf("detaching: %s", out.raw)
	}
}

func TestASharedDesktopTakesFiveHundredPeopleAndNoMore(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, object{"desktop_type": "SHARED"})[0]
	var infos []object
	var some []object
	for i := range plan.MaxPeoplePerDesktop + 1 {
		name := fmt.Sprintf("user-%03d", i)
		some = append(some, object{"user_name": name, "user_email": name + "@example.org"})
		infos = append(infos, object{"user_name": name, "user_group": "default", "type": "USER"})
		if len(some) == user.MaxUsersPerRequest || i == plan.MaxPeoplePerDesktop {
			e.ok(e.post("/users/batch-create", object{"users": some}))
			some = nil
		}
	}
	attach := func(infos []object) answer {
		return e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": infos}}})
	}
	e.refused(attach(infos), 400, workspace.CodeInvalid, "501 users and groups, at most 500")
	e.ok(attach(infos[:500]))
	e.settle(id)
	if n := len(e.ok(e.get("/desktops/"+id)).list("desktop", "attach_user_infos")); n != 500 {
		t.Errorf("the desktop has %d people", n)
	}
	e.refused(attach(infos[500:]), 409, workspace.CodeConflict, "has 500 users already")
}

func TestAGroupDoesNotGrowBeyondWhatItsDesktopsTake(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, object{"desktop_type": "SHARED"})[0]
	e.ok(e.post("/groups", object{"group_name": "Lab", "platform_type": "LOCAL"}))
	lab := e.ok(e.get("/groups")).text("user_groups", 0, "id")
	e.ok(e.post("/desktops/attach", object{"desktops": []object{{"desktop_id": id, "attach_user_infos": []object{{"user_id": lab, "type": "GROUP"}}}}}))
	e.settle(id)
	joining := func(from, to int) answer {
		var users []object
		for i := from; i < to; i++ {
			name := fmt.Sprintf("user-%03d", i)
			users = append(users, object{"user_name": name, "user_email": name + "@example.org", "group_ids": []string{lab}})
		}
		return e.post("/users/batch-create", object{"users": users})
	}
	e.ok(joining(0, 200))
	e.ok(joining(200, 400))
	e.refused(joining(400, 501), 409, workspace.CodeConflict, "would have more than 500 users")
	e.ok(joining(400, 500))
	if g := e.ok(e.get("/groups")); g.number("user_groups", 0, "user_quantity") != 500 || g.number("user_groups", 0, "total_desktops") != 1 {
		t.Errorf("the group: %s", g.raw)
	}
	if n := e.ok(e.get("/desktops?user_name=user-499")).number("total_count"); n != 1 {
		t.Errorf("the last of the group finds %d desktops", n)
	}
}
