package desktop

import (
	"cmp"
	"slices"
	"time"

	"carrel/internal/workspace"
)

// The tasks that pools bring. A desktop is rebuilding while its system disk is replaced: by a rebuild, or by the reset after
// somebody used it.
const (
	TaskRebuilding       workspace.Task = "rebuilding"
	TaskAddingVolumes    workspace.Task = "addingVolumes"
	TaskDeletingVolumes  workspace.Task = "deletingVolumes"
	TaskExpandingVolumes workspace.Task = "expandingVolumes"
)

// Member is a pool's desktop as far as the pool's decisions need it: some of the desktop's own row, and what a desktop has only
// in a pool.
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
	Troubled      bool // what was done to it last failed
	Created       time.Time
	Updated       time.Time

	AutoCreated bool      // autoscaling made it, and may delete it
	Isolated    bool      // put aside because it broke; nobody gets it until an administrator takes it back
	Used        bool      // somebody has had it since it was last reset to its image
	IdleSince   time.Time // when it last became ready for anybody; zero before the first time
	Binding
}

// Binding says who has a member. The zero value is nobody.
type Binding struct {
	UserID       string
	BoundAt      time.Time
	Disconnected time.Time // when the person was last there; zero while they are connected and before they return for the first time
}

// Bound says whether somebody has the desktop.
func (m Member) Bound() bool { return m.UserID != "" }

// Connected says whether somebody is looking at the desktop.
func (m Member) Connected() bool { return m.Login == LoginConnected }

// Faulty says whether the desktop is broken and nobody is working on that.
func (m Member) Faulty() bool { return m.Status == StatusError && m.Task == workspace.NoTask }

// Leaving says whether the desktop is being deleted.
func (m Member) Leaving() bool { return m.Task == workspace.TaskDeleting }

// Idle says whether the desktop can be given to anybody: nobody has it, it is as fresh as its image, and it runs or can be started.
func (m Member) Idle() bool {
	switch m.Status {
	case StatusActive, StatusShutoff, StatusHibernated:
		return m.free() && !m.Used && m.Task == workspace.NoTask
	default:
		return false
	}
}

// Coming says whether the desktop is going to be idle without anybody's doing: it is being made, started or reset.
func (m Member) Coming() bool { return m.free() && !m.Leaving() && !m.Faulty() && !m.Idle() }

// free says whether nobody has the desktop and nothing keeps it from people for good.
func (m Member) free() bool { return !m.Bound() && !m.Connected() && !m.Isolated && !m.InMaintenance }

// NeedsReset says whether the desktop must be reset to its image before anybody else may have it, and can be now.
func (m Member) NeedsReset() bool {
	return m.Used && !m.Bound() && !m.Connected() && !m.Isolated && m.Task == workspace.NoTask && m.Status != StatusError
}

// AfterBinding returns the member given to a person.
func (m Member) AfterBinding(userID string, now time.Time) Member {
	m.Binding = Binding{UserID: userID, BoundAt: now}
	m.Used = true
	return m
}

// AfterReturn returns the member when its person opens it again (OutcomeSame): the time that they may stay away begins anew, so that it
// cannot run out while their display is being connected.
func (m Member) AfterReturn(now time.Time) Member {
	if !m.Connected() {
		m.Disconnected = now
	}
	return m
}

// AfterRelease returns the member taken from whoever had it. It stays used until it has been reset.
func (m Member) AfterRelease() Member {
	m.Binding = Binding{}
	return m
}

// AfterLogin returns the member with the connection state that was seen. Nothing changes for those that nobody has.
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

// AfterReset returns the member fresh from an image. One that somebody has, who reset it, stays theirs and used.
func (m Member) AfterReset(imageID string, now time.Time) Member {
	m.ImageID = imageID
	if !m.Bound() {
		m.Used, m.IdleSince = false, now
	}
	return m
}

// Difference is a respect in which a desktop is not as its pool would make it now.
type Difference string

// The differences, in the words of the filter inconsistent_type.
const (
	DiffersInProduct   Difference = "PRODUCT_ID"
	DiffersInImage     Difference = "IMAGE_ID"
	DiffersInDisks     Difference = "DISK_NUM"
	DiffersInDiskSize  Difference = "DISK_SIZE"
	DiffersByIsolation Difference = "AUTO_ISOLATION"
)

// Differences are all of them.
var Differences = []Difference{DiffersInProduct, DiffersInImage, DiffersInDisks, DiffersInDiskSize, DiffersByIsolation}

// Shrink chooses n desktops to delete from a pool: broken ones first, then idle ones, those that autoscaling made before others
// and the longest idle first, then those that are being made or reset. CodeConflict when fewer are free: nobody loses a desktop that they
// have.
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
		return nil, workspace.Errorf(workspace.CodeConflict, "only %d of the pool's desktops are free, %d were to go; people have the others", len(free), n)
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

// ByIdleness puts who has been idle longest first; the id decides between equals, so that the order of the input does not.
func ByIdleness(a, b Member) int {
	return cmp.Or(a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.DesktopID, b.DesktopID))
}

// Before orders what is true first.
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
