package network

import (
	"net/netip"
	"strconv"
	"strings"
)

// subtract is what of IPv4 ranges is in none of others, in as few ranges as possible of each.
func subtract(from, minus []string) []string {
	var rest []string
	for _, text := range from {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			continue
		}
		parts := []netip.Prefix{p.Masked()}
		for _, hole := range minus {
			h, err := netip.ParsePrefix(hole)
			if err != nil {
				continue
			}
			var next []netip.Prefix
			for _, part := range parts {
				next = append(next, without(part, h)...)
			}
			parts = next
		}
		for _, part := range parts {
			rest = append(rest, part.String())
		}
	}
	return rest
}

func without(p, hole netip.Prefix) []netip.Prefix {
	switch {
	case !p.Overlaps(hole):
		return []netip.Prefix{p}
	case hole.Bits() <= p.Bits():
		return nil
	}
	at := p.Addr().As4()
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	at[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	high := netip.PrefixFrom(netip.AddrFrom4(at), p.Bits()+1)
	return append(without(low, hole), without(high, hole)...)
}

// intersect is what of IPv4 ranges is in one of others.
func intersect(a, b []string) []string {
	var all []string
	for _, x := range a {
		p, err := netip.ParsePrefix(x)
		if err != nil {
			continue
		}
		for _, y := range b {
			q, err := netip.ParsePrefix(y)
			switch {
			case err != nil || !p.Overlaps(q):
			case p.Bits() >= q.Bits():
				all = append(all, p.Masked().String())
			default:
				all = append(all, q.Masked().String())
			}
		}
	}
	return all
}

// commonPorts is what two lists of ports have in common; empty for nothing.
func commonPorts(a, b string) string {
	var all []string
	for x := range strings.SplitSeq(a, ",") {
		for y := range strings.SplitSeq(b, ",") {
			low, high := portRange(x)
			low2, high2 := portRange(y)
			switch low, high = max(low, low2), min(high, high2); {
			case low > high:
			case low == high:
				all = append(all, strconv.Itoa(low))
			default:
				all = append(all, strconv.Itoa(low)+"-"+strconv.Itoa(high))
			}
		}
	}
	return strings.Join(all, ",")
}

func portRange(text string) (low, high int) {
	first, last, span := strings.Cut(text, "-")
	if !span {
		last = first
	}
	low, _ = strconv.Atoi(first)
	high, _ = strconv.Atoi(last)
	return low, high
}
