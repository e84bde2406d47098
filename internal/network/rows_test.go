package network_test

import (
	"context"
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/network"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct {
	*desktoptest.Env
	service *network.Service
}

var caller = workspace.Caller{ProjectID: storetest.Project}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{desktoptest.NewEnv(e), &network.Service{Store: e.Store}} },
		map[string]map[string]func(*env){"Networks": cases, "Inventory": inventoryCases})
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) refuses(err error, code workspace.Code, says string) {
	e.Helper()
	if workspace.CodeOf(err) != code || !strings.Contains(workspace.MessageOf(err), says) {
		e.Errorf("got %v; want %s with %q", err, code, says)
	}
}

func (e *env) vpc(cidr string) catalog.VPC {
	e.Helper()
	v, err := e.service.CreateVPC(e.Context(), caller, network.NewVPC{Name: "labs", CIDR: cidr})
	e.must(err)
	return v
}

func (e *env) subnet(vpcID, cidr string) (network.Subnet, error) {
	return e.service.CreateSubnet(e.Context(), caller, network.NewSubnet{VPCID: vpcID, Name: "lab", CIDR: cidr})
}

func (e *env) prepare(id string) network.Work {
	e.Helper()
	w, err := network.Prepare(e.Context(), e.Store, id)
	e.must(err)
	return w
}

var cases = map[string]func(*env){
	"VPCs with the same range are there side by side, subnets with the same are not": func(e *env) {
		a, b := e.vpc("172.16.0.0/16"), e.vpc("172.16.0.0/16")
		first, err := e.subnet(a.ID, "172.16.1.0/24")
		e.must(err)
		_, err = e.subnet(b.ID, "172.16.1.128/25")
		e.refuses(err, workspace.CodeConflict, first.ID)
		_, err = e.subnet(b.ID, "172.17.1.0/24")
		e.refuses(err, workspace.CodeInvalid, "VPC's range")
		_, err = e.subnet("none", "172.16.2.0/24")
		e.refuses(err, workspace.CodeNetworkNotFound, "vpc_id")
		_, err = e.service.UpdateVPC(e.Context(), caller, a.ID, network.ChangeVPC{CIDR: new("172.16.0.0/24")})
		e.refuses(err, workspace.CodeConflict, "172.16.1.0/24")
		e.refuses(e.service.DeleteVPC(e.Context(), caller, a.ID), workspace.CodeConflict, "1 subnet")
		e.refuses(e.service.DeleteSubnet(e.Context(), caller, b.ID, first.ID), workspace.CodeNetworkNotFound, first.ID)
		e.must(e.service.DeleteSubnet(e.Context(), caller, a.ID, first.ID))
		e.must(e.service.DeleteVPC(e.Context(), caller, a.ID))
		_, err = e.service.VPC(e.Context(), storetest.Project, a.ID)
		e.refuses(err, workspace.CodeNetworkNotFound, a.ID)
	},
	"after a start all networks are looked at, and get later versions": func(e *env) {
		v := e.vpc("172.16.0.0/16")
		n, err := e.subnet(v.ID, "172.16.1.0/24")
		e.must(err)
		before := e.prepare(n.Network).Version
		e.must(network.Applied(e.Context(), e.Store, n.Network, before))
		ids, err := network.Configure(e.Context(), e.Store, nil)
		e.must(err)
		e.Same(ids, []string{n.Network})
		w := e.prepare(n.Network)
		e.Same([]any{w.Version > before, w.Set}, []any{true, true})
	},
	"of subnets created at once with one range one is made": func(e *env) {
		v := e.vpc("172.16.0.0/16")
		e.Update(func(tx *store.Tx) error { _, err := catalog.PutInstallation(e.Context(), tx, "here"); return err })
		e.One(storetest.Together(4, func(int) error {
			_, err := e.subnet(v.ID, "172.16.1.0/24")
			return err
		}), workspace.CodeConflict)
	},
	"ranges and names that cannot be are refused": func(e *env) {
		for cidr, says := range map[string]string{
			"8.8.8.0/24": "is not in 10.0.0.0/8", "10.0.0.1/8": "use 10.0.0.0/8", "10.0.0.0/29": "at most 28", "x": "no IPv4", "fd00::/8": "no IPv4", "0.0.0.0/0": "is not in",
		} {
			_, err := e.service.CreateVPC(e.Context(), caller, network.NewVPC{CIDR: cidr})
			e.refuses(err, workspace.CodeInvalid, says)
		}
		v := e.vpc("172.16.0.0/16")
		for _, n := range []network.NewSubnet{
			{Name: "", CIDR: "172.16.1.0/24"}, {Name: "a b", CIDR: "172.16.1.0/24"}, {Name: "a", CIDR: "172.16.1.0/24", Gateway: "172.16.2.1"},
			{Name: "a", CIDR: "172.16.1.0/24", Gateway: "172.16.1.255"}, {Name: "a", CIDR: "172.16.1.0/24", Gateway: "172.16.1.0"},
			{Name: "a", CIDR: "172.16.1.0/24", DNS: []string{"x"}}, {Name: "a", CIDR: "172.16.1.0/24", DNS: []string{"1.1.1.1", "1.1.1.2", "1.1.1.3"}},
			{Name: "a", CIDR: "172.16.1.0/24", Description: "<"},
		} {
			n.VPCID = v.ID
			_, err := e.service.CreateSubnet(e.Context(), caller, n)
			e.refuses(err, workspace.CodeInvalid, "")
		}
	},
	"a network is made, gets its rules by version, and is removed": func(e *env) {
		v := e.vpc("172.16.0.0/16")
		n, err := e.subnet(v.ID, "172.16.1.0/24")
		e.must(err)
		w := e.prepare(n.Network)
		e.Same([]any{w.Make, w.Set, w.CIDR, w.Gateway}, []any{true, true, "172.16.1.0/24", "172.16.1.1"})
		if w.Version < e.Clock.Now().UnixMicro() {
			e.Errorf("version %d is not later than that of a former database", w.Version)
		}
		e.must(network.Failed(e.Context(), e.Store, n.Network, "no room"))
		seen, err := e.service.Subnet(e.Context(), storetest.Project, n.ID)
		e.must(err)
		e.Same([]any{seen.State, seen.Fault}, []any{network.SubnetFailed, "no room"})
		e.must(network.Made(e.Context(), e.Store, n.Network))
		e.must(network.Applied(e.Context(), e.Store, n.Network, w.Version))
		w = e.prepare(n.Network)
		e.Same([]any{w.Make, w.Set}, []any{false, false})
		open, err := network.Open(e.Context(), e.Store)
		e.must(err)
		e.Same(len(open), 0)
		e.must(e.service.DeleteSubnet(e.Context(), caller, v.ID, n.ID))
		e.Same(e.prepare(n.Network).Remove, true)
		e.must(network.Removed(e.Context(), e.Store, n.Network))
		e.Same(e.prepare(n.Network).ID, "")
	},
	"rules are compiled again when groups or desktops change, and only then get a version": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
				ID: "lan", ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project, CIDR: "10.7.0.0/24", Gateway: "10.7.0.1", Network: "lan",
			})
		})
		group := desktoptest.SecurityGroupOf(storetest.Project)
		first := e.prepare("lan").Version
		e.AddDesktop("a", func(d *desktop.Desktop) { d.SubnetID, d.Address, d.SecurityGroups = "lan", "10.7.0.5", []string{group} })
		e.Same(e.prepare("lan").Version, first)
		r, err := e.service.CreateRule(e.Context(), caller, catalog.Rule{GroupID: group, Protocol: "tcp", Ports: "22", RemotePrefix: "10.7.0.0/24"})
		e.must(err)
		w := e.prepare("lan")
		e.Same([]any{w.Version > first, len(w.Rules.Permits)}, []any{true, 2})
		_, err = e.service.CreateRule(e.Context(), caller, catalog.Rule{GroupID: group, Protocol: "TCP", Ports: "22", RemotePrefix: "10.7.0.0/24"})
		e.refuses(err, workspace.CodeConflict, r.ID)
		e.AddDesktop("b", func(d *desktop.Desktop) { d.SubnetID, d.Address, d.SecurityGroups = "lan", "10.7.0.6", []string{group} })
		e.Same(e.prepare("lan").Version > w.Version, true)
		e.must(e.service.DeleteRule(e.Context(), caller, r.ID))
		e.Same(len(e.prepare("lan").Rules.Permits), 1)
		e.refuses(e.service.DeleteRule(e.Context(), caller, r.ID), workspace.CodeNetworkNotFound, r.ID)
	},
	"a security group that something has stays": func(e *env) {
		g, err := e.service.CreateGroup(e.Context(), caller, network.NewGroup{Name: "web"})
		e.must(err)
		e.Same(len(g.Rules), 2)
		e.AddDesktop("a", func(d *desktop.Desktop) { d.SecurityGroups = []string{g.ID} })
		e.refuses(e.service.DeleteGroup(e.Context(), caller, g.ID), workspace.CodeConflict, "in use by desktop")
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, desktopNamed(e, "a")) })
		other, err := e.service.CreateGroup(e.Context(), caller, network.NewGroup{Name: "db"})
		e.must(err)
		_, err = e.service.CreateRule(e.Context(), caller, catalog.Rule{GroupID: other.ID, RemoteGroup: g.ID})
		e.must(err)
		e.refuses(e.service.DeleteGroup(e.Context(), caller, g.ID), workspace.CodeConflict, "in use by rule")
		e.must(e.service.DeleteGroup(e.Context(), caller, other.ID))
		e.must(e.service.DeleteGroup(e.Context(), caller, g.ID))
		_, err = e.service.CreateRule(e.Context(), caller, catalog.Rule{GroupID: g.ID})
		e.refuses(err, workspace.CodeNetworkNotFound, "security_group_id")
	},
	"a project sees nothing of another": func(e *env) {
		v := e.vpc("172.16.0.0/16")
		other := workspace.Caller{ProjectID: storetest.OtherProject}
		_, err := e.service.VPC(e.Context(), other.ProjectID, v.ID)
		e.refuses(err, workspace.CodeNetworkNotFound, v.ID)
		e.refuses(e.service.DeleteVPC(e.Context(), other, v.ID), workspace.CodeNetworkNotFound, v.ID)
		_, err = e.service.CreateSubnet(e.Context(), other, network.NewSubnet{VPCID: v.ID, Name: "a", CIDR: "172.16.1.0/24"})
		e.refuses(err, workspace.CodeNetworkNotFound, v.ID)
		_, err = e.service.Group(e.Context(), other.ProjectID, desktoptest.SecurityGroupOf(storetest.Project))
		e.refuses(err, workspace.CodeNetworkNotFound, "security group")
	},
}

func desktopNamed(e *env, name string) string {
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (id string, err error) {
		all, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: storetest.Project, Page: workspace.Page{Limit: 10}})
		for _, d := range all {
			if d.Name == name {
				id = d.ID
			}
		}
		return id, err
	})
}
