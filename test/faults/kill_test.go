// Package faults kills the real control plane in the middle of its work.
package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// TestKillMinusNineDuringTenDesktops kills the process at five random moments of a job of ten desktops on Incus. After the
// last restart every desktop is ACTIVE, none is listed twice, none is orphaned.
func TestKillMinusNineDuringTenDesktops(t *testing.T) {
	config := controlplane.Incus(t)
	o := controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config}
	p := controlplane.Start(t, o)

	var people []string
	for i := range 10 {
		people = append(people, fmt.Sprintf("kill-%d", i))
	}
	job := p.Client(t).CreateDesktops(t, people...)
	for range 5 {
		after := time.Duration(rand.IntN(1500)) * time.Millisecond
		t.Logf("killing after %v", after)
		<-time.After(after)
		p.Kill(t)
		p = controlplane.Start(t, o)
	}

	c := p.Client(t)
	defer c.DeleteAll(t)
	if j := c.Finished(t, job, 5*time.Minute); j.Status != "SUCCESS" {
		t.Errorf("the job ended %s: %+v", j.Status, j.SubJobs)
	}
	checkDesktops(t, c, config, 10)
}

// checkDesktops compares what the API says with what the engine has.
func checkDesktops(t *testing.T, c *controlplane.Client, config string, want int) {
	t.Helper()
	var list struct {
		Total    int `json:"total_count"`
		Desktops []struct {
			ID     string `json:"desktop_id"`
			Name   string `json:"computer_name"`
			Status string `json:"status"`
			Task   string `json:"task_status"`
		} `json:"desktops"`
	}
	if status := c.Do(t, "GET", "/desktops", nil, &list); status != http.StatusOK {
		t.Fatalf("listing desktops: status %d", status)
	}
	if list.Total != want {
		t.Errorf("%d desktops, want %d", list.Total, want)
	}
	known := map[string]bool{}
	for _, d := range list.Desktops {
		known[d.ID] = true
		if d.Status != "ACTIVE" || d.Task != "" {
			t.Errorf("desktop %s is %q with task %q", d.Name, d.Status, d.Task)
		}
	}
	machines, err := controlplane.Engine(t, config).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range machines {
		if !known[m.ID] || seen[m.ID] {
			t.Errorf("machine %s is an orphan or there twice", m.Name)
		}
		seen[m.ID] = true
	}
	if len(seen) != want {
		t.Errorf("%d machines, want %d", len(seen), want)
	}
}

// TestTerminationDrains sends SIGTERM in the middle of a job: exit code 0, and the next process finishes the job.
func TestTerminationDrains(t *testing.T) {
	o := controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data")}
	p := controlplane.Start(t, o)
	job := p.Client(t).CreateDesktops(t, "drain-1", "drain-2", "drain-3")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := p.Terminate(ctx); err != nil {
		t.Fatalf("SIGTERM: %v\n%s", err, p.Log())
	}
	p = controlplane.Start(t, o)
	if j := p.Client(t).Finished(t, job, 5*time.Minute); j.Status != "SUCCESS" {
		t.Errorf("the job ended %s: %+v", j.Status, j.SubJobs)
	}
}
