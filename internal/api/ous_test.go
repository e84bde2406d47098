package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *env) unit(name string) string {
	e.Helper()
	return e.ok(e.post("/ous", object{"domain": directory.BuiltInDomain, "ou_name": name, "description": "of the house"})).text("id")
}

func TestOrganisationalUnitsHoldDesktops(t *testing.T) {
	e := newEnv(t)
	sales, press := e.unit("Berlin/Sales"), e.unit("Press")
	a := e.ok(e.get("/ous?ou_name=BERLIN"))
	for field, want := range map[string]any{
		"id": sales, "domain": directory.BuiltInDomain, "ou_name": "Berlin/Sales", "ou_dn": "OU=Sales,OU=Berlin,DC=carrel,DC=local", "description": "of the house",
	} {
		if got := a.at("ous", 0, field); got != want || a.number("total_count") != 1 {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	desktop := e.create(object{"ou_name": "berlin/sales", "size": 1, "desktop_name": "pc"})[0]
	if got := e.ok(e.get("/desktops/"+desktop)).text("desktop", "ou_name"); got != "Berlin/Sales" {
		t.Errorf("the desktop is in %q", got)
	}
	e.refused(e.post("/desktops", order(object{"ou_name": "Paris", "size": 1, "desktop_name": "x"})), 400, workspace.CodeInvalid, `ou_name: "Paris" does not exist`)
	e.ok(e.do("PUT", e.path("/ous/"+sales), object{"id": sales, "ou_name": "Bonn"}))
	if got := e.ok(e.get("/desktops/"+desktop)).text("desktop", "ou_name"); got != "Bonn" {
		t.Errorf("after a rename the desktop is in %q", got)
	}
	if got := e.names(e.ok(e.get("/ad-ous")), "ou_infos", "ou_dn"); !slices.Equal(got, []string{"OU=Bonn,DC=carrel,DC=local", "OU=Press,DC=carrel,DC=local"}) {
		t.Errorf("in the directory: %v", got)
	}
	for target, want := range map[string]int{"/ad-ous?domain=x": 0, "/ad-ous?limit=1": 2, "/ous?offset=1": 2, "/ous?ou_name=x": 0} {
		if got := e.ok(e.get(target)).number("total_count"); got != want {
			t.Errorf("%s finds %d, want %d", target, got, want)
		}
	}
	e.refused(e.do("DELETE", e.path("/ous/"+sales), nil), http.StatusConflict, workspace.CodeConflict, "1 desktop")
	e.update(func(tx *store.Tx) error {
		p := pool.Pool{ID: "pool", ProjectID: e.first.ProjectID, Name: "Students", OUID: press}
		return pool.InsertPool(e.Context(), tx, p, nil)
	})
	e.refused(e.do("DELETE", e.path("/ous/"+press), nil), http.StatusConflict, workspace.CodeConflict, "pool Students")
	e.update(func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "pool") })
	if a := e.do("DELETE", e.path("/ous/"+press), nil); a.status != http.StatusNoContent || a.raw != "" {
		t.Errorf("deleting: %d %s", a.status, a.raw)
	}
	e.refused(e.do("DELETE", e.path("/ous/"+press), nil), http.StatusNotFound, workspace.CodeOUNotFound, press)
}

func TestBadOrganisationalUnitsAreRefused(t *testing.T) {
	e := newEnv(t)
	id := e.unit("Sales")
	body := func(name string) object { return object{"domain": directory.BuiltInDomain, "ou_name": name} }
	e.refused(e.post("/ous", body("SALES")), 409, workspace.CodeNameTaken, "SALES")
	e.refused(e.post("/ous", body("a,b")), 400, workspace.CodeInvalid, "ou_name")
	e.refused(e.post("/ous", body("")), 400, workspace.CodeInvalid, "ou_name: 1 or more characters")
	e.refused(e.post("/ous", body(strings.Repeat("x", 65))), 400, workspace.CodeInvalid, "ou_name: at most 64 characters")
	e.refused(e.post("/ous", object{"domain": "x.org", "ou_name": "a"}), 400, workspace.CodeInvalid, "domain")
	e.refused(e.post("/ous", object{"ou_name": "a"}), 400, workspace.CodeInvalid, "domain: must be given")
	e.refused(e.do("PUT", e.path("/ous/"+id), object{"id": "x", "ou_name": "a"}), 400, workspace.CodeInvalid, "id")
	e.refused(e.do("PUT", e.path("/ous/"+id), object{"ou_name": "a", "description": strings.Repeat("x", 256)}), 400, workspace.CodeInvalid, "description: at most 255")
	e.refused(e.do("PUT", e.path("/ous/x"), object{"ou_name": "a"}), 404, workspace.CodeOUNotFound, "x")
}

func TestPeopleAreAtTheRootOfTheDirectory(t *testing.T) {
	e := newEnv(t)
	e.admitted("ann")
	e.admitted("bob")
	e.unit("Sales")
	at := func(dn, more string) answer { return e.get("/ou-users?ou_dn=" + url.QueryEscape(dn) + more) }
	for _, c := range []struct {
		dn, more string
		want     []string
	}{
		{directory.RootDN, "", []string{"ann", "bob"}}, {"dc=Carrel,dc=local", "&user_name=AN", []string{"ann"}}, {directory.RootDN, "&has_existed=true&limit=1", []string{"ann"}},
		{directory.RootDN, "&has_existed=false", nil}, {"OU=Sales," + directory.RootDN, "", nil},
	} {
		a := e.ok(at(c.dn, c.more))
		if got := e.names(a, "user_infos", "user_name"); !slices.Equal(got, c.want) || a.number("enable_create_count") != 0 {
			t.Errorf("%s%s: %s, want %v", c.dn, c.more, a.raw, c.want)
		}
	}
	e.refused(at("OU=Nowhere,"+directory.RootDN, ""), 404, workspace.CodeOUNotFound, "ou_dn")
	e.refused(e.get("/ou-users"), 400, workspace.CodeInvalid, "ou_dn: must be given")
}
