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

func (w *world) unit(name string) string {
	w.Helper()
	return w.ok(w.post("/ous", object{"domain": directory.BuiltInDomain, "ou_name": name, "description": "of the house"})).text("id")
}

func TestOrganisationalUnitsHoldDesktops(t *testing.T) {
	w := newWorld(t)
	sales, press := w.unit("Berlin/Sales"), w.unit("Press")
	a := w.ok(w.get("/ous?ou_name=BERLIN"))
	for field, want := range map[string]any{
		"id": sales, "domain": directory.BuiltInDomain, "ou_name": "Berlin/Sales", "ou_dn": "OU=Sales,OU=Berlin,DC=carrel,DC=local", "description": "of the house",
	} {
		if got := a.at("ous", 0, field); got != want || a.number("total_count") != 1 {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	desktop := w.create(object{"ou_name": "berlin/sales", "size": 1, "desktop_name": "pc"})[0]
	if got := w.ok(w.get("/desktops/"+desktop)).text("desktop", "ou_name"); got != "Berlin/Sales" {
		t.Errorf("the desktop is in %q", got)
	}
	w.refused(w.post("/desktops", order(object{"ou_name": "Paris", "size": 1, "desktop_name": "x"})), 400, workspace.CodeInvalid, `ou_name: "Paris" does not exist`)
	w.ok(w.do("PUT", w.path("/ous/"+sales), object{"id": sales, "ou_name": "Bonn"}))
	if got := w.ok(w.get("/desktops/"+desktop)).text("desktop", "ou_name"); got != "Bonn" {
		t.Errorf("after a rename the desktop is in %q", got)
	}
	if got := w.names(w.ok(w.get("/ad-ous")), "ou_infos", "ou_dn"); !slices.Equal(got, []string{"OU=Bonn,DC=carrel,DC=local", "OU=Press,DC=carrel,DC=local"}) {
		t.Errorf("in the directory: %v", got)
	}
	for target, want := range map[string]int{"/ad-ous?domain=x": 0, "/ad-ous?limit=1": 2, "/ous?offset=1": 2, "/ous?ou_name=x": 0} {
		if got := w.ok(w.get(target)).number("total_count"); got != want {
			t.Errorf("%s finds %d, want %d", target, got, want)
		}
	}
	w.refused(w.do("DELETE", w.path("/ous/"+sales), nil), http.StatusConflict, workspace.CodeConflict, "1 desktop")
	w.update(func(tx *store.Tx) error {
		p := pool.Pool{ID: "pool", ProjectID: w.first.ProjectID, Name: "Students", OUName: "Press"}
		return pool.InsertPool(w.Context(), tx, p, nil)
	})
	w.refused(w.do("DELETE", w.path("/ous/"+press), nil), http.StatusConflict, workspace.CodeConflict, "pool Students")
	w.update(func(tx *store.Tx) error { return pool.DeletePool(w.Context(), tx, "pool") })
	if a := w.do("DELETE", w.path("/ous/"+press), nil); a.status != http.StatusNoContent || a.raw != "" {
		t.Errorf("deleting: %d %s", a.status, a.raw)
	}
	w.refused(w.do("DELETE", w.path("/ous/"+press), nil), http.StatusNotFound, workspace.CodeOUNotFound, press)
}

func TestBadOrganisationalUnitsAreRefused(t *testing.T) {
	w := newWorld(t)
	id := w.unit("Sales")
	body := func(name string) object { return object{"domain": directory.BuiltInDomain, "ou_name": name} }
	w.refused(w.post("/ous", body("SALES")), 409, workspace.CodeNameTaken, "SALES")
	w.refused(w.post("/ous", body("a,b")), 400, workspace.CodeInvalid, "ou_name")
	w.refused(w.post("/ous", object{"domain": "x.org", "ou_name": "a"}), 400, workspace.CodeInvalid, "domain")
	w.refused(w.post("/ous", object{"ou_name": "a"}), 400, workspace.CodeInvalid, "domain: must be given")
	w.refused(w.do("PUT", w.path("/ous/"+id), object{"id": "x", "ou_name": "a"}), 400, workspace.CodeInvalid, "id")
	w.refused(w.do("PUT", w.path("/ous/"+id), object{"ou_name": "a", "description": strings.Repeat("x", 256)}), 400, workspace.CodeInvalid, "description: at most 255")
	w.refused(w.do("PUT", w.path("/ous/x"), object{"ou_name": "a"}), 404, workspace.CodeOUNotFound, "x")
}

func TestPeopleAreAtTheRootOfTheDirectory(t *testing.T) {
	w := newWorld(t)
	w.admitted("ann")
	w.admitted("bob")
	w.unit("Sales")
	at := func(dn, more string) answer { return w.get("/ou-users?ou_dn=" + url.QueryEscape(dn) + more) }
	for _, c := range []struct {
		dn, more string
		want     []string
	}{
		{directory.RootDN, "", []string{"ann", "bob"}}, {"dc=Carrel,dc=local", "&user_name=AN", []string{"ann"}}, {directory.RootDN, "&has_existed=true&limit=1", []string{"ann"}},
		{directory.RootDN, "&has_existed=false", nil}, {"OU=Sales," + directory.RootDN, "", nil},
	} {
		a := w.ok(at(c.dn, c.more))
		if got := w.names(a, "user_infos", "user_name"); !slices.Equal(got, c.want) || a.number("enable_create_count") != 0 {
			t.Errorf("%s%s: %s, want %v", c.dn, c.more, a.raw, c.want)
		}
	}
	w.refused(at("OU=Nowhere,"+directory.RootDN, ""), 404, workspace.CodeOUNotFound, "ou_dn")
	w.refused(w.get("/ou-users"), 400, workspace.CodeInvalid, "ou_dn: must be given")
}
