package clientaddr_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/clientaddr"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28"), netip.MustParsePrefix("2001:db8:ff::/48")}

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"NoProxy":                    {"198.51.100.7", nil, "198.51.100.7"},
		"AnUnknownPeerIsNotBelieved": {"198.51.100.7", []string{"203.0.113.9"}, "198.51.100.7"},
		"AProxyIs":                   {"192.0.2.1", []string{"203.0.113.9"}, "203.0.113.9"},
		"TwoProxies":                 {"192.0.2.1", []string{"203.0.113.9, 192.0.2.2"}, "203.0.113.9"},
		"TwoHeaders":                 {"192.0.2.1", []string{"203.0.113.9", "192.0.2.2"}, "203.0.113.9"},
		"WhatTheClientPutInFront":    {"192.0.2.1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"Rubbish":                    {"192.0.2.1", []string{"127.0.0.1, rubbish"}, "192.0.2.1"},
		"NothingForwarded":           {"192.0.2.1", nil, "192.0.2.1"},
		"WithAPort":                  {"192.0.2.1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6WithAPort":              {"192.0.2.1", []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		"IPv6":                       {"2001:db8:ff::1", []string{"2001:db8::9"}, "2001:db8::9"},
		"IPv4WrittenAsIPv6":          {"192.0.2.1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"AZoneIsNoPartOfTheAddress":  {"192.0.2.1", []string{"fe80::1%eth0"}, "fe80::1"},
		"OnlyProxies":                {"192.0.2.1", []string{"192.0.2.2"}, "192.0.2.2"},
		"EmptyHops":                  {"192.0.2.1", []string{",,"}, "192.0.2.1"},
		"AProxyThatForwardsNothing":  {"192.0.2.1", []string{""}, "192.0.2.1"},
		"AHopBeyondAnUnknownIsNoOne": {"192.0.2.1", []string{"192.0.2.3, 203.0.113.9, 192.0.2.2"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			got := clientaddr.Resolve(netip.MustParseAddr(c.peer), c.forwarded, proxies)
			if got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Whatever an unknown client sends, they stay themselves: in the header before the address that our proxy appends, or without a proxy.
func TestNobodyPassesForAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOf(rapid.SampledFrom([]string{"192.0.2.1", "127.0.0.1", "203.0.113.9", "", ",", "::1", "x"})).Draw(t, "sent")
		me := netip.MustParseAddr("198.51.100.7")
		if got := clientaddr.Resolve(me, sent, proxies); got != me {
			t.Errorf("straight: %s", got)
		}
		if got := clientaddr.Resolve(netip.MustParseAddr("192.0.2.1"), append(sent, me.String()), proxies); got != me {
			t.Errorf("through the proxy: %s", got)
		}
	})
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"198.51.100.7": "198.51.100.0/24", "2001:db8:1:2ff::7": "2001:db8:1:200::/56", "fe80::1%eth0": "fe80::/56",
	} {
		if got := clientaddr.Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is in %s, want %s", addr, got, want)
		}
	}
	if got := clientaddr.Network(netip.Addr{}); got != "" {
		t.Errorf("no address is in %s", got)
	}
}

func TestAPeerThatIsNotListedIsWarnedOfOnce(t *testing.T) {
	var log bytes.Buffer
	c := &clientaddr.Resolver{Proxies: proxies, Log: slog.New(slog.NewTextHandler(&log, nil))}
	var seen netip.Addr
	h := c.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = clientaddr.Of(r) }))
	send := func(peer, forwarded string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	send("192.0.2.1:1", "203.0.113.9")
	if seen.String() != "203.0.113.9" || log.Len() > 0 {
		t.Errorf("through a listed proxy: %s, logged %s", seen, &log)
	}
	send("198.51.100.7:1", "203.0.113.9")
	send("198.51.100.7:2", "203.0.113.9")
	if n := strings.Count(log.String(), "198.51.100.7"); n != 1 || seen.String() != "198.51.100.7" {
		t.Errorf("warned %d times, and the client is %s", n, seen)
	}
	for i := range 300 { // the memory of peers is bounded
		send(fmt.Sprintf("10.0.%d.%d:1", i/200, i%200), "203.0.113.9")
	}
	if n := strings.Count(log.String(), "\n"); n != 100 {
		t.Errorf("%d warnings", n)
	}
}
