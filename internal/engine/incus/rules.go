package incus

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// The keys of a network's own rule set: the version of its rules, and the addresses that get no name service.
const (
	versionKey  = "user.carrel.version"
	namelessKey = "user.carrel.nameless"
	forwardsKey = "user.carrel.forwards" // "listen>target/mbit", separated by commas
)

// ownRulesName is the network ACL of one network.
func (e *Engine) ownRulesName(network string) string { return e.config.Project + "-" + network }

// ensureOwnRules creates the rule set of a network, if it is missing: what goes out is open, except to the network itself.
func (e *Engine) ensureOwnRules(s server, network, cidr string) error {
	name := e.ownRulesName(network)
	if _, _, err := s.GetNetworkACL(name); err == nil || !absent(err) {
		return err
	}
	return s.CreateNetworkACL(api.NetworkACLsPost{NetworkACLPost: api.NetworkACLPost{Name: name}, NetworkACLPut: api.NetworkACLPut{
		Description: "What desktops on " + network + " may reach, and what reaches them; written by Carrel",
		Config:      api.ConfigMap{ownerKey: e.config.Project, versionKey: "0"},
		Ingress:     []api.NetworkACLRule{},
		Egress: []api.NetworkACLRule{
			{Action: "reject", State: "enabled", Destination: cidr},
			{Action: "allow", State: "enabled", Source: cidr},
		},
	}})
}

// SetRules replaces the network's own ACL. Incus applies it to the running network, and restores it after a reboot.
//
// An ACL of a network sees what crosses the bridge's edge by its addresses, also between machines on the bridge: those are isolated ports, for
// which the host answers (relay). So it needs no ACLs of interfaces, which some kernels cannot have. Name service that is refused, and packets
// within a network, need a process that is root on the host.
func (e *Engine) SetRules(ctx context.Context, network string, r engine.Rules) error {
	doing := "setting the rules of the network " + network
	if err := check(r); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	s, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	found, _, err := s.GetNetwork(network)
	if err != nil {
		return translate(ctx, doing, err)
	}
	own, err := netip.ParsePrefix(found.Config["ipv4.address"])
	if err != nil || found.Config[ownerKey] != e.config.Project {
		return fmt.Errorf("%s: %w: it is no network of the project %s", doing, engine.ErrConflict, e.config.Project)
	}
	wanted := e.aclOf(network, own.Masked(), r)
	err = unraced(func() error { return e.putRules(s, network, r.Version, wanted) })
	if err == nil {
		err = e.forward(s, network)
	}
	if err != nil {
		return translate(ctx, doing, err)
	}
	return translate(ctx, doing, e.guard(ctx, s))
}

// putRules writes an ACL unless it has the rules of a later version. The etag decides between callers at once.
func (e *Engine) putRules(s server, network string, version int64, wanted api.NetworkACLPut) error {
	found, etag, err := s.GetNetworkACL(e.ownRulesName(network))
	if absent(err) {
		return fmt.Errorf("%w: there is no network %q with rules", engine.ErrNotFound, network)
	}
	if err != nil {
		return err
	}
	if has, _ := strconv.ParseInt(found.Config[versionKey], 10, 64); has > version {
		return nil
	}
	same := slices.Equal(found.Ingress, wanted.Ingress) && slices.Equal(found.Egress, wanted.Egress) && holds(found.Config, wanted.Config)
	if same {
		return nil
	}
	return s.UpdateNetworkACL(found.Name, wanted, etag)
}

// check returns an error for rules that cannot be.
func check(r engine.Rules) error {
	if r.Version < 1 {
		return fmt.Errorf("%w: version %d", engine.ErrInvalid, r.Version)
	}
	texts := slices.Concat(r.Foreign)
	for _, address := range r.Nameless {
		texts = append(texts, address+"/32")
	}
	for _, f := range r.Forwards {
		texts = append(texts, f.Listen+"/32", f.Target+"/32")
	}
	for _, rule := range r.Allow {
		texts = slices.Concat(texts, rule.From, rule.To)
		if !slices.Contains([]string{"", "tcp", "udp", "icmp"}, rule.Protocol) {
			return fmt.Errorf("%w: the protocol %q", engine.ErrInvalid, rule.Protocol)
		}
		if rule.Ports != "" && rule.Protocol != "tcp" && rule.Protocol != "udp" {
			return fmt.Errorf("%w: ports of the protocol %q", engine.ErrInvalid, rule.Protocol)
		}
	}
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err != nil || !p.Addr().Is4() {
			return fmt.Errorf("%w: %q is no IPv4 range", engine.ErrInvalid, text)
		}
	}
	return nil
}

// aclOf converts rules of the network whose range is own. In an ACL of Incus what is dropped and rejected comes before what is allowed, and the first
// match decides, also about packets within the network, which match in both directions. So what is allowed outwards leaves out the network itself.
func (e *Engine) aclOf(network string, own netip.Prefix, r engine.Rules) api.NetworkACLPut {
	acl := api.NetworkACLPut{
		Description: "What desktops on " + network + " may reach, and what reaches them; written by Carrel",
		Config: api.ConfigMap{
			ownerKey: e.config.Project, versionKey: strconv.FormatInt(r.Version, 10), namelessKey: strings.Join(r.Nameless, ","), forwardsKey: forwardsText(r.Forwards),
		},
		Ingress: []api.NetworkACLRule{}, Egress: []api.NetworkACLRule{},
	}
	if len(r.Foreign) > 0 {
		acl.Ingress = append(acl.Ingress, api.NetworkACLRule{Action: "drop", State: "enabled", Source: strings.Join(r.Foreign, ",")})
	}
	for _, rule := range r.Allow {
		allow := api.NetworkACLRule{
			Action: "allow", State: "enabled", Source: strings.Join(rule.From, ","), Destination: strings.Join(rule.To, ","),
			Protocol: rule.Protocol, DestinationPort: rule.Ports,
		}
		if rule.Protocol == "icmp" {
			allow.Protocol = "icmp4"
		}
		if !rule.Out {
			acl.Ingress = append(acl.Ingress, allow)
			continue
		}
		to := outside(rule.To, own)
		if len(to) == 0 {
			continue
		}
		allow.Destination = strings.Join(to, ",")
		acl.Egress = append(acl.Egress, allow)
	}
	return acl
}

// outside is what of IPv4 ranges is not in a network; none are all addresses.
func outside(ranges []string, own netip.Prefix) []string {
	if len(ranges) == 0 {
		ranges = []string{"0.0.0.0/0"}
	}
	var rest []string
	for _, text := range ranges {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			continue // check has refused it
		}
		for _, part := range without(p.Masked(), own) {
			rest = append(rest, part.String())
		}
	}
	return rest
}

// without is a range without another, in as few parts as possible.
func without(p, hole netip.Prefix) []netip.Prefix {
	switch {
	case !p.Overlaps(hole):
		return []netip.Prefix{p}
	case hole.Bits() <= p.Bits():
		return nil
	}
	at := p.Addr().As4()
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	at[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	high := netip.PrefixFrom(netip.AddrFrom4(at), p.Bits()+1)
	return append(without(low, hole), without(high, hole)...)
}

// guard writes Carrel's own packet filter table for the networks that there are.
func (e *Engine) guard(ctx context.Context, s server) error {
	all, err := s.GetNetworks()
	if err != nil {
		return err
	}
	acls, err := s.GetNetworkACLs()
	if err != nil {
		return err
	}
	of := map[string]api.ConfigMap{}
	for _, acl := range acls {
		of[acl.Name] = acl.Config
	}
	var bridges []bridge
	for _, n := range all {
		if n.Config[ownerKey] == e.config.Project {
			has := of[e.ownRulesName(n.Name)]
			bridges = append(bridges, bridge{n.Name, items(has[namelessKey]), forwardsIn(has[forwardsKey])})
		}
	}
	return guardHost(ctx, e.config.Project, bridges)
}
