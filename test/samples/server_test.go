package samples

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/app"
)

// server is a running Carrel over simulated desktops, in which there is something for every example.
type server struct {
	*testing.T
	app.Bootstrap
	token string
	made  int // identities
}

type object = map[string]any

func newServer(t *testing.T) *server {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Listen, c.Engine, c.Version = t.TempDir(), "127.0.0.1:0", "sim", "test"
	c.PublicAddresses = []string{"198.51.100.16/28"}
	a, err := app.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(t.Context()) })
	return &server{T: t, Bootstrap: a.Bootstrap}
}

// send makes a call with the administrator's token and returns the answer, of which the status must be one of success.
func (s *server) send(method, path string, body any) object {
	s.Helper()
	status, answer := s.try(method, path, body)
	if status >= http.StatusMultipleChoices {
		s.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// try makes a call, of the project's API unless the path begins with a version.
func (s *server) try(method, path string, body any) (int, object) {
	s.Helper()
	if !strings.HasPrefix(path, "/v") && !strings.HasPrefix(path, "/openapi") {
		path = "/v2/" + s.ProjectID + path
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.Endpoint+path, bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", s.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	var out object
	_ = json.Unmarshal(text, &out) // some answers have no body
	return answer.StatusCode, out
}

// at finds a text by its path of keys; a number is the place in a list.
func at(value any, path ...any) string {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(object)
			value = m[step]
		case int:
			l, _ := value.([]any)
			if step >= len(l) {
				return ""
			}
			value = l[step]
		}
	}
	text, _ := value.(string)
	return text
}

// finished waits until a job has ended.
func (s *server) finished(answer object) string {
	s.Helper()
	id := at(answer, "job_id")
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(3 * time.Minute); ; {
		switch status := at(s.send("GET", "/workspace-jobs/"+id, nil), "status"); status {
		case "SUCCESS":
			return id
		case "FAIL":
			s.Fatalf("job %s failed", id)
		}
		select {
		case <-again.C:
		case <-deadline:
			s.Fatalf("job %s does not end", id)
		}
	}
}

// fixtures makes something of every kind and returns their ids by the names that the examples have for them.
func (s *server) fixtures() map[string]string {
	s.Helper()
	user := func(name string) string {
		return at(s.send("POST", "/users", object{"user_name": name, "user_email": name + "@example.org", "active_type": "ADMIN_ACTIVATE", "password": peoplesPassword, "next_login_change_password": false}), "id")
	}
	clara := user("clara")
	group := s.named("POST", "/groups", object{"group_name": "Crew", "platform_type": "LOCAL"}, "/groups", "user_groups", "id")
	unit := s.named("POST", "/ous", object{"domain": "carrel.local", "ou_name": "Sales"}, "/ous", "ous", "id")
	policy := s.named("POST", "/desktop-name-policies", object{"policy_name": "labs", "name_prefix": "lab", "digit_number": 3, "start_number": 1, "single_domain_user_inc": 0},
		"/desktop-name-policies", "desktop_name_policy_infos", "policy_id")
	order := object{"desktop_type": "DEDICATED", "product_id": s.ProductID, "image_type": "gold", "image_id": s.ImageID, "root_volume": object{"type": "SAS", "size": 80}}
	desktop := func(more object) (id, job string) {
		body := object{"tags": []object{{"key": "floor", "value": "2"}}}
		for _, part := range []object{order, more} {
			maps.Copy(body, part)
		}
		job = s.finished(s.send("POST", "/desktops", body))
		return at(s.send("GET", "/workspace-sub-jobs?job_id="+job, nil), "jobs", 0, "entities", "desktop_id"), job
	}
	held, job := desktop(object{
		"desktops":     []object{{"user_name": "clara", "user_group": "sudo"}},
		"data_volumes": []object{{"type": "GPSSD2", "size": 20, "iops": 3000, "throughput": 125}},
	})
	spare, _ := desktop(object{"size": 1, "desktop_name": "spare"})
	pool := s.send("POST", "/desktop-pools", object{
		"name": "lab", "type": "DYNAMIC", "size": 2, "product_id": s.ProductID, "image_type": "gold", "image_id": s.ImageID, "subnet_ids": []string{s.SubnetID},
		"root_volume": object{"type": "SAS", "size": 80}, "data_volumes": []object{{"type": "SAS", "size": 10}},
		"authorized_objects": []object{{"object_type": "USER", "object_id": clara, "object_name": "clara", "user_group": "sudo"}},
	})
	s.finished(pool)
	poolID := at(s.send("GET", "/desktop-pools?name=lab", nil), "desktop_pools", 0, "id")
	script := at(s.send("POST", "/scripts", object{"name": "wave", "type": "SHELL", "content": "echo hello"}), "script_id")
	task := at(s.send("POST", "/script-executions", object{"resource_ids": []string{held}, "script_ids": []string{script}}), "task_id")
	export := at(s.send("POST", "/v3/"+s.ProjectID+"/users/export", object{}), "task_id")
	vpc := at(s.send("POST", "/v1/"+s.ProjectID+"/vpcs", object{"vpc": object{"name": "labs", "cidr": "172.20.0.0/16"}}), "vpc", "id")
	lan := at(s.send("POST", "/v1/"+s.ProjectID+"/subnets", object{"subnet": object{"name": "lab-2", "cidr": "172.20.2.0/24", "gateway_ip": "172.20.2.1", "vpc_id": vpc}}), "subnet", "id")
	eip := at(s.send("POST", "/v1/"+s.ProjectID+"/publicips", object{"publicip": object{"type": "5_bgp"}, "bandwidth": object{"share_type": "PER", "size": 5}}), "publicip", "id")
	ids := map[string]string{
		"PUBLICIP_ID": eip, "BANDWIDTH_ID": eip, "EIP_ID": eip,
		"POOL_DESKTOP_ID": at(s.send("GET", "/desktop-pools/"+poolID+"/desktops", nil), "pool_desktops", 0, "desktop_id"),
		"USER_ID":         clara, "USER_NAME": "clara", "GROUP_ID": group, "GROUP_NAME": "Crew", "OU_ID": unit, "POLICY_ID": policy, "DESKTOP_ID": held, "SPARE_ID": spare,
		"VPC_ID": vpc, "VPC_SUBNET_ID": lan, "SECURITY_GROUP_ID": at(s.send("GET", "/security-groups", nil), "security_groups", 0, "id"),
		"DISK_ID": at(s.send("GET", "/desktops/"+held, nil), "desktop", "data_volumes", 0, "volume_id"),
		"JOB_ID":  job, "POOL_ID": poolID, "VOLUME_ID": at(s.send("GET", "/desktop-pools/"+poolID, nil), "data_volumes", 0, "id"), "SCRIPT_ID": script,
		"SCRIPT_TASK_ID": task, "EXPORT_ID": export, "RECORD_ID": s.record(task), "PRODUCT_ID": s.ProductID, "IMAGE_ID": s.ImageID, "SUBNET_ID": s.SubnetID,
		"AVAILABILITY_ZONE_ID": s.AvailabilityZone, "OU_DN": at(s.send("GET", "/ad-ous", nil), "ou_infos", 0, "ou_dn"), "KEY": "floor", "AUTH_CONFIG_ID": "local-password", "OTP_ID": "none",
	}
	for name, id := range ids {
		if id == "" {
			s.Fatalf("there is no %s", name)
		}
	}
	return ids
}

// record waits for the record of a task.
func (s *server) record(task string) string {
	s.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(3 * time.Minute); ; {
		if id := at(s.send("GET", "/script-execution-records?task_id="+task, nil), "script_records", 0, "id"); id != "" {
			return id
		}
		select {
		case <-again.C:
		case <-deadline:
			s.Fatal("the task has no record")
		}
	}
}

// named makes something, and finds its id in the list of all.
func (s *server) named(method, path string, body object, list, field, id string) string {
	s.Helper()
	s.send(method, path, body)
	return at(s.send("GET", list, nil), field, 0, id)
}

const peoplesPassword = "Books-and-ink-7"
