package enginetest

import (
	"context"
	"testing"

	"carrel/internal/engine"
)

// networking is what passes between machines, and how networks end. Versions of rules rise from case to case.
func (s *suite) networking() []check {
	return []check{
		{"A network that is not there has no rules, and removing it succeeds", func(t *testing.T, ctx context.Context) {
			want(t, "setting rules", s.Engine.SetRules(ctx, "nowhere", engine.Rules{Version: 1}), engine.ErrNotFound)
			atOnce(t, twice(func() error { return s.Engine.DeleteNetwork(ctx, "nowhere") })...)
		}},
		{"Rules that cannot be are refused", func(t *testing.T, ctx context.Context) {
			for _, r := range []engine.Rules{
				{},
				{Version: 1, Foreign: []string{"x"}},
				{Version: 1, Allow: []engine.Rule{{From: []string{"10.0.0.0/33"}}}},
				{Version: 1, Allow: []engine.Rule{{To: []string{"fd00::/8"}}}},
				{Version: 1, Allow: []engine.Rule{{Protocol: "gre"}}},
				{Version: 1, Allow: []engine.Rule{{Protocol: "icmp", Ports: "22"}}},
			} {
				want(t, "setting rules", s.Engine.SetRules(ctx, s.Network.ID, r), engine.ErrInvalid)
			}
		}},
		{"A port between machines of a network is closed until a rule opens it, and when the rule is gone", s.opensPort},
		{"Rules open what is between networks, except from foreign ones", s.opensNetworks},
		{"A stopped machine gets another network and address, also twice at once; one that runs does not, nor one that another has", s.readdresses},
		{"A network with machines stays; without, it is removed, also twice at once, and made again without rules", s.removesNetwork},
	}
}

func (s *suite) opensPort(t *testing.T, ctx context.Context) {
	s.needReach(t)
	s.up(t, ctx, s.a)
	s.up(t, ctx, s.b)
	s.wantReach(t, ctx, s.a, s.b, 7000, false)
	opened := engine.Rules{Version: 10, Allow: []engine.Rule{{From: s.only(s.a), To: s.only(s.b), Protocol: "tcp", Ports: "22,7000-7001"}}}
	set := func() error { return s.Engine.SetRules(ctx, s.Network.ID, opened) }
	atOnce(t, twice(set)...)
	s.wantReach(t, ctx, s.a, s.b, 7000, true)
	s.wantReach(t, ctx, s.a, s.b, 7002, false)
	s.wantReach(t, ctx, s.b, s.a, 7000, false)
	s.setRules(t, ctx, s.Network, engine.Rules{Version: 9})
	s.wantReach(t, ctx, s.a, s.b, 7000, true)
	s.setRules(t, ctx, s.Network, engine.Rules{Version: 11, Allow: []engine.Rule{{From: s.only(s.a), To: s.only(s.b), Protocol: "udp"}}})
	s.wantReach(t, ctx, s.a, s.b, 7000, false)
	s.setRules(t, ctx, s.Network, engine.Rules{Version: 12, Allow: []engine.Rule{{Out: true}}})
	s.wantReach(t, ctx, s.a, s.b, 7000, false)
}

func (s *suite) opensNetworks(t *testing.T, ctx context.Context) {
	s.needReach(t)
	far := s.second(t, ctx)
	s.up(t, ctx, s.a)
	s.wantReach(t, ctx, s.a, far, 7000, false)
	in := engine.Rule{From: []string{s.Network.CIDR}, To: s.only(far), Protocol: "tcp"}
	s.setRules(t, ctx, s.Second, engine.Rules{Version: 1, Allow: []engine.Rule{in}})
	s.wantReach(t, ctx, s.a, far, 7000, true)
	s.wantReach(t, ctx, far, s.a, 7000, false)
	s.setRules(t, ctx, s.Network, engine.Rules{Version: 20, Allow: []engine.Rule{{Out: true, From: s.only(s.b)}}})
	s.wantReach(t, ctx, s.a, far, 7000, false)
	s.setRules(t, ctx, s.Network, engine.Rules{Version: 21, Allow: []engine.Rule{{Out: true}}})
	s.wantReach(t, ctx, s.a, far, 7000, true)
	s.wantReach(t, ctx, s.a, s.b, 7000, false)
	s.setRules(t, ctx, s.Second, engine.Rules{Version: 2, Allow: []engine.Rule{in}, Foreign: []string{s.Network.CIDR}})
	s.wantReach(t, ctx, s.a, far, 7000, false)
}

func (s *suite) readdresses(t *testing.T, ctx context.Context) {
	far := s.second(t, ctx)
	s.up(t, ctx, s.a)
	before, moved := s.a, s.a
	moved.Network, moved.Address, moved.Guest.Network = far.Network, far.Address, far.Guest.Network
	want(t, "moving it while it runs", s.Engine.Readdress(ctx, moved), engine.ErrConflict)
	atOnce(t, func() error { return s.Engine.Readdress(ctx, before) })
	if err := s.Engine.Stop(ctx, s.a.ID, true); err != nil {
		t.Fatal(err)
	}
	want(t, "moving it to an address that another machine has", s.Engine.Readdress(ctx, moved), engine.ErrAddressTaken)
	nowhere := before
	nowhere.Network = "nowhere"
	want(t, "moving it to a network that is not there", s.Engine.Readdress(ctx, nowhere), engine.ErrInvalid)
	if err := s.Engine.Delete(ctx, far.ID); err != nil {
		t.Fatal(err)
	}
	atOnce(t, twice(func() error { return s.Engine.Readdress(ctx, moved) })...)
	atOnce(t, func() error { return s.Engine.Start(ctx, s.a.ID) })
	m, err := s.Engine.Find(ctx, s.a.ID)
	if err != nil || m.Network != moved.Network || m.Address != moved.Address || m.State != engine.Running || len(m.Data) != len(before.Data) {
		t.Errorf("the machine is %+v, %v", m, err)
	}
	if err := s.Engine.Stop(ctx, s.a.ID, true); err != nil {
		t.Fatal(err)
	}
	atOnce(t, func() error { return s.Engine.Readdress(ctx, before) })
	s.up(t, ctx, s.a)
	unknown := before
	unknown.ID = "desk-unknown"
	want(t, "moving what is not there", s.Engine.Readdress(ctx, unknown), engine.ErrNotFound)
}

func (s *suite) removesNetwork(t *testing.T, ctx context.Context) {
	far := s.second(t, ctx)
	want(t, "removing it with a machine", s.Engine.DeleteNetwork(ctx, s.Second.ID), engine.ErrConflict)
	s.wantState(t, ctx, far.ID, engine.Running)
	if err := s.Engine.Delete(ctx, far.ID); err != nil {
		t.Fatal(err)
	}
	remove := func() error { return s.Engine.DeleteNetwork(ctx, s.Second.ID) }
	atOnce(t, twice(remove)...)
	atOnce(t, remove)
	want(t, "setting rules", s.Engine.SetRules(ctx, s.Second.ID, engine.Rules{Version: 5}), engine.ErrNotFound)
	if err := s.Engine.EnsureNetwork(ctx, s.Second); err != nil {
		t.Fatal(err)
	}
	s.setRules(t, ctx, s.Second, engine.Rules{Version: 1})
	atOnce(t, remove)
}

// second is a machine on the second network.
func (s *suite) second(t *testing.T, ctx context.Context) engine.Spec {
	t.Helper()
	if err := s.Engine.EnsureNetwork(ctx, s.Second); err != nil {
		t.Fatal(err)
	}
	far := s.spec("desk-far")
	far.Network, far.Address = s.Second.ID, s.SecondAddress
	far.Guest.Network.Address, far.Guest.Network.Gateway = s.SecondAddress+"/"+prefixLength(s.Second.CIDR), s.Second.Gateway
	far.Guest.Network.DNS = []string{s.Second.Gateway}
	s.up(t, ctx, far)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		if err := s.Engine.Delete(ctx, far.ID); err != nil {
			t.Error(err)
		}
		if err := s.Engine.DeleteNetwork(ctx, s.Second.ID); err != nil {
			t.Error(err)
		}
	})
	return far
}

func (s *suite) only(spec engine.Spec) []string { return []string{spec.Address + "/32"} }

func (s *suite) setRules(t *testing.T, ctx context.Context, n engine.Network, r engine.Rules) {
	t.Helper()
	if err := s.Engine.SetRules(ctx, n.ID, r); err != nil {
		t.Fatal(err)
	}
}

func (s *suite) needReach(t *testing.T) {
	t.Helper()
	if s.Reach == nil {
		t.Skip("the fixture cannot try what machines reach")
	}
}

func (s *suite) wantReach(t *testing.T, ctx context.Context, from, to engine.Spec, port int, want bool) {
	t.Helper()
	got, err := s.Reach(ctx, from, to, port)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("that %s reaches port %d of %s is %v; want %v", from.Name, port, to.Name, got, want)
	}
}
