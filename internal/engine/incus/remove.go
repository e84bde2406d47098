package incus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

const (
	// removePatience is how long Remove keeps trying without progress. A busy host takes minutes to stop a machine or to release
	// a storage pool.
	removePatience = 5 * time.Minute
	// removePause is the pause between two tries.
	removePause = 2 * time.Second
	// mostLeft is the maximum number of remaining things that an error names.
	mostLeft = 5
)

// Remove deletes everything that Prepare and the engine have created: all machines with their data, images, networks, pools and
// the project. Removing what is gone succeeds. It tries again what cannot be removed yet, until there is no progress for some
// minutes; the error then names what is left and why, and another call continues. progress may be nil.
func Remove(ctx context.Context, config Config, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	e, err := unopened(config)
	if err != nil {
		return err
	}
	s, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	if _, _, err := s.GetServer(); err != nil {
		return translate(ctx, "removing Carrel from Incus", err)
	}
	r := &removal{engine: e, server: s, progress: progress}
	return translate(ctx, "removing Carrel from Incus", r.run(ctx))
}

// removal is one call of Remove.
type removal struct {
	engine   *Engine
	server   server
	progress func(string)
	left     []error // what this round could not remove
}

func (r *removal) run(ctx context.Context) error {
	fewest, since := -1, time.Now()
	for {
		r.left = nil
		r.round(ctx)
		if len(r.left) == 0 || ctx.Err() != nil {
			return errors.Join(r.left...)
		}
		if fewest < 0 || len(r.left) < fewest {
			fewest, since = len(r.left), time.Now()
		}
		told := r.told()
		if time.Since(since) > removePatience {
			return fmt.Errorf("these are left, and nothing has gone away for %v: %s; run it again when the host is less busy, it goes on from here",
				removePatience, told)
		}
		r.progress("Still there, trying again: " + told)
		if err := pause(ctx, removePause); err != nil {
			return err
		}
	}
}

// told returns a text that names what is left.
func (r *removal) told() string {
	var all []string
	for i, err := range r.left {
		if i == mostLeft {
			all = append(all, fmt.Sprintf("%d more", len(r.left)-mostLeft))
			break
		}
		all = append(all, err.Error())
	}
	return strings.Join(all, "; ")
}

// removing records a thing that still exists, with the reason.
func (r *removal) removing(what string, err error) {
	if err != nil && !absent(err) {
		r.left = append(r.left, fmt.Errorf("%s (%w)", what, err))
	}
}

// round tries to remove everything that exists. Pools are last, since everything else is in them.
func (r *removal) round(ctx context.Context) {
	project, _, err := r.server.GetProject(r.engine.config.Project)
	switch {
	case absent(err):
	case err != nil:
		r.removing("the project "+r.engine.config.Project, err)
		return
	case project.Config[ownerKey] == r.engine.config.Project:
		if r.machines(ctx); len(r.left) > 0 {
			return
		}
		r.progress("Removing the images and the project " + r.engine.config.Project)
		r.removing("the project "+r.engine.config.Project, r.server.DeleteProjectForce(r.engine.config.Project))
	}
	r.networks(ctx)
	r.pools()
}

// machines deletes the instances: the daemon's own way would wait for each to shut down.
func (r *removal) machines(ctx context.Context) {
	s, err := r.engine.connect(ctx)
	if err != nil {
		r.removing("the machines", err)
		return
	}
	all, err := s.GetInstances(api.InstanceTypeAny)
	if err != nil {
		r.removing("the machines", err)
		return
	}
	for n, i := range all {
		if ctx.Err() != nil {
			r.removing("the machines", ctx.Err())
			return
		}
		if n%10 == 0 {
			r.progress(fmt.Sprintf("Removing machines: %d of %d", n, len(all)))
		}
		if i.StatusCode != api.Stopped {
			_ = act(s, i.Name, api.InstanceStatePut{Action: "stop", Timeout: -1, Force: true}) // deleting it reports the error
		}
		r.removing("the machine "+i.Name, remove(s, i.Name))
	}
}

func (r *removal) networks(ctx context.Context) {
	all, err := r.server.GetNetworks()
	if err != nil {
		r.removing("the networks", err)
		return
	}
	for _, n := range all {
		if n.Config[ownerKey] == r.engine.config.Project {
			r.progress("Removing the network " + n.Name)
			r.removing("the network "+n.Name, r.server.DeleteNetwork(n.Name))
		}
	}
	acls, err := r.server.GetNetworkACLs()
	r.removing("the networks' rules", err)
	for _, acl := range acls {
		if acl.Config[ownerKey] == r.engine.config.Project {
			r.removing("the rules "+acl.Name, r.server.DeleteNetworkACL(acl.Name))
		}
	}
	r.removing("the host's packet filter", guardHost(ctx, r.engine.config.Project, nil))
}

func (r *removal) pools() {
	all, err := r.server.GetStoragePools()
	if err != nil {
		r.removing("the storage pools", err)
		return
	}
	for _, p := range all {
		if p.Config[ownerKey] == r.engine.config.Project {
			r.progress("Removing the storage pool " + p.Name)
			r.removing("the storage pool "+p.Name, r.server.DeleteStoragePool(p.Name))
		}
	}
}

// Inhabitants lists the machines in a project, by the engine's names, with the installation that each carries. There are none if
// Prepare has not run.
func Inhabitants(ctx context.Context, config Config) ([]engine.Machine, error) {
	e, err := Open(ctx, config)
	if errors.Is(err, ErrNotPrepared) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return e.List(ctx)
}
