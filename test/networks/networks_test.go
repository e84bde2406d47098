// Package networks tries on Incus what security groups let pass between real desktops, and that networks come and go with their subnets.
package networks

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/incus/incustest"
	"carrel/test/controlplane"
)

type object = map[string]any

// env is a control plane over Incus.
type env struct {
	*testing.T
	process *controlplane.Process
	client  *controlplane.Client
	engine  engine.Engine
}

// call makes a call that has to succeed; path begins with the version.
func (e *env) call(method, version, path string, in, out any) {
	e.Helper()
	if status := e.client.Call(e.T, method, "/"+version+"/"+e.process.Bootstrap.ProjectID+path, in, out); status >= 300 {
		e.Fatalf("%s %s: status %d\n%s", method, path, status, e.process.Log())
	}
}

// until waits for what a worker does.
func (e *env) until(what string, holds func() bool) {
	e.Helper()
	ctx, cancel := context.WithTimeout(e.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			e.Fatalf("never: %s\n%s", what, e.process.Log())
		}
	}
}

func (e *env) machine(id string) engine.Machine {
	e.Helper()
	m, err := e.engine.Find(e.Context(), id)
	if err != nil {
		e.Fatal(err)
	}
	return m
}

// inside runs a command as root in a desktop.
func (e *env) inside(id, command string) (string, error) {
	e.Helper()
	return incustest.Desktop(e.Context(), "carrel-test", e.machine(id).Name, "sh", "-c", command)
}

// listen opens TCP ports in a desktop until it ends.
func (e *env) listen(id string, ports ...int) {
	e.Helper()
	for _, port := range ports {
		script := fmt.Sprintf(`perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => %d, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { close $c }' >/dev/null 2>&1 &`, port)
		if out, err := e.inside(id, script); err != nil {
			e.Fatalf("%v: %s", err, out)
		}
	}
}

// reaches reports whether a desktop gets a connection.
func (e *env) reaches(from, address string, port int) bool {
	e.Helper()
	_, err := e.inside(from, fmt.Sprintf(`timeout 3 bash -c 'exec 3<>/dev/tcp/%s/%d'`, address, port))
	return err == nil
}

func (e *env) order(names string, size int, groups ...string) []string {
	e.Helper()
	b := e.process.Bootstrap
	var all []object
	for _, g := range groups {
		all = append(all, object{"id": g})
	}
	var answer struct {
		Job string `json:"job_id"`
	}
	e.call("POST", "v2", "/desktops", object{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID, "size": size, "desktop_name": names,
		"root_volume": object{"type": "SAS", "size": 80}, "security_groups": all,
	}, &answer)
	job := e.client.Finished(e.T, answer.Job, 10*time.Minute)
	if job.Status != "SUCCESS" {
		e.Fatalf("the job failed: %+v\n%s", job.SubJobs, e.process.Log())
	}
	var ids []string
	for _, s := range job.SubJobs {
		ids = append(ids, s.Entities.DesktopID)
	}
	return ids
}

func bridgeExists(ctx context.Context, name string) bool {
	err := exec.CommandContext(ctx, "ip", "link", "show", name).Run()
	exit, is := errors.AsType[*exec.ExitError](err)
	return err == nil || !is || exit.ExitCode() != 1
}

func TestNetworks(t *testing.T) {
	config := controlplane.Incus(t)
	p := controlplane.Start(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	e := &env{T: t, process: p, client: p.Client(t), engine: controlplane.Engine(t, config)}
	defer e.client.DeleteAll(t)

	var vpc struct{ VPC struct{ ID string } }
	e.call("POST", "v1", "/vpcs", object{"vpc": object{"name": "labs", "cidr": "192.168.0.0/16"}}, &vpc)
	var lan struct{ Subnet struct{ ID, Status string } }
	e.call("POST", "v1", "/subnets", object{"subnet": object{"name": "lab", "cidr": "192.168.77.0/24", "vpc_id": vpc.VPC.ID}}, &lan)
	id := lan.Subnet.ID
	e.until("the subnet is active", func() bool {
		e.call("GET", "v1", "/subnets/"+id, nil, &lan)
		return lan.Subnet.Status == "ACTIVE"
	})
	bridge := "cn" + id[:8] + id[9:13]
	if !bridgeExists(t.Context(), bridge) {
		t.Errorf("there is no bridge %s", bridge)
	}
	e.call("DELETE", "v1", "/vpcs/"+vpc.VPC.ID+"/subnets/"+id, nil, nil)
	e.until("the bridge is gone", func() bool { return !bridgeExists(t.Context(), bridge) })
	e.call("DELETE", "v1", "/vpcs/"+vpc.VPC.ID, nil, nil)

	var group struct {
		Group struct{ ID string } `json:"security_group"`
	}
	e.call("POST", "v3", "/vpc/security-groups", object{"security_group": object{"name": "web"}}, &group)
	web := e.order("web", 1, group.Group.ID)[0]
	other := e.order("other", 1)[0]
	e.listen(web, 8080, 8081)
	e.listen(other, 8080)
	at := e.machine(web).Address
	e.until("the desktop listens", func() bool { return e.reaches(web, at, 8080) && e.reaches(web, at, 8081) })
	if e.reaches(other, at, 8080) {
		t.Error("a port is open that no rule opens")
	}
	var rule struct {
		Rule struct{ ID string } `json:"security_group_rule"`
	}
	e.call("POST", "v3", "/vpc/security-group-rules", object{"security_group_rule": object{
		"security_group_id": group.Group.ID, "direction": "ingress", "protocol": "tcp", "multiport": "8080", "remote_ip_prefix": "0.0.0.0/0",
	}}, &rule)
	e.until("the opened port is reached", func() bool { return e.reaches(other, at, 8080) })
	if e.reaches(other, at, 8081) {
		t.Error("another port is open, too")
	}
	if e.reaches(web, e.machine(other).Address, 8080) {
		t.Error("the rule opens a desktop that does not have the group")
	}
	e.call("DELETE", "v3", "/vpc/security-group-rules/"+rule.Rule.ID, nil, nil)
	e.until("the port is closed again", func() bool { return !e.reaches(other, at, 8080) })
}
