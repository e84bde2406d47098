package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"carrel/internal/guest"
)

// setNetwork gives the desktop's interface its address, route and name servers.
func (s *system) setNetwork(ctx context.Context, n guest.Network) error {
	link, err := onlyInterface()
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("raising the interface: %w", err)
	}
	if n.Address == "" {
		s.leaseAddress(ctx, link.Attrs().Name)
		return nil
	}
	s.dropLease()
	return errors.Join(setAddress(link, n.Address), setGateway(link, n.Gateway), s.setDNS(n.DNS))
}

// onlyInterface returns the first interface that is not the loopback.
func onlyInterface() (netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing network interfaces: %w", err)
	}
	for _, l := range links {
		if l.Attrs().Flags&net.FlagLoopback == 0 && l.Attrs().HardwareAddr != nil {
			return l, nil
		}
	}
	return nil, errors.New("the desktop has no network interface")
}

// setAddress makes cidr the interface's only IPv4 address.
func setAddress(link netlink.Link, cidr string) error {
	wanted, err := netlink.ParseAddr(cidr)
	if err != nil {
		return fmt.Errorf("address %q: %w", cidr, err)
	}
	all, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	// The others are deleted first: with a network's first address, the kernel deletes its later ones.
	for _, a := range all {
		if a.IPNet.String() == wanted.IPNet.String() {
			continue
		}
		if err := netlink.AddrDel(link, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("removing address %s: %w", a.IPNet, err)
		}
	}
	if err := netlink.AddrReplace(link, wanted); err != nil {
		return fmt.Errorf("setting address %s: %w", cidr, err)
	}
	return nil
}

func setGateway(link netlink.Link, gateway string) error {
	if gateway == "" {
		return nil
	}
	ip := net.ParseIP(gateway)
	if ip == nil {
		return fmt.Errorf("gateway %q: not an address", gateway)
	}
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: ip}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("setting gateway %s: %w", gateway, err)
	}
	return nil
}

func (s *system) setDNS(servers []string) error {
	if len(servers) == 0 {
		return nil
	}
	var b strings.Builder
	for _, server := range servers {
		if net.ParseIP(server) == nil {
			return fmt.Errorf("name server %q: not an address", server)
		}
		fmt.Fprintf(&b, "nameserver %s\n", server)
	}
	return replaceFile(s.path("etc/resolv.conf"), b.String(), 0o644)
}

// leaseAddress keeps a DHCP client running until ctx ends or dropLease is called. It does not wait for the address.
func (s *system) leaseAddress(ctx context.Context, name string) {
	if s.lease != nil {
		return
	}
	ctx, s.lease = context.WithCancel(ctx)
	client := exec.CommandContext(ctx, "udhcpc", "-f", "-S", "-R", "-i", name, "-x", "hostname:"+hostname())
	client.Cancel = func() error { return client.Process.Signal(os.Interrupt) }
	go func() {
		if err := client.Run(); err != nil && ctx.Err() == nil {
			slog.Error("the DHCP client ended", "error", err)
		}
	}()
}

func (s *system) dropLease() {
	if s.lease != nil {
		s.lease()
		s.lease = nil
	}
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "desktop"
	}
	return name
}
