package job_test

import (
	"log/slog"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/network"
	"carrel/internal/workspace"
)

// networksKept runs a keeper of networks in the bubble.
func (e *env) networksKept() (stop func()) {
	k := &job.NetworkKeeper{Store: e.store, Engine: e.sim, Log: slog.New(slog.DiscardHandler), Configured: []string{"net0"}}
	k.Start(e.t.Context())
	return k.Stop
}

func (e *env) subnetState(id string) network.SubnetState {
	e.t.Helper()
	s, err := e.service.Networks.Subnet(e.t.Context(), project, id)
	e.must(err)
	return s.State
}

func TestANetworkIsMadeForASubnetAndRemovedWithIt(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		ctx, c := e.t.Context(), workspace.Caller{ProjectID: project}
		defer e.networksKept()()
		v, err := e.service.Networks.CreateVPC(ctx, c, network.NewVPC{Name: "labs", CIDR: "192.168.0.0/16"})
		e.must(err)
		n, err := e.service.Networks.CreateSubnet(ctx, c, network.NewSubnet{VPCID: v.ID, Name: "lab", CIDR: "192.168.4.0/24"})
		e.must(err)
		if n.State != network.SubnetMaking {
			t.Errorf("a new subnet is %s", n.State)
		}
		e.until("the subnet is active", func() bool { return e.subnetState(n.ID) == network.SubnetActive })
		if !e.sim.HasNetwork(n.Network) {
			t.Error("the engine does not have the network")
		}
		e.must(e.service.Networks.DeleteSubnet(ctx, c, v.ID, n.ID))
		e.until("the network is gone", func() bool { return !e.sim.HasNetwork(n.Network) })
		e.must(e.service.Networks.DeleteVPC(ctx, c, v.ID))
		if !e.sim.HasNetwork("net0") {
			t.Error("the configured network is gone")
		}
	})
}

func TestASubnetSaysWhyItsNetworkCannotBeMade(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		ctx, c := e.t.Context(), workspace.Caller{ProjectID: project}
		defer e.networksKept()()
		e.must(e.sim.Inject(sim.Unavailable, sim.Fault{Probability: 1}))
		v, err := e.service.Networks.CreateVPC(ctx, c, network.NewVPC{CIDR: "192.168.0.0/16"})
		e.must(err)
		n, err := e.service.Networks.CreateSubnet(ctx, c, network.NewSubnet{VPCID: v.ID, Name: "lab", CIDR: "192.168.4.0/24"})
		e.must(err)
		e.until("the subnet has failed", func() bool { return e.subnetState(n.ID) == network.SubnetFailed })
		e.must(e.sim.Inject(sim.Unavailable, sim.Fault{}))
		e.until("the subnet is active", func() bool { return e.subnetState(n.ID) == network.SubnetActive })
	})
}

func TestRulesOfGroupsHoldFromTheFirstMomentOfADesktop(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		ctx, c := e.t.Context(), workspace.Caller{ProjectID: project}
		defer e.networksKept()()
		defer e.start("a", e.store, e.sim).kill()
		e.finished(e.create(2))
		all := e.desktops()
		passes := func(port int) bool {
			return e.sim.Passes(sim.Packet{From: all[0].Address, To: all[1].Address, Protocol: "tcp", Port: port})
		}
		if passes(22) {
			t.Error("a port is open that no rule opens")
		}
		groups, err := e.service.Networks.Groups(ctx, project)
		e.must(err)
		group := groups[0].ID
		r, err := e.service.Networks.CreateRule(ctx, c, catalog.Rule{GroupID: group, Protocol: "tcp", Ports: "22", RemoteGroup: group})
		e.must(err)
		e.until("the port is open", func() bool { return passes(22) })
		if passes(23) {
			t.Error("another port is open")
		}
		e.finished(e.create(1)) // its rules are set before it is launched
		late := e.desktops()[2]
		if !e.sim.Passes(sim.Packet{From: late.Address, To: all[1].Address, Protocol: "tcp", Port: 22}) {
			t.Error("a later desktop does not reach the port")
		}
		e.must(e.service.Networks.DeleteRule(ctx, c, r.ID))
		e.until("the port is closed", func() bool { return !passes(22) })
		e.pass(time.Minute)
	})
}
