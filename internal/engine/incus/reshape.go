package incus

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// Reshape changes the size and the disks of a machine. It first creates new volumes and enlarges existing ones; then one change
// of the instance, which the daemon refuses if it has changed since it was read, attaches and detaches volumes and records which
// are to be deleted; those are deleted last.
func (e *Engine) Reshape(ctx context.Context, spec engine.Spec) (engine.Machine, error) {
	doing := "reshaping " + spec.ID
	if err := e.check(spec); err != nil {
		return engine.Machine{}, fmt.Errorf("%s: %w", doing, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Machine{}, err
	}
	var failure error
	for range changeLooks {
		found, etag, err := s.GetInstance(instanceName(spec.ID))
		if err != nil {
			return engine.Machine{}, translate(ctx, doing, err)
		}
		if found.Config[desktopKey] != spec.ID {
			return engine.Machine{}, fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
		}
		var done bool
		if done, failure = e.reshape(s, found, etag, spec); done {
			return e.limited(ctx, s, found)
		}
		if failure != nil && (ctx.Err() != nil || !raced(failure)) {
			return engine.Machine{}, translate(ctx, doing, failure)
		}
	}
	if failure == nil {
		failure = fmt.Errorf("%w: others change it, too", engine.ErrConflict)
	}
	return engine.Machine{}, translate(ctx, doing, failure)
}

// reshape takes the next step; it returns done if there is none.
func (e *Engine) reshape(s server, found *api.Instance, etag string, spec engine.Spec) (done bool, err error) {
	if err := whole(found); err != nil {
		return false, err
	}
	if gone := goneDisks(found); len(gone) > 0 {
		return false, e.deleteGone(s, found, etag, gone)
	}
	p, err := e.plan(found, spec)
	if err != nil {
		return false, err
	}
	if p.empty() {
		return true, nil
	}
	if state := stateOf(found); isVM(found) && state != engine.Stopped {
		return false, fmt.Errorf("%w: a virtual machine that is %s cannot change", engine.ErrConflict, state)
	}
	spec.Data = p.add
	if err := e.createData(s, spec); err != nil {
		return false, err
	}
	for _, d := range p.grow {
		if err := e.growDisk(s, d); err != nil {
			return false, err
		}
	}
	err = e.change(s, found, etag, p.config, p.devices)
	if err != nil && p.config["limits.memory"] != "" && says(err, "setting cgroup") {
		// The kernel cannot take away memory whose content it cannot write elsewhere.
		return false, fmt.Errorf("%w: it uses more than %d MiB of memory: %w", engine.ErrConflict, spec.MemoryMiB, err)
	}
	return false, refused(err)
}

// plan is what has to be changed of an instance.
type plan struct {
	config  api.ConfigMap
	devices api.DevicesMap
	add     []engine.Disk // volumes to create
	grow    []engine.Disk // volumes to enlarge
}

func (p plan) empty() bool { return len(p.config) == 0 && len(p.devices) == 0 }

// plan compares an instance with its desired shape. ErrInvalid if it cannot be changed to it.
func (e *Engine) plan(found *api.Instance, spec engine.Spec) (plan, error) {
	p := plan{config: api.ConfigMap{}, devices: api.DevicesMap{}}
	is := e.machine(found)
	if count := processors(found, spec.CPUs); count != found.Config["limits.cpu"] {
		p.config["limits.cpu"] = count
	}
	if is.MemoryMiB != spec.MemoryMiB {
		p.config["limits.memory"] = mib(spec.MemoryMiB)
	}
	if !is.VM && is.Processes != spec.Processes {
		p.config[processesKey] = strconv.Itoa(spec.Processes)
	}
	if err := grows("the system disk", is.Root, spec.Root); err != nil {
		return p, err
	}
	root := maps.Clone(found.Devices[rootDevice])
	root["size"] = gib(spec.Root.GiB)
	if is.VM {
		root["size.state"] = stateSize(spec.MemoryMiB)
	}
	p.changeSpeed(found, rootDevice, root, is.Root, spec.Root)
	if !maps.Equal(root, found.Devices[rootDevice]) {
		p.devices[rootDevice] = root
	}
	for _, slot := range slots(found) {
		if err := e.planDisk(&p, found, slot, spec.Data); err != nil {
			return p, err
		}
	}
	p.add = missingDisks(found, spec.Data)
	e.attach(found, p.add, p.config, p.devices)
	return p, nil
}

// processors returns the text for the number of processors. Incus redistributes the processors before it records the change, so
// usually with the old number; a second change, from "02" to "2", makes it do so with the new one.
func processors(found *api.Instance, count int) string {
	text := strconv.Itoa(count)
	if stateOf(found) != engine.Stopped && number(found.Config["limits.cpu"], "") != count {
		return "0" + text
	}
	return text
}

// planDisk compares an attached data disk with its desired state.
func (e *Engine) planDisk(p *plan, found *api.Instance, is slot, wanted []engine.Disk) error {
	i := slices.IndexFunc(wanted, func(d engine.Disk) bool { return d.ID == is.disk.ID })
	if i < 0 {
		p.devices[is.device] = map[string]string{"type": "none"}
		p.config[classKey+is.device], p.config[sizeKey+is.device], p.config[speedKey+is.device] = "", "", ""
		p.config[goneKey+is.disk.ID] = e.config.Classes[is.disk.Class]
		return nil
	}
	goal := wanted[i]
	if err := grows("the data disk "+goal.ID, is.disk, goal); err != nil {
		return err
	}
	if goal.GiB > is.disk.GiB {
		p.grow = append(p.grow, goal)
		p.config[sizeKey+is.device] = strconv.Itoa(goal.GiB)
	}
	device := maps.Clone(found.Devices[is.device])
	device["path"] = path.Clean(goal.Mount)
	p.changeSpeed(found, is.device, device, is.disk, goal)
	if !maps.Equal(device, found.Devices[is.device]) {
		p.devices[is.device] = device
	}
	return nil
}

// grows returns an error for a disk that would shrink or become another one.
func grows(name string, is, goal engine.Disk) error {
	if goal.GiB < is.GiB || goal.Class != is.Class {
		return fmt.Errorf("%w: %s has %d GiB of class %q and cannot become %d GiB of %q", engine.ErrInvalid,
			name, is.GiB, is.Class, goal.GiB, goal.Class)
	}
	return nil
}

// missingDisks returns those of the wanted disks that are not attached to the instance.
func missingDisks(found *api.Instance, wanted []engine.Disk) []engine.Disk {
	has := slots(found)
	return slices.DeleteFunc(slices.Clone(wanted), func(d engine.Disk) bool {
		return slices.ContainsFunc(has, func(s slot) bool { return s.disk.ID == d.ID })
	})
}

// attach adds the devices of disks, and their keys, to a change of the instance. It fills empty places first.
func (e *Engine) attach(found *api.Instance, disks []engine.Disk, config api.ConfigMap, devices api.DevicesMap) {
	n := 0
	for _, d := range disks {
		for found.Devices[dataDevice+strconv.Itoa(n)]["type"] == "disk" {
			n++
		}
		device := dataDevice + strconv.Itoa(n)
		devices[device] = e.dataDisk(d)
		config[classKey+device] = d.Class
		config[sizeKey+device] = strconv.Itoa(d.GiB)
		noteSpeed(config, device, d)
		n++
	}
}

// growDisk enlarges a volume, whose size is on the volume and on the instance.
func (e *Engine) growDisk(s server, d engine.Disk) error {
	pool := e.config.Classes[d.Class]
	return unraced(func() error {
		found, etag, err := s.GetStoragePoolVolume(pool, "custom", d.ID)
		if err != nil {
			return fmt.Errorf("reading the data disk %s: %w", d.ID, err)
		}
		if found.Config["size"] == gib(d.GiB) {
			return nil
		}
		update := found.Writable()
		update.Config["size"] = gib(d.GiB)
		return s.UpdateStoragePoolVolume(pool, "custom", d.ID, update, etag)
	})
}

// goneDisks returns the volumes that were detached from the instance and are still to be deleted, with their pools.
func goneDisks(found *api.Instance) map[string]string {
	gone := map[string]string{}
	for key, pool := range found.Config {
		if disk, yes := strings.CutPrefix(key, goneKey); yes {
			gone[disk] = pool
		}
	}
	return gone
}

// deleteGone deletes detached volumes, and then their keys.
func (e *Engine) deleteGone(s server, found *api.Instance, etag string, gone map[string]string) error {
	notes := api.ConfigMap{}
	for disk, pool := range gone {
		if err := deleteDisk(s, pool, disk); err != nil {
			return fmt.Errorf("deleting the data disk %s: %w", disk, err)
		}
		notes[goneKey+disk] = ""
	}
	return e.change(s, found, etag, notes, nil)
}
