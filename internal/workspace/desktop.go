package workspace

import (
	"context"
	"time"
)

// DesktopService orders, operates, lists and deletes desktops, and keeps the rules for their names. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type DesktopService struct {
	Store Store
}

// Desktop is one cloud desktop: what its administrator asked for and the state that Carrel last knew.
type Desktop struct {
	ID        string
	ProjectID string
	PoolID    string // empty outside pools
	Type      DesktopType

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
	Tags           []Tag

	Root Volume
	Data []Volume // in the order of the request, which is the order of their devices

	Status        DesktopStatus
	Task          Task   // what is being done to it; empty when idle
	TaskOwner     string // the sub-job that does it; only this one may touch the machine
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

// DesktopType says who uses a desktop.
type DesktopType string

// The types of a desktop.
const (
	Dedicated DesktopType = "DEDICATED" // one person
	Shared    DesktopType = "SHARED"    // several people, each with a session of their own
	Pooled    DesktopType = "POOLED"    // whoever of a pool's people gets it
)

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

// Task is what a job is doing to a desktop. While it is set no other job may take the desktop.
type Task string

// The tasks, in the API's own words.
const (
	NoTask          Task = ""
	TaskCreating    Task = "spawning"
	TaskPoweringOn  Task = "powering-on"
	TaskPoweringOff Task = "powering-off"
	TaskRebooting   Task = "rebooting"
	TaskRebootHard  Task = "rebooting_hard"
	TaskHibernating Task = "hibernating"
	TaskDeleting    Task = "deleting"
	TaskAttaching   Task = "attaching"
	TaskDetaching   Task = "DesktopDetaching"
	TaskPrivileges  Task = "userPrivilegeGroupChanging"
	TaskUpdating    Task = "updating"
)

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

// Tag is a label of a desktop.
type Tag struct {
	Key   string
	Value string
}

// Assignment gives a person a desktop. It is keyed by ids: renaming either side changes nothing.
type Assignment struct {
	DesktopID string
	UserID    string
	UserName  string // read with the user's row, as is Account; not stored
	Account   string // the login inside the desktop
	Group     UserGroup
	Created   time.Time
}

// UserGroup is the privilege that a person has inside a desktop.
type UserGroup string

// The privilege groups: the first two are Linux's, the others Windows'.
const (
	GroupSudo           UserGroup = "sudo"
	GroupDefault        UserGroup = "default"
	GroupAdministrators UserGroup = "administrators"
	GroupUsers          UserGroup = "users"
)

// Admin says whether the group may administer the desktop.
func (g UserGroup) Admin() bool { return g == GroupSudo || g == GroupAdministrators }

// DesktopState is as much of a desktop as watching all of them takes.
type DesktopState struct {
	ID        string
	ProjectID string
	Name      string
	ProductID string
	Status    DesktopStatus
	Task      Task
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
	Types         []DesktopType
	Statuses      []DesktopStatus
	Tags          []Tag // all of them
	InMaintenance *bool
	Assigned      *bool
	Isolated      *bool   // put aside in their pool
	Unlike        *Unlike // those that are not as their pool would make them

	SortBy     DesktopSort // created by default
	Descending bool
	Brief      bool // leave out volumes and security groups, which take as long to read as the rest
	Page
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

// Page is a window of a list. Limit 0 means no rows, only the total.
type Page struct {
	Offset int
	Limit  int
}

// DesktopRows is what the domain asks of the store about desktops. Methods that read return them whole unless asked for
// less: with volumes, tags, security groups and assignments, in a fixed number of statements however many desktops there are.
type DesktopRows interface {
	// InsertDesktops writes desktops with their volumes and assignments. It fails with CodeNameTaken (naming the name) or
	// CodeAddressTaken; unique constraints decide between two callers. Those of a pool are its members at once, and the pool's row
	// is held until the transaction ends; CodeConflict when the pool is gone.
	InsertDesktops(ctx context.Context, desktops []Desktop) error

	// ReadDesktop reads one desktop of the project, or of any project if projectID is empty. CodeDesktopNotFound.
	ReadDesktop(ctx context.Context, projectID, id string) (Desktop, error)

	// LockDesktops reads the project's desktops (or, if projectID is empty, anybody's) with these ids and holds them against other transactions until this one ends. Ids
	// that do not exist are left out. Rows are locked in the order of their ids, so two callers cannot dead-lock.
	LockDesktops(ctx context.Context, projectID string, ids []string) ([]Desktop, error)

	// Desktops reads a page of desktops and counts all that match.
	Desktops(ctx context.Context, q DesktopQuery) ([]Desktop, int, error)

	// SaveDesktop writes every field of the desktop's own row but its identity, and sets Updated to the transaction's time;
	// volumes, assignments, AutoCreated, Isolated and what only Member has stay. CodeNameTaken, CodeAddressTaken.
	SaveDesktop(ctx context.Context, d Desktop) error

	// SaveVolumes makes the desktop have the disks that d says, in their order. A missing desktop is a CodeConflict.
	SaveVolumes(ctx context.Context, d Desktop) error

	// DeleteDesktop removes the row with its volumes, assignments, tickets and connections. A missing row is a success.
	DeleteDesktop(ctx context.Context, id string) error

	// DesktopStates reads what every project's desktops are doing, in the order of their ids: at most limit of those after the
	// given id, in one statement that reads nothing but their own rows.
	DesktopStates(ctx context.Context, after string, limit int) ([]DesktopState, error)

	// TakenHostNames returns which of the names are host names in the project, whatever their case, in lower case.
	TakenHostNames(ctx context.Context, projectID string, names []string) ([]string, error)

	// TakenNames returns which of the names are computer names in the project, whatever their case, in lower case.
	TakenNames(ctx context.Context, projectID string, names []string) ([]string, error)

	// NamesWithPrefix returns all computer names in the project that start with one of the prefixes, whatever their case, in one
	// statement for hundreds of prefixes.
	NamesWithPrefix(ctx context.Context, projectID string, prefixes ...string) ([]string, error)
}
