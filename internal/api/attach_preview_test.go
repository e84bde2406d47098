package api_test

import (
	"testing"

	"carrel/internal/workspace"
)

func TestAPreviewRefusesNamesThatAttachRefuses(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, nil)
	e.hire("ann")
	for _, call := range []string{"/desktops/pre-batch-attach", "/desktops/batch-attach"} {
		e.refused(e.post(call, object{"desktops": []object{{"desktop_id": ids[0], "user_name": "ann", "computer_name": "SPARE02"}}}),
			409, workspace.CodeNameTaken, "computer_name")
		e.refused(e.post(call, object{
			"desktops":     []object{{"desktop_id": ids[0], "user_name": "ann"}},
			"assign_model": object{"priority_strategy": "FIXED_RELATION", "desktop_name_policy_id": "x"},
		}), 400, workspace.CodePolicyNotFound, "desktop_name_policy_id")
	}
}

func TestAPreviewShowsThePolicysNamesAndUsesNoneUp(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, nil)
	e.hire("ann", "ben")
	e.ok(e.post("/desktop-name-policies", object{
		"policy_name": "p", "name_prefix": "WS-", "digit_number": 3, "start_number": 7, "single_domain_user_inc": 0,
	}))
	asked := object{
		"desktops": []object{{"desktop_id": ids[0]}, {"desktop_id": ids[1]}},
		"users":    []object{{"user_name": "ann"}},
		"assign_model": object{
			"priority_strategy":      "USER_NO_DESKTOP",
			"desktop_name_policy_id": e.ok(e.get("/desktop-name-policies")).text("desktop_name_policy_infos", 0, "policy_id"),
		},
	}
	for range 2 {
		preview := e.ok(e.post("/desktops/pre-batch-attach", asked))
		for i, want := range []string{"WS-007", "spare02"} {
			if got := preview.text("desktop", i, "desktop_name"); got != want {
				t.Errorf("desktop %d would be called %q, want %q", i, got, want)
			}
		}
	}
	e.ok(e.post("/desktops/batch-attach", asked))
	if got := e.ok(e.get("/desktops/"+ids[0])).text("desktop", "computer_name"); got != "WS-007" {
		t.Errorf("the desktop is called %q after two previews, want WS-007", got)
	}
}

func TestAPreviewWithSomebodyNewIsWhatAttachTakes(t *testing.T) {
	e := newEnv(t)
	id := e.spares(1, nil)[0]
	preview := e.ok(e.post("/desktops/pre-batch-attach", object{"desktops": []object{
		{"desktop_id": id, "user_name": "zoe", "user_email": "zoe@example.org", "user_group": "sudo"},
	}}))
	if got := preview.text("user", 0, "user_id"); got != "" {
		t.Errorf("zoe, who is not there yet, has the id %q", got)
	}
	if got := e.ok(e.get("/users?user_names=zoe")).number("total_count"); got != 0 {
		t.Errorf("the preview added zoe: %v", got)
	}
	e.ok(e.post("/desktops/attach", object{"desktops": preview.at("desktops_attach_infos")}))
	if got := e.holder(id); got != "zoe" {
		t.Errorf("the desktop is %q's, want zoe's", got)
	}
	if got := e.ok(e.get("/users?user_names=zoe")).text("users", 0, "user_email"); got != "zoe@example.org" {
		t.Errorf("zoe has the address %q", got)
	}
}

func TestAPreviewHasEntriesForDesktopsThatGetNothingButAName(t *testing.T) {
	e := newEnv(t)
	ids := e.spares(2, object{"desktop_type": "SHARED"})
	e.hire("ann", "ben")
	e.ok(e.attachTo(ids[0], "ann", object{"user_group": "sudo"}))
	e.settle(ids[0])
	entries := func(asked object) answer {
		t.Helper()
		return answer{body: e.ok(e.post("/desktops/pre-batch-attach", asked)).at("desktops_attach_infos")}
	}
	for name, asked := range map[string]object{
		"pairs as sent": {"desktops": []object{{"desktop_id": ids[0], "user_name": "ann", "computer_name": "front"}}},
		"people for all": {
			"desktops": []object{{"desktop_id": ids[0], "computer_name": "front"}}, "users": []object{{"user_name": "ann"}},
			"assign_model": object{"priority_strategy": "DESKTOP_ASSIGN_USERS_OR_GROUPS"},
		},
	} {
		entry := entries(asked)
		if entry.text(0, "desktop_id") != ids[0] || entry.text(0, "computer_name") != "front" || entry.text(0, "attach_user_infos", 0, "user_name") != "ann" ||
			entry.text(0, "attach_user_infos", 0, "user_group") != "sudo" || len(entry.list()) != 1 {
			t.Errorf("%s: %v", name, entry.body)
		}
	}
	e.ok(e.post("/desktops/attach", object{"desktops": entries(object{
		"desktops": []object{{"desktop_id": ids[0], "user_name": "ann", "computer_name": "front"}, {"desktop_id": ids[1], "user_name": "ben"}},
	}).body}))
	if d := e.ok(e.get("/desktops/" + ids[0])); d.text("desktop", "computer_name") != "front" || d.text("desktop", "user_group") != "sudo" || e.holder(ids[1]) != "ben" {
		t.Errorf("after attaching what the preview said: %s", d.raw)
	}
	if entry := entries(object{"desktops": []object{{"desktop_id": ids[1], "user_name": "ben"}}}); entry.body == nil || len(entry.list()) != 0 {
		t.Errorf("entries for what is there already: %v", entry.body)
	}
}
