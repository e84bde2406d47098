package incus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// removerKey is set on a network by the call that removes it.
const removerKey = "user.carrel.remover"

const (
	// removalPeriod is how long others wait for a call that removes a network. They measure it from when they first saw it, so no clocks
	// are compared.
	removalPeriod = 10 * time.Second
	// removalPause is the time between two looks at a network, and that in which a second call that was let through shows itself.
	removalPause = 100 * time.Millisecond
)

// DeleteNetwork removes a bridge of Carrel's and its own ACL. Incus refuses to remove one that something is on.
func (e *Engine) DeleteNetwork(ctx context.Context, id string) error {
	doing := "removing the network " + id
	s, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	found, _, err := s.GetNetwork(id)
	switch {
	case absent(err):
	case err != nil:
		return translate(ctx, doing, err)
	case found.Config[ownerKey] != e.config.Project:
		return fmt.Errorf("%s: %w: it does not belong to the project %s", doing, engine.ErrConflict, e.config.Project)
	case slices.ContainsFunc(found.UsedBy, usesNetwork):
		return fmt.Errorf("%s: %w: machines are on it", doing, engine.ErrConflict)
	default:
		if err := e.removeBridge(ctx, s, id); err != nil {
			return translate(ctx, doing, err)
		}
	}
	if err := s.DeleteNetworkACL(e.ownRulesName(id)); err != nil && !absent(err) {
		return translate(ctx, doing, err)
	}
	return translate(ctx, doing, e.guard(ctx, s))
}

// removeBridge removes a network of which no more than one call at a time asks Incus. Of two requests at once the one could remove the file with the
// number of the network's dnsmasq before the other ends that: it stayed, and its address could not be used again. A call that finds another's name in
// the network waits until the network has gone, or takes over if it has not after removalPeriod.
func (e *Engine) removeBridge(ctx context.Context, s server, id string) error {
	var (
		mine  = uuid.NewString()
		other string
		until time.Time
	)
	for {
		found, etag, err := s.GetNetwork(id)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		switch remover := found.Config[removerKey]; {
		case remover == mine:
			return deleteBridge(s, id)
		case remover == "", remover == other && time.Now().After(until):
			if err := setRemover(s, found, etag, mine); err != nil && !raced(err) && !absent(err) {
				return err
			}
		case remover != other:
			other, until = remover, time.Now().Add(e.removalPeriod)
		}
		if err := pause(ctx, removalPause); err != nil {
			return err
		}
	}
}

// deleteBridge asks Incus to remove a network that has this call's name in it, which is taken out if it stays.
func deleteBridge(s server, id string) error {
	failure := s.DeleteNetwork(id)
	if failure == nil || absent(failure) {
		return nil
	}
	found, etag, err := s.GetNetwork(id)
	if absent(err) {
		return nil
	}
	if err == nil {
		err = setRemover(s, found, etag, "")
	}
	return errors.Join(failure, err)
}

// setRemover writes which call removes a network, unless the network has changed; empty: none.
func setRemover(s server, found *api.Network, etag, call string) error {
	update := found.Writable()
	delete(update.Config, removerKey)
	if call != "" {
		update.Config[removerKey] = call
	}
	return s.UpdateNetwork(found.Name, update, etag)
}

// usesNetwork reports whether a user of a network is a machine, or a profile that machines have.
func usesNetwork(url string) bool {
	return strings.HasPrefix(url, "/1.0/instances/") || strings.HasPrefix(url, "/1.0/profiles/")
}
