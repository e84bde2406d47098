package sim

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"carrel/internal/engine"
)

// networkRules are the rules of a network in the journal.
type networkRules struct {
	Network string       `json:"network"`
	Rules   engine.Rules `json:"rules"`
}

// SetRules implements engine.Engine. Simulated machines send no packets; Passes says what would become of one.
func (e *Engine) SetRules(ctx context.Context, network string, r engine.Rules) error {
	if err := e.look(ctx, ""); err != nil {
		return fmt.Errorf("setting the rules of network %s: %w", network, err)
	}
	if err := valid(r); err != nil {
		return fmt.Errorf("setting the rules of network %s: %w: %w", network, engine.ErrInvalid, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.networks[network]; !there {
		return fmt.Errorf("there is no network %q: %w", network, engine.ErrNotFound)
	}
	if e.rules[network].Version > r.Version {
		return nil
	}
	for other, has := range e.rules {
		for _, f := range r.Forwards {
			if other != network && slices.ContainsFunc(has.Forwards, func(o engine.Forward) bool { return o.Listen == f.Listen }) {
				return fmt.Errorf("network %s forwards %s: %w", other, f.Listen, engine.ErrConflict)
			}
		}
	}
	if e.journal != nil {
		if err := e.journal.append(entry{Rules: &networkRules{network, r}}); err != nil {
			return fmt.Errorf("recording the rules of network %s: %w", network, err)
		}
	}
	e.rules[network] = r
	return nil
}

func valid(r engine.Rules) error {
	if r.Version < 1 {
		return fmt.Errorf("version %d", r.Version)
	}
	texts := slices.Concat(r.Foreign)
	for _, f := range r.Forwards {
		texts = append(texts, f.Listen+"/32", f.Target+"/32")
	}
	for _, rule := range r.Allow {
		if !slices.Contains([]string{"", "tcp", "udp", "icmp"}, rule.Protocol) || rule.Ports != "" && rule.Protocol != "tcp" && rule.Protocol != "udp" {
			return fmt.Errorf("ports %q of the protocol %q", rule.Ports, rule.Protocol)
		}
		texts = slices.Concat(texts, rule.From, rule.To)
	}
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err != nil || !p.Addr().Is4() {
			return fmt.Errorf("%q is no IPv4 range", text)
		}
	}
	return nil
}

// DeleteNetwork implements engine.Engine.
func (e *Engine) DeleteNetwork(ctx context.Context, id string) error {
	if err := e.look(ctx, ""); err != nil {
		return fmt.Errorf("removing network %s: %w", id, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.networks[id]; !there {
		return nil
	}
	for at, owner := range e.owners {
		if at.network == id {
			return fmt.Errorf("removing network %s: machine %s is on it: %w", id, owner, engine.ErrConflict)
		}
	}
	if e.journal != nil {
		if err := e.journal.append(entry{NetworkGone: id}); err != nil {
			return fmt.Errorf("recording that network %s is gone: %w", id, err)
		}
	}
	delete(e.networks, id)
	delete(e.rules, id)
	return nil
}

// Packet is the first of a connection.
type Packet struct {
	From, To string // IPv4 addresses, of machines or elsewhere
	Protocol string // "tcp", "udp", "icmp"
	Port     int    // of the destination; tcp and udp
}

// Passes reports whether the rules of the networks let a packet pass.
func (e *Engine) Passes(p Packet) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, r := range e.rules {
		for _, f := range r.Forwards {
			if f.Listen == p.To {
				p.To = f.Target
			}
		}
	}
	from, to := e.networkOf(p.From), e.networkOf(p.To)
	if from != "" && from != to {
		if r, set := e.rules[from]; set && !slices.ContainsFunc(r.Allow, func(a engine.Rule) bool { return a.Out && matches(a, p) }) {
			return false
		}
	}
	if to == "" {
		return true
	}
	r := e.rules[to]
	return !within(p.From, r.Foreign) && slices.ContainsFunc(r.Allow, func(a engine.Rule) bool { return !a.Out && matches(a, p) })
}

// networkOf returns the network whose range contains an address; empty for one outside. The mutex is locked.
func (e *Engine) networkOf(address string) string {
	for id, n := range e.networks {
		if within(address, []string{n.CIDR}) {
			return id
		}
	}
	return ""
}

func matches(r engine.Rule, p Packet) bool {
	return (len(r.From) == 0 || within(p.From, r.From)) && (len(r.To) == 0 || within(p.To, r.To)) &&
		(r.Protocol == "" || r.Protocol == p.Protocol) && (r.Ports == "" || inPorts(r.Ports, p.Port))
}

func within(address string, ranges []string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(ranges, func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Contains(a)
	})
}

func inPorts(ports string, port int) bool {
	for part := range strings.SplitSeq(ports, ",") {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		low, err := strconv.Atoi(first)
		high, err2 := strconv.Atoi(last)
		if err == nil && err2 == nil && low <= port && port <= high {
			return true
		}
	}
	return false
}

// Forwarded returns where a public address leads to; nothing if it leads nowhere.
func (e *Engine) Forwarded(listen string) (engine.Forward, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, r := range e.rules {
		for _, f := range r.Forwards {
			if f.Listen == listen {
				return f, true
			}
		}
	}
	return engine.Forward{}, false
}

// HasNetwork reports whether there is a network.
func (e *Engine) HasNetwork(id string) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	_, there := e.networks[id]
	return there
}
