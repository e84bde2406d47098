package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/engine/sim"
)

// OpenEngine opens the configured engine. It prepares nothing: see Prepare.
func OpenEngine(ctx context.Context, c Config) (engine.Engine, error) {
	if c.Engine == "sim" {
		return sim.Open(c.simConfig())
	}
	e, err := incus.Open(ctx, c.incusConfig())
	switch {
	case errors.Is(err, incus.ErrNotPrepared):
		return nil, fmt.Errorf("%w: run carrel up once, it prepares this host", err)
	case errors.Is(err, engine.ErrUnavailable):
		return nil, fmt.Errorf("%w: run carrel doctor, it says what is wrong", err)
	case err != nil:
		return nil, err
	}
	return e, nil
}

func (c *Config) simConfig() sim.Config {
	s := c.Sim
	if s.File == "" {
		s.File = filepath.Join(c.Data, "sim.machines")
	}
	return s
}

func (c *Config) incusConfig() incus.Config {
	return incus.Config{Socket: c.Incus.Socket, Project: c.Incus.Project, Zone: c.Incus.Zone, Classes: c.Incus.Classes, Shield: c.Incus.Shield}
}

func (n Network) engine() engine.Network {
	return engine.Network{ID: n.Name, CIDR: n.CIDR, Gateway: n.gateway()}
}

// PrepareIncus creates Carrel's own project, pools, networks and profile in Incus, reporting each step.
func PrepareIncus(ctx context.Context, c Config, progress func(string)) error {
	var networks []engine.Network
	for _, n := range c.Networks {
		networks = append(networks, n.engine())
	}
	return incus.Prepare(ctx, incus.PrepareConfig{Config: c.incusConfig(), PoolGiB: c.Incus.PoolGiB, Networks: networks}, progress)
}

// RemoveIncus removes all that PrepareIncus created, including all desktops. It returns an error while a control plane uses the
// data directory, since that would create further desktops. Unless everybodys is set, it also returns an error if there are
// machines that another installation created, in case --data was forgotten.
func RemoveIncus(ctx context.Context, c Config, everybodys bool, progress func(string)) error {
	switch unlock, err := lockUsedDir(c.Data); {
	case err == nil:
		defer unlock()
	case errors.Is(err, errLocked):
		return fmt.Errorf("a carrel uses %s: stop it first (SIGTERM, or Ctrl-C where it runs), then uninstall", c.Data)
	default:
		return err
	}
	if !everybodys {
		if err := refuseOthers(ctx, c); err != nil {
			return err
		}
	}
	return incus.Remove(ctx, c.incusConfig(), progress)
}

// refuseOthers returns an error if the project has machines of another installation than the database's, if there is one.
func refuseOthers(ctx context.Context, c Config) error {
	machines, err := incus.Inhabitants(ctx, c.incusConfig())
	if err != nil || len(machines) == 0 {
		return err
	}
	own, err := installationOf(ctx, c)
	if err != nil {
		return err
	}
	others := 0
	for _, m := range machines {
		if m.Installation != "" && m.Installation != own {
			others++
		}
	}
	if others == 0 {
		return nil
	}
	return fmt.Errorf("%d of the %d machines in the Incus project %s belong to another installation than the database of %s: give --data and --database "+
		"of the one to remove, or --all-installations to remove everybody's desktops", others, len(machines), c.Incus.Project, c.Data)
}
