package engine

import "context"

// Snapshot is the content of disks of a machine at a moment: of its system disk, or of all its data disks.
type Snapshot struct {
	ID      string // 1 to 58 letters, digits and hyphens
	Machine string // the machine's ID
	System  bool   // of the system disk; otherwise of the data disks
}

// Snapshots is the part of an Engine that keeps what is on disks. A snapshot is a part of its machine: it is deleted with it, and one of data disks
// loses the content of those that are removed. Where the storage shares blocks (btrfs) all of this takes no time and, at first, no space.
// A machine with a snapshot of its system disk cannot be rebuilt (ErrConflict).
type Snapshots interface {
	// Snapshots lists the snapshots of all machines, in any order. Those that somebody else has taken are not among them.
	Snapshots(ctx context.Context) ([]Snapshot, error)

	// TakeSnapshot keeps the present content in any state of the machine, which is not stopped: programs that are writing find it as after a power
	// cut. Taking one that there is does nothing. Errors: ErrNotFound; ErrInvalid if there are no data disks; ErrConflict while a rebuild is incomplete.
	TakeSnapshot(ctx context.Context, s Snapshot) error

	// RestoreSnapshot gives the disks of a stopped machine the content of a snapshot. Everything else of the machine stays as it is: sizes, other disks,
	// address, document. Before that it takes the snapshot keep of the same disks, with what is on them now; a call with the keep of the last restoration that was
	// completed does nothing. Errors: ErrNotFound if there is no machine or no such snapshot; ErrConflict unless the machine is stopped.
	RestoreSnapshot(ctx context.Context, s Snapshot, keep string) error

	// DeleteSnapshot deletes a snapshot. It succeeds if there is none, or no machine.
	DeleteSnapshot(ctx context.Context, s Snapshot) error
}
