package network

import (
	"slices"
	"strings"
	"testing"

	"carrel/internal/catalog"
)

const (
	here  = "10.1.0.0/24"
	there = "10.1.1.0/24"
	alien = "10.9.0.0/16"
)

var everything = catalog.Rule{GroupID: "open", Outgoing: true}

func pictureOf(rules []catalog.Rule, members ...Member) Picture {
	return Picture{Network: "n", CIDR: here, VPC: []string{here, there}, Foreign: []string{alien}, Rules: rules, Members: members}
}

func at(address string, groups ...string) Member {
	return Member{Address: address, Network: "n", Groups: groups}
}

func texts(c Compiled) []string {
	var all []string
	for _, p := range c.Permits {
		all = append(all, p.key())
	}
	return all
}

func TestCompile(t *testing.T) {
	web := catalog.Rule{GroupID: "web", Protocol: "tcp", Ports: "80,443"}
	for name, c := range map[string]struct {
		picture  Picture
		want     []string
		foreign  bool
		nameless []string
	}{
		"a network with nobody lets everything out": {pictureOf(nil), []string{"out   10.1.0.0/24 "}, false, nil},
		"desktops that may go everywhere are not named": {
			pictureOf([]catalog.Rule{everything}, at("10.1.0.5", "open"), at("10.1.0.6", "open"), at("10.1.0.7")), []string{"out   10.1.0.0/24 "}, false, nil,
		},
		"one that may go nowhere is left out": {
			pictureOf([]catalog.Rule{{GroupID: "shut", Outgoing: true, Protocol: "tcp", RemotePrefix: there}}, at("10.1.0.128", "shut")),
			[]string{"out   " + join(subtract([]string{here}, []string{"10.1.0.128/32"})) + " ", "out tcp  10.1.0.128/32 10.1.1.0/24"}, false, nil,
		},
		"what a rule lets in is open to the world, but not to other VPCs": {
			pictureOf([]catalog.Rule{everything, web}, at("10.1.0.5", "open", "web"), at("10.1.0.6", "open")),
			[]string{"in tcp 80,443 0.0.0.0/0 10.1.0.5/32", "out   10.1.0.0/24 "}, true, nil,
		},
		"a group lets in its own desktops of the VPC": {
			pictureOf([]catalog.Rule{everything, {GroupID: "lab", RemoteGroup: "lab"}}, at("10.1.0.6", "open", "lab"), at("10.1.0.5", "open", "lab"),
				Member{Address: "10.1.1.5", Network: "m", Groups: []string{"lab"}}),
			[]string{"in   10.1.0.5/32,10.1.0.6/32,10.1.1.5/32 10.1.0.5/32,10.1.0.6/32", "out   10.1.0.0/24 "}, false, nil,
		},
		"within the network both sides have to allow it": {
			pictureOf([]catalog.Rule{
				everything, {GroupID: "web", Protocol: "tcp", Ports: "80-90", RemotePrefix: here},
				{GroupID: "bound", Outgoing: true, Protocol: "tcp", Ports: "85-443"}, {GroupID: "mute", Outgoing: true, Protocol: "udp"},
			}, at("10.1.0.5", "open", "web"), at("10.1.0.0", "bound"), at("10.1.0.1", "mute")),
			[]string{
				"in tcp 80-90 " + join(subtract([]string{here}, []string{"10.1.0.0/32", "10.1.0.1/32"})) + " 10.1.0.5/32", "in tcp 85-90 10.1.0.0/32 10.1.0.5/32",
				"out   " + join(subtract([]string{here}, []string{"10.1.0.0/32", "10.1.0.1/32"})) + " ",
				"out tcp 85-443 10.1.0.0/32 0.0.0.0/0", "out udp  10.1.0.1/32 0.0.0.0/0",
			}, false, nil,
		},
		"one without internet reaches its VPC, and no name service": {
			pictureOf([]catalog.Rule{everything}, Member{Address: "10.1.0.0", Network: "n", Groups: []string{"open"}, Offline: true}),
			[]string{"out   10.1.0.0/32 10.1.0.0/24,10.1.1.0/24", "out   " + join(subtract([]string{here}, []string{"10.1.0.0/32"})) + " "}, false, []string{"10.1.0.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				got := Compile(c.picture)
				if want := normal(c.want); !slices.Equal(normal(texts(got)), want) {
					t.Errorf("got\n%q, want\n%q", normal(texts(got)), want)
				}
				if (len(got.Foreign) > 0) != c.foreign || !slices.Equal(got.Nameless, c.nameless) {
					t.Errorf("foreign: %q, nameless: %q", got.Foreign, got.Nameless)
				}
				slices.Reverse(c.picture.Members)
				slices.Reverse(c.picture.Rules)
			}
		})
	}
}

func join(all []string) string { return strings.Join(all, ",") }

// normal sorts texts; a permit outwards of several ranges is one text.
func normal(all []string) []string { return slices.Sorted(slices.Values(all)) }

func TestRanges(t *testing.T) {
	if got := join(subtract([]string{"10.0.0.0/29"}, []string{"10.0.0.3/32"})); got != "10.0.0.0/31,10.0.0.2/32,10.0.0.4/30" {
		t.Errorf("subtracted: %s", got)
	}
	if got := join(subtract([]string{"10.0.0.0/29"}, []string{"10.0.0.0/8"})); got != "" {
		t.Errorf("subtracted: %s", got)
	}
	if got := join(intersect([]string{"10.0.0.0/8", "192.168.0.0/16"}, []string{"10.4.0.0/16", "0.0.0.0/0"})); got != "10.4.0.0/16,10.0.0.0/8,192.168.0.0/16" {
		t.Errorf("intersected: %s", got)
	}
	if got := commonPorts("22,80-90", "85-100,22"); got != "22,85-90" {
		t.Errorf("common ports: %s", got)
	}
}

func TestCheckRule(t *testing.T) {
	for text, want := range map[string]string{
		"22": "22", "22, 80-90": "22,80-90", "8-8": "8", "1-65535": "", "0": "!", "65536": "!", "9-8": "!", "a": "!", "1-2-3": "!",
		"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16": "!",
	} {
		got, err := CheckRule(catalog.Rule{Protocol: "6", Ports: text})
		if want == "!" != (err != nil) || err == nil && (got.Ports != want || got.Protocol != "tcp") {
			t.Errorf("ports %q: %+v, %v", text, got, err)
		}
	}
	for _, r := range []catalog.Rule{
		{Protocol: "gre"}, {Protocol: "icmp", Ports: "1"}, {Ports: "1"}, {RemotePrefix: "fd00::/8"}, {RemotePrefix: "x"},
		{RemotePrefix: "10.0.0.0/8", RemoteGroup: "g"}, {Priority: 101}, {Priority: -1}, {Description: "<"},
	} {
		if _, err := CheckRule(r); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	if r, err := CheckRule(catalog.Rule{RemotePrefix: "10.1.2.3", Protocol: "ANY"}); err != nil || r.RemotePrefix != "10.1.2.3/32" || r.Protocol != "" || r.Priority != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
