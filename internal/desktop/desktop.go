package desktop

import (
	"cmp"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service orders, operates, lists and deletes desktops, and keeps the rules for their names. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type Service struct {
	Store store.Transactions
}

// Desktop is one cloud desktop: what its administrator asked for and the state that Carrel last knew.
type Desktop struct {
	ID        string
	ProjectID string
	PoolID    string // empty outside pools
	Type      workspace.DesktopType

	Name     string // computer_name; unique in the project whatever its case
	HostName string // host name inside; Name unless asked otherwise
	OUName   string

	ProductID      string
	ImageID        string
	Zone           string
	SubnetID       string
	Address        string // IPv4, unique in the subnet
	SecurityGroups []string
	EnterpriseID   string // enterprise_project_id, "0" by default
	Tags           []workspace.Tag

	Root Volume
	Data []Volume // in the order of the request, which is the order of their devices

	Status        DesktopStatus
	Task          workspace.Task // what is being done to it; empty when idle
	TaskOwner     string         // the sub-job that does it; only this one may touch the machine
	Login         LoginStatus
	Fault         string // what went wrong last, for people; empty when nothing
	InMaintenance bool
	AutoCreated   bool // autoscaling made it for its pool, and may delete it; InsertDesktops writes it, nothing does later
	Isolated      bool // put aside in its pool because it broke; SaveMember alone writes it

	Assignments      []Assignment      // to people, in their own name; oldest first
	GroupAssignments []GroupAssignment // oldest first

	Created time.Time
	Updated time.Time
}

// DesktopStatus is the power state of a desktop as clients know it.
type DesktopStatus string

// The states at rest, and those in between. A desktop that is being created has StatusCreating, which clients see as
// an empty status with a task.
const (
	StatusCreating    DesktopStatus = ""
	StatusActive      DesktopStatus = "ACTIVE"
	StatusShutoff     DesktopStatus = "SHUTOFF"
	StatusHibernated  DesktopStatus = "HIBERNATED"
	StatusError       DesktopStatus = "ERROR"
	StatusStarting    DesktopStatus = "STARTING"
	StatusStopping    DesktopStatus = "STOPPING"
	StatusRestarting  DesktopStatus = "RESTARTING"
	StatusHibernating DesktopStatus = "HIBERNATING"
	StatusAwakening   DesktopStatus = "AWAKENING"
)

// off says whether no memory is promised to a desktop in the state. One in ERROR is promised some when it is started again.
func (s DesktopStatus) off() bool { return s == StatusShutoff || s == StatusError }

// LoginStatus follows the session of a desktop.
type LoginStatus string

// The login states.
const (
	LoginUnregistered LoginStatus = "UNREGISTER" // off, or not ready
	LoginRegistered   LoginStatus = "REGISTERED" // ready, nobody has connected yet
	LoginConnected    LoginStatus = "CONNECTED"
	LoginDisconnected LoginStatus = "DISCONNECTED" // the session goes on without a viewer
)

// Volume is a disk of a desktop.
type Volume struct {
	ID      string
	Type    string // "SAS", "SSD", "GPSSD"
	GB      int
	Device  string // "/dev/sda" for the system disk, then "/dev/sdb" and on
	Name    string
	Created time.Time

	PoolVolumeID string // which of its pool's disks it is (PoolVolume.ID); empty outside pools
}

// Assignment gives a person a desktop. It is keyed by ids: renaming either side changes nothing.
type Assignment struct {
	DesktopID string
	UserID    string
	UserName  string // read with the user's row, as is Account; not stored
	Account   string // the login inside the desktop
	Group     workspace.UserGroup
	Created   time.Time
}

// CompareNames orders desktops by name, and by id where names are the same.
func CompareNames(a, b Desktop) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// DesktopState is as much of a desktop as watching all of them takes.
type DesktopState struct {
	ID        string
	ProjectID string
	Name      string
	ProductID string
	Status    DesktopStatus
	Task      workspace.Task
	Fault     string
	Updated   time.Time
}

// DesktopQuery selects desktops of one project, or of all if ProjectID is empty. Zero fields select all. Names match in part and whatever their case.
type DesktopQuery struct {
	ProjectID     string
	IDs           []string
	Name          string
	Names         []string // exact
	UserName      string
	UserNames     []string // exact
	UserID        string   // exact
	Address       string
	PoolIDs       []string
	EnterpriseID  string
	SubnetID      string
	ImageID       string
	Zone          string
	OUName        string // as it is written
	Types         []workspace.DesktopType
	Statuses      []DesktopStatus
	Tags          []workspace.Tag // all of them
	InMaintenance *bool
	Assigned      *bool
	Isolated      *bool   // put aside in their pool
	Unlike        *Unlike // those that are not as their pool would make them

	SortBy     DesktopSort // created by default
	Descending bool
	Brief      bool // leave out volumes and security groups, which take as long to read as the rest
	workspace.Page
}

// Unlike selects desktops of a pool that differ from what it would make in one respect.
type Unlike struct {
	Pattern
	In Difference
}

// Pattern is what the desktops that a pool makes have in common.
type Pattern struct {
	PoolID    string
	ProductID string
	ImageID   string
	RootGB    int
	DataGB    []int // of the data disks, in their order
}

// DesktopSort is the order of a list of desktops; the id breaks ties.
type DesktopSort string

// The orders.
const (
	ByCreated DesktopSort = "created"
	ByName    DesktopSort = "computer_name"
)
