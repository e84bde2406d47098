// Package engine defines the interface to what runs the desktops. An engine handles machines, disks and networks; it does not know pools,
// users or HTTP. Implementations: engine/incus and engine/sim. Package enginetest is their conformance suite.
package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"carrel/internal/guest"
)

// The errors that callers distinguish; implementations wrap them. Any other error is a passing fault: the caller looks
// again and retries.
var (
	ErrNotFound    = errors.New("no such machine")
	ErrInvalid     = errors.New("the engine cannot make such a machine") // retrying is pointless
	ErrConflict    = errors.New("the machine's state forbids it")        // such as hibernating a stopped machine
	ErrNoCapacity  = errors.New("no room on any host")
	ErrUnavailable = errors.New("the engine does not answer")
	// ErrAddressTaken says that a machine, whosesoever, has the address already: another address would do.
	ErrAddressTaken = errors.New("another machine has the address")
)

// State is what a machine is doing.
type State string

// The states of a machine.
const (
	Running    State = "running"
	Stopped    State = "stopped"
	Hibernated State = "hibernated" // keeps its session, uses no CPU
	Broken     State = "broken"     // the engine reports an error
)

// Spec describes a machine to launch. ID is the desktop's id and the machine's identity: the machine carries it, and
// two launches with the same ID are one machine.
type Spec struct {
	ID        string
	Name      string // for people who look at the engine; unique only together with ID
	Image     string // an Image.ID
	CPUs      int
	MemoryMiB int
	Processes int // programs and threads at most; a virtual machine, whose kernel is its own, has no such limit. Required
	Root      Disk
	Data      []Disk // in the order of their devices; mounted at Disk.Mount
	Network   string // a Network.ID
	Address   string // IPv4 on that network, without the prefix length; required
	Zone      string // an availability zone; empty leaves the choice to the engine
	Guest     guest.Desktop
	// Installation is the id of the control plane's database; the machine and its data disks carry it, so that two control
	// planes on one engine can tell whose is whose.
	Installation string
}

// Disk is one volume. The root disk's ID is not used.
type Disk struct {
	ID    string
	Class string // a volume type, "SAS" or "SSD", that the engine maps to storage of its own
	GiB   int
	Mount string // absolute path inside; data disks only
}

// Machine is what the engine says of a machine now.
type Machine struct {
	ID        string
	Name      string // the engine's own name for it
	State     State
	Host      string // the cluster member it is on
	Image     string
	VM        bool
	CPUs      int
	MemoryMiB int
	Processes int // the limit in force; 0 when there is none
	Network   string
	Address   string
	Root      Disk
	Data      []Disk
	Mark      string // of the last Rebuild that replaced the system disk; empty when there was none or it is half done

	Installation string    // whose it is; empty when it was made before machines carried that
	Aside        time.Time // since when it is set aside, to be removed later; zero: it is not
}

// UsedAddress is an IPv4 address that something has on a network.
type UsedAddress struct {
	Network string // a Network.ID
	Address string
	Machine string // the desktop's id of the machine that has it; empty when something else has it
	Holder  string // the engine's name for what has it
}

// Image is something that machines can be made from.
type Image struct {
	ID          string // the engine's own fingerprint
	Alias       string
	Description string
	VM          bool
	SizeMiB     int
	OS          string // "Debian GNU/Linux 12"
}

// Network is an IPv4 segment with NAT and name service, on which machines cannot reach one another.
type Network struct {
	ID      string // at most 15 characters: it names a bridge
	CIDR    string // "10.87.0.0/16"
	Gateway string // "10.87.0.1"
}

// Description tells what an engine is and can do.
type Description struct {
	Name    string // "incus" or "sim"
	Version string
	Zones   []string
	Classes []string // volume types
	VMs     bool     // whether images with VM set can be launched
	Hosts   []Host
}

// Host is one machine that runs desktops.
type Host struct {
	Name      string
	Zone      string
	CPUs      int
	MemoryMiB int
	Online    bool
}

// Capacity tells what machines share and can run out of. Sizes are bytes; 0 means without a limit.
type Capacity struct {
	Pools  []Pool
	Memory int64 // of all hosts that are online
}

// Pool is where disks are.
type Pool struct {
	Name    string
	Classes []string // the volume types that it serves
	Size    int64    // as far as it may grow: never more than the disk under it has room for
	Used    int64
}

// Engine runs machines. Every method may be called concurrently, also for the same machine and from several processes.
// Every method that changes something is idempotent: it blocks until what it promises holds, looks before it acts, and
// succeeds when it already holds. A cancelled context ends the wait; the change may still happen, so callers look again.
type Engine interface {
	// Describe reads the engine's abilities. It fails with ErrUnavailable when the engine does not answer.
	Describe(ctx context.Context) (Description, error)

	// Capacity reads how much room there is for disks and memory, whatever is promised of it.
	Capacity(ctx context.Context) (Capacity, error)

	// EnsureNetwork creates the network if it is missing. ErrConflict when its range overlaps that of another network, or when
	// machines are on it with addresses that it would no longer have.
	EnsureNetwork(ctx context.Context, n Network) error

	// Images lists what can be launched.
	Images(ctx context.Context) ([]Image, error)

	// Launch creates the machine with its disks and starts it. A half-made machine of the same ID is completed or
	// replaced. It returns when the machine runs, before its guest is ready. ErrInvalid, ErrNoCapacity; ErrAddressTaken, and
	// then no machine was made.
	Launch(ctx context.Context, s Spec) (Machine, error)

	// Find reads one machine, or fails with ErrNotFound.
	Find(ctx context.Context, id string) (Machine, error)

	// List reads every machine that carries a desktop id; unordered.
	List(ctx context.Context) ([]Machine, error)

	// Addresses lists the addresses in use on the engine's networks, also those of other installations and of what Carrel
	// did not make; unordered. Those of a network itself are not among them.
	Addresses(ctx context.Context) ([]UsedAddress, error)

	// Own notes on a machine that carries no installation, and on its data disks, whose it is. ErrNotFound; ErrConflict when
	// it carries another one.
	Own(ctx context.Context, id, installation string) error

	// SetAside notes on a machine since when it is set aside; the zero time takes the note away. It does nothing else to it.
	// ErrNotFound.
	SetAside(ctx context.Context, id string, since time.Time) error

	// Start runs a stopped machine and resumes a hibernated one.
	Start(ctx context.Context, id string) error

	// Stop ends a machine. With force it pulls the plug; without, it asks the system inside to shut down and fails with
	// the context's error when that takes longer than the context allows.
	Stop(ctx context.Context, id string, force bool) error

	// Hibernate keeps the session and frees the CPU. ErrConflict unless the machine runs or is hibernated.
	Hibernate(ctx context.Context, id string) error

	// Delete removes the machine with all its disks, in whatever state. Deleting what is gone succeeds.
	Delete(ctx context.Context, id string) error

	// Rebuild replaces the system disk by a fresh clone of s.Image with s.Root's size and starts the machine, in whatever
	// state it is; what ran in it is cut off. Data disks, processors, memory, address, name and identity stay; the guest
	// document becomes s.Guest. mark, 1 to 64 characters, names the wish: a machine that carries it already is only
	// started. A rebuild that has begun is completed by another call alone: until then the machine can be deleted, but
	// not started, launched or reshaped (ErrConflict). It returns when the machine runs, before its guest is ready.
	// ErrNotFound; ErrInvalid, also when s.Image is of another kind than the machine or s.Root of another class;
	// ErrNoCapacity; ErrConflict when a Rebuild with another mark came in between.
	Rebuild(ctx context.Context, s Spec, mark string) (Machine, error)

	// Reshape makes the machine have s's processors, memory, limit of processes, root size and data disks, in whatever state it is: it adds
	// the disks that are missing, removes those that s does not name, with their data, and grows those that are smaller;
	// everything else stays. The guest learns of the disks by Configure. ErrNotFound; ErrInvalid, also for a disk that
	// would shrink or change its class; ErrNoCapacity; ErrConflict where the machine has to be off for it and is not, or
	// uses more memory than it shall have.
	Reshape(ctx context.Context, s Spec) (Machine, error)

	// LimitProcesses bounds how many programs and threads the machine runs at once, in whatever state it is, from now on;
	// those that run already are not ended. It does nothing to a virtual machine. ErrNotFound; ErrInvalid unless n is
	// positive.
	LimitProcesses(ctx context.Context, id string, n int) error

	// Configure makes a running machine's inside be as d says, and keeps d for the next boot. ErrConflict when the
	// machine does not run.
	Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error)

	// Await blocks until the account's display answers, or, with an empty account, until the guest has applied its
	// document; what of that was left out, Status tells. It fails with the context's error, or with what the guest says went wrong.
	Await(ctx context.Context, id, account string) error

	// Status asks the guest of a running machine. ErrConflict when the machine does not run.
	Status(ctx context.Context, id string) (guest.Status, error)

	// Notify shows a message in the machine's sessions.
	Notify(ctx context.Context, id string, m guest.Message) error

	// Display opens the account's display as an RFB stream through the engine's own API. The caller closes it. The
	// stream ends when the machine stops.
	Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error)

	// Close releases connections; machines go on running.
	Close() error
}
