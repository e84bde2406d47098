package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

// group adds a group and finds its id, as clients must: by its name.
func (e *env) group(name string) string {
	e.Helper()
	if a := e.ok(e.post("/groups", object{"group_name": name, "platform_type": "LOCAL", "description": "of the house"})); a.raw != "" {
		e.Errorf("creating a group answers %q", a.raw)
	}
	return e.ok(e.get("/groups?keyword="+name)).text("user_groups", 0, "id")
}

func (e *env) names(a answer, list, field string) (names []string) {
	for _, item := range a.list(list) {
		names = append(names, answer{body: item}.text(field))
	}
	return names
}

func TestGroupsHoldPeople(t *testing.T) {
	e := newEnv(t)
	e.enterprises("7")
	sales, press := e.group("Sales"), e.group("Press")
	ann := e.ok(e.post("/users", object{"user_name": "ann", "user_email": "ann@example.org", "group_ids": []string{sales, press}})).text("id")
	bob := e.admitted("bob")
	for range 2 {
		if a := e.post("/groups/"+sales+"/actions", object{"op_type": "ADD", "user_ids": []string{ann, bob}}); a.status != http.StatusNoContent || a.raw != "" {
			t.Fatalf("joining: %d %s", a.status, a.raw)
		}
	}
	if got := e.ok(e.get("/users/"+ann)).list("user_detail", "group_names"); !slices.Equal(got, []any{"Press", "Sales"}) {
		t.Errorf("ann is in %v", got)
	}
	if a := e.ok(e.get("/users?user_name=bob")); !slices.Equal(a.list("users", 0, "group_names"), []any{"Sales"}) {
		t.Errorf("bob: %s", a.raw)
	}
	if got := e.names(e.ok(e.get("/users?group_name=PRESS")), "users", "user_name"); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("in the press: %v", got)
	}
	for query, want := range map[string][]string{
		"": {"ann", "bob"}, "user_name=B": {"bob"}, "active_type=USER_ACTIVATE": {"ann"}, "description=x": nil, "enterprise_project_id=7": nil,
		"limit=1&offset=1": {"bob"}, "limit=0": nil,
	} {
		if got := e.names(e.ok(e.get("/groups/"+sales+"/users?"+query)), "users", "user_name"); !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
	e.create(object{"desktops": desktopsFor("ann")})
	a := e.ok(e.get("/groups?keyword=HOUSE&limit=1&platform_type=LOCAL&domain=" + directory.BuiltInDomain))
	if g := (answer{body: a.at("user_groups", 0)}); a.number("total_count") != 2 || g.number("user_quantity") != 2 || g.number("total_desktops") != 1 ||
		g.text("name") != "Sales" || g.text("group_dn") != "CN=Sales,DC=carrel,DC=local" || g.text("platform_type") != "LOCAL" || g.text("create_time") == "" {
		t.Errorf("groups: %s", a.raw)
	}
	for _, none := range []string{"keyword=x", "domain=x", "platform_type=AD", "offset=2", "limit=0"} {
		if a := e.ok(e.get("/groups?" + none)); len(a.list("user_groups")) != 0 || a.list("user_groups") == nil {
			t.Errorf("%q lists %s", none, a.raw)
		}
	}
	if a := e.post("/groups/"+sales+"/actions", object{"op_type": "DELETE", "user_ids": []string{bob}}); a.status != http.StatusNoContent {
		t.Fatalf("leaving: %d %s", a.status, a.raw)
	}
	e.ok(e.do("PUT", e.path("/groups/"+sales), object{"group_name": "Vente", "description": ""}))
	if got := e.ok(e.get("/users/"+ann)).list("user_detail", "group_names"); !slices.Equal(got, []any{"Press", "Vente"}) {
		t.Errorf("after a rename ann is in %v", got)
	}
	if a := e.do("DELETE", e.path("/groups/"+press), nil); a.status != http.StatusNoContent {
		t.Errorf("deleting a group: %d %s", a.status, a.raw)
	}
	if a := e.post("/groups/batch-delete", object{"group_ids": []string{press, sales}}); a.status != http.StatusNoContent {
		t.Errorf("deleting groups: %d %s", a.status, a.raw)
	}
	if a := e.ok(e.get("/users")); a.number("total_count") != 2 || len(a.list("users", 0, "group_names")) != 0 {
		t.Errorf("people without groups: %s", a.raw)
	}
}

func TestBadGroupsAreRefused(t *testing.T) {
	e := newEnv(t)
	sales := e.group("Sales")
	ann := e.admitted("ann")
	member := func(action string, ids ...string) object {
		return object{"op_type": action, "user_ids": append([]string{}, ids...)}
	}
	for message, body := range map[string]object{
		"group_name: at most 64":       {"group_name": strings.Repeat("x", 65), "platform_type": "LOCAL"},
		"group_name: 1 or more":        {"group_name": "", "platform_type": "LOCAL"},
		"group_name: must not start":   {"group_name": " x", "platform_type": "LOCAL"},
		`group_name: ',' is not`:       {"group_name": "a,b", "platform_type": "LOCAL"},
		"group_name: must be given":    {"platform_type": "LOCAL"},
		"description: at most 255":     {"group_name": "x", "platform_type": "LOCAL", "description": strings.Repeat("x", 256)},
		"platform_type: must be given": {"group_name": "x"},
	} {
		e.refused(e.post("/groups", body), 400, workspace.CodeInvalid, message)
	}
	e.refused(e.post("/groups", object{"group_name": "x", "platform_type": "AD"}), 400, workspace.CodeUnsupported, "platform_type")
	e.refused(e.post("/groups", object{"group_name": "SALES", "platform_type": "LOCAL"}), 409, workspace.CodeNameTaken, "SALES")
	e.refused(e.post("/groups/"+sales+"/actions", member("ADD", ann, "x")), 400, workspace.CodeUserNotFound, "user_ids[1]")
	e.refused(e.post("/groups/"+sales+"/actions", member("ADD")), 400, workspace.CodeInvalid, "user_ids: 0 ids, give 1 to 100")
	e.refused(e.post("/groups/"+sales+"/actions", member("KEEP", ann)), 400, workspace.CodeInvalid, "op_type")
	if n := e.ok(e.get("/groups/" + sales + "/users")).number("total_count"); n != 0 {
		t.Errorf("%d people joined in spite of the refusals", n)
	}
	for _, a := range []answer{
		e.post("/groups/x/actions", member("ADD", ann)), e.get("/groups/x/users"), e.do("PUT", e.path("/groups/x"), object{"group_name": "y"}),
		e.do("DELETE", e.path("/groups/x"), nil), e.post("/groups/batch-delete", object{"group_ids": []string{"x"}}),
		e.post("/users", object{"user_name": "bob", "user_email": "b@example.org", "group_ids": []string{"x"}}),
	} {
		e.refused(a, http.StatusBadRequest, workspace.CodeGroupNotFound, "x")
	}
	many := []string{"1", "2", "3", "4", "5", "6"}
	e.refused(e.post("/users", object{"user_name": "bob", "user_email": "b@example.org", "group_ids": many}), 400, workspace.CodeInvalid, "group_ids: 6 groups, at most 5")
}
