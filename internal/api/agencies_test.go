package api_test

import (
	"net/http"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TestTheServiceIsAuthorizedBeforeItManages goes through all operations that manage something in a project.
func TestTheServiceIsAuthorizedBeforeItManages(t *testing.T) {
	onBoth(t, func(e *env) {
		first := e.ok(e.get("/agencies"))
		if first.text("existing_agencies", 0, "scene") != "WORKSPACE" || len(first.list("existing_agencies", 0, "permissions", 0, "system_permission_display_names")) != 3 {
			e.Errorf("the first project has %s", first.raw)
		}
		o := *e
		o.first.ProjectID = e.do("POST", "/v3/projects", object{"project": object{"name": "bare"}}).text("project", "id")
		if a := o.ok(o.get("/agencies")); len(a.list("existing_agencies")) != 0 || !strings.Contains(a.raw, "[]") {
			e.Errorf("a new project has %s", a.raw)
		}
		refused := func(action, authorized string) {
			e.Helper()
			for id, what := range api.Manages() {
				if what == authorized {
					continue
				}
				operation := api.Changing()[id]
				target := strings.NewReplacer("{project_id}", o.first.ProjectID, "{", "", "}", "").Replace(operation[1])
				o.refused(o.do(operation[0], target, goodCalls[id].body), http.StatusForbidden, workspace.CodeNoAgency,
					"has not authorized the service to manage its "+what+": call POST /v2/"+o.first.ProjectID+`/agencies with {"scene": "WORKSPACE", "action": "`+action+`"}`)
			}
		}
		if len(api.Manages()) < 25 {
			e.Fatalf("%d operations manage something", len(api.Manages()))
		}
		refused("CREATE", "")
		o.ok(o.get("/desktops")) // to look needs no agency
		o.refused(o.post("/agencies", object{"scene": "WORKSPACE", "action": "FIX"}), http.StatusConflict, workspace.CodeConflict, "action: ")
		o.refused(o.post("/agencies", object{"scene": "CLOUD_GAME"}), http.StatusBadRequest, workspace.CodeInvalid, "scene: ")
		o.refused(o.post("/agencies", object{"action": "DROP"}), http.StatusBadRequest, workspace.CodeInvalid, "action: ")
		o.ok(o.post("/agencies", object{}))
		o.ok(o.post("/agencies", object{"scene": "WORKSPACE", "action": "CREATE"})) // again
		o.refused(o.post("/desktops", order(object{"size": 1, "desktop_name": "d"})), http.StatusForbidden, workspace.CodeNotSubscribed, "open it with POST")
		records := o.ok(o.get("/audit-records?operation=CreateAgencies&result=success"))
		if records.number("total_count") != 2 || !strings.Contains(records.raw, "WORKSPACE") {
			e.Errorf("audit: %s", records.raw)
		}

		authorizes := func(agencies string) {
			e.update(func(tx *store.Tx) error {
				if err := iam.RaiseVersion(e.Context(), tx, e.first.DomainID); err != nil {
					return err
				}
				_, err := tx.NewRaw("UPDATE projects SET agencies = ? WHERE id = ?", agencies, o.first.ProjectID).Exec(e.Context())
				return err
			})
		}
		authorizes(`[{"scene":"WORKSPACE","permissions":["networks"]}]`) // as after an update that manages more
		refused("FIX", "networks")
		lacking := o.ok(o.get("/agencies?action=FIX&scene=WORKSPACE"))
		wanted := lacking.list("existing_agencies", 0, "permissions", 0, "wanted_system_permission_display_names")
		if len(wanted) != 2 || wanted[0] != "desktops" || wanted[1] != "images" {
			e.Errorf("lacking: %s", lacking.raw)
		}
		o.ok(o.post("/agencies", object{"action": "FIX"}))
		if a := o.ok(o.get("/agencies?action=FIX")); len(a.list("existing_agencies")) != 0 {
			e.Errorf("nothing is lacking: %s", a.raw)
		}
		o.refused(o.post("/desktops", order(object{"size": 1, "desktop_name": "d"})), http.StatusForbidden, workspace.CodeNotSubscribed, "open it with POST")

		scoped := object{"auth": object{
			"identity": object{"methods": []string{"password"}, "password": object{"user": object{
				"name": e.first.UserName, "password": e.first.Password, "domain": object{"name": e.first.DomainName},
			}}},
			"scope": object{"project": object{"id": o.first.ProjectID}},
		}}
		token := e.do("POST", "/v3/auth/tokens", scoped, func(r *http.Request) { r.Header.Del("X-Auth-Token") }).header.Get("X-Subject-Token")
		in := asked{&o, token}
		o.refused(in.send("POST", o.path("/desktops"), order(object{"size": 1, "desktop_name": "d"})), http.StatusForbidden, workspace.CodeNotSubscribed, "open it with POST")
		authorizes(`[]`)
		o.refused(in.send("POST", o.path("/desktops"), order(object{"size": 1, "desktop_name": "d"})), http.StatusForbidden, workspace.CodeNoAgency, "CREATE")
	})
}
