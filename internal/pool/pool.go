package pool

import (
	"encoding/json"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service manages pools: their desktops, grants, size and growth. Each method is one transaction; the job runner does the work on
// machines. It is safe for concurrent use, also by several processes on one database.
type Service struct{ Store store.Transactions }

// Pool is a set of like desktops that its users share. In a DYNAMIC pool users get any idle desktop for some time, in a STATIC
// one they keep the first. Pool has the settings of new desktops and the rules for bindings and scaling.
type Pool struct {
	ID          string
	ProjectID   string
	Name        string // unique in the project, ignoring case
	Type        PoolType
	Description string

	Zone           string // empty: the default zone
	ProductID      string
	ImageType      catalog.ImageType
	ImageID        string // image of new desktops
	Root           PoolVolume
	Data           []PoolVolume // in the order of the request
	VPCID          string
	SubnetIDs      []string // in the order of the request; new desktops are distributed over them
	SecurityGroups []string // none: the default group
	EnterpriseID   string   // "0" by default
	OUID           string   // of its desktops' organisational unit; empty: none
	OUName         string   // read with the unit, not stored
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag

	RetentionMinutes int // DYNAMIC pools: how long a binding lasts after the user disconnects; 0 in STATIC pools
	Autoscaling      bool
	Policy           autoscale.Policy
	Reset            UserResetPolicy
	InMaintenance    bool
	Frozen           bool

	History []PoolImage // the pool's images, oldest first; the last is the current one
	Scale   autoscale.History

	Created time.Time
	Updated time.Time

	Counts PoolCounts // read with the pool, not stored in its row
}

// PoolType says how long a user keeps a pool desktop.
type PoolType string

// The pool types.
const (
	Dynamic PoolType = "DYNAMIC"
	Static  PoolType = "STATIC"
)

// PoolStatus is what clients poll after creating a pool.
type PoolStatus string

// The pool states.
const (
	PoolSteady    PoolStatus = "STEADY"
	PoolTemporary PoolStatus = "TEMPORARY" // a job of the pool is in progress
	PoolFrozen    PoolStatus = "EXIST_FROZEN"
)

// PoolVolume is a disk that every desktop of a pool has. The calls that add, expand and delete disks identify it by its id.
type PoolVolume struct {
	ID   string
	Type string
	GB   int
	catalog.Speed
}

// Spec returns the disk in the form of a request.
func (v PoolVolume) Spec() desktop.VolumeSpec {
	return desktop.VolumeSpec{Type: v.Type, GB: v.GB, Speed: v.Speed}
}

// PoolCounts counts a pool's desktops.
type PoolCounts struct {
	Desktops int // in every state
	Bound    int // those with a user
	Isolated int
	Working  int // unfinished sub-jobs of the pool's own jobs (PoolJobs)
}

// UserResetPolicy says whether users may reset their desktop of the pool to its image, and how often.
type UserResetPolicy struct {
	Enabled bool
	PerDay  int // in any 24 hours
}

// PoolImage is an image of a pool's new desktops, and since when.
type PoolImage struct {
	ImageID string
	Type    catalog.ImageType
	JobID   string // the rebuild that set it; empty for the first image
	Since   time.Time
}

// maxPoolHistory is the number of images that a pool remembers.
const maxPoolHistory = 20

// PoolJobs are the job types that make a pool TEMPORARY. Jobs of autoscaling and of bindings do not, since there are always some.
var PoolJobs = []workspace.JobType{workspace.JobCreatePool, workspace.JobExpandPool, workspace.JobRebuildPool, workspace.JobResizePool, workspace.JobAddPoolVolumes, workspace.JobDeletePoolVolumes, workspace.JobExpandPoolVolumes}

// Status derives the pool's state, so that a pool cannot be stuck in one.
func (p Pool) Status() PoolStatus {
	switch {
	case p.Frozen:
		return PoolFrozen
	case p.Counts.Working > 0:
		return PoolTemporary
	default:
		return PoolSteady
	}
}

// AfterImage returns the pool with another image for its new desktops, added to its history. Setting the current image changes
// nothing.
func (p Pool) AfterImage(i catalog.Image, jobID string, now time.Time) Pool {
	if p.ImageID == i.ID {
		return p
	}
	p.ImageID, p.ImageType = i.ID, i.Type
	p.History = append(slices.Clone(p.History), PoolImage{ImageID: i.ID, Type: i.Type, JobID: jobID, Since: now})
	if n := len(p.History); n > maxPoolHistory {
		p.History = p.History[n-maxPoolHistory:]
	}
	return p
}

// FormerImage returns the image before the current one. CodeConflict if there was none.
func (p Pool) FormerImage() (PoolImage, error) {
	for _, i := range slices.Backward(p.History) {
		if i.ImageID != p.ImageID {
			return i, nil
		}
	}
	return PoolImage{}, workspace.Errorf(workspace.CodeConflict, "pool %s has had no other image to go back to", p.Name)
}

// Subnet returns the subnet of the pool's n-th new desktop, counted from 0 after its existing desktops.
func (p Pool) Subnet(n int) string { return p.SubnetIDs[(p.Counts.Desktops+n)%len(p.SubnetIDs)] }

// NamePrefix is the prefix of the computer names of the pool's desktops, unless a name policy applies. It leaves space for four
// digits.
func (p Pool) NamePrefix() string {
	const most = workspace.MaxComputerName - 4 - 1
	cut := []rune{}
	width := 0
	for _, r := range p.Name {
		if width += workspace.NameWidth(string(r)); width > most {
			break
		}
		cut = append(cut, r)
	}
	for len(cut) > 0 && cut[len(cut)-1] == '-' {
		cut = cut[:len(cut)-1]
	}
	return string(cut) + "-"
}

// PoolDecision is an entry of a pool's decision log: the decision, its inputs and its reasons.
type PoolDecision struct {
	ID      string
	PoolID  string
	Kind    DecisionKind
	At      time.Time
	Inputs  json.RawMessage
	Reasons []workspace.Reason
	Actions json.RawMessage
}

// DecisionKind says which rules made the decision.
type DecisionKind string

// The kinds of decision.
const (
	DecideScale   DecisionKind = "AUTOSCALE"
	DecideBind    DecisionKind = "BIND"
	DecideRollout DecisionKind = "ROLLOUT"
)

// PoolNotice is a message that an administrator sent to a pool's connected users.
type PoolNotice struct {
	ID      string
	PoolID  string
	JobID   string // the job whose sub-jobs show it, one per desktop
	Text    string
	Created time.Time
}

// PoolCountdown is a pending rebuild of a desktop that is in use.
type PoolCountdown struct {
	At      time.Time // when the rebuild begins
	Message string    // from the administrator
	Left    bool      // the user has said that they are ready
}
