package workspace

import (
	"context"
	"time"
)

// PoolRollout is the rebuild of a pool's desktops that a rebuildDesktopPool job carries out: all that survives a crash. Rollout decides
// what is next in it.
type PoolRollout struct {
	JobID     string
	ProjectID string
	PoolID    string
	ImageID   string
	ImageType ImageType
	Delay     time.Duration
	Message   string // what the administrator wrote to people who are at work
	OrderID   string // as sent
	Handle    HandleType
	Fix       bool
	Limits    RolloutLimits
	Taken     bool   // the pool makes new desktops from the image, too
	Stopped   string // why it was given up; empty when it was not
	Created   time.Time
	Ended     time.Time // zero while anything is left to decide

	Items []RolloutEntry // in the order of their desktops' ids; written by their own methods
}

// RolloutEntry is one desktop of a PoolRollout.
type RolloutEntry struct {
	JobID     string
	DesktopID string
	SubJobID  string // does the work
	State     ItemState
	Deadline  time.Time // of WARNED
	Told      time.Time // when its people were last told; zero before, and again when somebody connects
	Ready     bool      // its person may be cut off now
	Wipe      bool      // nobody has it and somebody had it: the data disks are emptied as well
	Reason    string    // of SKIPPED and STOPPED

	SubJob SubJobState // read with the sub-job, empty when its record was deleted
	Code   Code        // likewise
}

// RolloutRows is what the domain asks of the store about rebuilds of pools. Whoever changes a rollout holds its pool.
type RolloutRows interface {
	// InsertRollout writes a rollout with its items, whose jobs and sub-jobs are there.
	InsertRollout(ctx context.Context, r PoolRollout) error

	// ReadRollout reads a rollout with its items by the job that carries it out. CodeJobNotFound.
	ReadRollout(ctx context.Context, jobID string) (PoolRollout, error)

	// OpenRollouts lists those that have not ended, of one pool or of all if poolID is empty, without items, oldest first.
	OpenRollouts(ctx context.Context, poolID string) ([]PoolRollout, error)

	// SaveRollout writes Taken, Stopped and Ended.
	SaveRollout(ctx context.Context, r PoolRollout) error

	// SaveRolloutItems writes State, Deadline, Told, Ready, Wipe and Reason of items.
	SaveRolloutItems(ctx context.Context, items []RolloutEntry) error

	// NoteTold writes Told of the item that a sub-job is for, or of a desktop's, while the countdown runs; the zero time asks for telling
	// people again. It returns the sub-jobs of the items that it wrote. Unlike the others it needs no lock.
	NoteTold(ctx context.Context, subJobID, desktopID string, at time.Time) ([]string, error)

	// ReadRolloutItem reads the item that a sub-job is for. CodeJobNotFound.
	ReadRolloutItem(ctx context.Context, subJobID string) (RolloutEntry, error)

	// WarnedItems reads the items of these desktops in which the countdown runs, in one statement.
	WarnedItems(ctx context.Context, desktopIDs []string) ([]RolloutEntry, error)

	// RolloutOrders reads, by desktop, the OrderID of the last rollout that is for it and has one, in one statement for as many as a
	// page has. Rollouts that skipped the desktop, or stopped before its turn, do not count.
	RolloutOrders(ctx context.Context, desktopIDs []string) (map[string]string, error)

	// Countdowns reads what people are told of the countdowns that run for these desktops, by desktop, in one statement.
	Countdowns(ctx context.Context, desktopIDs []string) (map[string]PoolCountdown, error)
}
