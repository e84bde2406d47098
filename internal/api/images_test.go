package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ownImage adds an image of the project's own and returns its id.
func (e *env) ownImage(name string, change func(*catalog.Image)) string {
	e.Helper()
	i := catalog.Image{
		ID: workspace.NewID(), ProjectID: e.first.ProjectID, Type: catalog.ImagePrivate, Name: name, OSType: "Linux", OSVersion: "Debian GNU/Linux 13",
		Architecture: "x86", MinDiskGB: 50, MinMemoryMiB: 512, EngineID: "engine-" + name, SizeMiB: 3, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	i.Updated = i.Created
	if change != nil {
		change(&i)
	}
	e.update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
	return i.ID
}

func (e *env) cloudImages(query string) []string {
	e.Helper()
	return e.names(e.ok(e.do("GET", "/v2/cloudimages?"+query, nil)), "images", "name")
}

func (e *env) patch(id string, changes ...object) answer {
	e.Helper()
	return e.do("PATCH", "/v2/cloudimages/"+id, changes)
}

func TestImagesAreFoundAsIMSFindsThem(t *testing.T) {
	e := newEnv(t)
	lab := e.ownImage("lab", nil)
	e.ownImage("big", func(i *catalog.Image) {
		i.MinDiskGB, i.MinMemoryMiB, i.Protected, i.OSVersion = 200, 8192, true, "Ubuntu 26.04"
		i.Created = i.Created.Add(time.Hour)
	})
	for query, want := range map[string][]string{
		"":                                      {"Debian XFCE", "big", "lab"}, // newest first
		"sort_key=name&sort_dir=asc":            {"Debian XFCE", "big", "lab"},
		"sort_key=min_disk&sort_dir=desc":       {"big", "lab", "Debian XFCE"},
		"sort_key=created_at&sort_dir=asc":      {"lab", "big", "Debian XFCE"},
		"limit=1":                               {"Debian XFCE"},
		"limit=1&marker=" + image:               {"big"},
		"marker=" + lab:                         nil,
		"__imagetype=market":                    {"Debian XFCE"},
		"__imagetype=gold":                      {"Debian XFCE"},
		"__imagetype=private":                   {"big", "lab"},
		"__imagetype=shared":                    nil,
		"visibility=public":                     {"Debian XFCE"},
		"visibility=private":                    {"big", "lab"},
		"visibility=public&__imagetype=private": nil,
		"name=lab":                              {"lab"},
		"name=la":                               nil,
		"id=" + lab:                             {"lab"},
		"owner=" + e.first.ProjectID:            {"big", "lab"},
		"owner=local-1":                         {"Debian XFCE"},
		"__platform=debian":                     {"Debian XFCE", "lab"},
		"__os_type=Windows":                     nil,
		"__os_bit=64&__isregistered=true":       {"Debian XFCE", "big", "lab"},
		"__os_bit=32":                           nil,
		"protected=true":                        {"big"},
		"protected=false":                       {"Debian XFCE", "lab"},
		"min_disk=200":                          {"big"},
		"min_ram=8192":                          {"big"},
		"flavor_id=" + product:                  {"Debian XFCE", "lab"},
		"status=active":                         {"Debian XFCE", "big", "lab"},
		"status=saving":                         nil,
		"tag=x":                                 nil,
		"architecture=arm":                      nil,
		"__support_xen=true":                    nil,
		"created_at=lt:2026-01-02T04:00:00Z":    {"lab"},
		"created_at=gte:2026-01-02T03:04:05Z,lt:2026-01-03T00:00:00Z": {"big", "lab"},
		"updated_at=neq:2026-01-02T03:04:05Z":                         {"Debian XFCE"},
		"enterprise_project_id=0":                                     {"Debian XFCE", "big", "lab"},
		"limit=1000&virtual_env_type=FusionCompute":                   {"Debian XFCE", "big", "lab"},
	} {
		if got := e.cloudImages(query); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", query, got, want)
		}
	}
	for query, message := range map[string]string{
		"limit=0": "limit: ", "limit=1001": "limit: ", "marker=x": "marker: ", "created_at=2026-01-02": "created_at: ", "created_at=gt:": "created_at: ",
		"created_at=gt:10000-01-01T00:00:00Z": "created_at: ", "__imagetype=colour": "__imagetype: ",
	} {
		e.refused(e.do("GET", "/v2/cloudimages?"+query, nil), http.StatusBadRequest, workspace.CodeInvalid, message)
	}
	e.refused(e.do("GET", "/v2/cloudimages?flavor_id=x", nil), http.StatusBadRequest, workspace.CodeProductNotFound, "")
	glance := e.ok(e.do("GET", "/v2/images?limit=2&sort_key=name&sort_dir=asc", nil))
	if got := e.names(glance, "images", "name"); !slices.Equal(got, []string{"Debian XFCE", "big"}) || glance.text("next") == "" {
		t.Errorf("in the form of Glance: %s", glance.raw)
	}
}

func TestAnImageHasWhatClientsOfIMSRead(t *testing.T) {
	e := newEnv(t)
	id := e.ownImage("lab", nil)
	a := e.ok(e.do("GET", "/v2/images/"+id, nil))
	for field, want := range map[string]any{
		"id": id, "name": "lab", "__imagetype": "private", "visibility": "private", "status": "active", "__os_type": "Linux", "__platform": "Debian",
		"__os_version": "Debian GNU/Linux 13", "min_disk": 50.0, "min_ram": 512.0, "owner": e.first.ProjectID, "protected": false, "__image_size": "3145728",
		"created_at": "2026-01-02T03:04:05.000Z", "container_format": "bare", "enterprise_project_id": "0", "__isregistered": "true", "architecture": "x86",
	} {
		if got := a.at(field); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	gold := e.ok(e.do("GET", "/v2/images/"+image, nil))
	if gold.text("__imagetype") != "gold" || gold.text("visibility") != "public" || gold.text("owner") != "local-1" {
		t.Errorf("a gold image is %s", gold.raw)
	}
	e.refused(e.do("GET", "/v2/images/x", nil), http.StatusNotFound, workspace.CodeCloudImageNotFound, `image "x" does not exist`)
	systems := e.do("GET", "/v1/cloudimages/os_version", nil)
	if list, is := systems.body.([]any); !is || len(list) != 1 || (answer{body: list[0]}).text("platform") != "Debian" || len((answer{body: list[0]}).list("version_list")) != 2 {
		t.Errorf("the systems are %s", systems.raw)
	}
}

func TestAProjectChangesItsOwnImagesOnly(t *testing.T) {
	e := newEnv(t)
	id := e.ownImage("lab", nil)
	a := e.ok(e.patch(
		id, object{"op": "replace", "path": "/name", "value": "Lab 2"}, object{"op": "add", "path": "/__description", "value": "for physics"},
		object{"op": "replace", "path": "/min_ram", "value": "2048"}, object{"op": "replace", "path": "/min_disk", "value": 60}, object{"op": "replace", "path": "/protected", "value": true},
	))
	if a.text("name") != "Lab 2" || a.text("__description") != "for physics" || a.number("min_ram") != 2048 || a.number("min_disk") != 60 || a.at("protected") != true {
		t.Errorf("the image is %s", a.raw)
	}
	if a := e.ok(e.patch(id, object{"op": "remove", "path": "/__description"})); a.text("__description") != "" || a.text("name") != "Lab 2" {
		t.Errorf("without a description it is %s", a.raw)
	}
	for message, change := range map[string]object{
		"[0].path: ":  {"op": "replace", "path": "/status", "value": "active"},
		"[0].op: ":    {"op": "remove", "path": "/name"},
		"[0].value: ": {"op": "replace", "path": "/min_ram", "value": "much"},
		"min_ram: ":   {"op": "replace", "path": "/min_ram", "value": -1},
		"min_disk: ":  {"op": "replace", "path": "/min_disk", "value": 0},
		"name: ":      {"op": "replace", "path": "/name", "value": ""},
	} {
		e.refused(e.patch(id, change), http.StatusBadRequest, workspace.CodeInvalid, message)
	}
	e.refused(e.do("PATCH", "/v2/cloudimages/"+id, []object{}), http.StatusBadRequest, workspace.CodeInvalid, "body: ")
	rename := object{"op": "replace", "path": "/name", "value": "x"}
	e.refused(e.patch("x", rename), http.StatusNotFound, workspace.CodeCloudImageNotFound, "")
	e.refused(e.patch(image, rename), http.StatusForbidden, workspace.CodeImageNotOwned, "the installation's")
	if r := e.record("operation=UpdateCloudImage&result=success&limit=1"); r.text("resource_type") != "image" {
		t.Errorf("the audit record is %v", r.body)
	}
}

func TestAnImageIsDeletedWhenNothingUsesIt(t *testing.T) {
	e := newEnv(t)
	id := e.ownImage("lab", nil)
	used := e.create(object{"image_type": "private", "image_id": id, "desktops": desktopsFor("ann")})
	remove := func(id string) answer { return e.do("DELETE", "/v2/images/"+id, nil) }
	e.refused(remove(id), http.StatusConflict, workspace.CodeConflict, "1 desktop, 0 pools")
	e.settle(used...)
	e.update(func(tx *store.Tx) error { return deleteDesktop(e, tx, used[0]) })
	pool, members := e.pool(object{"image_type": "private", "image_id": id, "size": 1})
	e.endWork(pool)
	for _, d := range members {
		e.update(func(tx *store.Tx) error { return deleteDesktop(e, tx, d) })
	}
	e.refused(remove(id), http.StatusConflict, workspace.CodeConflict, "0 desktops, 1 pool")
	if a := e.do("DELETE", e.path("/desktop-pools/"+pool), nil); a.status/100 != 2 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	e.ok(e.patch(id, object{"op": "replace", "path": "/protected", "value": true}))
	e.refused(remove(id), http.StatusConflict, workspace.CodeConflict, "is protected")
	e.ok(e.patch(id, object{"op": "replace", "path": "/protected", "value": false}))
	e.refused(remove(image), http.StatusForbidden, workspace.CodeImageNotOwned, "the installation's")
	if a := remove(id); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	e.refused(remove(id), http.StatusNotFound, workspace.CodeCloudImageNotFound, "")
	if got := e.cloudImages("__imagetype=private"); len(got) != 0 {
		t.Errorf("listed are still %v", got)
	}
	a := e.post("/desktops", order(object{"image_type": "private", "image_id": id, "desktops": desktopsFor("bob")}))
	e.refused(a, http.StatusBadRequest, workspace.CodeImageNotFound, "choose another")
}

func TestAnImageIsSharedWithProjectsThatAcceptIt(t *testing.T) {
	e := newEnv(t)
	id := e.ownImage("lab", nil)
	other := e.otherProject("school")
	share := object{"images": []string{id}, "projects": []string{other.first.ProjectID}}
	job := e.ok(e.do("POST", "/v1/cloudimages/members", share)).text("job_id")
	if j := e.ok(e.get("/workspace-jobs/" + job)); j.text("status") != "SUCCESS" {
		t.Errorf("the job is %s", j.raw)
	}
	if got := other.cloudImages("__imagetype=shared"); len(got) != 0 {
		t.Errorf("before it is accepted the project sees %v", got)
	}
	if got := other.cloudImages("member_status=pending"); !slices.Equal(got, []string{"lab"}) {
		t.Errorf("waiting for an answer are %v", got)
	}
	use := order(object{"image_type": "shared", "image_id": id, "desktops": desktopsFor("eve")})
	other.refused(other.post("/desktops", use), http.StatusBadRequest, workspace.CodeImageNotFound, "")
	reply := func(status string) object {
		return object{"images": []string{id}, "project_id": other.first.ProjectID, "status": status}
	}
	other.ok(other.do("PUT", "/v1/cloudimages/members", reply("accepted")))
	if got := other.cloudImages("__imagetype=shared"); !slices.Equal(got, []string{"lab"}) {
		t.Errorf("the project sees %v", got)
	}
	if a := other.ok(other.do("GET", "/v2/images/"+id, nil)); a.text("__imagetype") != "shared" || a.text("visibility") != "shared" {
		t.Errorf("for it the image is %s", a.raw)
	}
	other.ok(other.post("/desktops", use))
	other.refused(other.patch(id, object{"op": "replace", "path": "/name", "value": "mine"}), http.StatusForbidden, workspace.CodeImageNotOwned, "another project")
	e.refused(e.do("DELETE", "/v2/images/"+id, nil), http.StatusConflict, workspace.CodeConflict, "1 desktop")
	e.ok(e.do("DELETE", "/v1/cloudimages/members", share))
	if got := other.cloudImages("__imagetype=shared"); len(got) != 0 {
		t.Errorf("what is no longer shared is seen: %v", got)
	}
	other.refused(other.do("PUT", "/v1/cloudimages/members", reply("accepted")), http.StatusNotFound, workspace.CodeCloudImageNotFound, "")
	for message, body := range map[string]object{
		"projects: ":  {"images": []string{id}, "projects": []string{}},
		"images[1]: ": {"images": []string{id, id}, "projects": []string{other.first.ProjectID}},
	} {
		e.refused(e.do("POST", "/v1/cloudimages/members", body), http.StatusBadRequest, workspace.CodeInvalid, message)
	}
	nowhere := object{"images": []string{id}, "projects": []string{"nowhere"}}
	e.refused(e.do("POST", "/v1/cloudimages/members", nowhere), http.StatusNotFound, workspace.CodeProjectNotFound, "projects[0]: ")
	own := object{"images": []string{id}, "projects": []string{e.first.ProjectID}}
	e.refused(e.do("POST", "/v1/cloudimages/members", own), http.StatusBadRequest, workspace.CodeInvalid, "projects[0]: is the project that shares")
}

func TestOperationsOfIMSNeedAProject(t *testing.T) {
	e := newEnv(t)
	without := func(r *http.Request) { r.Header.Del("X-Project-Id") }
	e.refused(e.do("GET", "/v2/cloudimages", nil, without), http.StatusBadRequest, workspace.CodeInvalid, "X-Project-Id: ")
	e.refused(e.do("GET", "/v2/cloudimages", nil, func(r *http.Request) { r.Header.Set("X-Project-Id", "elsewhere") }), http.StatusNotFound, workspace.CodeProjectNotFound, "")
}

func deleteDesktop(e *env, tx *store.Tx, id string) error {
	return desktop.DeleteDesktop(e.Context(), tx, id)
}
