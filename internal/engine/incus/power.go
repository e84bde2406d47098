package incus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// changeLooks is the maximum number of times that one change reads the machine again because others change it.
const changeLooks = 8

// Find reads one machine, or returns engine.ErrNotFound.
func (e *Engine) Find(ctx context.Context, id string) (engine.Machine, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Machine{}, err
	}
	found, err := find(ctx, s, id)
	if err != nil {
		return engine.Machine{}, fmt.Errorf("finding %s: %w", id, err)
	}
	return e.machine(found), nil
}

// find reads the instance of a desktop. engine.ErrNotFound also if the instance of that name is not a desktop.
func find(ctx context.Context, s server, id string) (*api.Instance, error) {
	if !validID.MatchString(id) {
		return nil, engine.ErrNotFound
	}
	found, _, err := s.GetInstance(instanceName(id))
	if err != nil {
		return nil, translate(ctx, "reading the instance", err)
	}
	if found.Config[desktopKey] != id {
		return nil, engine.ErrNotFound
	}
	return found, nil
}

// List reads all machines in one request, in any order.
func (e *Engine) List(ctx context.Context) ([]engine.Machine, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.GetInstances(api.InstanceTypeAny)
	if err != nil {
		return nil, translate(ctx, "listing machines", err)
	}
	machines := make([]engine.Machine, 0, len(all))
	for i := range all {
		if all[i].Config[desktopKey] != "" {
			machines = append(machines, e.machine(&all[i]))
		}
	}
	return machines, nil
}

// Start starts a stopped machine and resumes a hibernated one.
func (e *Engine) Start(ctx context.Context, id string) error {
	if err := e.become(ctx, "starting "+id, id, engine.Running, start); err != nil {
		return err
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	found, err := find(ctx, s, id)
	if err == nil {
		_, err = e.limited(ctx, s, found)
	}
	return err
}

// start makes an instance run, from any state.
func start(s server, i *api.Instance) error {
	if err := whole(i); err != nil {
		return err
	}
	if i.StatusCode == api.Frozen {
		return act(s, i.Name, api.InstanceStatePut{Action: "unfreeze", Timeout: -1})
	}
	return act(s, i.Name, api.InstanceStatePut{Action: "start", Timeout: -1, Stateful: i.Stateful})
}

// Stop stops a machine. It resumes a hibernated one first if an orderly shutdown needs that; the memory of a hibernated virtual
// machine is never discarded silently.
func (e *Engine) Stop(ctx context.Context, id string, force bool) error {
	return e.become(ctx, "stopping "+id, id, engine.Stopped, func(s server, i *api.Instance) error {
		return halt(ctx, s, i, force)
	})
}

// halt stops an instance, from any state.
func halt(ctx context.Context, s server, i *api.Instance, force bool) error {
	if resume := stateOf(i) == engine.Hibernated; resume && (!force || i.StatusCode == api.Stopped) {
		if err := start(s, i); err != nil {
			return err
		}
	}
	return stop(ctx, s, i.Name, force)
}

// politePeriod is how long, in seconds, the daemon waits for one orderly shutdown before the engine asks again. A system that is
// still booting misses the first request, and a daemon that waits longer would continue when the caller no longer waits.
const politePeriod = 5

func stop(ctx context.Context, s server, name string, force bool) error {
	if force {
		return act(s, name, api.InstanceStatePut{Action: "stop", Force: true})
	}
	for {
		err := act(s, name, api.InstanceStatePut{Action: "stop", Timeout: politePeriod})
		if err == nil || ctx.Err() != nil || !says(err, "context deadline exceeded", "timed out", "timeout") {
			return err
		}
	}
}

// Hibernate freezes a container: its processes get no CPU and keep their memory, which the host may swap out, and they are lost
// when the host reboots. A virtual machine is stopped with its memory written to disk.
func (e *Engine) Hibernate(ctx context.Context, id string) error {
	return e.become(ctx, "hibernating "+id, id, engine.Hibernated, func(s server, i *api.Instance) error {
		if stateOf(i) != engine.Running {
			return fmt.Errorf("%w: it is %s", engine.ErrConflict, stateOf(i))
		}
		if i.Type == string(api.InstanceTypeVM) {
			return act(s, i.Name, api.InstanceStatePut{Action: "stop", Stateful: true, Timeout: -1})
		}
		return act(s, i.Name, api.InstanceStatePut{Action: "freeze", Timeout: -1})
	})
}

// become reads, acts and reads again until the machine is in the wanted state. If a change fails because another one is in
// progress, it waits for that and tries again; any other error is returned unless the machine is in the wanted state.
func (e *Engine) become(ctx context.Context, doing, id string, want engine.State, change func(server, *api.Instance) error) error {
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	var failure error
	for range changeLooks {
		found, err := find(ctx, s, id)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if stateOf(found) == want {
			return nil
		}
		if failure != nil {
			if !overlapped(failure) {
				return translate(ctx, doing, failure)
			}
			if _, err := settle(s, found.Name); err != nil {
				return translate(ctx, doing, err)
			}
		}
		if failure = change(s, found); ctx.Err() != nil {
			return translate(ctx, doing, failure)
		}
	}
	if failure == nil {
		failure = fmt.Errorf("%w: others change it, too", engine.ErrConflict)
	}
	return translate(ctx, doing, failure)
}

func act(s server, name string, state api.InstanceStatePut) error {
	op, err := s.UpdateInstanceState(name, state, "")
	return finish(s, op, err)
}

// Delete deletes the machine with all its disks, including those whose machine was never created.
func (e *Engine) Delete(ctx context.Context, id string) error {
	doing := "deleting " + id
	if !validID.MatchString(id) {
		return nil
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	name := instanceName(id)
	var failure error
	for range changeLooks {
		found, _, err := s.GetInstance(name)
		if err != nil && !absent(err) {
			return translate(ctx, doing, err)
		}
		if absent(err) || failure != nil || whole(found) != nil {
			// A creation in progress would bring the machine back, a rebuild its disk.
			busy, wait := settle(s, name)
			if wait != nil {
				return translate(ctx, doing, wait)
			}
			if absent(err) && !busy {
				return translate(ctx, doing, errors.Join(removeCopy(s, id), e.deleteData(s, id)))
			}
		}
		if absent(err) {
			continue
		}
		if failure != nil && !overlapped(failure) {
			return translate(ctx, doing, failure)
		}
		if found.Config[desktopKey] != id {
			return fmt.Errorf("%s: %w: the instance %s is not Carrel's", doing, engine.ErrConflict, name)
		}
		failure = nil
		if found.StatusCode != api.Stopped {
			failure = act(s, name, api.InstanceStatePut{Action: "stop", Timeout: -1, Force: true})
		}
		if failure == nil || !overlapped(failure) {
			// A broken machine may refuse to stop and can still be deleted.
			if err := remove(s, name); err == nil || failure == nil {
				failure = err
			}
		}
	}
	return translate(ctx, doing, failure)
}

func remove(s server, name string) error {
	op, err := s.DeleteInstance(name)
	if err = finish(s, op, err); absent(err) {
		return nil
	}
	return err
}

// deleteData deletes every data disk that carries the desktop's id, attached or not.
func (e *Engine) deleteData(s server, id string) error {
	for _, pool := range e.pools() {
		volumes, err := s.GetStoragePoolVolumes(pool)
		if err != nil {
			return fmt.Errorf("listing the disks of the pool %s: %w", pool, err)
		}
		for _, v := range volumes {
			if v.Type != "custom" || v.Config[desktopKey] != id || strings.Contains(v.Name, "/") { // snapshots go with their disks
				continue
			}
			if err := deleteDisk(s, pool, v.Name); err != nil {
				return fmt.Errorf("deleting the disk %s: %w", v.Name, err)
			}
		}
	}
	return nil
}

// deleteDisk tries again as long as the disk exists: of two concurrent deletions, one finds it half deleted.
func deleteDisk(s server, pool, name string) error {
	var failure error
	for range changeLooks {
		if failure = s.DeleteStoragePoolVolume(pool, "custom", name); failure == nil || absent(failure) {
			return nil
		}
		if _, _, err := s.GetStoragePoolVolume(pool, "custom", name); absent(err) {
			return nil
		}
	}
	return failure
}
