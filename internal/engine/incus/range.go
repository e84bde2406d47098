package incus

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// roomFor returns an error for a new range that a network cannot have: Incus accepts any, and the host's routes would then lead
// elsewhere.
func (e *Engine) roomFor(s server, name string, wanted netip.Prefix) error {
	all, err := s.GetNetworks()
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.Name != name {
			continue
		}
		if p, err := netip.ParsePrefix(n.Config["ipv4.address"]); err == nil && p.Masked() == wanted {
			return nil
		}
		if err := leavesNobodyOut(s, n, wanted); err != nil {
			return err
		}
	}
	for _, n := range all {
		if p, err := netip.ParsePrefix(n.Config["ipv4.address"]); err == nil && n.Name != name && p.Overlaps(wanted) {
			return fmt.Errorf("%w: %s overlaps the Incus network %s (%s), choose another range", engine.ErrConflict, wanted, n.Name, p.Masked())
		}
	}
	return apartFromHost(name, wanted)
}

// leavesNobodyOut returns an error for another range of a network that does not contain the addresses of its machines.
func leavesNobodyOut(s server, n api.Network, wanted netip.Prefix) error {
	instances, err := s.GetInstancesAllProjects(api.InstanceTypeAny)
	if err != nil {
		return err
	}
	out := 0
	for _, i := range instances {
		for _, device := range i.ExpandedDevices {
			if a, err := netip.ParseAddr(device["ipv4.address"]); err == nil && device["network"] == n.Name && !wanted.Contains(a) {
				out++
			}
		}
	}
	if out == 0 {
		return nil
	}
	return fmt.Errorf("%w: it is %s and %d machines are on it that have no place in %s: keep its range, or give the new one another name",
		engine.ErrConflict, n.Config["ipv4.address"], out, wanted)
}

// apartFromHost returns an error for a range that contains an address of another interface of the host.
func apartFromHost(name string, wanted netip.Prefix) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("reading the host's interfaces: %w", err)
	}
	for _, i := range interfaces {
		if i.Name == name {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it was removed meanwhile
		}
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			if err == nil && wanted.Contains(p.Addr()) {
				return fmt.Errorf("%w: %s holds the address of the host's interface %s (%s), choose another range", engine.ErrConflict, wanted, i.Name, p)
			}
		}
	}
	return nil
}
