package faults

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// TestAnImageOfADesktopOnIncusHasWhatIsInstalledAndNobodysFiles makes an image of a desktop, kills the process while it is made, and looks into another
// person's desktop of the image.
func TestAnImageOfADesktopOnIncusHasWhatIsInstalledAndNobodysFiles(t *testing.T) {
	config := controlplane.Incus(t)
	e := controlplane.Engine(t, config)
	o := controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config}
	p := controlplane.Start(t, o)
	c := p.Client(t)
	defer func() { p.Client(t).DeleteAll(t) }()
	finish := func(id string) {
		t.Helper()
		if j := c.Finished(t, id, 10*time.Minute); j.Status != "SUCCESS" {
			t.Fatalf("the job: %+v\n%s", j, p.Log())
		}
	}
	type object = map[string]any
	var answer struct {
		JobID string `json:"job_id"`
	}
	finish(c.CreateDesktops(t, "ann"))
	source := ids(t, c)[0]
	inside(t, config, machine(t, e, source), `mkdir /opt/tool && echo installed > /opt/tool/file && echo letter > /home/ann/letter && chown ann: /home/ann/letter &&
		echo time > /etc/tool.conf && echo ann > /var/log/mine && sync`)
	was := strings.Fields(inside(t, config, machine(t, e, source), "cat /etc/machine-id; hostname"))
	if status := c.Do(t, "POST", "/desktops/desktop-to-image", object{"desktop_id": source, "image_name": "Lab"}, nil); status != http.StatusConflict {
		t.Errorf("an image of a desktop that runs: status %d", status)
	}
	do(t, c, "POST", "/desktops/action", object{"desktop_ids": []string{source}, "op_type": "os-stop"}, &answer)
	finish(answer.JobID)

	do(t, c, "POST", "/desktops/desktop-to-image", object{"desktop_id": source, "image_name": "Lab"}, &answer)
	<-time.After(3 * time.Second)
	p.Kill(t)
	p = controlplane.Start(t, o)
	c = p.Client(t)
	finish(answer.JobID)
	var list struct {
		Images []struct{ ID, Name string } `json:"images"`
	}
	do(t, c, "GET", "/images?image_type=private", nil, &list)
	if len(list.Images) != 1 || list.Images[0].Name != "Lab" {
		t.Fatalf("the private images are %+v", list)
	}
	there, err := e.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, i := range there {
		if i.Publication != "" {
			made++
		}
	}
	if made != 1 {
		t.Errorf("the engine has %d images of desktops: %+v", made, there)
	}

	b := p.Bootstrap
	do(t, c, "POST", "/desktops", object{
		"desktop_type": "DEDICATED", "image_type": "private", "image_id": list.Images[0].ID, "product_id": b.ProductID,
		"root_volume": object{"type": "SAS", "size": 80}, "desktops": []object{{"user_name": "bob"}},
	}, &answer)
	finish(answer.JobID)
	copied := ""
	for _, id := range ids(t, c) {
		if id != source {
			copied = id
		}
	}
	if err := e.Await(t.Context(), copied, "bob"); err != nil {
		t.Fatal(err)
	}
	m := machine(t, e, copied)
	said := inside(t, config, m, "cat /opt/tool/file /etc/tool.conf; ls -A /home; stat -c %U /home/bob; grep -rlw ann /etc/passwd /etc/shadow /etc/group /etc/gshadow /var/log /etc/hosts; true")
	if said != "installed\ntime\nbob\nbob\n" {
		t.Errorf("inside the desktop of the image: %q", said)
	}
	now := strings.Fields(inside(t, config, m, "cat /etc/machine-id; hostname"))
	if len(now) != 2 || now[0] == was[0] || now[1] == was[1] {
		t.Errorf("it is %q, the desktop of the image was %q", now, was)
	}
	if status := c.Call(t, "DELETE", "/v2/images/"+list.Images[0].ID, nil, nil); status == http.StatusNoContent {
		t.Error("an image with desktops was deleted")
	}

	do(t, c, "POST", "/desktops/action", object{"desktop_ids": []string{source}, "op_type": "os-start"}, &answer)
	finish(answer.JobID)
	if said := inside(t, config, machine(t, e, source), "cat /home/ann/letter /opt/tool/file"); said != "letter\ninstalled\n" {
		t.Errorf("the desktop that the image was made of has %q", said)
	}
}
