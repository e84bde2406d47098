package incus

import (
	"context"
	"fmt"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// changeLooks bounds how often one change looks again because others change the same machine.
const changeLooks = 8

// Find reads one machine, or fails with engine.ErrNotFound.
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

// find reads the instance of a desktop. engine.ErrNotFound also when the name is taken by something that is no desktop.
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

// List reads every machine in one request; unordered.
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

// Start runs a stopped machine and resumes a hibernated one.
func (e *Engine) Start(ctx context.Context, id string) error {
	return e.become(ctx, "starting "+id, id, engine.Running, start)
}

// start asks for an instance to run, from whatever state it is in.
func start(s server, i *api.Instance) error {
	if err := whole(i); err != nil {
		return err
	}
	if i.StatusCode == api.Frozen {
		return act(s, i.Name, api.InstanceStatePut{Action: "unfreeze", Timeout: -1})
	}
	return act(s, i.Name, api.InstanceStatePut{Action: "start", Timeout: -1, Stateful: i.Stateful})
}

// Stop ends a machine. A hibernated one is resumed first where a clean end needs it; the memory of a hibernated virtual
// machine is never thrown away unseen.
func (e *Engine) Stop(ctx context.Context, id string, force bool) error {
	return e.become(ctx, "stopping "+id, id, engine.Stopped, func(s server, i *api.Instance) error {
		return halt(ctx, s, i, force)
	})
}

// halt ends an instance, from whatever state it is in.
func halt(ctx context.Context, s server, i *api.Instance, force bool) error {
	if resume := stateOf(i) == engine.Hibernated; resume && (!force || i.StatusCode == api.Stopped) {
		if err := start(s, i); err != nil {
			return err
		}
	}
	return stop(ctx, s, i.Name, force)
}

// politePeriod is how long, in seconds, the daemon waits for one clean shutdown before the engine asks again. A system
// that is still booting misses the first request, and a daemon that waited longer would go on when nobody does any more.
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

// Hibernate freezes a container: its processes get no CPU and keep their memory, which the host may swap out, and they
// are lost when the host reboots. A virtual machine is stopped with its memory written to disk.
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

// become looks, acts and looks again until the machine is in the wanted state. A change that fails because another one
// is under way waits for that and is tried again; any other failure counts unless the machine is as wanted.
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

// Delete removes the machine with all its disks, also those whose machine was never made.
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
			// A creation that is still under way would bring the machine back, a rebuild its disk.
			busy, wait := settle(s, name)
			if wait != nil {
				return translate(ctx, doing, wait)
			}
			if absent(err) && !busy {
				return translate(ctx, doing, e.deleteData(s, id))
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
			// A broken machine may refuse to stop and yet can be deleted.
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

// deleteData removes every data disk that carries the desktop's id, attached or not.
func (e *Engine) deleteData(s server, id string) error {
	for _, pool := range e.pools() {
		volumes, err := s.GetStoragePoolVolumes(pool)
		if err != nil {
			return fmt.Errorf("listing the disks of the pool %s: %w", pool, err)
		}
		for _, v := range volumes {
			if v.Type != "custom" || v.Config[desktopKey] != id {
				continue
			}
			if err := deleteDisk(s, pool, v.Name); err != nil {
				return fmt.Errorf("deleting the disk %s: %w", v.Name, err)
			}
		}
	}
	return nil
}

// deleteDisk tries again as long as the disk is there: of two who delete it at once, one finds it half gone.
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
