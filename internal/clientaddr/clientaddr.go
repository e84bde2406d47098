// Package clientaddr determines the client address of a request, for the API, the identity API, the portal and the gateway: the peer's
// or, if the peer is a configured proxy, the one that the proxy reports.
package clientaddr

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// Resolver finds client addresses. Its methods may be called concurrently.
type Resolver struct {
	Proxies []netip.Prefix // whose X-Forwarded-For is believed
	Log     *slog.Logger

	mu     sync.Mutex
	warned map[netip.Addr]bool // peers whose forwarded headers were reported
}

// maxWarned bounds how many peers are warned of in the life of the process, and remembered.
const maxWarned = 100

// Handler lets next find the client's address with Of. It warns, once for each peer, when a peer that is not in Proxies sends
// forwarded headers: either the proxy is missing in the configuration, and all who come through it count as one, or somebody
// tries to pass for others.
func (c *Resolver) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := Peer(r)
		forwarded := r.Header.Values("X-Forwarded-For")
		if peer.IsValid() && !Contains(c.Proxies, peer) && (len(forwarded) > 0 || r.Header.Get("Forwarded") != "") && c.firstOf(peer) {
			c.Log.WarnContext(r.Context(), "a peer that is not in proxies sends forwarded headers; they are ignored. "+
				"If it is your proxy, list it in the configuration: everybody behind it counts as one client", "peer", peer)
		}
		addr := Resolve(peer, forwarded, c.Proxies)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addrKey{}, addr)))
	})
}

// Unlisted returns the peers that sent forwarded headers without being in Proxies, in the order of addresses.
func (c *Resolver) Unlisted() []netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.warned), netip.Addr.Compare)
}

func (c *Resolver) firstOf(peer netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned[peer] || len(c.warned) >= maxWarned {
		return false
	}
	if c.warned == nil {
		c.warned = map[netip.Addr]bool{}
	}
	c.warned[peer] = true
	return true
}

type addrKey struct{}

// Of returns the client's address as Handler found it; without Handler, that of the peer. It is invalid where the peer has none,
// as on a Unix socket.
func Of(r *http.Request) netip.Addr {
	if addr, ok := r.Context().Value(addrKey{}).(netip.Addr); ok {
		return addr
	}
	return Peer(r)
}

// Text returns the client's address as text; empty where it has none.
func Text(r *http.Request) string {
	if addr := Of(r); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// Peer returns the address at the other end of the request's connection.
func Peer(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// Resolve returns whom a request is from: the peer or, from the nearest hop of X-Forwarded-For to the furthest, the first that is
// no proxy of ours. A hop that cannot be read ends the walk: what is beyond it cannot be believed.
func Resolve(peer netip.Addr, forwarded []string, proxies []netip.Prefix) netip.Addr {
	addr := peer
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !Contains(proxies, addr) {
			break
		}
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

// parseHop reads an address with or without a port; some proxies write "192.0.2.7:1234" and "[2001:db8::1]:1234".
func parseHop(hop string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// Contains says whether one of the networks holds the address.
func Contains(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Network is the network whose attempts to sign in are counted together: an IPv4 /24 or an IPv6 /56, which is what one site
// usually has. It is "" for an invalid address.
func Network(addr netip.Addr) string {
	bits := 24
	if addr.Is6() {
		bits = 56
	}
	network, err := addr.WithZone("").Prefix(bits)
	if err != nil || !addr.IsValid() {
		return ""
	}
	return network.String()
}
