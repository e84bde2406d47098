// Package incus runs desktops on Incus: unprivileged system containers, and virtual machines when the image is one.
//
// Everything is in an Incus project of Carrel's own. A machine is the instance "d-" + its desktop id, so it is found without a
// search; what the engine must know of it later is in the instance's own configuration, never in memory. The daemon forgets
// operations five seconds after they end, and their errors are only text. So every change here is: call, wait, read the instance
// again, and decide by what was read.
package incus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"carrel/internal/engine"
)

// Config has the address of Incus and what belongs to Carrel in it.
type Config struct {
	Socket  string            // the daemon's Unix socket; empty means the client's own search (INCUS_SOCKET, INCUS_DIR, /run/incus, /var/lib/incus)
	Project string            // Carrel's Incus project; empty means "carrel"
	Zone    string            // the availability zone of this host; empty means "default"
	Classes map[string]string // the storage pool of each volume type; required
	// Shield lists further networks, in CIDR form, that desktops must not reach. The addresses that the host has when
	// EnsureNetwork runs are always shielded.
	Shield []string
}

// Engine implements engine.Engine on one Incus server. It keeps no connection and no state of machines: several engines, also in
// several processes, may use the same project.
type Engine struct {
	config        Config
	host          string // the server's name
	filtering     bool   // the kernel can restrict a machine to its own addresses
	claimPeriod   time.Duration
	removalPeriod time.Duration
	virtual       sync.Map // whether an image is a virtual machine, by fingerprint; never changes
}

var _ engine.Engine = (*Engine)(nil)

// Open checks that the daemon answers and that Prepare has created the project, and updates the profile that all desktops share.
// It returns engine.ErrUnavailable if the daemon does not answer, and ErrNotPrepared if the project is missing.
func Open(ctx context.Context, config Config) (*Engine, error) {
	e, err := unopened(config)
	if err != nil {
		return nil, err
	}
	s, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	server, _, err := s.GetServer()
	if err != nil {
		return nil, translate(ctx, "reading the Incus server", err)
	}
	project, _, err := s.GetProject(e.config.Project)
	if absent(err) {
		return nil, fmt.Errorf("opening the Incus project %q: %w", e.config.Project, ErrNotPrepared)
	}
	if err != nil {
		return nil, translate(ctx, "reading the Incus project", err)
	}
	if err := ensureProfile(s); err != nil {
		return nil, translate(ctx, "setting up the profile", err)
	}
	e.host = server.Environment.ServerName
	e.filtering = project.Config[filteringKey] == "true"
	return e, nil
}

// unopened returns an engine that has not contacted its daemon yet.
func unopened(config Config) (*Engine, error) {
	if config.Project == "" {
		config.Project = "carrel"
	}
	if config.Zone == "" {
		config.Zone = "default"
	}
	if len(config.Classes) == 0 {
		return nil, fmt.Errorf("opening Incus: no storage class is configured")
	}
	config.Classes = maps.Clone(config.Classes)
	return &Engine{config: config, claimPeriod: claimPeriod, removalPeriod: removalPeriod}, nil
}

// Close does nothing: no connection outlives a call, except the streams of Display, which their callers close.
func (e *Engine) Close() error { return nil }

// pools returns the storage pools of the classes, without duplicates, always in the same order.
func (e *Engine) pools() []string {
	return slices.Compact(slices.Sorted(maps.Values(e.config.Classes)))
}

// Describe reads the engine's capabilities. In a cluster, the member that answers describes it.
func (e *Engine) Describe(ctx context.Context) (engine.Description, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Description{}, err
	}
	server, _, err := s.GetServer()
	if err != nil {
		return engine.Description{}, translate(ctx, "reading the Incus server", err)
	}
	resources, err := s.GetServerResources()
	if err != nil {
		return engine.Description{}, translate(ctx, "reading the host's resources", err)
	}
	return engine.Description{
		Name:    "incus",
		Version: server.Environment.ServerVersion,
		Zones:   []string{e.config.Zone},
		Classes: slices.Sorted(maps.Keys(e.config.Classes)),
		VMs:     slices.Contains(drivers(server.Environment.Driver), "qemu"),
		Hosts: []engine.Host{{
			Name:      server.Environment.ServerName,
			Zone:      e.config.Zone,
			CPUs:      int(resources.CPU.Total),
			MemoryMiB: int(resources.Memory.Total >> 20),
			Online:    true,
		}},
	}, nil
}
