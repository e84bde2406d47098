package incus

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// launchLooks is the maximum number of times that one Launch reads the machine again because others change it.
const launchLooks = 8

// Launch creates the machine with its disks and starts it, in four round trips if nothing interferes: read, create, wait, read.
func (e *Engine) Launch(ctx context.Context, spec engine.Spec) (engine.Machine, error) {
	doing := "launching " + spec.ID
	if err := e.check(spec); err != nil {
		return engine.Machine{}, fmt.Errorf("%s: %w", doing, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Machine{}, err
	}
	var failure error
	for range launchLooks {
		found, _, err := s.GetInstance(instanceName(spec.ID))
		if err != nil && !absent(err) {
			return engine.Machine{}, translate(ctx, doing, err)
		}
		if err == nil && stateOf(found) == engine.Running {
			return e.limited(ctx, s, found)
		}
		if failure != nil && !overlapped(failure) {
			return engine.Machine{}, translate(ctx, doing, failure)
		}
		if absent(err) {
			failure = e.create(ctx, s, spec)
		} else {
			failure = e.complete(s, spec, found)
		}
	}
	return engine.Machine{}, translate(ctx, doing, errors.Join(errors.New("the machine changes hands too often"), failure))
}

// create creates the data disks, then the instance with its root disk, and starts it.
func (e *Engine) create(ctx context.Context, s server, spec engine.Spec) error {
	vm, err := e.isVM(s, spec.Image)
	if err != nil {
		return err
	}
	request, err := e.request(spec, vm)
	if err != nil {
		return err
	}
	if err := e.createData(s, spec); err != nil {
		return err
	}
	op, err := s.CreateInstance(request)
	if err = finish(s, op, err); err == nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(meaningOf(err), engine.ErrAddressTaken) {
		// Incus checks the address when it starts the machine, which exists by then.
		return errors.Join(fmt.Errorf("%w: %w", engine.ErrAddressTaken, err), removeUnstarted(s, spec.ID))
	}
	if err = refused(err); err != nil && !errors.Is(err, engine.ErrInvalid) && !raced(err) {
		err = e.lacking(s, spec, err)
	}
	return err
}

// lacking returns ErrInvalid if a creation failed because something that it needs is gone, so that repeating it is pointless.
// Incus reports that only in the text of an operation, if at all.
func (e *Engine) lacking(s server, spec engine.Spec, failure error) error {
	e.virtual.Delete(spec.Image)
	if _, err := e.readKind(s, spec.Image); errors.Is(err, engine.ErrInvalid) {
		return err
	}
	if _, _, err := s.GetNetwork(spec.Network); absent(err) {
		return fmt.Errorf("%w: there is no network %q: %w", engine.ErrInvalid, spec.Network, failure)
	}
	for _, d := range append([]engine.Disk{spec.Root}, spec.Data...) {
		if _, _, err := s.GetStoragePool(e.config.Classes[d.Class]); absent(err) {
			return fmt.Errorf("%w: there is no storage pool %q: %w", engine.ErrInvalid, e.config.Classes[d.Class], failure)
		}
	}
	return failure
}

// removeUnstarted deletes the instance of a desktop in which nothing has ever run.
func removeUnstarted(s server, id string) error {
	found, _, err := s.GetInstance(instanceName(id))
	if absent(err) || err == nil && (found.Config[desktopKey] != id || !neverStarted(found)) {
		return nil
	}
	if err != nil {
		return err
	}
	return remove(s, found.Name)
}

// isVM returns whether the image's machines are virtual machines. ErrInvalid if the image does not exist.
func (e *Engine) isVM(s server, fingerprint string) (bool, error) {
	if vm, known := e.virtual.Load(fingerprint); known {
		return vm.(bool), nil
	}
	return e.readKind(s, fingerprint)
}

// readKind is isVM for callers that must know that the image exists now.
func (e *Engine) readKind(s server, fingerprint string) (bool, error) {
	if fingerprint == "" {
		return false, fmt.Errorf("%w: no image is named", engine.ErrInvalid)
	}
	image, _, err := s.GetImage(fingerprint)
	if absent(err) {
		return false, fmt.Errorf("%w: there is no image %q", engine.ErrInvalid, fingerprint)
	}
	if err != nil {
		return false, fmt.Errorf("reading the image: %w", err)
	}
	vm := image.Type == string(api.InstanceTypeVM)
	e.virtual.Store(fingerprint, vm)
	return vm, nil
}

// createData creates the missing data disks. The engine does not know the accounts inside, so the top folder of a new disk is
// open to all of them, as /tmp is.
func (e *Engine) createData(s server, spec engine.Spec) error {
	for _, d := range spec.Data {
		pool := e.config.Classes[d.Class]
		config := api.ConfigMap{
			"size":             gib(d.GiB),
			"security.shifted": "true",
			"initial.mode":     "1777",
			desktopKey:         spec.ID,
		}
		if spec.Installation != "" {
			config[installationKey] = spec.Installation
		}
		err := s.CreateStoragePoolVolume(pool, api.StorageVolumesPost{
			Name:             d.ID,
			Type:             "custom",
			ContentType:      "filesystem",
			StorageVolumePut: api.StorageVolumePut{Description: "Data of " + spec.Name, Config: config},
		})
		if err == nil {
			continue
		}
		if _, _, look := s.GetStoragePool(pool); absent(look) {
			return fmt.Errorf("%w: there is no storage pool %q", engine.ErrInvalid, pool)
		}
		found, _, look := s.GetStoragePoolVolume(pool, "custom", d.ID)
		if look != nil {
			return fmt.Errorf("creating the data disk %s: %w", d.ID, err)
		}
		if found.Config[desktopKey] != spec.ID {
			return fmt.Errorf("%w: the disk %s belongs to another machine", engine.ErrInvalid, d.ID)
		}
	}
	return nil
}

// complete handles an instance of this name that does not run: another caller is working on it, its creation was interrupted, or
// it was stopped. A nil error means: read it again.
func (e *Engine) complete(s server, spec engine.Spec, found *api.Instance) error {
	if found.Config[desktopKey] != spec.ID {
		return fmt.Errorf("%w: the instance %s is not Carrel's", engine.ErrInvalid, found.Name)
	}
	if busy, err := settle(s, found.Name); busy || err != nil {
		return err
	}
	if neverStarted(found) {
		// It has never run, so nothing is lost by creating it again, and there is no way to know how far its creation got.
		return remove(s, found.Name)
	}
	if err := whole(found); err != nil {
		return err
	}
	if err := e.attachData(s, spec, found); err != nil {
		return err
	}
	return start(s, found)
}

// neverStarted reports that nothing has ever run in the instance.
func neverStarted(i *api.Instance) bool { return i.LastUsedAt.Unix() <= 0 }

// attachData creates and attaches the missing data disks of the instance.
func (e *Engine) attachData(s server, spec engine.Spec, found *api.Instance) error {
	missing := missingDisks(found, spec.Data)
	if len(missing) == 0 {
		return nil
	}
	spec.Data = missing
	if err := e.createData(s, spec); err != nil {
		return err
	}
	config, devices := api.ConfigMap{}, api.DevicesMap{}
	e.attach(found, missing, config, devices)
	return e.patch(s, found.Name, map[string]any{"config": config, "devices": devices}, "")
}

// patch changes the named keys and devices of an instance and keeps the others. With an etag it fails if the instance has changed
// since the read that returned the etag.
func (e *Engine) patch(s server, name string, change map[string]any, etag string) error {
	_, _, err := s.RawQuery(http.MethodPatch, "/1.0/instances/"+name+"?project="+e.config.Project, change, etag)
	return err
}
