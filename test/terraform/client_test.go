// Package terraform plays the calls that the public Terraform provider makes for examples/terraform: apply, plan, change, destroy.
package terraform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/test/controlplane"
)

type object = map[string]any

// client calls the API as the provider does: with a token for the project, on one host for all services.
type client struct {
	*testing.T
	process *controlplane.Process
	api     *controlplane.Client
	project string
}

// patience ends a test that would wait for ever.
const patience = 3 * time.Minute

// signIn gets a token, for a project or, if that is empty, for the account.
func (c *client) signIn(project string) {
	c.Helper()
	c.api, c.project = c.process.ClientOf(c.T, project), project
}

func (c *client) send(method, path string, in any) (int, json.RawMessage) {
	c.Helper()
	var body json.RawMessage
	status := c.api.Call(c.T, method, strings.ReplaceAll(path, "{p}", c.project), in, &body)
	return status, body
}

// accepted are the statuses that the provider takes for success.
var accepted = map[string][]int{
	"GET": {200}, "POST": {200, 201, 202}, "PUT": {200, 201, 202}, "DELETE": {200, 202, 204},
}

// call makes a call that has to succeed, and returns its answer.
func (c *client) call(method, path string, in any) value {
	c.Helper()
	status, body := c.send(method, path, in)
	if !slices.Contains(accepted[method], status) {
		c.Fatalf("%s %s: status %d: %s\n%s", method, path, status, body, c.process.Log())
	}
	var v any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &v); err != nil {
			c.Fatalf("%s %s: %v: %s", method, path, err, body)
		}
	}
	return value{v}
}

func (c *client) get(path string) value { c.Helper(); return c.call("GET", path, nil) }

// gone fails unless what a path names is not there.
func (c *client) gone(path string) {
	c.Helper()
	if status, body := c.send("GET", path, nil); status != http.StatusNotFound {
		c.Errorf("GET %s after its deletion: %d %s", path, status, body)
	}
}

// until polls as the provider does, oftener.
func (c *client) until(what string, holds func() bool) {
	c.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			c.Fatalf("never: %s\n%s", what, c.process.Log())
		}
	}
}

// subJobs waits for the end of a job. The provider wants sub-jobs in the first answer, and success of all.
func (c *client) subJobs(query string) value {
	c.Helper()
	path := "/v2/{p}/workspace-sub-jobs?" + query
	if len(c.get(path).list("jobs")) == 0 {
		c.Fatalf("%s has no sub-jobs", query)
	}
	var jobs value
	c.until("all of "+query+" has ended", func() bool {
		jobs = c.get(path)
		for i := range jobs.list("jobs") {
			switch status := jobs.text("jobs", i, "status"); status {
			case "WAITING", "RUNNING":
				return false
			case "SUCCESS":
			default:
				c.Fatalf("a sub-job is %s: %v", status, jobs.v)
			}
		}
		return true
	})
	return jobs
}

// value is a JSON value.
type value struct{ v any }

// at goes down by names of fields and positions in lists; nil if there is nothing.
func (v value) at(path ...any) any {
	now := v.v
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := now.(object)
			now = fields[step]
		case int:
			list, _ := now.([]any)
			if step >= len(list) {
				return nil
			}
			now = list[step]
		}
	}
	return now
}

func (v value) text(path ...any) string {
	switch found := v.at(path...).(type) {
	case nil:
		return ""
	case string:
		return found
	default:
		return fmt.Sprint(found)
	}
}

func (v value) list(path ...any) []any {
	found, _ := v.at(path...).([]any)
	return found
}
