package incus

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// Own writes on a machine and its data disks to which installation they belong.
func (e *Engine) Own(ctx context.Context, id, installation string) error {
	doing := "marking " + id
	return e.note(ctx, doing, id, func(s server, i *api.Instance) (api.ConfigMap, error) {
		switch i.Config[installationKey] {
		case "", installation:
		default:
			return nil, fmt.Errorf("%w: it belongs to the installation %s", engine.ErrConflict, i.Config[installationKey])
		}
		for _, slot := range slots(i) {
			if err := ownDisk(s, i.Devices[slot.device]["pool"], slot.disk.ID, installation); err != nil {
				return nil, fmt.Errorf("marking the data disk %s: %w", slot.disk.ID, err)
			}
		}
		return api.ConfigMap{installationKey: installation}, nil
	})
}

func ownDisk(s server, pool, name, installation string) error {
	return unraced(func() error {
		found, etag, err := s.GetStoragePoolVolume(pool, "custom", name)
		if err != nil || found.Config[installationKey] != "" {
			return err
		}
		update := found.Writable()
		update.Config[installationKey] = installation
		return s.UpdateStoragePoolVolume(pool, "custom", name, update, etag)
	})
}

// SetAside writes on a machine since when it is set aside; the zero time removes that.
func (e *Engine) SetAside(ctx context.Context, id string, since time.Time) error {
	return e.note(ctx, "setting aside "+id, id, func(server, *api.Instance) (api.ConfigMap, error) {
		if since.IsZero() {
			return api.ConfigMap{asideKey: ""}, nil
		}
		return api.ConfigMap{asideKey: since.UTC().Format(time.RFC3339)}, nil
	})
}

// OwnPlace writes on the project and its pools, networks and rules, unless something is written there already, for which
// installation they were created. It is for people who look at Incus: what belongs to a project may serve several installations.
func (e *Engine) OwnPlace(ctx context.Context, installation string) error {
	s, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	for _, own := range []func(server, string) error{e.ownProject, e.ownPools, e.ownNetworks, e.ownRules} {
		if err := own(s, installation); err != nil {
			return translate(ctx, "marking the Incus project "+e.config.Project, err)
		}
	}
	return nil
}

func (e *Engine) ownProject(s server, installation string) error {
	return unraced(func() error {
		found, etag, err := s.GetProject(e.config.Project)
		if err != nil || found.Config[installationKey] != "" {
			return err
		}
		update := found.Writable()
		update.Config[installationKey] = installation
		return s.UpdateProject(found.Name, update, etag)
	})
}

func (e *Engine) ownPools(s server, installation string) error {
	for _, pool := range e.pools() {
		err := unraced(func() error {
			found, etag, err := s.GetStoragePool(pool)
			if err != nil || found.Config[installationKey] != "" || found.Config[ownerKey] != e.config.Project {
				return err
			}
			update := found.Writable()
			update.Config[installationKey] = installation
			return s.UpdateStoragePool(pool, update, etag)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) ownNetworks(s server, installation string) error {
	bridges, err := e.bridges(s)
	if err != nil {
		return err
	}
	for _, bridge := range bridges {
		err := unraced(func() error {
			found, etag, err := s.GetNetwork(bridge)
			if err != nil || found.Config[installationKey] != "" {
				return err
			}
			update := found.Writable()
			update.Config[installationKey] = installation
			return s.UpdateNetwork(bridge, update, etag)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) ownRules(s server, installation string) error {
	return unraced(func() error {
		found, etag, err := s.GetNetworkACL(e.rulesName())
		if absent(err) {
			return nil
		}
		if err != nil || found.Config[installationKey] != "" {
			return err
		}
		update := found.Writable()
		update.Config[installationKey] = installation
		return s.UpdateNetworkACL(e.rulesName(), update, etag)
	})
}

// note reads a machine and changes its keys; change may return none.
func (e *Engine) note(ctx context.Context, doing, id string, change func(server, *api.Instance) (api.ConfigMap, error)) error {
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	if !validID.MatchString(id) {
		return fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
	}
	return translate(ctx, doing, unraced(func() error {
		found, etag, err := s.GetInstance(instanceName(id))
		if err == nil && found.Config[desktopKey] != id {
			err = engine.ErrNotFound
		}
		if err != nil {
			return err
		}
		config, err := change(s, found)
		if err != nil || holds(found.Config, config) {
			return err
		}
		return e.change(s, found, etag, config, nil)
	}))
}

// asideSince reads the time that SetAside wrote.
func asideSince(i *api.Instance) time.Time {
	since, _ := time.Parse(time.RFC3339, i.Config[asideKey]) // Carrel did not write anything that is not a time: it counts as not set aside
	return since
}

// Addresses lists the addresses of all instances of the daemon, in all projects, and those that its DHCP server has leased on the
// project's own networks.
func (e *Engine) Addresses(ctx context.Context) ([]engine.UsedAddress, error) {
	const doing = "listing the addresses in use"
	s, err := e.connectHost(ctx)
	if err != nil {
		return nil, err
	}
	instances, err := s.GetInstancesAllProjects(api.InstanceTypeAny)
	if err != nil {
		return nil, translate(ctx, doing, err)
	}
	var used []engine.UsedAddress
	for _, i := range instances {
		for _, device := range i.ExpandedDevices {
			if device["type"] == "nic" && device["network"] != "" && device["ipv4.address"] != "" && device["ipv4.address"] != "none" {
				used = append(used, engine.UsedAddress{
					Network: device["network"], Address: device["ipv4.address"], Machine: i.Config[desktopKey], Holder: i.Project + "/" + i.Name,
				})
			}
		}
	}
	bridges, err := e.bridges(s)
	if err != nil {
		return nil, translate(ctx, doing, err)
	}
	for _, bridge := range bridges {
		leases, err := s.GetNetworkLeases(bridge)
		if err != nil {
			return nil, translate(ctx, doing+" on "+bridge, err)
		}
		for _, l := range leases {
			if l.Type == "dynamic" {
				used = append(used, engine.UsedAddress{Network: bridge, Address: l.Address, Holder: l.Hostname})
			}
		}
	}
	return slices.Clip(used), nil
}
