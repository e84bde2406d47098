package job_test

import (
	"slices"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/network"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// networkScenarios are crash scenarios of places in networks.
var networkScenarios = []scenario{
	{
		name: "moving", setUp: func(e *env) { createTwo(e); e.addSubnet() }, want: 2, state: desktop.StatusActive,
		ask:   func(e *env) string { return e.moveAll() },
		check: func(e *env) { e.wantMoved() },
	},
}

// addSubnet adds a subnet of the service's VPC to move to.
func (e *env) addSubnet() {
	e.t.Helper()
	ctx := e.t.Context()
	e.must(e.sim.EnsureNetwork(ctx, engine.Network{ID: "net1", CIDR: "10.2.0.0/24", Gateway: "10.2.0.1"}))
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		vpcs, err := catalog.VPCs(ctx, tx, project)
		if err != nil {
			return err
		}
		return catalog.InsertSubnet(ctx, tx, catalog.Subnet{
			ID: "there", ProjectID: project, VPCID: vpcs[0].ID, Name: "there", CIDR: "10.2.0.0/24", Gateway: "10.2.0.1", Network: "net1", DNS: []string{}, Created: tx.Now(),
		})
	}))
}

func (e *env) moveAll() string {
	e.t.Helper()
	id, err := e.service.Networks.Move(e.t.Context(), network.Move{Caller: admin, DesktopIDs: e.ids(), SubnetID: "there"})
	e.must(err)
	return id
}

// wantMoved fails unless machines have the networks and addresses of their rows, and know them inside.
func (e *env) wantMoved() {
	e.t.Helper()
	for _, d := range e.desktops() {
		m, err := e.sim.Find(e.t.Context(), d.ID)
		e.must(err)
		if d.SubnetID != "there" || m.Network != "net1" || m.Address != d.Address || m.State == engine.Running != (d.Status == desktop.StatusActive) {
			e.t.Errorf("desktop %s at %s has the machine %+v", d.Name, d.Address, m)
		}
	}
}

func TestADesktopIsMovedToAnotherSubnet(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(2))
		e.addSubnet()
		ids := e.ids()
		e.finished(powerOne(e, ids[0], desktop.PowerStop))
		e.finished(e.moveAll())
		e.wantMoved()

		// Back, to an address that is asked for; the other one's is refused.
		other := e.desktops()[slices.IndexFunc(e.desktops(), func(d desktop.Desktop) bool { return d.ID == ids[1] })]
		move := network.Move{Caller: admin, DesktopIDs: ids[:1], SubnetID: "there", Address: other.Address}
		_, err := e.service.Networks.Move(e.t.Context(), move)
		e.want(err, workspace.CodeAddressTaken, "private_ip")
		move.Address = "10.2.0.77"
		id, err := e.service.Networks.Move(e.t.Context(), move)
		e.must(err)
		e.finished(id)
		if m, err := e.sim.Find(e.t.Context(), ids[0]); err != nil || m.Address != "10.2.0.77" || m.State != engine.Stopped {
			t.Errorf("the machine is %+v, %v", m, err)
		}
		for _, bad := range []struct {
			move network.Move
			code workspace.Code
			says string
		}{
			{network.Move{DesktopIDs: ids[:1], SubnetID: "none"}, workspace.CodeSubnetNotFound, "subnet_id"},
			{network.Move{DesktopIDs: ids[:1], SubnetID: "there", VPCID: "none"}, workspace.CodeInvalid, "vpc_id"},
			{network.Move{DesktopIDs: ids[:1], Address: "10.9.0.1"}, workspace.CodeInvalid, "private_ip"},
			{network.Move{DesktopIDs: ids[:1], Groups: []string{"none"}}, workspace.CodeSecurityNotFound, "security_group_ids[0]"},
			{network.Move{DesktopIDs: ids[:1], Groups: []string{}}, workspace.CodeInvalid, "security_group_ids"},
			{network.Move{DesktopIDs: ids[:1]}, workspace.CodeInvalid, "nothing is to be changed"},
			{network.Move{DesktopIDs: []string{"none"}, SubnetID: "there"}, workspace.CodeDesktopNotFound, "desktop_ids"},
		} {
			bad.move.Caller = admin
			_, err := e.service.Networks.Move(e.t.Context(), bad.move)
			e.want(err, bad.code, bad.says)
		}
	})
}

func powerOne(e *env, id string, action desktop.PowerAction) string {
	r, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: admin, IDs: []string{id}, Action: action})
	e.must(err)
	return r.JobID
}
