// Package snapshot keeps what was on the disks of desktops, and brings it back. The content is in the engine, as a part of the machine; this room has
// what is known of it, and orders the work.
package snapshot

import (
	"cmp"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits. The content takes space of the storage pool as the disks change, so there are not many.
const (
	MaxPerDisks    = 10 // snapshots that were asked for, of each desktop's system disk, and as many of its data disks
	MaxAutomatic   = 3  // the newest that were taken before a restoration stay, likewise
	MaxPerRequest  = 100
	MaxName        = 64
	MaxDescription = 255
)

// Status is the state of a snapshot, in the words of the API.
type Status string

// The states.
const (
	Creating      Status = "creating"
	Restoring     Status = "restoring"
	Created       Status = "create_success"
	CreateFailed  Status = "create_failed"
	Restored      Status = "restore_success"
	RestoreFailed Status = "restore_failed"
)

// Snapshot is what was on disks of a desktop at a moment.
type Snapshot struct {
	store.BaseModel `bun:"table:snapshots,alias:s"`
	ID              string `bun:",pk"`
	ProjectID       string
	DesktopID       string
	DesktopName     string    `bun:",scanonly"`
	PoolID          string    `bun:",scanonly"`
	DesktopUpdated  time.Time `bun:",scanonly"` // of Pending and Resting
	Name            string
	NameFolded      string
	Description     string
	System          bool // of the system disk; otherwise of the data disks
	Automatic       bool // taken before another one was restored
	Status          Status
	Reason          string    // why the last restoration failed
	Restored        time.Time `bun:",nullzero"` // when it was restored last
	Created         time.Time
}

// there reports whether the engine has its content.
func (s Snapshot) there() bool {
	return s.Status == Created || s.Status == Restored || s.Status == RestoreFailed
}

// The tasks of desktops.
const (
	TaskTaking    workspace.Task = "creatingWksSnapshot"
	TaskRestoring workspace.Task = "restoringWksSnapshot"
	TaskDeleting  workspace.Task = workspace.TaskUpdating
)

// Tasks is the task that each job type sets on desktops.
var Tasks = map[workspace.JobType]workspace.Task{
	workspace.JobTakeSnapshots: TaskTaking, workspace.JobRestoreSnapshots: TaskRestoring, workspace.JobDeleteSnapshots: TaskDeleting,
}

// Params are the parameters of a sub-job about snapshots of one desktop.
type Params struct {
	IDs  []string `json:"ids"`
	Keep []string `json:"keep,omitempty"` // of a restoration: for each of IDs, the snapshot that it takes before
}

// MayChange returns why snapshots of a desktop cannot be taken, restored or deleted now, or nil. CodeConflict.
func MayChange(d desktop.Desktop) error {
	switch {
	case d.Task != workspace.NoTask:
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	case d.Status == desktop.StatusActive || d.Status == desktop.StatusShutoff || d.Status == desktop.StatusHibernated:
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, it must run or be off", d.Name, d.Status)
}

// superfluous returns the automatic snapshots that go when there are more than MaxAutomatic of the system disk, or of the data disks: the oldest.
func superfluous(all []Snapshot) (gone []Snapshot) {
	newest := slices.SortedFunc(slices.Values(all), func(a, b Snapshot) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	kept := map[bool]int{}
	for _, s := range newest {
		if !s.Automatic {
			continue
		}
		if kept[s.System]++; kept[s.System] > MaxAutomatic {
			gone = append(gone, s)
		}
	}
	return gone
}
