package terraform

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

// library is what examples/terraform makes, as the provider's state has it.
type library struct {
	*client
	image, product, zone        string
	vpc, subnet, group, rule    string
	ann, bob                    string
	desktop, pool               string
	rootDisk, archive, workDisk string
}

// variables are those of the configuration that the test changes.
type variables struct {
	rootDisk, archive float64 // GiB
	name              string  // of the desktop
	description       string  // of its user
}

// TestAConfigurationIsAppliedChangedAndDestroyed makes the calls of the provider for examples/terraform, in the order of its dependencies.
func TestAConfigurationIsAppliedChangedAndDestroyed(t *testing.T) {
	p := controlplane.Start(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data")})
	c := &client{T: t, process: p}
	c.signIn("")
	project := c.call("POST", "/v3/projects", object{"project": object{"name": "library"}}).text("project", "id")
	c.call("POST", "/v2/"+project+"/agencies", object{})
	l := &library{client: c}
	l.configure()
	l.signIn(project)

	l.lookUp()
	l.applyNetwork()
	l.applyService()
	l.applyPeople()
	l.applyDesktop()
	l.applyPool()
	l.plan(variables{rootDisk: 80, archive: 20, name: "anns-desk"})

	l.change()
	l.plan(variables{rootDisk: 120, archive: 40, name: "annas-desk", description: "Since the reform"})

	l.destroy()
}

// configure finds the project by its name, as the provider does before all else.
func (l *library) configure() {
	l.Helper()
	if found := l.get("/v3/projects?name=library").list("projects"); len(found) != 1 {
		l.Fatalf("%d projects are called library", len(found))
	}
	if l.get("/v3/auth/domains").text("domains", 0, "id") == "" {
		l.Fatal("there is no account")
	}
}

func (l *library) lookUp() {
	l.Helper()
	l.zone = l.get("/v2.1/{p}/os-availability-zone").text("availabilityZoneInfo", 0, "zoneName")
	for marker := ""; ; {
		images := l.get("/v2/cloudimages?__imagetype=market&limit=100&marker=" + marker).list("images")
		if len(images) == 0 {
			break
		}
		for _, found := range images {
			image := value{found}
			l.image, marker = image.text("id"), image.text("id")
			if image.text("status") != "active" {
				l.Errorf("image %s is %s", marker, image.text("status"))
			}
		}
	}
	for offset := 0; ; {
		products := l.get(fmt.Sprintf("/v2/{p}/products?os_type=Windows&offset=%d&limit=100", offset)).list("products")
		if len(products) == 0 {
			break
		}
		offset += len(products)
		for _, found := range products {
			if product := (value{found}); product.text("cpu") == "2" && l.product == "" {
				l.product = product.text("product_id")
			}
		}
	}
	if l.image == "" || l.product == "" || l.zone == "" {
		l.Fatalf("image %q, product %q, zone %q", l.image, l.product, l.zone)
	}
	if len(l.get("/v2/nameservers?region=carrel").list("nameservers")) == 0 {
		l.Error("there are no name servers")
	}
}

func (l *library) applyNetwork() {
	l.Helper()
	l.vpc = l.call("POST", "/v1/{p}/vpcs", object{"vpc": object{"name": "library", "cidr": "172.30.0.0/16"}}).text("vpc", "id")
	l.until("the VPC is there", func() bool { return l.get("/v1/{p}/vpcs/"+l.vpc).text("vpc", "status") == "OK" })
	l.subnet = l.call("POST", "/v1/{p}/subnets", object{"subnet": object{
		"name": "reading-rooms", "cidr": "172.30.1.0/24", "gateway_ip": "172.30.1.1", "vpc_id": l.vpc, "dhcp_enable": true,
	}}).text("subnet", "id")
	l.until("the subnet is there", func() bool { return l.get("/v1/{p}/subnets/"+l.subnet).text("subnet", "status") == "ACTIVE" })
	group := l.call("POST", "/v3/{p}/vpc/security-groups", object{"security_group": object{"name": "catalogue", "description": "Whoever serves the catalogue"}})
	l.group = group.text("security_group", "id")
	l.rule = l.call("POST", "/v3/{p}/vpc/security-group-rules", object{"security_group_rule": object{
		"security_group_id": l.group, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "multiport": "8080", "remote_ip_prefix": "172.30.0.0/16",
	}}).text("security_group_rule", "id")
}

func (l *library) applyService() {
	l.Helper()
	status, body := l.send("GET", "/v2/{p}/workspaces", nil)
	if status == http.StatusOK && !strings.Contains(string(body), "CLOSED") {
		l.Fatalf("a new project has a service: %d %s", status, body)
	}
	l.call("POST", "/v2/{p}/workspaces", object{
		"ad_domains": object{"domain_type": "LITE_AS"}, "access_mode": "INTERNET", "vpc_id": l.vpc, "subnet_ids": []object{{"subnet_id": l.subnet}},
	})
	l.until("the service is open", func() bool { return l.get("/v2/{p}/workspaces").text("status") == "SUBSCRIBED" })
}

func (l *library) applyPeople() {
	l.Helper()
	user := func(name string) string {
		// The provider sends a password, also for users who choose one themselves.
		id := l.call("POST", "/v2/{p}/users", object{
			"user_name": name, "user_email": name + "@example.org", "active_type": "ADMIN_ACTIVATE", "password": "Quiet-Harbour-71", "account_expires": "0",
		}).text("id")
		if l.get("/v2/{p}/users/"+id).text("user_detail", "user_name") != name {
			l.Errorf("user %s is not %s", id, name)
		}
		return id
	}
	l.ann, l.bob = user("ann"), user("bob")
}

func (l *library) applyDesktop() {
	l.Helper()
	job := l.call("POST", "/v2/{p}/desktops", object{
		"desktop_type": "DEDICATED", "availability_zone": l.zone, "product_id": l.product, "image_type": "market", "image_id": l.image, "vpc_id": l.vpc,
		"root_volume": object{"type": "SAS", "size": 80}, "data_volumes": []object{{"type": "SSD", "size": 20}, {"type": "GPSSD2", "size": 30, "iops": 3000, "throughput": 125}},
		"nics": []object{{"subnet_id": l.subnet}}, "security_groups": []object{{"id": l.group}}, "email_notification": false, "enterprise_project_id": "0",
		"desktops": []object{{"user_name": "ann", "user_email": "ann@example.org", "user_group": "users", "computer_name": "anns-desk"}},
		"tags":     []object{{"key": "room", "value": "reading"}},
	}).text("job_id")
	l.desktop = l.subJobs("job_id="+job).text("jobs", 0, "entities", "desktop_id")
}

func (l *library) applyPool() {
	l.Helper()
	answer := l.call("POST", "/v2/{p}/desktop-pools", object{
		"name": "VISITORS", "type": "DYNAMIC", "size": 2, "product_id": l.product, "image_type": "market", "image_id": l.image,
		"root_volume": object{"type": "SAS", "size": 80}, "subnet_ids": []string{l.subnet}, "vpc_id": l.vpc,
		"security_groups":    []object{{"id": l.group}},
		"authorized_objects": []object{{"object_type": "USER", "object_id": l.bob, "object_name": "bob", "user_group": "users"}},
	})
	var pool value
	l.until("the pool is steady", func() bool {
		pool = value{l.get("/v2/{p}/desktop-pools?name=VISITORS").at("desktop_pools", 0)}
		if pool.text("status") == "ERROR" {
			l.Fatalf("the pool failed: %v", pool.v)
		}
		return pool.text("status") == "STEADY"
	})
	l.pool = pool.text("id")
	if job := answer.text("job_id"); job != "" {
		l.subJobs("job_id=" + job + "&desktop_pool_id=" + l.pool)
	}
}

// plan reads everything as the provider does before each plan, and fails where an attribute differs from the configuration: that would be a
// difference for ever.
func (l *library) plan(v variables) {
	l.Helper()
	same := func(what string, got, want any) {
		l.Helper()
		if got != want {
			l.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	same("the VPC's range", l.get("/v3/{p}/vpc/vpcs/"+l.vpc).text("vpc", "cidr"), "172.30.0.0/16")
	l.get("/v2.0/{p}/vpcs/" + l.vpc + "/tags")
	same("the subnet's gateway", l.get("/v1/{p}/subnets/"+l.subnet).text("subnet", "gateway_ip"), "172.30.1.1")
	l.get("/v2.0/{p}/subnets/" + l.subnet + "/tags")
	same("the group's name", l.get("/v3/{p}/vpc/security-groups/"+l.group).text("security_group", "name"), "catalogue")
	l.get("/v2.0/{p}/security-groups/" + l.group + "/tags")
	same("the rule's ports", l.get("/v3/{p}/vpc/security-group-rules/"+l.rule).text("security_group_rule", "multiport"), "8080")

	service := l.get("/v2/{p}/workspaces")
	same("the service's VPC", service.text("vpc_id"), l.vpc)
	same("the service's subnet", service.text("subnet_ids", 0, "subnet_id"), l.subnet)

	d := value{l.get("/v2/{p}/desktops/" + l.desktop).at("desktop")}
	same("the desktop's product", d.text("product", "product_id"), l.product)
	same("its image", d.text("metadata", "metering.image_id"), l.image)
	same("its group", d.text("security_groups", 0, "id"), l.group)
	same("its zone", d.text("availability_zone"), l.zone)
	same("its user", d.text("user_name"), "ann")
	same("its user's group", d.text("user_group"), "users")
	same("its task", d.text("task_status"), "")
	same("its name", d.text("computer_name"), v.name)
	same("its system disk", d.at("root_volume", "size"), v.rootDisk)
	var disks []value
	for _, disk := range d.list("data_volumes") {
		disks = append(disks, value{disk})
	}
	slices.SortFunc(disks, func(a, b value) int { return strings.Compare(a.text("device"), b.text("device")) })
	if len(disks) != 2 {
		l.Fatalf("the desktop has %d data disks: %v", len(disks), d.v)
	}
	same("the first data disk", disks[0].text("type"), "SSD")
	same("its size", disks[0].at("size"), v.archive)
	same("the second", disks[1].text("type"), "GPSSD2")
	same("its operations a second", disks[1].at("iops"), 3000.0)
	l.rootDisk, l.archive, l.workDisk = d.text("root_volume", "volume_id"), disks[0].text("volume_id"), disks[1].text("volume_id")
	same("the desktop's tag", l.get("/v2/{p}/desktops/"+l.desktop+"/tags").text("tags", 0, "value"), "reading")

	pool := l.get("/v2/{p}/desktop-pools/" + l.pool)
	same("the pool's subnet", pool.text("subnet_id"), l.subnet)
	same("its zone", pool.text("availability_zone"), "")
	same("its group", pool.text("security_groups", 0, "id"), l.group)
	if people := l.get("/v2/{p}/desktop-pools/" + l.pool + "/users?offset=0&limit=100"); len(people.list("objects")) != 1 {
		l.Errorf("the pool is for %v", people.v)
	}
	same("ann's description", l.get("/v2/{p}/users/"+l.ann).text("user_detail", "description"), v.description)
}

// change applies the configuration with other values of its variables: a rule more, larger disks, another name, another size of the pool.
func (l *library) change() {
	l.Helper()
	l.call("POST", "/v3/{p}/vpc/security-group-rules", object{"security_group_rule": object{
		"security_group_id": l.group, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "multiport": "22", "remote_ip_prefix": "172.30.0.0/16",
	}})
	l.call("PUT", "/v2/{p}/users/"+l.ann, object{"description": "Since the reform"})
	for disk, size := range map[string]int{l.rootDisk: 120, l.archive: 40} {
		job := l.call("POST", "/v2/{p}/volumes/expand", object{"desktop_volumes_expansion": []object{{"desktop_id": l.desktop, "volume_id": disk, "new_size": size}}}).text("job_id")
		l.subJobs("job_id=" + job)
	}
	l.call("PUT", "/v2/{p}/desktops/"+l.desktop, object{"desktop": object{"computer_name": "annas-desk"}})
	l.until("the desktop is at rest", func() bool { return l.get("/v2/{p}/desktops/"+l.desktop).text("desktop", "task_status") == "" })
	l.call("POST", "/v2/{p}/desktops/action", object{"op_type": "os-stop", "type": "SOFT", "desktop_ids": []string{l.desktop}})
	l.settled("SHUTOFF")
	l.call("POST", "/v2/{p}/desktops/action", object{"op_type": "os-start", "desktop_ids": []string{l.desktop}})
	l.settled("ACTIVE")
	l.call("PUT", "/v2/{p}/desktop-pools/"+l.pool, object{"description": "For visitors", "autoscale_policy": object{}})
}

// settled waits as the provider does after a power action: twice in a row without a task and in the state.
func (l *library) settled(state string) {
	l.Helper()
	times := 0
	l.until("the desktop is "+state, func() bool {
		d := value{l.get("/v2/{p}/desktops/" + l.desktop).at("desktop")}
		if times++; d.text("task_status") != "" || d.text("status") != state {
			times = 0
		}
		return times == 2
	})
}

func (l *library) destroy() {
	l.Helper()
	var ids []string
	for _, d := range l.get("/v2/{p}/desktops?pool_id=" + l.pool + "&limit=100").list("desktops") {
		ids = append(ids, (value{d}).text("desktop_id"))
	}
	l.call("PUT", "/v2/{p}/desktop-pools/"+l.pool, object{"in_maintenance_mode": true})
	l.subJobs("job_id=" + l.call("POST", "/v2/{p}/desktops/batch-delete", object{"desktop_ids": ids}).text("job_id"))
	l.call("DELETE", "/v2/{p}/desktop-pools/"+l.pool, nil)
	l.gone("/v2/{p}/desktop-pools/" + l.pool)

	l.call("DELETE", "/v2/{p}/desktops/"+l.desktop+"?delete_users=false", nil)
	l.until("the desktop is gone", func() bool {
		status, _ := l.send("GET", "/v2/{p}/desktops/"+l.desktop, nil)
		return status == http.StatusNotFound
	})
	for _, id := range []string{l.ann, l.bob} {
		l.call("DELETE", "/v2/{p}/users/"+id, nil)
	}
	if n := len(l.get("/v2/{p}/users?user_name=ann").list("users")); n != 0 {
		l.Errorf("%d users are called ann after their deletion", n)
	}
	l.call("DELETE", "/v2/{p}/workspaces", nil)
	l.until("the service is closed", func() bool {
		status, body := l.send("GET", "/v2/{p}/workspaces", nil)
		return status == http.StatusOK && strings.Contains(string(body), "CLOSED")
	})
	l.call("DELETE", "/v3/{p}/vpc/security-group-rules/"+l.rule, nil)
	l.call("DELETE", "/v1/{p}/security-groups/"+l.group, nil)
	l.gone("/v1/{p}/security-groups/" + l.group)
	l.call("DELETE", "/v1/{p}/vpcs/"+l.vpc+"/subnets/"+l.subnet, nil)
	l.until("the subnet is gone", func() bool {
		status, _ := l.send("GET", "/v1/{p}/subnets/"+l.subnet, nil)
		return status == http.StatusNotFound
	})
	l.call("DELETE", "/v1/{p}/vpcs/"+l.vpc, nil)
	l.gone("/v1/{p}/vpcs/" + l.vpc)
}
