package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// desktopsOfScripts is how many desktops run scripts in this test, unless CARREL_TEST_SCRIPT_DESKTOPS says.
const desktopsOfScripts = 12

type scriptTask struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Succeeded int      `json:"success_num"`
	Failed    int      `json:"failed_num"`
	Skipped   int      `json:"skip_num"`
	First     []string `json:"gray_resource_ids"`
	Start     string   `json:"start_time"`
	End       string   `json:"end_time"`
}

type scriptRecord struct {
	ID      string `json:"id"`
	Desktop string `json:"resource_name"`
	Status  string `json:"status"`
	Batch   int    `json:"execute_order"`
	Code    string `json:"result_code"`
	Reason  string `json:"reason"`
	Output  string `json:"output"`
}

// TestScriptsOutliveAKilledControlPlane runs a script in many desktops on Incus: five first, then the rest, of which two fail and one
// hangs. The control plane is killed in the middle, and the next one finds everything as if nothing had happened: each desktop has run
// the script once.
func TestScriptsOutliveAKilledControlPlane(t *testing.T) {
	config := controlplane.Incus(t)
	n := desktopsOfScripts
	if text := os.Getenv("CARREL_TEST_SCRIPT_DESKTOPS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	o := controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config}
	p := controlplane.Start(t, o)
	c := p.Client(t)
	defer func() { p.Client(t).DeleteAll(t) }()
	names := spares(t, c, p, n)

	bad, hung := names[n-3:n-1], names[n-1]
	script := fmt.Sprintf(`#!/bin/bash
echo "$(hostname) began" | tee -a /var/tmp/began
sleep 8
case $(hostname) in %s) echo "no good" >&2; exit 3;; %s) sleep 3600;; esac
wc -l < /var/tmp/began
`, strings.Join(bad, "|"), hung)
	var made struct {
		ID string `json:"script_id"`
	}
	do(t, c, "POST", "/scripts", map[string]any{"name": "Show", "type": "SHELL", "content": script}, &made)
	var ordered struct {
		ID string `json:"task_id"`
	}
	began := time.Now()
	do(t, c, "POST", "/script-executions", map[string]any{
		"resource_ids": ids(t, c), "script_ids": []string{made.ID}, "execution_timeout": 1, "gray_count": 5, "gray_fail_threshold": 2,
	}, &ordered)

	waitFor(t, "the rest's begin", func() bool {
		running := 0
		for _, r := range records(t, c, ordered.ID) {
			if r.Batch == 2 && r.Status == "RUNNING" {
				running++
			}
		}
		return running > 0
	})
	p.Kill(t)
	t.Logf("killed %v after the order", time.Since(began).Round(time.Second))
	p = controlplane.Start(t, o)
	c = p.Client(t)
	var task scriptTask
	waitFor(t, "the task's end", func() bool {
		var list struct {
			Tasks []scriptTask `json:"script_tasks"`
		}
		do(t, c, "GET", "/script-execution-tasks?task_id="+ordered.ID, nil, &list)
		task = list.Tasks[0]
		return task.End != ""
	})
	t.Logf("%d desktops: %d succeeded, %d failed, %d skipped, in %v", n, task.Succeeded, task.Failed, task.Skipped, time.Since(began).Round(time.Second))
	if task.Status != "FAILED" || task.Succeeded != n-3 || task.Failed != 3 || task.Skipped != 0 || len(task.First) != 5 {
		t.Errorf("the task: %+v", task)
	}
	for _, r := range records(t, c, ordered.ID) {
		var full scriptRecord
		do(t, c, "GET", "/script-execution-records/"+r.ID, nil, &full)
		code, output := "0", r.Desktop+" began\n1\n"
		switch r.Desktop {
		case bad[0], bad[1]:
			code, output = "3", r.Desktop+" began\nno good\n"
		case hung:
			code, output = "TIMEOUT", r.Desktop+" began\n"
		}
		if full.Code != code || full.Output != output {
			t.Errorf("%s: %s with %s %q and %q, want %s and %q", r.Desktop, full.Status, full.Code, full.Reason, full.Output, code, output)
		}
	}
}

func do(t *testing.T, c *controlplane.Client, method, path string, in, out any) {
	t.Helper()
	var answer json.RawMessage
	if status := c.Do(t, method, path, in, &answer); status != http.StatusOK {
		t.Fatalf("%s %s: status %d, %s", method, path, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// spares creates desktops without users, and returns their names.
func spares(t *testing.T, c *controlplane.Client, p *controlplane.Process, n int) []string {
	t.Helper()
	b := p.Bootstrap
	var answer struct {
		JobID string `json:"job_id"`
	}
	do(t, c, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID, "desktop_name": "run", "size": n,
		"root_volume": map[string]any{"type": "SAS", "size": 80},
	}, &answer)
	if j := c.Finished(t, answer.JobID, 15*time.Minute); j.Status != "SUCCESS" {
		t.Fatalf("creating desktops: %+v", j)
	}
	var names []string
	for _, d := range listed(t, c) {
		names = append(names, d.Name)
	}
	return names
}

type listedDesktop struct {
	ID   string `json:"desktop_id"`
	Name string `json:"computer_name"`
}

func listed(t *testing.T, c *controlplane.Client) []listedDesktop {
	t.Helper()
	var list struct {
		Desktops []listedDesktop `json:"desktops"`
	}
	do(t, c, "GET", "/desktops/detail?limit=100&sort_field=computer_name&sort_type=ASC", nil, &list)
	return list.Desktops
}

func ids(t *testing.T, c *controlplane.Client) (ids []string) {
	t.Helper()
	for _, d := range listed(t, c) {
		ids = append(ids, d.ID)
	}
	return ids
}

func records(t *testing.T, c *controlplane.Client, taskID string) []scriptRecord {
	t.Helper()
	var list struct {
		Records []scriptRecord `json:"script_records"`
	}
	do(t, c, "GET", "/script-execution-records?limit=100&script_task_id="+taskID, nil, &list)
	return list.Records
}

// waitFor asks until the answer is yes.
func waitFor(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(10 * time.Minute)
	defer patience.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-patience.C:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
