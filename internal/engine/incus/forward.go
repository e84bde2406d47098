package incus

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// forwardsText is how a network's own ACL keeps its forwards, so that its version is theirs, too.
func forwardsText(all []engine.Forward) string {
	var texts []string
	for _, f := range all {
		texts = append(texts, f.Listen+">"+f.Target+"/"+strconv.Itoa(f.Mbit))
	}
	return strings.Join(texts, ",")
}

// forwardsIn reads such a text, which Carrel wrote.
func forwardsIn(text string) []engine.Forward {
	var all []engine.Forward
	for _, item := range items(text) {
		listen, rest, _ := strings.Cut(item, ">")
		target, mbit, _ := strings.Cut(rest, "/")
		n, _ := strconv.Atoi(mbit)
		all = append(all, engine.Forward{Listen: listen, Target: target, Mbit: n})
	}
	return all
}

func items(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// forward makes the forwards of a network those of its ACL. If that has got a later version meanwhile, it looks again, so that of two callers at once
// the one who ends last has seen the later one.
func (e *Engine) forward(s server, network string) error {
	for range changeLooks {
		acl, _, err := s.GetNetworkACL(e.ownRulesName(network))
		if err != nil {
			return err
		}
		if err := unraced(func() error { return putForwards(s, network, forwardsIn(acl.Config[forwardsKey])) }); err != nil {
			return err
		}
		again, _, err := s.GetNetworkACL(e.ownRulesName(network))
		if err != nil || again.Config[versionKey] == acl.Config[versionKey] {
			return err
		}
	}
	return fmt.Errorf("%w: others change its forwards, too", engine.ErrConflict)
}

// putForwards removes the forwards that are not wanted before it makes those that are missing.
func putForwards(s server, network string, wanted []engine.Forward) error {
	there, err := s.GetNetworkForwards(network)
	if err != nil {
		return err
	}
	target := map[string]string{}
	for _, f := range wanted {
		target[f.Listen] = f.Target
	}
	for _, f := range there {
		if target[f.ListenAddress] == f.Config["target_address"] {
			delete(target, f.ListenAddress)
			continue
		}
		if err := s.DeleteNetworkForward(network, f.ListenAddress); err != nil && !absent(err) {
			return err
		}
	}
	for listen, to := range target {
		err := s.CreateNetworkForward(network, api.NetworkForwardsPost{ListenAddress: listen, NetworkForwardPut: api.NetworkForwardPut{
			Description: "Public address of a desktop; written by Carrel", Config: api.ConfigMap{"target_address": to},
		}})
		if err != nil {
			return fmt.Errorf("forwarding %s: %w", listen, err)
		}
	}
	return nil
}
