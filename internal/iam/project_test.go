package iam_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *env) newProject(name string) string {
	e.Helper()
	return e.wants(e.call("POST", "/v3/projects", object{"project": object{"name": name, "description": "of " + name}}), http.StatusCreated).text("project", "id")
}

func TestProjects(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.newProject("laboratory")
		e.recorded("KeystoneCreateProject", iam.ResourceProject, id, "name:  -> laboratory", "description:  -> of laboratory", "enabled:  -> true")
		e.refused(e.call("POST", "/v3/projects", object{"project": object{"name": "laboratory"}}), 409, "IAM.0010", "in use")
		e.refused(e.call("POST", "/v3/projects", object{"project": object{"name": "x", "parent_id": id}}), 403, "IAM.0003", "project.parent_id")
		e.refused(e.call("POST", "/v3/projects", object{"project": object{}}), 400, "IAM.0001", "project.name: has 0 characters")
		token := e.token(object{"project": object{"name": "laboratory"}})
		temporary := e.temporaryKey(token)
		principal := func() iam.Principal {
			p, err := e.iam.Authenticate(signed(e.firstKey(), "GET", "/v2/"+id+"/desktops", ""))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		may := func() error {
			_, err := e.iam.Authorize(e.Context(), principal(), iam.Access{ProjectID: id, Action: "workspace:desktops:list"})
			return err
		}
		if err := may(); err != nil {
			t.Error(err)
		}

		e.wants(e.call("PATCH", "/v3/projects/"+id, object{"project": object{"enabled": false, "name": "Lab"}}), http.StatusOK)
		e.recorded("KeystoneUpdateProject", iam.ResourceProject, id, "name: laboratory -> Lab", "enabled: true -> false")
		if err := may(); workspace.CodeOf(err) != workspace.CodeForbidden || !strings.Contains(err.Error(), "disabled") {
			t.Errorf("in a disabled project: %v", err)
		}
		e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "for project Lab, which is disabled")
		e.refused(e.do(signed(temporary, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "for project Lab, which is disabled")
		e.refused(e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, e.first.UserName, e.first.Password, object{"project": object{"id": id}}))), 403, "IAM.0003", "disabled")
		for target, want := range map[string]string{
			"/v3/projects":                        "Lab local-1",
			"/v3/projects?enabled=true":           "local-1",
			"/v3/projects?enabled=false":          "Lab",
			"/v3/projects?per_page=1&page=2":      "local-1",
			"/v3/projects?parent_id=other":        "",
			"/v3/auth/projects":                   "Lab local-1",
			"/v3/projects?name=Lab&enabled=false": "Lab",
		} {
			a := e.wants(e.call("GET", target, nil), http.StatusOK)
			var names []string
			projects, _ := a.at("projects").([]any)
			for i := range projects {
				names = append(names, a.text("projects", i, "name"))
			}
			if got := strings.Join(names, " "); got != want {
				e.Errorf("%s: %q, want %q", target, got, want)
			}
		}
		e.refused(e.call("GET", "/v3/projects?enabled=maybe", nil), 400, "IAM.0001", "enabled")

		e.wants(e.call("PATCH", "/v3/projects/"+id, object{"project": object{"enabled": true}}), http.StatusOK)
		e.wants(e.do(get("/v3/auth/projects", token)), http.StatusOK)
		held := []string{"2 desktops", "1 users", "an open Workspace service"}
		e.iam.ProjectHolds = func(_ context.Context, _ *store.Tx, of string) ([]string, error) {
			if of != id {
				t.Errorf("asked about %s", of)
			}
			return held, nil
		}
		e.refused(e.call("DELETE", "/v3/projects/"+id, nil), 409, "IAM.0010", "still has 2 desktops, 1 users, an open Workspace service")
		held = nil
		e.wants(e.call("DELETE", "/v3/projects/"+id, nil), http.StatusNoContent)
		e.recorded("KeystoneDeleteProject", iam.ResourceProject, id, "name: Lab -> ", "description: of laboratory -> ", "enabled: true -> ")
		e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "decrypt token fail")
		e.refused(e.do(signed(temporary, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "ak not exist")
		e.refused(e.call("DELETE", "/v3/projects/"+id, nil), 404, "IAM.0004", "project")
		e.refused(e.call("DELETE", "/v3/projects/"+e.first.ProjectID, nil), 409, "IAM.0010", "disable it instead")
	})
}
