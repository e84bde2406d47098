package incus

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// linkLocal contains the metadata services of clouds, which know the host's secrets.
const linkLocal = "169.254.0.0/16"

// EnsureNetwork creates the bridge if it is missing, and updates the rules that guard it.
//
// Port isolation on their interfaces separates machines on one bridge, so that every packet between them passes the host, where rules apply. All
// networks share one rule set: nothing goes out to an address of the host (except for name service and DHCP, which Incus allows first) or to a
// shielded network. Each network has one of its own besides: see SetRules. Before the first SetRules, only replies come in, and what goes out is
// open. If this process is root on the host, a packet filter table of Carrel's own also guards addresses that the host gets later; call
// EnsureNetwork at each start, since a reboot removes that table.
//
// ErrConflict if the name is that of a network that is not Carrel's, if the range overlaps that of another network of Incus or of
// the host, or if machines on the network have addresses outside a changed range.
func (e *Engine) EnsureNetwork(ctx context.Context, n engine.Network) error {
	doing := "making the network " + n.ID
	prefix, err := netip.ParsePrefix(n.CIDR)
	gateway, err2 := netip.ParseAddr(n.Gateway)
	if err != nil || err2 != nil || !gateway.Is4() || !prefix.Contains(gateway) || n.ID == "" || len(n.ID) > 15 {
		return fmt.Errorf("%s: %w: %q with the gateway %q", doing, engine.ErrInvalid, n.CIDR, n.Gateway)
	}
	s, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	if err := e.roomFor(s, n.ID, prefix.Masked()); err != nil {
		return translate(ctx, doing, err)
	}
	if err := unraced(func() error { return e.ensureRules(s, gateway) }); err != nil {
		return translate(ctx, doing+": guarding it", err)
	}
	if err := unraced(func() error { return e.ensureOwnRules(s, n.ID, prefix.Masked().String()) }); err != nil {
		return translate(ctx, doing+": guarding it", err)
	}
	wanted := e.networkConfig(n.ID, netip.PrefixFrom(gateway, prefix.Bits()).String())
	if err := unraced(func() error { return e.ensureBridge(s, n.ID, wanted) }); err != nil {
		return translate(ctx, doing, err)
	}
	if err := relay(n.ID); err != nil {
		return translate(ctx, doing, err)
	}
	return translate(ctx, doing, e.guard(ctx, s))
}

// bridges returns the names of the project's networks.
func (e *Engine) bridges(s server) ([]string, error) {
	all, err := s.GetNetworks()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range all {
		if n.Config[ownerKey] == e.config.Project {
			names = append(names, n.Name)
		}
	}
	return names, nil
}

func (e *Engine) ensureBridge(s server, name string, wanted api.ConfigMap) error {
	found, etag, err := s.GetNetwork(name)
	if absent(err) {
		err = s.CreateNetwork(api.NetworksPost{Name: name, Type: "bridge", NetworkPut: api.NetworkPut{
			Description: "Desktops of the project " + e.config.Project, Config: wanted,
		}})
		if err != nil && !overlapped(err) {
			return err
		}
		found, etag, err = s.GetNetwork(name)
	}
	switch {
	case err != nil:
		return err
	case found.Config[ownerKey] != e.config.Project:
		return fmt.Errorf("%w: it exists and does not belong to the project %s", engine.ErrConflict, e.config.Project)
	case holds(found.Config, wanted):
		return nil
	}
	update := found.Writable()
	maps.Copy(update.Config, wanted)
	return s.UpdateNetwork(name, update, etag)
}

func (e *Engine) networkConfig(network, address string) api.ConfigMap {
	return api.ConfigMap{
		ownerKey:                               e.config.Project,
		"ipv4.address":                         address,
		"ipv4.nat":                             "true",
		"ipv4.dhcp":                            "true",
		"ipv6.address":                         "none",
		"security.acls":                        e.rulesName() + "," + e.ownRulesName(network),
		"security.acls.default.ingress.action": "drop",
		"security.acls.default.egress.action":  "reject",
		"security.acls.default.ingress.logged": "false",
		"security.acls.default.egress.logged":  "false",
	}
}

// rulesName is the network ACL that all networks of the project share.
func (e *Engine) rulesName() string { return e.config.Project + "-desktops" }

// ensureRules makes the shared ACL cover the host's addresses and one that it will have.
func (e *Engine) ensureRules(s server, next netip.Addr) error {
	networks, err := s.GetNetworks()
	if err != nil {
		return err
	}
	own, err := hostAddresses()
	if err != nil {
		return err
	}
	own = append(own, next)
	for _, n := range networks {
		if p, err := netip.ParsePrefix(n.Config["ipv4.address"]); err == nil && n.Config[ownerKey] == e.config.Project {
			own = append(own, p.Addr())
		}
	}
	barred := append([]string{linkLocal}, e.config.Shield...)
	for _, a := range own {
		if !covered(a, barred) {
			barred = append(barred, netip.PrefixFrom(a, a.BitLen()).String())
		}
	}
	slices.Sort(barred)
	wanted := api.NetworkACLPut{
		Description: "What desktops may not reach; written by Carrel",
		Config:      api.ConfigMap{ownerKey: e.config.Project},
		Ingress:     []api.NetworkACLRule{},
		Egress: []api.NetworkACLRule{{
			Action: "reject", State: "enabled", Destination: strings.Join(slices.Compact(barred), ","),
			Description: "The host and what is shielded",
		}},
	}
	found, etag, err := s.GetNetworkACL(e.rulesName())
	if absent(err) {
		return s.CreateNetworkACL(api.NetworkACLsPost{NetworkACLPost: api.NetworkACLPost{Name: e.rulesName()}, NetworkACLPut: wanted})
	}
	if err != nil {
		return err
	}
	if slices.Equal(found.Egress, wanted.Egress) && len(found.Ingress) == 0 {
		return nil
	}
	return s.UpdateNetworkACL(e.rulesName(), wanted, etag)
}

// hostAddresses returns the IPv4 addresses of this host, which is the Incus host, since the daemon is reached by its socket.
func hostAddresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("reading the host's addresses: %w", err)
	}
	var addresses []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			addresses = append(addresses, p.Addr())
		}
	}
	return addresses, nil
}

// covered reports whether an address is in one of the networks.
func covered(a netip.Addr, networks []string) bool {
	return slices.ContainsFunc(networks, func(n string) bool {
		p, err := netip.ParsePrefix(n)
		return err == nil && p.Contains(a)
	})
}

// holds reports whether a configuration has all the wanted keys with their values.
func holds(found, wanted api.ConfigMap) bool {
	for key, value := range wanted {
		if found[key] != value {
			return false
		}
	}
	return true
}
