package faults

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/internal/app"
	"carrel/internal/engine"
	"carrel/internal/engine/incus/incustest"
	"carrel/test/controlplane"
)

// TestARebuildOfAPoolOnIncusKeepsWhatItShould rebuilds a pool of two real desktops, kills the process in the middle, and looks inside: the
// system disk is fresh, the data disk, the address and the person are the same.
func TestARebuildOfAPoolOnIncusKeepsWhatItShould(t *testing.T) {
	config := controlplane.Incus(t)
	o := controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config}
	p := controlplane.Start(t, o)
	c := p.Client(t)
	defer func() { p.Client(t).DeleteAll(t) }()
	pool := makePool(t, c, p.Bootstrap)
	openPool(t, p.Bootstrap.Endpoint, pool)
	owned := poolDesktops(t, c, pool)
	e := controlplane.Engine(t, config)
	for _, d := range owned {
		inside(t, config, machine(t, e, d.ID), "mkdir -p /home/kept /root/kept && echo old > /root/kept/file && echo data > /data/disk1/file")
	}

	var answer struct {
		JobID string `json:"job_id"`
	}
	body := map[string]any{"image_id": p.Bootstrap.ImageID, "message": "Please save.", "delay_time": 0}
	if status := c.Do(t, "POST", "/desktop-pools/"+pool+"/rebuild", body, &answer); status != http.StatusOK {
		t.Fatalf("rebuilding: status %d", status)
	}
	<-time.After(1500 * time.Millisecond)
	p.Kill(t)
	p = controlplane.Start(t, o)
	c = p.Client(t)
	if j := c.Finished(t, answer.JobID, 10*time.Minute); j.Status != "SUCCESS" || len(j.SubJobs) != 2 {
		t.Fatalf("the job ended %s: %+v\n%s", j.Status, j.SubJobs, p.Log())
	}
	people := 0
	for i, d := range poolDesktops(t, c, pool) {
		was := owned[i]
		if d.ID != was.ID || d.Name != was.Name || d.Addresses[0] != was.Addresses[0] || d.User != was.User || d.Status != "ACTIVE" {
			t.Errorf("%+v became %+v", was, d)
		}
		if d.User != "" {
			people++
		}
		said := inside(t, config, machine(t, e, d.ID), "cat /data/disk1/file; ls /root/kept 2>&1 || true")
		if !strings.HasPrefix(said, "data\n") || !strings.Contains(said, "No such file") {
			t.Errorf("inside %s: %s", d.Name, said)
		}
	}
	if people != 1 {
		t.Errorf("%d people have a desktop, want 1", people)
	}
	checkDesktops(t, c, config, 2)
}

// makePool makes a STATIC pool of two desktops with a data disk each, which the person "rita" may use.
func makePool(t *testing.T, c *controlplane.Client, b app.Bootstrap) (id string) {
	t.Helper()
	person := map[string]any{
		"user_name": "rita", "active_type": "ADMIN_ACTIVATE", "password": "Correct-horse-9-battery", "enable_change_password": true, "next_login_change_password": false,
	}
	var user struct {
		ID string `json:"id"`
	}
	if status := c.Do(t, "POST", "/users", person, &user); status != http.StatusOK {
		t.Fatalf("adding rita: status %d", status)
	}
	var answer struct {
		JobID string `json:"job_id"`
	}
	order := map[string]any{
		"name": "rebuilt", "type": "STATIC", "size": 2, "product_id": b.ProductID, "image_type": "gold", "image_id": b.ImageID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "data_volumes": []any{map[string]any{"type": "SSD", "size": 10}}, "subnet_ids": []string{b.SubnetID},
		"authorized_objects": []any{map[string]any{"object_type": "USER", "object_id": user.ID, "object_name": "rita", "user_group": "default"}},
	}
	if status := c.Do(t, "POST", "/desktop-pools", order, &answer); status != http.StatusOK {
		t.Fatalf("making the pool: status %d", status)
	}
	if j := c.Finished(t, answer.JobID, 5*time.Minute); j.Status != "SUCCESS" {
		t.Fatalf("making the pool: %+v", j)
	}
	var list struct {
		Pools []struct {
			ID string `json:"id"`
		} `json:"desktop_pools"`
	}
	c.Do(t, "GET", "/desktop-pools", nil, &list)
	if len(list.Pools) != 1 {
		t.Fatalf("%d pools", len(list.Pools))
	}
	return list.Pools[0].ID
}

// openPool signs rita in and opens the pool, as its card in the portal does.
func openPool(t *testing.T, endpoint, pool string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 5 * time.Minute}
	post := func(path string, in any) {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint+"/portal/api/"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() //nolint:errcheck // only read
		if answer.StatusCode >= 300 {
			t.Fatalf("%s: status %d", path, answer.StatusCode)
		}
	}
	post("sign-in", map[string]any{"user_name": "rita", "password": "Correct-horse-9-battery"})
	post("pools/"+pool+"/open", map[string]any{})
}

type poolDesktop struct {
	ID        string   `json:"desktop_id"`
	Name      string   `json:"computer_name"`
	Addresses []string `json:"ip_addresses"`
	User      string   `json:"user_name"`
	Status    string   `json:"status"`
}

func poolDesktops(t *testing.T, c *controlplane.Client, pool string) []poolDesktop {
	t.Helper()
	var list struct {
		Desktops []poolDesktop `json:"pool_desktops"`
	}
	if status := c.Do(t, "GET", "/desktop-pools/"+pool+"/desktops?sort_field=computer_name&sort_type=ASC", nil, &list); status != http.StatusOK || len(list.Desktops) != 2 {
		t.Fatalf("listing the pool's desktops: status %d, %d desktops", status, len(list.Desktops))
	}
	return list.Desktops
}

func machine(t *testing.T, e engine.Engine, id string) string {
	t.Helper()
	m, err := e.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m.Name
}

// inside runs a command in a machine and returns what it says.
func inside(t *testing.T, configFile, machine, command string) string {
	t.Helper()
	c, err := app.ReadConfig(configFile)
	if err != nil {
		t.Fatal(err)
	}
	out, err := incustest.Desktop(t.Context(), c.Incus.Project, machine, "sh", "-c", command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
