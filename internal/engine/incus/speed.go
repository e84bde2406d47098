package incus

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// The keys of a disk device that limit it. Incus takes operations or bytes per second, not both: Carrel gives it the bytes. It applies them to the
// block device under the storage pool: all disks of a container in one pool share the limit.
const (
	readLimit  = "limits.read"
	writeLimit = "limits.write"
)

// limitLooks is the maximum number of times that one call reads the machine again because others change it.
const limitLooks = 4

// noteSpeed adds the speed of a disk to a new device's keys, if it has one. It is recorded before it is applied: a daemon that cannot apply it does not
// start the machine.
func noteSpeed(config api.ConfigMap, device string, d engine.Disk) {
	if d.IOPS > 0 || d.Throughput > 0 {
		config[speedKey+device] = speedText(d)
	}
}

func speedText(d engine.Disk) string {
	if d.IOPS == 0 && d.Throughput == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", d.IOPS, d.Throughput)
}

func speedOf(i *api.Instance, device string) (iops, throughput int) {
	first, second, _ := strings.Cut(i.Config[speedKey+device], "/")
	iops, _ = strconv.Atoi(first)
	throughput, _ = strconv.Atoi(second)
	return iops, throughput
}

// changeSpeed records another speed and removes the limits of the former one, which limited then sets.
func (p *plan) changeSpeed(found *api.Instance, name string, device map[string]string, is, goal engine.Disk) {
	if is.IOPS == goal.IOPS && is.Throughput == goal.Throughput {
		return
	}
	p.config[speedKey+name] = speedText(goal)
	if found.Config[unlimitedKey] != "" {
		p.config[unlimitedKey] = ""
	}
	delete(device, readLimit)
	delete(device, writeLimit)
}

// limited limits the disks of a running machine to their speeds, and returns the machine. Whether the host can do that shows only when it does: if
// not, the machine has no limits, and a key says why. A machine that does not run gets its limits when it has started.
func (e *Engine) limited(ctx context.Context, s server, found *api.Instance) (engine.Machine, error) {
	doing := "limiting the disks of " + found.Name
	for range limitLooks {
		if stateOf(found) != engine.Running || len(unlimited(found)) == 0 || found.Config[unlimitedKey] != "" {
			break
		}
		// Read again, since a disk that another call has removed meanwhile must not come back.
		now, etag, err := s.GetInstance(found.Name)
		if err != nil {
			return engine.Machine{}, translate(ctx, doing, err)
		}
		err = e.change(s, now, etag, nil, unlimited(now))
		if err != nil && ctx.Err() == nil && !raced(err) {
			why := "the host cannot limit disks to their speed, so they are as fast as it is: " + strings.TrimSpace(err.Error())
			err = e.change(s, now, etag, api.ConfigMap{unlimitedKey: why}, nil)
		}
		if err != nil && (ctx.Err() != nil || !raced(err)) {
			return engine.Machine{}, translate(ctx, doing, err)
		}
		if found, _, err = s.GetInstance(found.Name); err != nil {
			return engine.Machine{}, translate(ctx, doing, err)
		}
	}
	return e.machine(found), nil
}

// unlimited returns the devices of disks that have a speed and no limits, with those.
func unlimited(found *api.Instance) api.DevicesMap {
	devices := api.DevicesMap{}
	for name, device := range found.Devices {
		_, throughput := speedOf(found, name)
		limit := mib(throughput)
		if device["type"] != "disk" || throughput == 0 || device[readLimit] == limit && device[writeLimit] == limit {
			continue
		}
		limits := maps.Clone(device)
		limits[readLimit], limits[writeLimit] = limit, limit
		devices[name] = limits
	}
	return devices
}
