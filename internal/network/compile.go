package network

import (
	"net/netip"
	"slices"
	"strings"

	"carrel/internal/address"
	"carrel/internal/catalog"
)

// Member is a desktop in a VPC.
type Member struct {
	Address string
	Network string // the engine's, which the address is on
	Groups  []string
	Offline bool // it reaches nothing outside its VPC
}

// Picture is what the rules of a network are compiled from.
type Picture struct {
	Network string // the engine's name
	CIDR    string
	VPC     []string // the ranges of the VPC's subnets, with CIDR
	Foreign []string // the ranges of all other subnets
	Rules   []catalog.Rule
	Members []Member // of the VPC, in any order

	Forwards []address.Forward // public addresses of desktops of the network
}

// Permit allows packets: an engine.Rule.
type Permit struct {
	Out             bool
	From, To        []string // IPv4 ranges; none: any
	Protocol, Ports string
}

// Compiled are the rules of a network: engine.Rules without a version.
type Compiled struct {
	Permits  []Permit
	Foreign  []string
	Nameless []string
	Forwards []Forward `json:",omitempty"`
}

// Forward is a public address of a desktop: an engine.Forward.
type Forward struct {
	Listen, Target string
	Mbit           int
}

// Compile makes the rules of a network. The order of rules and members makes no difference.
//
// What goes out of the network is decided here, what comes in is decided by the network it comes to, and what stays within it here alone: so a
// permit inwards has among its sources of this network only desktops whose own groups let them go there.
//
// A desktop whose groups let everything out is not named: the permit outwards is for the whole network but the others, so that most desktops change no
// rules when they come and go.
func Compile(p Picture) Compiled {
	c := compiler{Picture: p, groups: map[string][]catalog.Rule{}}
	for _, r := range p.Rules {
		c.groups[r.GroupID] = append(c.groups[r.GroupID], r)
	}
	c.Members = slices.SortedFunc(slices.Values(p.Members), func(a, b Member) int { return strings.Compare(a.Address, b.Address) })
	var out Compiled
	c.outwards(&out)
	c.inwards(&out)
	for _, f := range p.Forwards {
		out.Forwards = append(out.Forwards, Forward{Listen: f.Address, Target: f.Private, Mbit: f.Mbit})
	}
	slices.SortFunc(out.Permits, func(a, b Permit) int { return strings.Compare(a.key(), b.key()) })
	out.Permits = slices.CompactFunc(out.Permits, func(a, b Permit) bool { return a.key() == b.key() })
	return out
}

type compiler struct {
	Picture
	groups map[string][]catalog.Rule
}

func (p Permit) key() string {
	direction := "in"
	if p.Out {
		direction = "out"
	}
	return strings.Join([]string{direction, p.Protocol, p.Ports, strings.Join(p.From, ","), strings.Join(p.To, ",")}, " ")
}

// free reports whether the groups of a desktop let everything out. So does having none.
func (c *compiler) free(m Member) bool {
	return len(m.Groups) == 0 || slices.ContainsFunc(m.Groups, func(id string) bool {
		return slices.ContainsFunc(c.groups[id], func(r catalog.Rule) bool {
			return r.Outgoing && r.Protocol == "" && r.RemoteGroup == "" && (r.RemotePrefix == "" || r.RemotePrefix == "0.0.0.0/0")
		})
	})
}

// outwards permits what leaves the network.
func (c *compiler) outwards(out *Compiled) {
	own := []string{c.CIDR}
	for _, m := range c.Members {
		if m.Network != c.Network {
			continue
		}
		free := c.free(m)
		if free && !m.Offline {
			continue
		}
		from := single(m.Address)
		own = subtract(own, from)
		if m.Offline {
			out.Nameless = append(out.Nameless, m.Address)
		}
		if free {
			out.Permits = append(out.Permits, Permit{Out: true, From: from, To: c.VPC})
			continue
		}
		for _, r := range c.rulesOf(m, true) {
			to := c.remote(r)
			if m.Offline {
				to = intersect(to, c.VPC)
			}
			if len(to) > 0 {
				out.Permits = append(out.Permits, Permit{Out: true, From: from, To: to, Protocol: r.Protocol, Ports: r.Ports})
			}
		}
	}
	if len(own) > 0 {
		out.Permits = append(out.Permits, Permit{Out: true, From: own})
	}
}

// inwards permits what comes to the network's desktops.
func (c *compiler) inwards(out *Compiled) {
	var bound []Member // desktops of this network whose groups do not let everything out
	var bounds []string
	for _, m := range c.Members {
		if m.Network == c.Network && !c.free(m) {
			bound, bounds = append(bound, m), append(bounds, single(m.Address)...)
		}
	}
	open := false
	for id := range c.groups {
		to := c.addresses(id, true)
		if len(to) == 0 {
			continue
		}
		for _, r := range c.groups[id] {
			if r.Outgoing {
				continue
			}
			from := c.remote(r)
			open = open || len(intersect(from, c.Foreign)) > 0
			for _, m := range bound {
				if len(intersect(from, single(m.Address))) > 0 {
					out.Permits = append(out.Permits, c.both(m, r, to)...)
				}
			}
			if from = subtract(from, bounds); len(from) > 0 {
				out.Permits = append(out.Permits, Permit{From: from, To: to, Protocol: r.Protocol, Ports: r.Ports})
			}
		}
	}
	if open {
		out.Foreign = c.Foreign
	}
}

// both permits what a rule lets in from one desktop whose own groups let it out, too.
func (c *compiler) both(m Member, in catalog.Rule, to []string) []Permit {
	var all []Permit
	for _, r := range c.rulesOf(m, true) {
		protocol, ports, some := overlap(r, in)
		if at := intersect(to, c.remote(r)); some && len(at) > 0 {
			all = append(all, Permit{From: single(m.Address), To: at, Protocol: protocol, Ports: ports})
		}
	}
	return all
}

func (c *compiler) rulesOf(m Member, outgoing bool) []catalog.Rule {
	var all []catalog.Rule
	for _, id := range m.Groups {
		for _, r := range c.groups[id] {
			if r.Outgoing == outgoing {
				all = append(all, r)
			}
		}
	}
	return all
}

// remote returns the ranges at the other end of a rule.
func (c *compiler) remote(r catalog.Rule) []string {
	switch {
	case r.RemoteGroup != "":
		return c.addresses(r.RemoteGroup, false)
	case r.RemotePrefix != "":
		return []string{r.RemotePrefix}
	}
	return []string{"0.0.0.0/0"}
}

// addresses returns those of the desktops of a group in the VPC, or only in this network.
func (c *compiler) addresses(group string, here bool) []string {
	var all []string
	for _, m := range c.Members {
		if slices.Contains(m.Groups, group) && (!here || m.Network == c.Network) {
			all = append(all, single(m.Address)...)
		}
	}
	return all
}

// overlap returns what two rules allow both.
func overlap(a, b catalog.Rule) (protocol, ports string, some bool) {
	switch {
	case a.Protocol == "":
		return b.Protocol, b.Ports, true
	case b.Protocol == "" || a.Protocol == b.Protocol && b.Ports == "":
		return a.Protocol, a.Ports, true
	case a.Protocol != b.Protocol:
		return "", "", false
	case a.Ports == "":
		return b.Protocol, b.Ports, true
	}
	ports = commonPorts(a.Ports, b.Ports)
	return a.Protocol, ports, ports != ""
}

func single(address string) []string {
	if _, err := netip.ParseAddr(address); err != nil {
		return nil
	}
	return []string{address + "/32"}
}
