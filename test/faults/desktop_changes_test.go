package faults

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/internal/guest"
	"carrel/test/controlplane"
)

// TestWhatIsDoneToADesktopOnIncusArrivesInside renames, notifies, logs off, resizes and rebuilds a desktop that runs on Incus, and looks inside.
func TestWhatIsDoneToADesktopOnIncusArrivesInside(t *testing.T) {
	config := controlplane.Incus(t)
	e := controlplane.Engine(t, config)
	p := controlplane.Start(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	c := p.Client(t)
	defer func() { c.DeleteAll(t) }()
	finish := func(id string) {
		t.Helper()
		if j := c.Finished(t, id, 10*time.Minute); j.Status != "SUCCESS" {
			t.Fatalf("the job: %+v", j)
		}
	}
	finish(c.CreateDesktops(t, "ann"))
	id := ids(t, c)[0]
	status := func() guest.Status {
		t.Helper()
		s, err := e.Status(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	idle := func() {
		t.Helper()
		waitFor(t, "the end of the desktop's task", func() bool {
			var d struct {
				Desktop struct {
					Task   string `json:"task_status"`
					Status string `json:"status"`
				} `json:"desktop"`
			}
			do(t, c, "GET", "/desktops/"+id, nil, &d)
			return d.Desktop.Task == "" && d.Desktop.Status == "ACTIVE"
		})
	}
	type object = map[string]any
	var answer struct {
		JobID string `json:"job_id"`
	}

	accepted := func(method, path string, body object) {
		t.Helper()
		if status := c.Do(t, method, path, body, nil); status != http.StatusOK {
			t.Fatalf("%s %s: status %d", method, path, status)
		}
	}

	accepted("PUT", "/desktops/"+id, object{"desktop": object{"computer_name": "reading-room"}})
	idle()
	if s := status(); s.Hostname != "reading-room" || len(s.Sessions) != 1 || !s.Sessions[0].Display {
		t.Errorf("after its new name: %+v", s)
	}

	before := status().Sessions[0]
	accepted("POST", "/desktops/logoff", object{"desktop_ids": []string{id}})
	idle()
	if err := e.Await(t.Context(), id, "ann"); err != nil {
		t.Fatal(err)
	}
	if after := status().Sessions[0]; !after.Begun.After(before.Begun) || !after.Display {
		t.Errorf("the session was %+v and is %+v", before, after)
	}

	was, err := e.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	do(t, c, "POST", "/desktops/resize", object{"desktops": []object{{"desktop_id": id}}, "product_id": "workspace.c2.small.linux", "mode": "STOP_DESKTOP"}, &answer)
	finish(answer.JobID)
	m, err := e.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if m.MemoryMiB == was.MemoryMiB {
		t.Errorf("with another size the machine is %+v, before %+v", m, was)
	}

	inside(t, config, m.Name, "touch /home/ann/here; hostname > /var/here")
	do(t, c, "POST", "/desktops/rebuild", object{
		"desktop_ids": []string{id}, "image_type": "gold", "image_id": p.Bootstrap.ImageID, "delay_time": 15, "message": "New system.",
	}, &answer)
	finish(answer.JobID)
	if out := inside(t, config, m.Name, "ls /home/ann/here /var/here 2>/dev/null; hostname"); strings.TrimSpace(out) != "reading-room" {
		t.Errorf("after its rebuild there is %q", out)
	}

	do(t, c, "POST", "/desktops/notifications", object{"desktop_ids": []string{id}, "notifications": "Lunch!"}, &answer)
	finish(answer.JobID)
}
