package network

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"carrel/internal/catalog"
	"carrel/internal/workspace"
)

// The limits of what a project has.
const (
	MaxVPCs         = 50
	MaxSubnets      = 200 // of a project
	MaxGroups       = 100
	MaxRules        = 100 // of a group
	MaxName         = 64
	MaxDescription  = 255
	maxPrefix       = 28 // of the smallest range
	maxNameServers  = 2
	highestPriority = 1
	lowestPriority  = 100
	maxPorts        = 65535
	maxPortRanges   = 15 // of a rule, which is as many as packet filters match at once
)

// private are the ranges that VPCs are in.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

var goodName = regexp.MustCompile(`^[\p{Han}A-Za-z0-9_.-]+$`)

// checkTexts returns why a name or description is not valid, or nil. Names may be empty where optional is set.
func checkTexts(name, description string, optional bool) error {
	if n := utf8.RuneCountInString(name); n > MaxName || n == 0 && !optional {
		return workspace.Invalid("name", "%d characters, use 1 to %d", n, MaxName)
	}
	if name != "" && !goodName.MatchString(name) {
		return workspace.Invalid("name", "%q: use Chinese and English letters, digits, _, - and .", workspace.Clip(name, MaxName))
	}
	if n := utf8.RuneCountInString(description); n > MaxDescription {
		return workspace.Invalid("description", "%d characters, use at most %d", n, MaxDescription)
	}
	if strings.ContainsAny(description, "<>") {
		return workspace.Invalid("description", "< and > are not allowed")
	}
	return nil
}

// checkRange returns a range of private addresses. CodeInvalid.
func checkRange(field, cidr string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return p, workspace.Invalid(field, "%q is no IPv4 range, such as 192.168.0.0/16", workspace.Clip(cidr, 64))
	}
	if p != p.Masked() {
		return p, workspace.Invalid(field, "%s is not the first address of its range: use %s", p, p.Masked())
	}
	within := func(of netip.Prefix) bool { return of.Contains(p.Addr()) && p.Bits() >= of.Bits() }
	if !slices.ContainsFunc(private, within) {
		return p, workspace.Invalid(field, "%s is not in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", p)
	}
	if p.Bits() > maxPrefix {
		return p, workspace.Invalid(field, "%s is too small, use a prefix of at most %d bits", p, maxPrefix)
	}
	return p, nil
}

// checkGateway returns the gateway of a subnet: the one asked for, or the first address. CodeInvalid.
func checkGateway(asked string, cidr netip.Prefix) (string, error) {
	first := cidr.Addr().Next()
	if asked == "" {
		return first.String(), nil
	}
	a, err := netip.ParseAddr(asked)
	if err != nil || !a.Is4() {
		return "", workspace.Invalid("gateway_ip", "%q is no IPv4 address", workspace.Clip(asked, 64))
	}
	if !cidr.Contains(a) || a == cidr.Addr() || !cidr.Contains(a.Next()) {
		return "", workspace.Invalid("gateway_ip", "%s is no address for a machine in %s", a, cidr)
	}
	return asked, nil
}

// checkNameServers returns CodeInvalid for name servers that desktops cannot have.
func checkNameServers(servers []string) error {
	if len(servers) > maxNameServers {
		return workspace.Invalid("dnsList", "%d name servers, use at most %d", len(servers), maxNameServers)
	}
	for _, s := range servers {
		if a, err := netip.ParseAddr(s); err != nil || !a.Is4() {
			return workspace.Invalid("primary_dns", "%q is no IPv4 address", workspace.Clip(s, 64))
		}
	}
	return nil
}

// protocols are the names of protocols by all that clients call them.
var protocols = map[string]string{"": "", "any": "", "tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "icmp": "icmp", "1": "icmp"}

// CheckRule returns a rule in the form in which it is kept. CodeInvalid.
func CheckRule(r catalog.Rule) (catalog.Rule, error) {
	if n := utf8.RuneCountInString(r.Description); n > MaxDescription || strings.ContainsAny(r.Description, "<>") {
		return r, workspace.Invalid("description", "%d characters, use at most %d, without < and >", n, MaxDescription)
	}
	protocol, known := protocols[strings.ToLower(r.Protocol)]
	if !known {
		return r, workspace.Invalid("protocol", "%q is not supported, use tcp, udp or icmp, or leave it out for all", workspace.Clip(r.Protocol, 32))
	}
	r.Protocol = protocol
	if r.Priority == 0 {
		r.Priority = highestPriority
	}
	if r.Priority < highestPriority || r.Priority > lowestPriority {
		return r, workspace.Invalid("priority", "%d is not from %d to %d", r.Priority, highestPriority, lowestPriority)
	}
	if r.RemoteGroup != "" && r.RemotePrefix != "" {
		return r, workspace.Invalid("remote_ip_prefix", "a rule has a range or a group, not both")
	}
	if r.RemotePrefix != "" {
		p, err := netip.ParsePrefix(r.RemotePrefix)
		if a, err2 := netip.ParseAddr(r.RemotePrefix); err2 == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || !p.Addr().Is4() {
			return r, workspace.Invalid("remote_ip_prefix", "%q is no IPv4 range", workspace.Clip(r.RemotePrefix, 64))
		}
		r.RemotePrefix = p.Masked().String()
	}
	ports, err := checkPorts(r.Ports)
	if err == nil && ports != "" && r.Protocol != "tcp" && r.Protocol != "udp" {
		err = workspace.Invalid("multiport", "ports are those of tcp and udp; the protocol is %q", r.Protocol)
	}
	r.Ports = ports
	return r, err
}

// checkPorts returns a list of ports and ranges of them in ascending order of the text given. CodeInvalid.
func checkPorts(text string) (string, error) {
	if text = strings.ReplaceAll(text, " ", ""); text == "" {
		return "", nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxPortRanges {
		return "", workspace.Invalid("multiport", "%d ports and ranges, use at most %d", len(parts), maxPortRanges)
	}
	for i, part := range parts {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		low, err := strconv.Atoi(first)
		high, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || low < 1 || high > maxPorts || low > high {
			return "", workspace.Invalid("multiport", "%q is no port or range of ports from 1 to %d, such as 22 or 8000-8080", workspace.Clip(part, 32), maxPorts)
		}
		if parts[i] = strconv.Itoa(low); high > low {
			parts[i] += "-" + strconv.Itoa(high)
		}
	}
	if text = strings.Join(parts, ","); text == "1-"+strconv.Itoa(maxPorts) {
		return "", nil
	}
	return text, nil
}
