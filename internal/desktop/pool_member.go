package desktop

import (
	"cmp"
	"slices"
	"time"

	"carrel/internal/workspace"
)

// Tasks of pool desktops. A desktop is rebuilding while its system disk is replaced: by a rebuild, or by a reset.
const (
	TaskRebuilding       workspace.Task = "rebuilding"
	TaskAddingVolumes    workspace.Task = "addingVolumes"
	TaskDeletingVolumes  workspace.Task = "deletingVolumes"
	TaskExpandingVolumes workspace.Task = "expandingVolumes"
)

// Member is a pool desktop as the pool's decisions need it: some of the desktop's own row, and what only pool desktops have.
type Member struct {
	DesktopID     string
	PoolID        string
	Name          string
	ProductID     string
	ImageID       string
	Status        DesktopStatus
	Task          workspace.Task
	Login         LoginStatus
	InMaintenance bool
	Troubled      bool // the last work on it failed
	Created       time.Time
	Updated       time.Time

	AutoCreated bool      // created by autoscaling, which may delete it
	Isolated    bool      // set aside because it broke; no user gets it until an administrator ends the isolation
	Used        bool      // has had a user since its last reset to its image
	IdleSince   time.Time // when it last became ready for any user; zero before the first time
	Binding
}

// Binding is the user of a member, and since when. The zero value is no user.
type Binding struct {
	UserID       string
	BoundAt      time.Time
	Disconnected time.Time // when the user disconnected; zero while they are connected, and after they opened it again until they disconnect
}

// Bound reports whether the desktop has a user.
func (m Member) Bound() bool { return m.UserID != "" }

// Connected reports whether a user is connected to the desktop.
func (m Member) Connected() bool { return m.Login == LoginConnected }

// Faulty reports whether the desktop is broken and no job works on it.
func (m Member) Faulty() bool { return m.Status == StatusError && m.Task == workspace.NoTask }

// Leaving reports whether the desktop is being deleted.
func (m Member) Leaving() bool { return m.Task == workspace.TaskDeleting }

// Idle reports whether the desktop can be given to any user: it has none, is as fresh as its image, and runs or can be started.
func (m Member) Idle() bool {
	switch m.Status {
	case StatusActive, StatusShutoff, StatusHibernated:
		return m.free() && !m.Used && m.Task == workspace.NoTask
	default:
		return false
	}
}

// Coming reports whether the desktop will be idle without any action: it is being created, started or reset.
func (m Member) Coming() bool { return m.free() && !m.Leaving() && !m.Faulty() && !m.Idle() }

// free reports whether the desktop has no user and is neither isolated nor in maintenance.
func (m Member) free() bool { return !m.Bound() && !m.Connected() && !m.Isolated && !m.InMaintenance }

// NeedsReset reports whether the desktop must be reset to its image before another user may have it, and can be now.
func (m Member) NeedsReset() bool {
	return m.Used && !m.Bound() && !m.Connected() && !m.Isolated && m.Task == workspace.NoTask && m.Status != StatusError
}

// AfterBinding returns the member bound to a user.
func (m Member) AfterBinding(userID string, now time.Time) Member {
	m.Binding = Binding{UserID: userID, BoundAt: now}
	m.Used = true
	return m
}

// AfterReturn returns the member when its user opens it again (OutcomeSame): the retention starts again, so that it cannot end
// while the display is connecting.
func (m Member) AfterReturn(now time.Time) Member {
	if !m.Connected() {
		m.Disconnected = now
	}
	return m
}

// AfterRelease returns the member without its binding. It remains used until it has been reset.
func (m Member) AfterRelease() Member {
	m.Binding = Binding{}
	return m
}

// AfterLogin returns the member with the observed login status. It changes nothing if the member is not bound.
func (m Member) AfterLogin(login LoginStatus, now time.Time) Member {
	was := m.Connected()
	m.Login = login
	switch {
	case !m.Bound():
	case m.Connected():
		m.Disconnected = time.Time{}
	case was:
		m.Disconnected = now
	}
	return m
}

// AfterReset returns the member after a reset to an image. If its user reset it, it keeps its user and remains used.
func (m Member) AfterReset(imageID string, now time.Time) Member {
	m.ImageID = imageID
	if !m.Bound() {
		m.Used, m.IdleSince = false, now
	}
	return m
}

// Difference is a respect in which a desktop differs from what its pool would create now.
type Difference string

// The differences, in the words of the filter inconsistent_type.
const (
	DiffersInProduct   Difference = "PRODUCT_ID"
	DiffersInImage     Difference = "IMAGE_ID"
	DiffersInDisks     Difference = "DISK_NUM"
	DiffersInDiskSize  Difference = "DISK_SIZE"
	DiffersByIsolation Difference = "AUTO_ISOLATION"
)

// Differences lists all differences.
var Differences = []Difference{DiffersInProduct, DiffersInImage, DiffersInDisks, DiffersInDiskSize, DiffersByIsolation}

// Shrink returns n desktops of a pool to delete: broken ones first, then idle ones (those created by autoscaling first, then the
// longest idle), then those that are being created or reset. CodeConflict if fewer are free: no desktop with a user is deleted.
func Shrink(members []Member, n int) ([]string, error) {
	var free []Member
	for _, m := range members {
		if !m.Bound() && !m.Connected() && !m.Leaving() {
			free = append(free, m)
		}
	}
	if n < 1 || n > len(members) {
		return nil, workspace.Invalid("size", "%d is out of range, use 1 to %d", n, len(members))
	}
	if n > len(free) {
		return nil, workspace.Errorf(workspace.CodeConflict, "only %d of the pool's desktops are free, but %d were to be deleted; the others have users", len(free), n)
	}
	rank := func(m Member) int {
		switch {
		case m.Faulty() || m.Isolated:
			return 0
		case m.Idle():
			return 1
		default:
			return 2
		}
	}
	slices.SortFunc(free, func(a, b Member) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), Before(a.AutoCreated, b.AutoCreated), ByIdleness(a, b))
	})
	return IdsOf(free[:n]), nil
}

// ByIdleness orders the longest idle first, equal ones by id, so that the order of the input does not matter.
func ByIdleness(a, b Member) int {
	return cmp.Or(a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.DesktopID, b.DesktopID))
}

// Before orders true first.
func Before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

func IdsOf(members []Member) []string {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.DesktopID
	}
	return ids
}
