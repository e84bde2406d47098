package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/engine/sim"
)

// OpenEngine opens the engine that the configuration names. It prepares nothing: see Prepare.
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

// PrepareIncus makes Carrel's own project, pools, networks and profile in Incus, telling each step.
func PrepareIncus(ctx context.Context, c Config, progress func(string)) error {
	var networks []engine.Network
	for _, n := range c.Networks {
		networks = append(networks, n.engine())
	}
	return incus.Prepare(ctx, incus.PrepareConfig{Config: c.incusConfig(), PoolGiB: c.Incus.PoolGiB, Networks: networks}, progress)
}

// RemoveIncus removes all that PrepareIncus made, and with it every desktop. It fails while a control plane uses the data directory:
// that one would go on making desktops.
func RemoveIncus(ctx context.Context, c Config, progress func(string)) error {
	switch unlock, err := lockDir(c.Data); {
	case err == nil:
		defer unlock()
	case errors.Is(err, errLocked):
		return fmt.Errorf("a carrel uses %s: stop it first (SIGTERM, or Ctrl-C where it runs), then uninstall", c.Data)
	case !errors.Is(err, fs.ErrNotExist): // no control plane has ever used a directory that is not there
		return err
	}
	return incus.Remove(ctx, c.incusConfig(), progress)
}
