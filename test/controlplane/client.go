package controlplane

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// Client speaks the API with a token, as a script does.
type Client struct {
	p     *Process
	token string
}

// Client signs in with the first administrator's password, for the first project.
func (p *Process) Client(t testing.TB) *Client {
	t.Helper()
	return p.ClientOf(t, p.Bootstrap.ProjectID)
}

// ClientOf is Client for another project or, if its id is empty, for the account.
func (p *Process) ClientOf(t testing.TB, projectID string) *Client {
	t.Helper()
	b := p.Bootstrap
	scope := map[string]any{"domain": map[string]any{"name": b.DomainName}}
	if projectID != "" {
		scope = map[string]any{"project": map[string]any{"id": projectID}}
	}
	body := map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{
			"name": b.UserName, "password": b.Password, "domain": map[string]any{"name": b.DomainName},
		}}},
		"scope": scope,
	}}
	c := &Client{p: p}
	answer := c.send(t, "POST", "/v3/auth/tokens", body)
	defer answer.Body.Close() //nolint:errcheck // only read
	if c.token = answer.Header.Get("X-Subject-Token"); c.token == "" {
		t.Fatalf("signing in: status %d without a token", answer.StatusCode)
	}
	return c
}

// Do calls an operation below /v2/{project_id} and reads the answer into out, unless out is nil. It returns the status.
func (c *Client) Do(t testing.TB, method, path string, in, out any) int {
	t.Helper()
	return c.Call(t, method, "/v2/"+c.p.Bootstrap.ProjectID+path, in, out)
}

// Call is Do for operations elsewhere.
func (c *Client) Call(t testing.TB, method, path string, in, out any) int {
	t.Helper()
	answer := c.send(t, method, path, in)
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if out != nil && len(body) > 0 {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatalf("%s %s: status %d with %s: %v", method, path, answer.StatusCode, body, err)
		}
	}
	return answer.StatusCode
}

func (c *Client) send(t testing.TB, method, path string, in any) *http.Response {
	t.Helper()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(encoded)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, c.p.Bootstrap.Endpoint+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("X-Auth-Token", c.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, c.p.Log())
	}
	return answer
}

// CreateDesktops asks for a desktop for each of the people and returns the job's id.
func (c *Client) CreateDesktops(t testing.TB, people ...string) string {
	t.Helper()
	b := c.p.Bootstrap
	var desktops []map[string]any
	for _, name := range people {
		desktops = append(desktops, map[string]any{"user_name": name})
	}
	var answer struct {
		JobID   string `json:"job_id"`
		Message string `json:"error_msg"`
	}
	status := c.Do(t, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "desktops": desktops,
	}, &answer)
	if status != http.StatusOK {
		t.Fatalf("creating desktops: status %d, %s", status, answer.Message)
	}
	return answer.JobID
}

// Job is what ShowJob answers.
type Job struct {
	ID      string   `json:"id"`
	Status  string   `json:"status"`
	SubJobs []SubJob `json:"sub_jobs"`
}

// SubJob is one of a job's sub-jobs.
type SubJob struct {
	Status   string `json:"status"`
	Reason   string `json:"fail_reason"`
	Process  int    `json:"process"`
	Entities struct {
		DesktopID string `json:"desktop_id"`
	} `json:"entities"`
}

// Finished waits for the end of a job.
func (c *Client) Finished(t testing.TB, id string, atMost time.Duration) Job {
	t.Helper()
	deadline := time.After(atMost)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var j Job
		if status := c.Do(t, "GET", "/workspace-jobs/"+id, nil, &j); status != http.StatusOK {
			t.Fatalf("reading job %s: status %d", id, status)
		}
		if j.Status == "SUCCESS" || j.Status == "FAIL" {
			return j
		}
		select {
		case <-deadline:
			t.Fatalf("job %s is still %s after %v: %+v\n%s", id, j.Status, atMost, j.SubJobs, c.p.Log())
		case <-tick.C:
		}
	}
}

// DeleteAll deletes every desktop and waits for the end.
func (c *Client) DeleteAll(t testing.TB) {
	t.Helper()
	var list struct {
		Desktops []struct {
			ID string `json:"desktop_id"`
		} `json:"desktops"`
	}
	c.Do(t, "GET", "/desktops?limit=100", nil, &list)
	if len(list.Desktops) == 0 {
		return
	}
	var ids []string
	for _, d := range list.Desktops {
		ids = append(ids, d.ID)
	}
	var answer struct {
		JobID string `json:"job_id"`
	}
	if status := c.Do(t, "POST", "/desktops/batch-delete", map[string]any{"desktop_ids": ids}, &answer); status != http.StatusOK {
		t.Fatalf("deleting desktops: status %d", status)
	}
	if j := c.Finished(t, answer.JobID, 5*time.Minute); j.Status != "SUCCESS" {
		t.Errorf("deleting desktops: %+v", j)
	}
}
