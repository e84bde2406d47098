package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"carrel/internal/app"
)

// caller calls a control plane as any client would: over HTTP, with a token. It may be used by several at once.
type caller struct {
	app.Bootstrap
	data   string // the server's data directory
	token  string
	client http.Client
}

// signIn gets a token for the administrator of the first project.
func (a *caller) signIn(ctx context.Context, address string) error {
	b, err := bootstrap(a.data)
	if err != nil {
		return err
	}
	a.Bootstrap, a.Endpoint = b, address
	a.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	domain := map[string]any{"name": b.DomainName}
	request := map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": b.UserName, "password": b.Password, "domain": domain},
		}},
		"scope": map[string]any{"project": map[string]any{"id": b.ProjectID}},
	}}
	header, err := a.send(ctx, "POST", "/v3/auth/tokens", request, nil)
	if err != nil {
		return fmt.Errorf("getting a token: %w", err)
	}
	a.token = header.Get("X-Subject-Token")
	return nil
}

// call sends a request below the project's path and reads the answer into out, which may be nil.
func (a *caller) call(ctx context.Context, method, path string, in, out any) error {
	_, err := a.send(ctx, method, "/v2/"+a.ProjectID+path, in, out)
	return err
}

// send sends a request and reads the answer into out: as it is into a string, as JSON into anything else but nil.
func (a *caller) send(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.Endpoint+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("X-Auth-Token", a.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	if out == nil && answer.StatusCode < 300 { // what is measured is not to wait for this side's collector
		_, err := io.Copy(io.Discard, answer.Body)
		return answer.Header, err
	}
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = &refusal{answer.StatusCode, string(text)}
	}
	switch out := out.(type) {
	case nil:
	case *string:
		*out = string(text)
	default:
		if err == nil {
			err = json.Unmarshal(text, out)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer.Header, nil
}

// refusal is an answer other than success.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// person is the user name of the nth person; nobody's desktop has another's name.
func person(n int) string { return fmt.Sprintf("bench%05d", n) }

// createDesktops orders one desktop for each person from first on, and returns the job.
func (a *caller) createDesktops(ctx context.Context, first, count int) (string, error) {
	return a.orderDesktops(ctx, first, count, true)
}

// orderDesktops is createDesktops for people who have a mail address, and are sent a first message, or have none.
func (a *caller) orderDesktops(ctx context.Context, first, count int, mail bool) (string, error) {
	desktops := make([]map[string]any, count)
	for i := range desktops {
		desktops[i] = map[string]any{"user_name": person(first + i), "user_group": "sudo", "computer_name": person(first + i)}
		if mail {
			desktops[i]["user_email"] = person(first+i) + "@example.com"
		}
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err := a.call(ctx, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "product_id": a.ProductID, "image_type": "gold", "image_id": a.ImageID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "desktops": desktops, "email_notification": false,
	}, &reply)
	return reply.Job, err
}

// job is what ShowJob says, as far as it matters here.
type job struct {
	Status string `json:"status"`
	Reason string `json:"fail_reason"`
	Subs   []struct {
		Entities struct {
			Desktop string `json:"desktop_id"`
		} `json:"entities"`
	} `json:"sub_jobs"`
}

// desktops are those that the job is about.
func (j job) desktops() []string {
	ids := make([]string, len(j.Subs))
	for i, s := range j.Subs {
		ids[i] = s.Entities.Desktop
	}
	return ids
}

// awaitJob looks from time to time until the job has ended, and fails unless it ended well.
func (a *caller) awaitJob(ctx context.Context, id string, every time.Duration) (j job, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := a.call(ctx, "GET", "/workspace-jobs/"+id, nil, &j); err != nil {
			return j, err
		}
		switch j.Status {
		case "SUCCESS":
			return j, nil
		case "FAIL":
			return j, fmt.Errorf("job %s failed: %s", id, j.Reason)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return j, ctx.Err()
		}
	}
}

// deleteDesktops deletes at most 100 desktops and waits until they are gone.
func (a *caller) deleteDesktops(ctx context.Context, ids []string) error {
	var reply struct {
		Job string `json:"job_id"`
	}
	err := a.call(ctx, "POST", "/desktops/batch-delete", map[string]any{"desktop_ids": ids, "email_notification": false}, &reply)
	if err != nil {
		return err
	}
	_, err = a.awaitJob(ctx, reply.Job, 100*time.Millisecond)
	return err
}
