package api_test

import (
	"maps"
	"net/http"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// shutOff makes a desktop one that is off.
func (e *env) shutOff(id string) {
	e.Helper()
	e.update(func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.Context(), tx, e.first.ProjectID, id)
		if err != nil {
			return err
		}
		return desktop.MarkObserved(e.Context(), tx, d, desktop.StatusShutoff, "")
	})
}

func TestWhatAnImageOfADesktopMayBe(t *testing.T) {
	e := newEnv(t)
	ids := e.create(object{"desktops": desktopsFor("ann")})
	e.settle(ids...)
	e.shutOff(ids[0])
	ask := func(changes object) answer {
		body := object{"desktop_id": ids[0], "image_name": "Lab"}
		maps.Copy(body, changes)
		return e.post("/desktops/desktop-to-image", body)
	}
	ims := func(changes object) answer {
		body := object{"instance_id": ids[0], "name": "Lab"}
		maps.Copy(body, changes)
		return e.do("POST", "/v2/cloudimages/action", body)
	}
	for _, c := range []struct {
		got     answer
		status  int
		code    workspace.Code
		message string
	}{
		{ask(object{"image_name": " x"}), 400, workspace.CodeInvalid, "must not begin or end with a space"},
		{ask(object{"image_description": "a<b"}), 400, workspace.CodeInvalid, "must not contain < or >"},
		{ask(object{"min_ram": "much"}), 400, workspace.CodeInvalid, "min_ram"},
		{ask(object{"min_ram": "5000000"}), 400, workspace.CodeInvalid, "min_ram"},
		{ask(object{"execute_sysprep": false}), 400, workspace.CodeInvalid, "execute_sysprep: false is not possible"},
		{ask(object{"is_clear_data": false}), 400, workspace.CodeInvalid, "is_clear_data: false is not possible"},
		{ask(object{"max_ram": "4096"}), 400, workspace.CodeUnsupported, "max_ram"},
		{ask(object{"image_tags": []object{{"key": "a", "value": "b"}}}), 400, workspace.CodeUnsupported, "image_tags"},
		{ask(object{"desktop_id": "none"}), 404, workspace.CodeDesktopNotFound, ""},
		{ims(object{"instance_id": "none"}), 404, workspace.CodeDesktopNotFound, ""},
		{ims(object{"image_url": "bucket:file.qcow2"}), 400, workspace.CodeUnsupported, "carrel image import"},
		{ims(object{"volume_id": "x"}), 400, workspace.CodeUnsupported, "volume_id"},
		{ims(object{"min_ram": -1}), 400, workspace.CodeInvalid, "min_ram"},
		{e.post("/sysprep", object{"desktop_ids": []string{"none"}}), 404, workspace.CodeDesktopNotFound, ""},
		{e.get("/desktops/none/sysprep"), 404, workspace.CodeDesktopNotFound, ""},
		{e.get("/market-images?image_ids="), 400, workspace.CodeInvalid, "image_ids"},
	} {
		e.refused(c.got, c.status, c.code, c.message)
	}
	job := e.ok(ask(nil)).text("job_id")
	e.refused(ims(nil), http.StatusConflict, workspace.CodeConflict, "busy (desktopToImage)")
	if shown := e.ok(e.do("GET", "/v1/"+e.first.ProjectID+"/jobs/"+job, nil)); shown.text("status") != "INIT" || shown.text("entities", "image_name") != "Lab" {
		t.Errorf("the job is %s", shown.raw)
	}
	other := e.ok(e.post("/desktops", order(object{"size": 1, "desktop_name": "x"}))).text("job_id")
	e.refused(e.do("GET", "/v1/"+e.first.ProjectID+"/jobs/"+other, nil), http.StatusNotFound, workspace.CodeJobNotFound, "is not of images")
}

func TestAnImageThatIsGoneCannotBeOrdered(t *testing.T) {
	e := newEnv(t)
	lab := e.ownImage("lab", nil)
	e.update(func(tx *store.Tx) error {
		_, err := tx.NewRaw("UPDATE images SET gone = TRUE WHERE id = ?", lab).Exec(e.Context())
		return err
	})
	e.refused(e.post("/desktops", order(object{"image_type": "private", "image_id": lab, "size": 1, "desktop_name": "x"})), http.StatusBadRequest, workspace.CodeImageNotFound, "is no longer there")
	if left := e.cloudImages("__imagetype=private"); len(left) != 0 {
		t.Errorf("listed are %q", left)
	}
}

func TestOrdersHonourWhatAnImageNeeds(t *testing.T) {
	e := newEnv(t)
	big := e.ownImage("big", nil)
	e.ok(e.patch(big, object{"op": "replace", "path": "/min_disk", "value": 200}))
	e.refused(e.post("/desktops", order(object{"image_type": "private", "image_id": big, "size": 1, "desktop_name": "x"})), http.StatusBadRequest, workspace.CodeInvalid, "200")
	e.ok(e.patch(big, object{"op": "replace", "path": "/min_disk", "value": 40}, object{"op": "replace", "path": "/min_ram", "value": 1000000}))
	e.refused(e.post("/desktops", order(object{"image_type": "private", "image_id": big, "size": 1, "desktop_name": "x"})), http.StatusBadRequest, workspace.CodeInvalid, "1000000")
}
