package incus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

const (
	// rebuildSteps limits the steps of one Rebuild, so that two with different marks do not undo each other endlessly.
	rebuildSteps = 16
	// claimPeriod is how long others wait for a call that has claimed the system disk and has not begun. They measure it from
	// when they first saw the claim, so no clocks are compared.
	claimPeriod = 3 * time.Second
	// startShare is the divisor of claimPeriod that gives how long a claim waits for starts that were decided before and not
	// requested yet.
	startShare = 10
	// markLimit is the maximum length of a mark, in characters.
	markLimit = 64
)

// Rebuild replaces the system disk: power off, claim, Incus' own rebuild, start.
//
// The claim is written together with the desired state (mark, image, size, guest document) by one change that the daemon refuses
// if the instance has changed since it was read. Its key begins with "image.", since Incus deletes such keys in the same
// transaction in which it records the new disk: once the claim is gone the disk is new, however the caller and the daemon ended.
// A start is not a change and cannot be refused, and Incus allows one in the middle of a rebuild: another call may be about to
// start a machine that this call has not stopped itself, so the claim waits for that first. A call that finds a claim whose
// rebuild did not happen replaces the disk before anything else: if a daemon died in the middle there is no disk, and any change,
// even a start, makes Incus create a folder in its place that it cannot remove.
func (e *Engine) Rebuild(ctx context.Context, spec engine.Spec, mark string) (engine.Machine, error) {
	doing := "rebuilding " + spec.ID
	if err := e.check(spec); err != nil {
		return engine.Machine{}, fmt.Errorf("%s: %w", doing, err)
	}
	if mark == "" || len(mark) > markLimit {
		return engine.Machine{}, fmt.Errorf("%s: %w: a mark of %d characters", doing, engine.ErrInvalid, len(mark))
	}
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Machine{}, err
	}
	r := &rebuild{engine: e, server: s, spec: spec, mark: mark, claim: uuid.NewString()}
	m, err := r.run(ctx)
	return m, translate(ctx, doing, err)
}

// rebuild is one call of Rebuild.
type rebuild struct {
	engine  *Engine
	server  server
	spec    engine.Spec
	mark    string
	fitting bool      // the request was checked and is possible
	settled bool      // no other call is about to start the machine: this call has stopped it, or waited
	claim   string    // the value by which this call claims the system disk
	claimed time.Time // when it did; zero before
	other   string    // another call's claim
	until   time.Time // when that claim expires
}

// run reads the machine and takes a step until it runs from the disk that the mark identifies.
func (r *rebuild) run(ctx context.Context) (engine.Machine, error) {
	for steps := 0; steps < rebuildSteps; {
		found, etag, err := r.server.GetInstance(instanceName(r.spec.ID))
		if err != nil {
			return engine.Machine{}, err
		}
		if found.Config[desktopKey] != r.spec.ID {
			return engine.Machine{}, engine.ErrNotFound
		}
		if r.holds(found) && stateOf(found) == engine.Running {
			return r.engine.limited(ctx, r.server, found)
		}
		if waits, err := r.waits(ctx, found); err != nil {
			return engine.Machine{}, err
		} else if waits {
			continue
		}
		steps++
		if err := r.step(ctx, found, etag); err != nil {
			if ctx.Err() != nil || !raced(err) && !rootless(err) {
				return engine.Machine{}, err
			}
			if _, err := settle(r.server, found.Name); err != nil {
				return engine.Machine{}, err
			}
		}
	}
	return engine.Machine{}, fmt.Errorf("%w: others change it, too", engine.ErrConflict)
}

// holds reports whether the instance has the wanted system disk.
func (r *rebuild) holds(i *api.Instance) bool {
	return markOf(i) == r.mark && baseOf(i) == r.spec.Image
}

// waits pauses while another call has claimed the system disk, until its rebuild has ended or its claim has expired, and returns
// whether it did.
func (r *rebuild) waits(ctx context.Context, i *api.Instance) (bool, error) {
	claim := i.Config[claimKey]
	if claim == "" || claim == r.claim {
		return false, nil
	}
	if busy, err := settle(r.server, i.Name); busy || err != nil {
		return busy, err
	}
	if claim != r.other {
		// A random time, so that one of two waiting calls is first.
		r.other, r.until = claim, time.Now().Add(r.engine.claimPeriod+rand.N(r.engine.claimPeriod/3))
	}
	if time.Now().After(r.until) {
		return false, nil
	}
	err := pause(ctx, r.engine.claimPeriod/60)
	return err == nil, err
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// step does the next thing that is missing.
func (r *rebuild) step(ctx context.Context, i *api.Instance, etag string) error {
	if r.holds(i) {
		return start(r.server, i)
	}
	if !r.claimed.IsZero() && i.Config[markKey] != r.mark {
		return errSuperseded
	}
	if !r.fitting {
		if err := r.fits(i); err != nil {
			return err
		}
		r.fitting = true
	}
	switch stateOf(i) {
	case engine.Running, engine.Hibernated:
		err := halt(ctx, r.server, i, true)
		r.settled = err == nil
		return err
	case engine.Broken:
		_ = halt(ctx, r.server, i, true) // a machine that does not stop can still be rebuilt
	case engine.Stopped:
	}
	if i.Config[claimKey] == "" {
		return r.take(i, etag)
	}
	if !r.settled {
		r.settled = true
		return r.awaitStarts(ctx, i)
	}
	if i.Config[claimKey] == r.claim && time.Since(r.claimed) > r.engine.claimPeriod/2 {
		if busy, err := settle(r.server, i.Name); busy || err != nil {
			return err // others have not waited any longer
		}
	}
	op, err := r.server.RebuildInstance(i.Name, api.InstanceRebuildPost{
		Source: api.InstanceSource{Type: "image", Fingerprint: r.spec.Image},
	})
	err = finish(r.server, op, err)
	switch {
	case err == nil:
		return nil
	case says(err, "has snapshots"):
		return errors.Join(fmt.Errorf("%w: its system disk has snapshots: %w", engine.ErrConflict, err), r.release(i))
	case says(err, "image not provided"):
		return errors.Join(fmt.Errorf("%w: there is no image %q any more: %w", engine.ErrInvalid, r.spec.Image, err), r.release(i))
	}
	return refused(err)
}

// awaitStarts waits for starts that were decided before the claim could be seen.
func (r *rebuild) awaitStarts(ctx context.Context, i *api.Instance) error {
	if err := pause(ctx, r.engine.claimPeriod/startShare); err != nil {
		return err
	}
	_, err := settle(r.server, i.Name)
	return err
}

// rootless reports whether a start failed because another rebuild had removed the old disk and not recorded the new one.
func rootless(err error) bool { return says(err, "unable to resolve container rootfs") }

// release removes the claim after Incus has refused to touch the disk, so that the machine can be started.
func (r *rebuild) release(i *api.Instance) error {
	return r.engine.change(r.server, i, "", api.ConfigMap{claimKey: "", markKey: "", markedImageKey: ""}, nil)
}

// errSuperseded must not look like a transient conflict.
var errSuperseded = fmt.Errorf("%w: a rebuild with another mark came in between", engine.ErrConflict)

// fits returns an error for what a rebuild cannot change.
func (r *rebuild) fits(i *api.Instance) error {
	vm, err := r.engine.readKind(r.server, r.spec.Image)
	if err != nil {
		return err
	}
	if is := i.Type == string(api.InstanceTypeVM); is != vm {
		return fmt.Errorf("%w: the machine is a %s, the image is for a %s", engine.ErrInvalid, kind(is), kind(vm))
	}
	if has, pool := i.Devices[rootDevice]["pool"], r.engine.config.Classes[r.spec.Root.Class]; has != pool {
		return fmt.Errorf("%w: the system disk is of class %q and cannot become %q", engine.ErrInvalid, i.Config[classKey+rootDevice], r.spec.Root.Class)
	}
	return nil
}

func kind(vm bool) string {
	if vm {
		return "virtual machine"
	}
	return "container"
}

// take claims the system disk and writes its desired state.
func (r *rebuild) take(i *api.Instance, etag string) error {
	document, err := json.Marshal(r.spec.Guest)
	if err != nil {
		return fmt.Errorf("writing the guest document: %w", err)
	}
	root := i.Devices[rootDevice]
	root["size"] = gib(r.spec.Root.GiB)
	now := time.Now()
	err = r.engine.change(r.server, i, etag, api.ConfigMap{
		markKey:               r.mark,
		markedImageKey:        r.spec.Image,
		claimKey:              r.claim,
		classKey + rootDevice: r.spec.Root.Class,
		guest.ConfigKey:       string(document),
	}, api.DevicesMap{rootDevice: root})
	if err == nil {
		r.claimed = now
	}
	return refused(err)
}

// change changes the named keys and devices of an instance and keeps the others, unless it has changed since the read that
// returned etag. An empty value removes a key.
func (e *Engine) change(s server, i *api.Instance, etag string, config api.ConfigMap, devices api.DevicesMap) error {
	change := map[string]any{"description": i.Description, "config": config, "devices": devices}
	return e.patch(s, i.Name, change, etag)
}

// whole returns engine.ErrConflict while a rebuild of the instance is incomplete.
func whole(i *api.Instance) error {
	if i.Config[claimKey] != "" {
		return fmt.Errorf("%w: its rebuild is half done", engine.ErrConflict)
	}
	return nil
}

// markOf returns the mark of the rebuild that created the system disk, or "".
func markOf(i *api.Instance) string {
	if i.Config[claimKey] != "" || baseOf(i) != i.Config[markedImageKey] {
		return ""
	}
	return i.Config[markKey]
}

// baseOf returns the image that the system disk was created from.
func baseOf(i *api.Instance) string { return i.Config["volatile.base_image"] }
