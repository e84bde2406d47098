package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Config is the configuration of a simulated installation. The zero value is usable: one host without a limit, one image, no
// delays, no faults, and nothing stored on disk.
type Config struct {
	// File stores the machines, so that another process finds them after this one has ended in any way. One process at a time may
	// use it. Empty keeps them only in memory.
	File string `yaml:"file"`
	// Seed determines jitter and faults. The same seed and the same calls give the same results, in whatever order machines are
	// processed.
	Seed uint64 `yaml:"seed"`
	// Hosts are the hosts that run machines; empty means one host without a limit in the zone "default".
	Hosts []Host `yaml:"hosts"`
	// Classes are the volume types; empty means SAS, SSD and GPSSD2.
	Classes []string `yaml:"classes"`
	// Storage is the size of each class's pool, in GiB; a class without an entry has no limit.
	Storage map[string]int `yaml:"storage"`
	// MemoryMiB is the memory of all hosts for running desktops; 0 means no limit.
	MemoryMiB int `yaml:"memory_mib"`
	// Images are the images that can be launched; empty means DefaultImages.
	Images []Image `yaml:"images"`
	// VMs allows images that are virtual machines.
	VMs bool `yaml:"vms"`
	// Latency is the duration of operations.
	Latency Latency `yaml:"latency"`
	// Faults are deliberate faults, by name: see the Fault constants.
	Faults map[string]Fault `yaml:"faults"`
}

// Host is one simulated host.
type Host struct {
	Name      string `yaml:"name"`
	Zone      string `yaml:"zone"`
	CPUs      int    `yaml:"cpus"`       // reported, never enforced
	MemoryMiB int    `yaml:"memory_mib"` // likewise
	Capacity  int    `yaml:"capacity"`   // maximum number of machines; 0 means no limit
	Offline   bool   `yaml:"offline"`    // accepts no new machines
}

// Image is an engine.Image that can be launched.
type Image struct {
	ID          string `yaml:"id"` // empty means one derived from the alias
	Alias       string `yaml:"alias"`
	Description string `yaml:"description"`
	VM          bool   `yaml:"vm"`
	SizeMiB     int    `yaml:"size_mib"`
	OS          string `yaml:"os"`
}

// Latency is the duration of each operation; 0 means none.
type Latency struct {
	Read      time.Duration `yaml:"read"`      // every call that only reads
	Launch    time.Duration `yaml:"launch"`    // until the machine runs
	Start     time.Duration `yaml:"start"`     // also the second half of a restart
	Stop      time.Duration `yaml:"stop"`      // without force; with force it takes no time
	Hibernate time.Duration `yaml:"hibernate"` // and resuming
	Delete    time.Duration `yaml:"delete"`
	Rebuild   time.Duration `yaml:"rebuild"`   // until the machine runs from its new system disk
	Reshape   time.Duration `yaml:"reshape"`   // if there is something to change
	Boot      time.Duration `yaml:"boot"`      // from running until the guest has applied its document
	Session   time.Duration `yaml:"session"`   // from then until an account's display answers
	Configure time.Duration `yaml:"configure"` // applying a document
	Snapshot  time.Duration `yaml:"snapshot"`  // taking or restoring one
	Publish   time.Duration `yaml:"publish"`   // making an image of a machine
	Display   time.Duration `yaml:"display"`   // opening a display
	// Jitter varies every duration above by up to this share in both directions: 0.2 turns 1s into 0.8s to 1.2s.
	Jitter float64 `yaml:"jitter"`
}

// Realistic returns about what Incus needs on a small host.
func Realistic() Latency {
	return Latency{
		Read: 3 * time.Millisecond, Launch: 300 * time.Millisecond, Start: 150 * time.Millisecond,
		Stop: 700 * time.Millisecond, Hibernate: 50 * time.Millisecond, Delete: 200 * time.Millisecond,
		Rebuild: 500 * time.Millisecond, Reshape: 100 * time.Millisecond,
		Boot: 450 * time.Millisecond, Session: 500 * time.Millisecond, Configure: 60 * time.Millisecond,
		Snapshot: 100 * time.Millisecond, Publish: 3 * time.Second, Display: 10 * time.Millisecond, Jitter: 0.2,
	}
}

// DefaultImages returns one gold image.
func DefaultImages() []Image {
	return []Image{{
		ID:          fingerprint("debian-xfce"),
		Alias:       "debian-xfce",
		Description: "Debian with XFCE (simulated)",
		SizeMiB:     900,
		OS:          "Debian GNU/Linux 12",
	}}
}

func fingerprint(alias string) string {
	sum := sha256.Sum256([]byte("sim image " + alias))
	return hex.EncodeToString(sum[:])
}

// completed sets defaults and returns an error for invalid settings. It does not modify the caller's maps and slices.
func (c Config) completed() (Config, error) {
	if len(c.Hosts) == 0 {
		c.Hosts = []Host{{Name: "sim", Zone: "default", CPUs: 64, MemoryMiB: 256 << 10}}
	}
	if len(c.Classes) == 0 {
		c.Classes = []string{"SAS", "SSD", "GPSSD2"}
	}
	if len(c.Images) == 0 {
		c.Images = DefaultImages()
	}
	c.Hosts, c.Classes, c.Images = slices.Clone(c.Hosts), slices.Clone(c.Classes), slices.Clone(c.Images)
	for i := range c.Images {
		if c.Images[i].ID == "" {
			c.Images[i].ID = fingerprint(c.Images[i].Alias)
		}
	}
	names := map[string]bool{}
	for i, h := range c.Hosts {
		if h.Name == "" || names[h.Name] {
			return c, fmt.Errorf("sim: hosts[%d] needs a name of its own", i)
		}
		names[h.Name] = true
		if h.Zone == "" {
			c.Hosts[i].Zone = "default"
		}
	}
	if c.Latency.Jitter < 0 || c.Latency.Jitter > 1 {
		return c, fmt.Errorf("sim: latency.jitter is %v; it must be between 0 and 1", c.Latency.Jitter)
	}
	for name, f := range c.Faults {
		if err := f.check(name); err != nil {
			return c, err
		}
	}
	c.Faults = maps.Clone(c.Faults)
	return c, nil
}

// Fault says how often something fails: the first Count times, and after that with Probability.
type Fault struct {
	Count       int           `yaml:"count"`
	Probability float64       `yaml:"probability"` // 0 to 1
	After       time.Duration `yaml:"after"`       // for faults with a delay: vanishes, breaks, display-drops
}

// The faults, by their names in a configuration.
const (
	Unavailable    = "unavailable"     // any call fails with engine.ErrUnavailable and does nothing
	ReplyLost      = "reply-lost"      // any change is made, then reported as failed
	LaunchFails    = "launch-fails"    // Launch fails before anything is created
	LaunchBreaks   = "launch-breaks"   // Launch fails and leaves an incomplete machine
	LaunchHangs    = "launch-hangs"    // Launch leaves an incomplete machine and blocks until its context ends
	NoCapacity     = "no-capacity"     // Launch fails with engine.ErrNoCapacity
	Vanishes       = "vanishes"        // a launched machine is gone after a while
	Breaks         = "breaks"          // a launched machine is broken after a while
	StartFails     = "start-fails"     // Start fails; the machine stays as it was
	StartHangs     = "start-hangs"     // Start blocks until its context ends; the machine stays as it was
	StopHangs      = "stop-hangs"      // the system inside ignores the request to stop without force
	DeleteFails    = "delete-fails"    // Delete fails; the machine stays
	RebuildFails   = "rebuild-fails"   // Rebuild fails before anything is done
	RebuildBreaks  = "rebuild-breaks"  // Rebuild fails and leaves the machine off and without a system disk
	RebuildHangs   = "rebuild-hangs"   // the same, and Rebuild blocks until its context ends
	ReshapeFails   = "reshape-fails"   // Reshape fails before anything is done
	GuestFails     = "guest-fails"     // the guest cannot apply its document, at boot or in Configure
	GuestSilent    = "guest-silent"    // the guest answers nothing until the machine stops
	DisplayRefused = "display-refused" // Display fails
	DisplayDrops   = "display-drops"   // a display's stream ends after a while
)

// FaultNames lists every fault.
func FaultNames() []string {
	return []string{
		Unavailable, ReplyLost, LaunchFails, LaunchBreaks, LaunchHangs, NoCapacity, Vanishes, Breaks, StartFails,
		StartHangs, StopHangs, DeleteFails, RebuildFails, RebuildBreaks, RebuildHangs, ReshapeFails, GuestFails,
		GuestSilent, DisplayRefused, DisplayDrops,
	}
}

func (f Fault) check(name string) error {
	if !slices.Contains(FaultNames(), name) {
		return fmt.Errorf("sim: no fault is called %q; there are %s", name, strings.Join(FaultNames(), ", "))
	}
	if f.Probability < 0 || f.Probability > 1 {
		return fmt.Errorf("sim: faults.%s.probability is %v; it must be between 0 and 1", name, f.Probability)
	}
	if f.Count < 0 || f.After < 0 {
		return fmt.Errorf("sim: faults.%s: count and after must not be negative", name)
	}
	return nil
}
