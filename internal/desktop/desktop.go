package desktop

import (
	"cmp"
	"time"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service orders, operates, lists and deletes desktops, and keeps the rules for their names. Each method is one transaction; the
// job runner does the work on machines. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store     store.Transactions
	Addresses address.Ranges // where public addresses come from
}

// Desktop is a desktop: what its administrator requested, and its last known state.
type Desktop struct {
	ID        string
	ProjectID string
	PoolID    string // empty outside pools
	Type      workspace.DesktopType

	Name     string // computer_name; unique in the project, ignoring case
	HostName string // host name inside; the same as Name unless requested otherwise
	OUID     string // its organisational unit; empty: none
	OUName   string // read with the unit, not stored

	ProductID      string
	ImageID        string
	Zone           string
	SubnetID       string
	Address        string // IPv4, unique in the subnet
	SecurityGroups []string
	EnterpriseID   string // enterprise_project_id, "0" by default
	OrderID        string // of the order that it was created for; empty: none was named
	Tags           []workspace.Tag

	Root Volume
	Data []Volume // in the order of the request, which is that of their devices

	Status        DesktopStatus
	Task          workspace.Task // what is happening to it; empty if nothing
	TaskOwner     string         // the sub-job that does it; no other may touch the machine
	Login         LoginStatus
	Fault         string // what failed last, as text for users; empty if nothing
	InMaintenance bool
	AutoCreated   bool // created by autoscaling, which may delete it; set by InsertDesktops and never changed
	Isolated      bool // isolated in its pool because it broke; only SaveMember writes it

	Assignments      []Assignment      // of users themselves; oldest first
	GroupAssignments []GroupAssignment // oldest first

	Created time.Time
	Updated time.Time
}

// DesktopStatus is the power state of a desktop in the API.
type DesktopStatus string

// The stable and the transitional states. A desktop that is being created has StatusCreating, which clients see as an empty
// status with a task.
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

// off reports whether a desktop in this state is promised no memory. One in ERROR is promised memory only once it is started
// again.
func (s DesktopStatus) off() bool { return s == StatusShutoff || s == StatusError }

// LoginStatus is the state of a desktop's session.
type LoginStatus string

// The login states.
const (
	LoginUnregistered LoginStatus = "UNREGISTER" // off, or not ready
	LoginRegistered   LoginStatus = "REGISTERED" // ready; nobody has connected yet
	LoginConnected    LoginStatus = "CONNECTED"
	LoginDisconnected LoginStatus = "DISCONNECTED" // the session continues without a display
)

// Volume is a disk of a desktop.
type Volume struct {
	ID      string
	Type    string // "SAS", "SSD", "GPSSD"
	GB      int
	Device  string // "/dev/sda" for the system disk, then "/dev/sdb" and on
	Name    string
	Created time.Time

	PoolVolumeID string // the corresponding disk of its pool (PoolVolume.ID); empty outside pools
	catalog.Speed
}

// Assignment gives a user access to a desktop. It refers to both by id: a rename changes nothing.
type Assignment struct {
	DesktopID string
	UserID    string
	UserName  string // read with the user's row, as is Account; not stored
	Account   string // the user's login inside the desktop
	Group     workspace.UserGroup
	Created   time.Time
}

// CompareNames orders desktops by name, and by id where names are the same.
func CompareNames(a, b Desktop) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// DesktopState is the part of a desktop's row that is needed to watch all desktops.
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

// DesktopQuery selects desktops of one project, or of all projects if ProjectID is empty. Zero fields select all. Names match in
// part, ignoring case.
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
	OUID          string
	Types         []workspace.DesktopType
	Statuses      []DesktopStatus
	Tags          TagQuery // only with a ProjectID
	InMaintenance *bool
	Assigned      *bool
	Isolated      *bool     // isolated in their pool
	Unlike        *Unlike   // those that differ from what their pool would create
	UnusedFrom    time.Time // with UnusedUntil: those created before it that nobody used from the one to the other
	UnusedUntil   time.Time
	Visible       *workspace.Selection // those that the caller may see

	SortBy     DesktopSort // default: by time of creation
	Descending bool
	Brief      bool // omit volumes and security groups, which take as long to read as the rest
	workspace.Page
}

// Unlike selects desktops of a pool that differ from what it would create in one respect.
type Unlike struct {
	Pattern
	In Difference
}

// Pattern is what all desktops that a pool creates have in common.
type Pattern struct {
	PoolID    string
	ProductID string
	ImageID   string
	RootGB    int
	DataGB    []int // of the data disks, in order
}

// DesktopSort is the order of a list of desktops; equal ones are ordered by id.
type DesktopSort string

// The orders.
const (
	ByCreated DesktopSort = "created"
	ByName    DesktopSort = "computer_name"
)

// Resource returns what an audit record calls the desktop.
func (d Desktop) Resource() workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceDesktop, ID: d.ID, Name: d.Name}
}
