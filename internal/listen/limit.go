// Package listen limits what clients can hold of a server: the number of connections, and the time for sending a request and reading the
// response.
package listen

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/clientaddr"
)

// Limits say how many connections may be open at once.
type Limits struct {
	Total      int            // of everybody
	PerAddress int            // of one client address: an IPv4 address or an IPv6 /64
	Reserve    int            // of Total, kept for operators
	Operators  []netip.Prefix // besides loopback
	Proxies    []netip.Prefix // speak for many: the limit per address is not theirs, and loopback among them is no operator
}

// refusal says why a connection is closed at once; "" lets it in.
type refusal string

const (
	tooManyInAll  refusal = "total"
	tooManyOfOne  refusal = "address"
	letIn         refusal = ""
	warnInterval          = time.Minute
	bitsOfAddress         = 64 // of IPv6: what one host has
)

// check decides about a connection, given the number of other open ones in all and of its address.
func (l Limits) check(addr netip.Addr, open, ofAddress int) refusal {
	proxy := clientaddr.Contains(l.Proxies, addr)
	operator := !proxy && (addr.IsLoopback() || clientaddr.Contains(l.Operators, addr))
	switch {
	case operator && open >= l.Total, !operator && open >= l.Total-l.Reserve:
		return tooManyInAll
	case !operator && !proxy && ofAddress >= l.PerAddress:
		return tooManyOfOne
	}
	return letIn
}

// limited is a listener that closes connections beyond its limits as soon as they are made.
type limited struct {
	net.Listener
	limits  Limits
	log     *slog.Logger
	open    prometheus.Gauge
	refused *prometheus.CounterVec

	mu        sync.Mutex // guards what follows
	total     int
	byAddress map[netip.Addr]int
	warned    time.Time
}

// Limit makes a listener that keeps to the limits. It fails when its metrics are registered already.
func Limit(l net.Listener, limits Limits, log *slog.Logger, metrics prometheus.Registerer) (net.Listener, error) {
	out := &limited{
		Listener: l, limits: limits, log: log, byAddress: map[netip.Addr]int{},
		open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "carrel_connections_open", Help: "Connections that clients have open."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carrel_connections_refused_total", Help: "Connections closed at once: too many in all, or of one address.",
		}, []string{"limit"}),
	}
	for _, c := range []prometheus.Collector{out.open, out.refused} {
		if err := metrics.Register(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Accept implements net.Listener. It returns the next connection that is within the limits.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := addrOf(c)
		if why := l.admit(addr); why != letIn {
			_ = c.Close() // nothing was sent on it
			l.refused.WithLabelValues(string(why)).Inc()
			l.warn(addr, why)
			continue
		}
		return &counted{Conn: c, leave: sync.OnceFunc(func() { l.leave(addr) })}, nil
	}
}

func (l *limited) admit(addr netip.Addr) refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	why := l.limits.check(addr, l.total, l.byAddress[host(addr)])
	if why == letIn {
		l.total++
		l.byAddress[host(addr)]++
		l.open.Inc()
	}
	return why
}

func (l *limited) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.byAddress[host(addr)]--; l.byAddress[host(addr)] == 0 {
		delete(l.byAddress, host(addr))
	}
	l.open.Dec()
}

// warn writes to the log, not more than once in a while.
func (l *limited) warn(addr netip.Addr, why refusal) {
	l.mu.Lock()
	due := time.Since(l.warned) >= warnInterval
	if due {
		l.warned = time.Now()
	}
	open := l.total
	l.mu.Unlock()
	if due {
		l.log.WarnContext(context.Background(), "connections are refused", "limit", string(why), "from", addr, "open", open)
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// addrOf is the peer's address; invalid where it has none.
func addrOf(c net.Conn) netip.Addr {
	peer, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// host is what connections are counted by.
func host(addr netip.Addr) netip.Addr {
	if network, err := addr.Prefix(bitsOfAddress); err == nil && addr.Is6() {
		return network.Addr()
	}
	return addr
}
