package incus

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// Readdress changes the interface of a stopped machine. Incus itself refuses an address that another instance has only when the machine starts, so
// they are looked through before.
func (e *Engine) Readdress(ctx context.Context, spec engine.Spec) error {
	doing := "moving " + spec.ID
	if err := e.check(spec); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	document, err := json.Marshal(spec.Guest)
	if err != nil {
		return fmt.Errorf("%s: writing the guest document: %w", doing, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	var failure error
	for range changeLooks {
		found, etag, err := s.GetInstance(instanceName(spec.ID))
		switch {
		case err != nil:
			return translate(ctx, doing, err)
		case found.Config[desktopKey] != spec.ID:
			return fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
		}
		nic := e.nic(spec)
		if isAt(found, spec) {
			return nil
		}
		if failure != nil && (ctx.Err() != nil || !raced(failure)) {
			return translate(ctx, doing, failure)
		}
		if err := whole(found); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if state := stateOf(found); state != engine.Stopped {
			return fmt.Errorf("%s: %w: it is %s", doing, engine.ErrConflict, state)
		}
		if err := e.addressFree(ctx, spec); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		failure = refused(e.change(s, found, etag, api.ConfigMap{guest.ConfigKey: string(document)}, api.DevicesMap{nicDevice: nic}))
		if failure != nil {
			if _, _, look := s.GetNetwork(spec.Network); absent(look) {
				return fmt.Errorf("%s: %w: there is no network %q", doing, engine.ErrInvalid, spec.Network)
			}
		}
	}
	if failure == nil {
		failure = fmt.Errorf("%w: others change it, too", engine.ErrConflict)
	}
	return translate(ctx, doing, failure)
}

// addressFree returns engine.ErrAddressTaken if something else than the machine has its address.
func (e *Engine) addressFree(ctx context.Context, spec engine.Spec) error {
	used, err := e.Addresses(ctx)
	for _, u := range used {
		if u.Network == spec.Network && u.Address == spec.Address && u.Machine != spec.ID {
			return fmt.Errorf("%w: %s has %s", engine.ErrAddressTaken, u.Holder, u.Address)
		}
	}
	return err
}

// isAt reports whether a machine is where a spec has it, outside and inside. What else its guest document says is no matter of its place.
func isAt(found *api.Instance, spec engine.Spec) bool {
	var document guest.Desktop
	if json.Unmarshal([]byte(found.Config[guest.ConfigKey]), &document) != nil {
		return false
	}
	at, its := found.Devices[nicDevice], document.Network
	return at["network"] == spec.Network && at["ipv4.address"] == spec.Address && its.Address == spec.Guest.Network.Address &&
		its.Gateway == spec.Guest.Network.Gateway && slices.Equal(its.DNS, spec.Guest.Network.DNS)
}
