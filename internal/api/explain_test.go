package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/iam"
)

// TestTheDescriptionExplainsEveryOperation: a permission for all of the Workspace API, errors that the catalogue has, and an example to call it.
func TestTheDescriptionExplainsEveryOperation(t *testing.T) {
	described := newEnv(t).described()
	known := map[string]bool{}
	for _, e := range described.Errors {
		known[e["code"].(string)] = e["meaning"] != "" && e["remedy"] != ""
	}
	changing := api.Changing()
	for path, methods := range described.Paths {
		for method, o := range methods {
			if len(o.Errors) == 0 {
				t.Errorf("%s has no errors", o.ID)
			}
			for _, code := range o.Errors {
				if !known[code] {
					t.Errorf("%s has the error %s, which is not explained", o.ID, code)
				}
			}
			if len(o.Samples) == 0 || o.Samples[0].Label != "curl" {
				t.Errorf("%s has no example for curl", o.ID)
			}
			for _, s := range o.Samples {
				if described.Setups[s.Setup] == "" {
					t.Errorf("%s has an example for %s after %q, which is not there", o.ID, s.Label, s.Setup)
				}
			}
			if _, changes := changing[o.ID]; strings.HasPrefix(path, "/v2/") && (changes != o.DryRun || changes != o.ClientToken) {
				t.Errorf("%s: dry run %t, client token %t, changes something %t", o.ID, o.DryRun, o.ClientToken, changes)
			}
			if !strings.Contains(path, "/{project_id}/") {
				continue
			}
			if o.Permission["action"] == "" || o.Permission["resource_type"] == "" || method == "get" && o.ID != "ResetRandomPassword" && o.Permission["access"] != string(iam.Read) {
				t.Errorf("%s %s has the permission %v", o.ID, path, o.Permission)
			}
		}
	}
}

func TestTheDescriptionOfAnOperation(t *testing.T) {
	described := newEnv(t).described()
	o := described.operation("BatchAttachInstances")
	for field, want := range map[string]any{"action": "workspace:desktops:batchAttachUsers", "access": "write", "resource_type": "desktop"} {
		if o.Permission[field] != want {
			t.Errorf("%s is %v, want %v", field, o.Permission[field], want)
		}
	}
	if dependencies, _ := o.Permission["dependencies"].([]any); !slices.Contains(dependencies, any("ims:images:share")) {
		t.Errorf("dependencies: %v", o.Permission)
	}
	if !slices.Equal(o.SubJobs, []string{"attachDesktops"}) {
		t.Errorf("sub-jobs: %v", o.SubJobs)
	}
	for _, code := range []string{"WKS.00010011", "WKS.00010034", "APIGW.0301"} { // no such desktop, token used, not signed in
		if !slices.Contains(o.Errors, code) {
			t.Errorf("the errors lack %s: %v", code, o.Errors)
		}
	}
	for _, code := range []string{"WKS.00010025", "IAM.0002"} { // no such script, wrong password
		if slices.Contains(o.Errors, code) {
			t.Errorf("the errors have %s: %v", code, o.Errors)
		}
	}
	key := described.operation("CreatePermanentAccessKey")
	if key.Permission["action"] != "iam:credentials:create" || key.Permission["own"] != true || !key.DryRun || !key.ClientToken {
		t.Errorf("%s: %v, dry run %t", key.ID, key.Permission, key.DryRun)
	}
	if body, _ := key.RequestBody.Content.JSON.Example.(map[string]any); body["credential"] == nil {
		t.Errorf("%s has the example %v", key.ID, key.RequestBody.Content.JSON.Example)
	}
	if ou := described.operation("UpdateOuInfo").Samples[0].Source; !strings.Contains(ou, `curl "$CARREL/v2/$PROJECT_ID/ous/$OU_ID"`) ||
		!strings.Contains(ou, "-X PUT") || !strings.Contains(ou, "\nEND") {
		t.Errorf("the example for curl:\n%s", ou)
	}
}

func TestTheDescriptionIsSentOnceAndCompressed(t *testing.T) {
	e := newEnv(t)
	ask := func(name, value string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/openapi.json", nil)
		r.Header.Set(name, value)
		e.server.ServeHTTP(w, r)
		return w
	}
	first := ask("Accept", "application/json")
	packed := ask("Accept-Encoding", "gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len()*5 > first.Body.Len() {
		t.Errorf("%d bytes of %d, %v", packed.Body.Len(), first.Body.Len(), packed.Header())
	}
	t.Logf("%d bytes, compressed %d", first.Body.Len(), packed.Body.Len())
	if again := ask("If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("again: %d with %d bytes", again.Code, again.Body.Len())
	}
}
