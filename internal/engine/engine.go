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

// The errors that callers distinguish; implementations wrap them. Any other error is transient: the caller checks the machine again and
// retries.
var (
	ErrNotFound    = errors.New("no such machine")
	ErrInvalid     = errors.New("the engine cannot make such a machine") // retrying is pointless
	ErrConflict    = errors.New("the machine's state forbids it")        // such as hibernating a stopped machine
	ErrNoCapacity  = errors.New("no capacity on any host")
	ErrUnavailable = errors.New("the engine does not answer")
	// ErrAddressTaken means that another machine, of any installation, has the address: retry with another address.
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

// Spec describes a machine to launch. ID is the desktop's id and the machine's identity: the machine carries it, and two launches with the
// same ID result in one machine.
type Spec struct {
	ID        string
	Name      string // for operators; unique only together with ID
	Image     string // an Image.ID
	CPUs      int
	MemoryMiB int
	Processes int // limit of processes and threads, required; ignored for virtual machines, which have their own kernel
	Root      Disk
	Data      []Disk // in the order of their devices; mounted at Disk.Mount
	Network   string // a Network.ID
	Address   string // IPv4 on that network, without the prefix length; required
	Zone      string // an availability zone; empty: the engine chooses
	Guest     guest.Desktop
	// Installation is the id of the control plane's database. The machine and its data disks carry it, so that several control planes can
	// use one engine.
	Installation string
}

// Disk is one volume. The root disk's ID is not used.
type Disk struct {
	ID    string
	Class string // volume type, "SAS" or "SSD"; the engine maps it to its storage
	GiB   int
	Mount string // absolute path in the machine; data disks only
	// The speed that the disk is limited to, as far as the engine can: operations and MiB per second. 0: no limit.
	IOPS       int
	Throughput int
}

// Machine is the present state of a machine, as the engine reports it.
type Machine struct {
	ID        string
	Name      string // the engine's name of the machine
	State     State
	Host      string // the cluster member it is on
	Image     string
	VM        bool
	CPUs      int
	MemoryMiB int
	Processes int // present limit; 0: none
	Network   string
	Address   string
	Root      Disk
	Data      []Disk
	Unlimited string // why the engine does not limit disks to their speed; empty: it does, or none has one
	Mark      string // of the last completed Rebuild; empty: never rebuilt, or a rebuild is incomplete

	Installation string    // id of its installation; empty: created by a version without this mark
	Aside        time.Time // since when it is set aside, to be removed later; zero: not set aside
}

// UsedAddress is an IPv4 address in use on a network.
type UsedAddress struct {
	Network string // a Network.ID
	Address string
	Machine string // desktop id of the machine with the address; empty if it is not a machine with a desktop id
	Holder  string // the engine's name of what uses the address
}

// Image is an image that machines can be launched from.
type Image struct {
	ID          string // the engine's fingerprint
	Alias       string
	Description string
	VM          bool
	SizeMiB     int
	OS          string // "Debian GNU/Linux 12"

	// Of images that PublishImage made; otherwise zero.
	Publication  string // the Publication.ID
	Installation string
	Made         time.Time
}

// Network is an IPv4 network with NAT and DNS. Its machines reach the world, and nothing reaches them, unless its Rules say otherwise.
type Network struct {
	ID      string // name of the bridge, at most 15 characters
	CIDR    string // "10.87.0.0/16"
	Gateway string // "10.87.0.1"
}

// Rules say what the machines of a network may reach and what reaches them. What no rule allows is dropped; replies always pass. The host's own
// addresses and shielded networks stay out of reach, whatever the rules say.
type Rules struct {
	// Version orders the rules of one network: SetRules does nothing if the network has rules of a later version. Positive.
	Version int64
	Allow   []Rule
	// Foreign are ranges from which nothing comes in, although a rule names a range that contains them.
	Foreign []string
	// Nameless are addresses of machines that the network's name service does not answer.
	Nameless []string
	// Forwards are public addresses of machines of the network.
	Forwards []Forward
}

// Forward is a public address of a machine: what comes to it goes on to the machine, as far as a rule lets it in. An engine that cannot limit the speed,
// or have the machine's own connections come from the address, leaves that out.
type Forward struct {
	Listen string // an IPv4 address that is routed to the host, and that no other network forwards
	Target string // the machine's address
	Mbit   int    // per second and direction, between the machine and what is not on a network of the engine; 0: no limit
}

// Rule allows packets. One to a machine of the same network needs a rule of the kind In only.
type Rule struct {
	Out      bool     // from the network's machines to elsewhere; otherwise to the network's machines
	From, To []string // IPv4 ranges in CIDR form; none: any
	Protocol string   // "tcp", "udp", "icmp"; empty: any
	Ports    string   // of the destination, "22,8000-8080"; empty: any. Only with tcp and udp
}

// Description describes an engine and its capabilities.
type Description struct {
	Name    string // "incus" or "sim"
	Version string
	Zones   []string
	Classes []string // volume types
	VMs     bool     // whether images with VM set can be launched
	Hosts   []Host
}

// Host is a physical host, or cluster member, that runs machines.
type Host struct {
	Name      string
	Zone      string
	CPUs      int
	MemoryMiB int
	Online    bool
}

// Capacity is the capacity that machines share. Sizes are in bytes; 0 means unlimited.
type Capacity struct {
	Pools  []Pool
	Memory int64 // of all hosts that are online
}

// Pool is a storage pool.
type Pool struct {
	Name    string
	Classes []string // the volume types that it serves
	Size    int64    // maximum size: never more than the disk under it can hold
	Used    int64
}

// Engine runs machines. All methods are safe for concurrent use, also for the same machine and from several processes. Every method with
// side effects is idempotent: it checks the present state first, blocks until the described state holds, and succeeds if it already does. A
// cancelled context ends the wait; the change may still happen, so callers check again.
type Engine interface {
	// Describe reads the engine's capabilities, or returns ErrUnavailable if the engine does not answer.
	Describe(ctx context.Context) (Description, error)

	// Capacity reads the total capacity for disks and memory and what is used, not what is promised.
	Capacity(ctx context.Context) (Capacity, error)

	// EnsureNetwork creates the network if it is missing. It returns ErrConflict if its range overlaps that of another network, or if
	// machines on it have addresses outside the new range.
	EnsureNetwork(ctx context.Context, n Network) error

	// SetRules replaces the rules of a network. It returns ErrNotFound if there is no such network, ErrInvalid for rules that cannot be.
	SetRules(ctx context.Context, network string, r Rules) error

	// DeleteNetwork removes a network with its rules. It succeeds if there is none, and returns ErrConflict while machines are on it, or if
	// it is not one that EnsureNetwork made.
	DeleteNetwork(ctx context.Context, id string) error

	// Images lists the images that can be launched.
	Images(ctx context.Context) ([]Image, error)

	// DeleteImage removes an image. Machines that were launched from it stay. It succeeds if there is no such image.
	DeleteImage(ctx context.Context, id string) error

	// Launch creates the machine with its disks and starts it; an incomplete machine of the same ID is completed or replaced. It returns
	// when the machine runs, before its guest is ready. Errors: ErrInvalid, ErrNoCapacity, and ErrAddressTaken, after which there is no
	// machine.
	Launch(ctx context.Context, s Spec) (Machine, error)

	// Find reads one machine, or returns ErrNotFound.
	Find(ctx context.Context, id string) (Machine, error)

	// List reads all machines that carry a desktop id, in any order.
	List(ctx context.Context) ([]Machine, error)

	// Addresses lists the addresses in use on the engine's networks in any order, including those of other installations and of instances
	// that Carrel did not create, but not the networks' own addresses.
	Addresses(ctx context.Context) ([]UsedAddress, error)

	// Own marks a machine without an installation mark, and its data disks, as belonging to an installation. Errors: ErrNotFound;
	// ErrConflict if it has the mark of another one.
	Own(ctx context.Context, id, installation string) error

	// SetAside records on a machine since when it is set aside; the zero time removes the record. It has no other effect. Errors:
	// ErrNotFound.
	SetAside(ctx context.Context, id string, since time.Time) error

	// Start starts a stopped machine and resumes a hibernated one.
	Start(ctx context.Context, id string) error

	// Stop stops a machine. With force it powers the machine off; without, it asks the guest system to shut down and returns the context's
	// error if that takes longer than the context allows.
	Stop(ctx context.Context, id string, force bool) error

	// Hibernate keeps the session and releases the CPU. It returns ErrConflict unless the machine runs or is hibernated.
	Hibernate(ctx context.Context, id string) error

	// Delete removes the machine with all its disks, in any state. It succeeds if the machine does not exist.
	Delete(ctx context.Context, id string) error

	// Rebuild replaces the system disk with a fresh clone of s.Image with the size of s.Root, and starts the machine, in any state;
	// everything that runs in it is killed. Data disks, processors, memory, address, name and identity stay; the guest document becomes
	// s.Guest. mark, 1 to 64 characters, identifies the request: a machine that has this mark already is only started. An interrupted
	// rebuild can only be completed by another call: until then the machine can be deleted, but not started, launched or reshaped
	// (ErrConflict). Rebuild returns when the machine runs, before its guest is ready. Errors: ErrNotFound; ErrInvalid, also if s.Image is
	// of another kind than the machine or s.Root of another class; ErrNoCapacity; ErrConflict if a Rebuild with another mark intervened.
	Rebuild(ctx context.Context, s Spec, mark string) (Machine, error)

	// Reshape gives the machine the processors, memory, process limit, root size and data disks of s, in any state: it adds missing disks,
	// removes disks that s does not name, with their data, grows smaller ones, and limits disks to their speed; everything else stays. That the
	// engine cannot limit a disk is no error: Machine.Unlimited says so. Call Configure afterwards to tell
	// the guest about the disks. Errors: ErrNotFound; ErrInvalid, also for a disk that would shrink or change its class; ErrNoCapacity;
	// ErrConflict if the machine has to be off and is not, or uses more memory than its new size.
	Reshape(ctx context.Context, s Spec) (Machine, error)

	// Readdress gives a stopped machine the network and address of s, and stores s.Guest for its next boot. Everything else stays. It succeeds in any state
	// if the machine has them. Errors: ErrNotFound; ErrInvalid, also for a network that is not there; ErrAddressTaken; ErrConflict unless it is stopped.
	Readdress(ctx context.Context, s Spec) error

	// LimitProcesses sets the limit of processes and threads of the machine, in any state; existing processes continue. It has no effect on
	// virtual machines. Errors: ErrNotFound; ErrInvalid unless n is positive.
	LimitProcesses(ctx context.Context, id string, n int) error

	// Configure applies d to a running machine's guest, and stores d for the next boot. It returns ErrConflict if the machine does not run.
	Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error)

	// Await blocks until the account's display answers or, with an empty account, until the guest has applied its document; Status reports
	// which parts were skipped. It returns the context's error, or the error that the guest reports.
	Await(ctx context.Context, id, account string) error

	// Status queries the guest of a running machine. It returns ErrConflict if the machine does not run.
	Status(ctx context.Context, id string) (guest.Status, error)

	// Notify shows a message in the machine's sessions.
	Notify(ctx context.Context, id string, m guest.Message) error

	// EndSessions ends the sessions of a running machine that began before a time, with all programs in them, and has new ones started
	// in their place. It returns when the old ones have ended. Errors: ErrNotFound; ErrConflict if the machine does not run; ErrInvalid if
	// its guest cannot do it, since it is too old.
	EndSessions(ctx context.Context, id string, before time.Time) error

	Runs

	Snapshots

	Publishing

	// Display opens the account's display as an RFB stream through the engine's own API. The caller closes the stream; it ends when the
	// machine stops.
	Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error)

	// Close releases connections; machines keep running.
	Close() error
}
