package incus_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

func TestNetwork(t *testing.T) {
	e := open(t)
	one, two, far := newSpec(testNetwork), newSpec(testNetwork), newSpec(otherNet)
	for _, s := range []engine.Spec{one, two, far} {
		launch(t, e, s)
		// A port that would answer if it could be reached.
		listenInside(t, s, "0.0.0.0:7000")
	}
	host, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	go acceptAll(host)
	_, port, err := net.SplitHostPort(host.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	t.Run("AMachineReachesItselfSoTheTestsBelowMeanSomething", func(t *testing.T) {
		if got := inside(t, one, "dial", one.Address+":7000"); got != "open" {
			t.Errorf("it finds its own port %s", got)
		}
	})
	t.Run("MachinesOnOneNetworkDoNotReachOneAnother", func(t *testing.T) {
		if got := inside(t, one, "dial", two.Address+":7000"); got == "open" {
			t.Error("a desktop reached another")
		}
	})
	t.Run("NotEvenThroughTheGateway", func(t *testing.T) {
		inside(t, one, "route", two.Address, "10.232.0.1")
		if got := inside(t, one, "dial", two.Address+":7000"); got == "open" {
			t.Error("a desktop reached another through the gateway")
		}
	})
	t.Run("MachinesOfTwoNetworksDoNotReachOneAnother", func(t *testing.T) {
		if got := inside(t, one, "dial", far.Address+":7000"); got == "open" {
			t.Error("a desktop reached one on the other network")
		}
		if got := inside(t, far, "dial", one.Address+":7000"); got == "open" {
			t.Error("a desktop reached one on the other network")
		}
	})
	t.Run("TheHostsPortsAreOutOfReachUnderEachOfItsAddresses", func(t *testing.T) {
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			if err != nil || !p.Addr().Is4() || p.Addr().IsLoopback() {
				continue
			}
			tried++
			if got := inside(t, one, "dial", net.JoinHostPort(p.Addr().String(), port)); got == "open" {
				t.Errorf("a desktop reached the host at %s", p.Addr())
			}
		}
		if tried < 3 {
			t.Errorf("only %d addresses were tried", tried)
		}
	})
	t.Run("AnAddressThatTheHostGetsLaterIsOutOfReachToo", func(t *testing.T) {
		later := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "heng-later"}}
		if err := netlink.LinkAdd(later); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = netlink.LinkDel(later) })
		raise(t, later.Name, "203.0.113.5/32")
		if got := inside(t, one, "dial", net.JoinHostPort("203.0.113.5", port)); got == "open" {
			t.Error("a desktop reached the host")
		}
	})
	t.Run("ThereIsNoIPv6ToTheHost", func(t *testing.T) {
		six, err := net.Listen("tcp6", "[::]:0")
		if err != nil {
			t.Skip("the host has no IPv6")
		}
		defer six.Close()
		bridge, err := net.InterfaceByName(testNetwork)
		if err != nil {
			t.Fatal(err)
		}
		addresses, err := bridge.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() {
				t.Errorf("the bridge has the address %s", p)
			}
		}
	})
	t.Run("DesktopsAreOutOfReachFromTheHost", func(t *testing.T) {
		dialer := net.Dialer{Timeout: 500_000_000}
		if c, err := dialer.DialContext(t.Context(), "tcp", one.Address+":7000"); err == nil {
			c.Close()
			t.Error("the host reached a desktop's port")
		}
	})
	t.Run("AMachineCannotTakeAnotherAddress", func(t *testing.T) {
		if !strings.Contains(raw(t, "config", "show", "d-"+one.ID), "security.ipv4_filtering") {
			t.Skip("this kernel cannot filter addresses on a bridge")
		}
		if _, err := tryInside(t, one, "resolve", "_gateway.incus"); err != nil {
			t.Fatalf("with its own address: %v", err)
		}
		inside(t, one, "address", "10.232.250.250/16")
		if _, err := tryInside(t, one, "resolve-from", "_gateway.incus", "10.232.250.250"); err == nil {
			t.Error("name service answered a forged address")
		}
	})
	t.Run("NameServiceAnswersAtTheGateway", func(t *testing.T) {
		if got := inside(t, two, "resolve", "_gateway.incus"); got != "10.232.0.1" {
			t.Errorf("the gateway's name resolves to %q", got)
		}
	})
	t.Run("TheWorldBehindTheHostIsOpen", func(t *testing.T) {
		world := listenBeyond(t)
		if got := inside(t, two, "dial", world); got != "open" {
			t.Errorf("a desktop finds the world %s", got)
		}
	})
	t.Run("EnsuringItAgainChangesNothing", func(t *testing.T) {
		before := raw(t, "network", "show", testNetwork)
		for _, n := range networks {
			if err := e.EnsureNetwork(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if after := raw(t, "network", "show", testNetwork); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
	})
}

func acceptAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}

// listenInside keeps a port of a machine open until the test ends.
func listenInside(t *testing.T, s engine.Spec, at string) {
	t.Helper()
	keepInside(t, s, "listening", "listen", at)
}

// keepInside runs a verb of the test guest until the test ends, and returns when it has said a word.
func keepInside(t *testing.T, s engine.Spec, word string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	command := append([]string{"exec", "--project", testProject, "d-" + s.ID, "-T", "--", guest.Path}, arguments...)
	listener := exec.CommandContext(ctx, "incus", command...)
	out, err := listener.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = listener.Wait() // it was killed
	})
	if _, err := io.ReadFull(out, make([]byte, len(word))); err != nil {
		t.Fatal(err)
	}
}

// listenBeyond opens a port in a network name space that only the host's routing reaches, and returns its address.
func listenBeyond(t *testing.T) string {
	t.Helper()
	const near, far, name = "198.51.100.254/24", "198.51.100.1", "heng-world"
	runtime.LockOSThread() // unlocked only once the thread is back: otherwise it dies with its goroutine
	home, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	world, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: name + "1"}, PeerName: name + "0", PeerNamespace: netlink.NsFd(home),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	raise(t, name+"1", far+"/24")
	l, err := net.Listen("tcp4", far+":7100")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go acceptAll(l)
	if err := netns.Set(home); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
	t.Cleanup(func() {
		if near, err := netlink.LinkByName(name + "0"); err == nil {
			_ = netlink.LinkDel(near)
		}
	})
	raise(t, name+"0", near)
	return far + ":7100"
}

// raise gives an interface of this thread's network name space an address and switches it on.
func raise(t *testing.T, link, address string) {
	t.Helper()
	l, err := netlink.LinkByName(link)
	if err != nil {
		t.Fatal(err)
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(netlink.AddrReplace(l, a), netlink.LinkSetUp(l)); err != nil {
		t.Fatal(err)
	}
}
