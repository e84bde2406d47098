package networks

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// A machine outside of all networks, which reaches the public addresses through this host.
const (
	outside   = "carrel-outside" // its network namespace
	atHost    = "203.0.113.1"
	atOutside = "203.0.113.2"
)

// putOutside makes the machine, until the test ends.
func putOutside(t *testing.T) {
	t.Helper()
	remove := func() {
		//nolint:errcheck // it may not be there
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "ip", "netns", "delete", outside).Run()
	}
	remove()
	t.Cleanup(remove)
	for _, command := range []string{
		"ip netns add " + outside,
		"ip link add carrelout0 type veth peer name carrelout1 netns " + outside,
		"ip address add " + atHost + "/30 dev carrelout0",
		"ip link set carrelout0 up",
		"ip netns exec " + outside + " ip address add " + atOutside + "/30 dev carrelout1",
		"ip netns exec " + outside + " ip link set carrelout1 up",
		"ip netns exec " + outside + " ip route add 198.51.100.16/29 via " + atHost,
	} {
		words := strings.Fields(command)
		if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
}

// fromOutside runs a command on the machine.
func (e *env) fromOutside(command string) (string, error) {
	out, err := exec.CommandContext(e.Context(), "ip", "netns", "exec", outside, "bash", "-c", command).Output()
	return strings.TrimSpace(string(out)), err
}

func (e *env) open(address, port string) bool {
	_, err := e.fromOutside("timeout 3 bash -c 'exec 3<>/dev/tcp/" + address + "/" + port + "'")
	return err == nil
}

// eips lists the project's public addresses.
func (e *env) eips() []eip {
	e.Helper()
	var list struct{ EIPs []eip }
	e.call("GET", "v2", "/eips", nil, &list)
	return list.EIPs
}

type eip struct {
	ID, Address string
	Desktop     string `json:"attached_desktop_id"`
}

func (e *env) openGroup(port string) string {
	e.Helper()
	var group struct {
		Group struct{ ID string } `json:"security_group"`
	}
	e.call("POST", "v3", "/vpc/security-groups", object{"security_group": object{"name": "public"}}, &group)
	e.call("POST", "v3", "/vpc/security-group-rules", object{"security_group_rule": object{
		"security_group_id": group.Group.ID, "direction": "ingress", "protocol": "tcp", "multiport": port, "remote_ip_prefix": "0.0.0.0/0",
	}}, nil)
	return group.Group.ID
}

func TestPublicAddresses(t *testing.T) {
	config := controlplane.Incus(t)
	putOutside(t)
	p := controlplane.Start(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	e := &env{T: t, process: p, client: p.Client(t), engine: controlplane.Engine(t, config)}
	defer e.client.DeleteAll(t)
	group := e.openGroup("8080")
	id := e.order("public", 1, group)[0]
	e.listen(id, 8080, 8081)

	var made struct{ Publicip struct{ ID string } }
	e.call("POST", "v1", "/publicips", object{"publicip": object{"type": "5_bgp"}, "bandwidth": object{"share_type": "PER", "size": 1}}, &made)
	address := e.eips()[0].Address
	if e.open(address, "8080") {
		t.Error("an address that leads to no desktop is reached")
	}
	e.call("POST", "v2", "/eips/binding", object{"eip_id": made.Publicip.ID, "desktop_id": id}, nil)
	e.until("the desktop is reached through its address", func() bool { return e.open(address, "8080") })
	if e.open(address, "8081") {
		t.Error("a port is open that no rule opens")
	}
	e.comesFrom(id, address)
	e.isLimited(id)

	e.moves(id)
	e.listen(id, 8080)
	e.until("it is reached where it is now", func() bool { return e.open(address, "8080") })

	e.call("POST", "v2", "/eips/unbinding", object{"desktop_ids": []string{id}}, nil)
	e.until("the address leads nowhere again", func() bool { return !e.open(address, "8080") })
	if left := e.eips(); len(left) != 1 || left[0].Desktop != "" {
		t.Errorf("the project has %+v", left)
	}
	e.call("DELETE", "v1", "/publicips/"+made.Publicip.ID, nil, nil)
	e.until("the address is released", func() bool { return len(e.eips()) == 0 })

	e.goesWithDesktop(group)
}

// comesFrom fails unless what a desktop sends comes from its public address.
func (e *env) comesFrom(id, address string) {
	e.Helper()
	seen := make(chan string, 1)
	go func() {
		out, err := e.fromOutside(`timeout 60 perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 9000, Listen => 1, ReuseAddr => 1) or die; print $s->accept->peerhost'`)
		if err != nil {
			out = err.Error()
		}
		seen <- out
	}()
	var from string
	e.until("the machine outside is reached", func() bool {
		_, err := e.inside(id, "timeout 3 bash -c 'exec 3<>/dev/tcp/"+atOutside+"/9000'")
		select {
		case from = <-seen:
			return true
		default:
			return err == nil && from != ""
		}
	})
	if from != address {
		e.Errorf("what the desktop sends comes from %q, not from %s", from, address)
	}
}

// isLimited fails if a desktop sends faster than 1 Mbit/s: 500 kB take four seconds, less what passes at once.
func (e *env) isLimited(id string) {
	e.Helper()
	received := make(chan error, 1)
	go func() {
		_, err := e.fromOutside(`timeout 120 perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 9001, Listen => 1, ReuseAddr => 1) or die; my $c = $s->accept; 1 while sysread $c, my $b, 65536'`)
		received <- err
	}()
	var took time.Duration
	e.until("the desktop sends", func() bool {
		began := time.Now()
		_, err := e.inside(id, "timeout 100 bash -c 'head -c 500000 /dev/zero > /dev/tcp/"+atOutside+"/9001'")
		if err != nil {
			return false
		}
		if err := <-received; err != nil {
			e.Fatal(err)
		}
		took = time.Since(began)
		return true
	})
	if took < 2*time.Second {
		e.Errorf("500 kB at 1 Mbit/s took %v", took)
	}
}

// moves gives a desktop another subnet, and looks for its address inside.
func (e *env) moves(id string) {
	e.Helper()
	var subnets struct{ Subnets []struct{ ID string } }
	e.call("GET", "v2", "/subnets", nil, &subnets)
	was := e.machine(id)
	var answer struct {
		Job string `json:"job_id"`
	}
	e.call("POST", "v2", "/desktops/networks/batch-change", object{"desktop_ids": []string{id}, "subnet_id": subnets.Subnets[1].ID}, &answer)
	if job := e.client.Finished(e.T, answer.Job, 10*time.Minute); job.Status != "SUCCESS" {
		e.Fatalf("the job failed: %+v\n%s", job.SubJobs, e.process.Log())
	}
	is := e.machine(id)
	out, err := e.inside(id, "ip -4 address show dev eth0")
	if is.Network == was.Network || !strings.HasPrefix(is.Address, "10.244.") || err != nil || !strings.Contains(out, is.Address+"/16") {
		e.Errorf("it was %s on %s and is %s on %s; inside: %s (%v)", was.Address, was.Network, is.Address, is.Network, out, err)
	}
}

// goesWithDesktop orders a desktop with an address, which is released with it.
func (e *env) goesWithDesktop(group string) {
	e.Helper()
	b := e.process.Bootstrap
	var answer struct {
		Job string `json:"job_id"`
	}
	e.call("POST", "v2", "/desktops", object{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID, "size": 1, "desktop_name": "withit",
		"root_volume": object{"type": "SAS", "size": 80}, "security_groups": []object{{"id": group}},
		"eip": object{"type": "5_bgp", "charge_mode": "TRAFFIC", "bandwidth_size": 10},
	}, &answer)
	job := e.client.Finished(e.T, answer.Job, 10*time.Minute)
	if job.Status != "SUCCESS" {
		e.Fatalf("the job failed: %+v\n%s", job.SubJobs, e.process.Log())
	}
	id := job.SubJobs[0].Entities.DesktopID
	e.listen(id, 8080)
	all := e.eips()
	if len(all) != 1 || all[0].Desktop != id {
		e.Fatalf("the project has %+v", all)
	}
	e.until("it is reached through the address that it was ordered with", func() bool { return e.open(all[0].Address, "8080") })
	e.call("DELETE", "v2", "/desktops/"+id, nil, nil)
	e.until("the address is released with its desktop", func() bool { return len(e.eips()) == 0 })
}
