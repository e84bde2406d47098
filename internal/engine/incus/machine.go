package incus

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// The configuration keys that Carrel writes. Those of an instance are all that is known of a machine later.
const (
	desktopKey     = "user.carrel.desktop"   // the desktop's id, on instances and data volumes
	nameKey        = "user.carrel.name"      // Spec.Name
	classKey       = "user.carrel.class."    // followed by a device: its requested volume type
	sizeKey        = "user.carrel.gib."      // followed by a data device: the size of its volume
	speedKey       = "user.carrel.speed."    // followed by a device: its operations and MiB per second, "3000/125"
	unlimitedKey   = "user.carrel.unlimited" // why Incus does not limit the disks to their speed
	restoredKey    = "user.carrel.restored"  // on instances and data volumes: the last restoration, by the snapshot that it kept
	goneKey        = "user.carrel.gone."     // followed by a data disk that was detached and is still to be deleted: its pool
	markKey        = "user.carrel.mark"      // the mark of the last Rebuild that began
	markedImageKey = "user.carrel.image"     // the image of that Rebuild
	claimKey       = "image.carrel.claim"    // the call that rebuilds now; Incus removes it when it records the new system disk
	ownerKey       = "user.carrel.project"   // on pools, networks and rules: the project they were created for
	// installationKey is on all that Carrel creates: the installation that created it. Machines and their disks belong to it; a
	// project with its pools, networks and rules may serve several.
	installationKey = "user.carrel.installation"
	asideKey        = "user.carrel.aside" // since when a machine is set aside, RFC 3339
	filteringKey    = "user.carrel.filtering"
	processesKey    = "limits.processes"
)

const (
	rootDevice = "root"
	nicDevice  = "eth0"
	dataDevice = "data" // followed by the disk's index, from 0
)

var validID = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,58}[0-9A-Za-z])?$`)

// instanceName returns the engine's name of a desktop's machine.
func instanceName(id string) string { return "d-" + id }

// check returns an error for a spec that Incus can never create, before anything is created.
func (e *Engine) check(s engine.Spec) error {
	switch {
	case !validID.MatchString(s.ID):
		return fmt.Errorf("%w: %q is no machine id", engine.ErrInvalid, s.ID)
	case s.CPUs < 1 || s.MemoryMiB < 1:
		return fmt.Errorf("%w: %d CPUs and %d MiB of memory", engine.ErrInvalid, s.CPUs, s.MemoryMiB)
	case s.Processes < 1:
		return fmt.Errorf("%w: %d processes", engine.ErrInvalid, s.Processes)
	case s.Zone != "" && s.Zone != e.config.Zone:
		return fmt.Errorf("%w: there is no zone %q", engine.ErrInvalid, s.Zone)
	case s.Network == "":
		return fmt.Errorf("%w: no network is named", engine.ErrInvalid)
	}
	if a, err := netip.ParseAddr(s.Address); err != nil || !a.Is4() {
		return fmt.Errorf("%w: %q is no IPv4 address", engine.ErrInvalid, s.Address)
	}
	for i, d := range append([]engine.Disk{s.Root}, s.Data...) {
		if e.config.Classes[d.Class] == "" {
			return fmt.Errorf("%w: there is no volume type %q", engine.ErrInvalid, d.Class)
		}
		if d.GiB < 1 {
			return fmt.Errorf("%w: a disk of %d GiB", engine.ErrInvalid, d.GiB)
		}
		if i > 0 && (!validID.MatchString(d.ID) || !path.IsAbs(d.Mount) || path.Clean(d.Mount) == "/") {
			return fmt.Errorf("%w: data disk %q at %q", engine.ErrInvalid, d.ID, d.Mount)
		}
	}
	return nil
}

// request returns the one call that creates and starts the machine.
//
// The processors are a number, not a list: Incus then distributes the machines over the host's processors again at each start and
// stop, programs inside see the number of the product, and no machine shares the fixed processors of a neighbour. With a quota
// (limits.cpu.allowance) every machine could use all processors, but programs would start a thread for each of the host's
// processors, and all of them stall when the quota of a period is spent.
//
// boot.autostart is not set: after a reboot of the host Incus starts what was running before, and nothing else.
func (e *Engine) request(s engine.Spec, vm bool) (api.InstancesPost, error) {
	document, err := json.Marshal(s.Guest)
	if err != nil {
		return api.InstancesPost{}, fmt.Errorf("writing the guest document: %w", err)
	}
	config := api.ConfigMap{
		desktopKey:            s.ID,
		nameKey:               s.Name,
		guest.ConfigKey:       string(document),
		classKey + rootDevice: s.Root.Class,
		"limits.cpu":          strconv.Itoa(s.CPUs),
		"limits.memory":       mib(s.MemoryMiB),
	}
	kind := api.InstanceTypeContainer
	if vm {
		kind = api.InstanceTypeVM
		config["migration.stateful"] = "true" // hibernating is stopping with the memory's content saved
	} else {
		// A user range per desktop: a process that escapes from one has no rights in another, and the kernel's limits per user
		// (inotify, keys) count per desktop.
		config["security.idmap.isolated"] = "true"
		config[processesKey] = strconv.Itoa(s.Processes)
	}
	devices := api.DevicesMap{
		rootDevice: {"type": "disk", "path": "/", "pool": e.config.Classes[s.Root.Class], "size": gib(s.Root.GiB)},
		nicDevice:  e.nic(s),
	}
	if vm {
		devices[rootDevice]["size.state"] = stateSize(s.MemoryMiB)
	}
	if s.Installation != "" {
		config[installationKey] = s.Installation
	}
	for i, d := range s.Data {
		device := dataDevice + strconv.Itoa(i)
		devices[device] = e.dataDisk(d)
		config[classKey+device] = d.Class
		config[sizeKey+device] = strconv.Itoa(d.GiB)
		noteSpeed(config, device, d)
	}
	noteSpeed(config, rootDevice, s.Root)
	return api.InstancesPost{
		Name:   instanceName(s.ID),
		Type:   kind,
		Source: api.InstanceSource{Type: "image", Fingerprint: s.Image},
		Start:  true,
		InstancePut: api.InstancePut{
			Description: s.Name,
			Config:      config,
			Devices:     devices,
			Profiles:    []string{api.ProjectDefaultName},
		},
	}, nil
}

func (e *Engine) nic(s engine.Spec) map[string]string {
	nic := map[string]string{
		"type":                    "nic",
		"name":                    nicDevice,
		"network":                 s.Network,
		"ipv4.address":            s.Address,
		"security.port_isolation": "true",
	}
	if e.filtering {
		nic["security.mac_filtering"] = "true"
		nic["security.ipv4_filtering"] = "true"
		nic["security.ipv6_filtering"] = "true"
	}
	return nic
}

func (e *Engine) dataDisk(d engine.Disk) map[string]string {
	return map[string]string{"type": "disk", "pool": e.config.Classes[d.Class], "source": d.ID, "path": path.Clean(d.Mount)}
}

func gib(n int) string { return strconv.Itoa(n) + "GiB" }

func mib(n int) string { return strconv.Itoa(n) + "MiB" }

// stateSize returns the space on a virtual machine's disk for the content of its memory.
func stateSize(memoryMiB int) string { return mib(memoryMiB + 512) }

// machine converts an instance; it does not query the guest.
func (e *Engine) machine(i *api.Instance) engine.Machine {
	nic := i.Devices[nicDevice]
	m := engine.Machine{
		ID:      i.Config[desktopKey],
		Name:    i.Name,
		State:   stateOf(i),
		Host:    e.host,
		Image:   baseOf(i),
		VM:      isVM(i),
		Mark:    markOf(i),
		Network: nic["network"],
		Address: nic["ipv4.address"],
		Root:    engine.Disk{Class: i.Config[classKey+rootDevice], GiB: number(i.Devices[rootDevice]["size"], "GiB")},

		Installation: i.Config[installationKey], Aside: asideSince(i),
	}
	m.CPUs, m.MemoryMiB = number(i.Config["limits.cpu"], ""), number(i.Config["limits.memory"], "MiB")
	m.Processes = number(i.Config[processesKey], "")
	m.Root.IOPS, m.Root.Throughput = speedOf(i, rootDevice)
	m.Unlimited = i.Config[unlimitedKey]
	if i.Location != "" && i.Location != "none" {
		m.Host = i.Location
	}
	for _, slot := range slots(i) {
		m.Data = append(m.Data, slot.disk)
	}
	return m
}

// slot is a data device of an instance.
type slot struct {
	device string
	disk   engine.Disk
}

// slots returns the attached data disks, in the order of their devices. Where a disk was detached, an empty device keeps its
// place.
func slots(i *api.Instance) []slot {
	var all []slot
	for n := 0; ; n++ {
		name := dataDevice + strconv.Itoa(n)
		device, found := i.Devices[name]
		if !found {
			return all
		}
		if device["type"] != "disk" {
			continue
		}
		disk := engine.Disk{ID: device["source"], Class: i.Config[classKey+name], GiB: number(i.Config[sizeKey+name], ""), Mount: device["path"]}
		disk.IOPS, disk.Throughput = speedOf(i, name)
		all = append(all, slot{name, disk})
	}
}

func isVM(i *api.Instance) bool { return i.Type == string(api.InstanceTypeVM) }

func stateOf(i *api.Instance) engine.State {
	switch i.StatusCode {
	case api.Running, api.Ready:
		return engine.Running
	case api.Frozen:
		return engine.Hibernated
	case api.Stopped:
		if i.Stateful {
			return engine.Hibernated
		}
		return engine.Stopped
	}
	return engine.Broken
}

func number(text, unit string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(text, unit))
	return n
}
