package listen

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"
)

var (
	somebody = netip.MustParseAddr("198.51.100.7")
	another  = netip.MustParseAddr("203.0.113.9")
	loopback = netip.MustParseAddr("127.0.0.1")
	proxy    = netip.MustParseAddr("192.0.2.1")
	watcher  = netip.MustParseAddr("192.0.2.200")
	examples = Limits{
		Total: 10, PerAddress: 4, Reserve: 3,
		Operators: []netip.Prefix{netip.MustParsePrefix("192.0.2.200/32")}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
	}
)

func TestJudgeAtTheLimits(t *testing.T) {
	for name, c := range map[string]struct {
		addr            netip.Addr
		open, ofAddress int
		want            refusal
	}{
		"TheLastOfAnAddress":             {somebody, 6, 3, letIn},
		"OneMoreOfAnAddress":             {somebody, 6, 4, tooManyOfOne},
		"TheLastBeforeTheReserve":        {somebody, 6, 0, letIn},
		"TheReserveIsNotForEverybody":    {somebody, 7, 0, tooManyInAll},
		"TheReserveIsForThisMachine":     {loopback, 7, 7, letIn},
		"TheReserveIsForListedOperators": {watcher, 9, 9, letIn},
		"TheReserveEnds":                 {loopback, 10, 0, tooManyInAll},
		"AProxySpeaksForMany":            {proxy, 6, 6, letIn},
		"AProxyIsNoOperator":             {proxy, 7, 0, tooManyInAll},
		"APeerWithoutAnAddressIsAnybody": {netip.Addr{}, 6, 4, tooManyOfOne},
	} {
		t.Run(name, func(t *testing.T) {
			if got := examples.check(c.addr, c.open, c.ofAddress); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	behind := examples
	behind.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if got := behind.check(loopback, 7, 0); got != tooManyInAll {
		t.Errorf("a proxy on this machine used the reserve: %q", got)
	}
}

// However many others come, an operator gets in, and no address has more than its share.
func TestEverybodyElseLeavesRoomForOperators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &limited{limits: examples, byAddress: map[netip.Addr]int{}, open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "x"})}
		var inside []netip.Addr
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if len(inside) > 0 && rapid.Bool().Draw(t, "leaves") {
				i := rapid.IntRange(0, len(inside)-1).Draw(t, "who")
				l.leave(inside[i])
				inside = append(inside[:i], inside[i+1:]...)
				continue
			}
			addr := rapid.SampledFrom([]netip.Addr{somebody, another, proxy}).Draw(t, "addr")
			if l.admit(addr) == letIn {
				inside = append(inside, addr)
			}
		}
		counts := map[netip.Addr]int{}
		for _, addr := range inside {
			counts[addr]++
		}
		if l.total != len(inside) || counts[somebody] > examples.PerAddress || counts[another] > examples.PerAddress {
			t.Fatalf("%d counted, inside are %v", l.total, counts)
		}
		for range examples.Reserve {
			if why := l.admit(loopback); why != letIn {
				t.Fatalf("an operator was refused: %s", why)
			}
		}
	})
}

func TestAddressesOfOneHostCountTogether(t *testing.T) {
	a, b := netip.MustParseAddr("2001:db8:0:1::1"), netip.MustParseAddr("2001:db8:0:1:ffff::2")
	if host(a) != host(b) || host(a) == host(netip.MustParseAddr("2001:db8:0:2::1")) {
		t.Error("an IPv6 /64 is not one host")
	}
	if host(somebody) == host(netip.MustParseAddr("198.51.100.8")) {
		t.Error("two IPv4 addresses are one host")
	}
}

// pretended is a connection from a place of the test's choosing.
type pretended struct {
	net.Conn
	from netip.Addr
}

func (p pretended) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.from, 1234))
}

// queue is a listener of connections that are there already.
type queue struct {
	net.Listener
	waiting []net.Conn
}

func (q *queue) Accept() (net.Conn, error) {
	if len(q.waiting) == 0 {
		return nil, net.ErrClosed
	}
	c := q.waiting[0]
	q.waiting = q.waiting[1:]
	return c, nil
}

func TestConnectionsBeyondTheLimitAreClosedAndOthersServed(t *testing.T) {
	q := &queue{}
	var outside []net.Conn
	knock := func(from netip.Addr) net.Conn {
		inner, outer := net.Pipe()
		q.waiting = append(q.waiting, pretended{inner, from})
		outside = append(outside, outer)
		return outer
	}
	l, err := Limit(q, examples, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		knock(somebody)
	}
	knock(another)
	var accepted []net.Conn
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		accepted = append(accepted, c)
	}
	if len(accepted) != 5 {
		t.Fatalf("%d were let in, want 4 of the one and 1 of the other", len(accepted))
	}
	for _, c := range outside[4:6] {
		if _, err := c.Write([]byte("GET")); err == nil {
			t.Error("a connection beyond the limit was left open")
		}
	}
	if err := accepted[0].Close(); err != nil {
		t.Fatal(err)
	}
	_ = accepted[0].Close() // counts once
	knock(somebody)
	knock(somebody)
	if c, err := l.Accept(); err != nil || addrOf(c) != somebody {
		t.Error("a place that was given back is not given out again")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error("one close gave two places back")
	}
}

func TestLimitsLeaveFilesForTheRest(t *testing.T) {
	for files, want := range map[int]Limits{
		256:     {Total: 64, PerAddress: 16, Reserve: 8},
		1024:    {Total: 256, PerAddress: 64, Reserve: 25},
		65536:   {Total: 16384, PerAddress: 2048, Reserve: 1638},
		1 << 20: {Total: 16384, PerAddress: 2048, Reserve: 1638},
	} {
		if got := (Limits{}).ForFiles(files); got.Total != want.Total || got.PerAddress != want.PerAddress || got.Reserve != want.Reserve {
			t.Errorf("%d files: got %+v, want %+v", files, got, want)
		}
	}
	if got := (Limits{Total: 100, PerAddress: 7}).ForFiles(1024); got.Total != 100 || got.PerAddress != 7 {
		t.Errorf("what was configured became %+v", got)
	}
}
