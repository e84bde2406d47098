package pool

import (
	"encoding/json"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service keeps pools: their desktops, people, size and growth. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type Service struct{ Store store.Transactions }

// Pool is a set of like desktops that its people share: DYNAMIC ones get any idle desktop for a while, STATIC ones get one for
// good. What is here is what new desktops of the pool are made from and the rules by which they are given and scaled.
type Pool struct {
	ID          string
	ProjectID   string
	Name        string // unique in the project whatever its case
	Type        PoolType
	Description string

	Zone           string // empty: the default zone
	ProductID      string
	ImageType      catalog.ImageType
	ImageID        string // what new desktops start from
	Root           PoolVolume
	Data           []PoolVolume // in the order of the request
	VPCID          string
	SubnetIDs      []string // in the order of the request; new desktops are spread over them
	SecurityGroups []string // none: the default group
	EnterpriseID   string   // "0" by default
	OUName         string
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag

	RetentionMinutes int // of a DYNAMIC pool: how long a binding outlives the connection; 0 in STATIC ones
	Autoscaling      bool
	Policy           autoscale.Policy
	Reset            UserResetPolicy
	InMaintenance    bool
	Frozen           bool

	History []PoolImage // what the pool started from, oldest first; the last is the present one
	Scale   autoscale.History

	Created time.Time
	Updated time.Time

	Counts PoolCounts // read with the pool, not stored
}

// PoolType says how long a person keeps a pool's desktop.
type PoolType string

// The types of pool.
const (
	Dynamic PoolType = "DYNAMIC"
	Static  PoolType = "STATIC"
)

// PoolStatus is what clients wait for after they have made a pool.
type PoolStatus string

// The states of a pool.
const (
	PoolSteady    PoolStatus = "STEADY"
	PoolTemporary PoolStatus = "TEMPORARY" // a job of the pool is under way
	PoolFrozen    PoolStatus = "EXIST_FROZEN"
)

// PoolVolume is a disk that every desktop of a pool has. Its id names it in the calls that add, grow and remove disks.
type PoolVolume struct {
	ID   string
	Type string
	GB   int
}

// PoolCounts counts a pool's desktops.
type PoolCounts struct {
	Desktops int // in every state
	Bound    int // those that somebody has
	Isolated int
	Working  int // unfinished sub-jobs of the pool's own jobs (PoolJobs)
}

// UserResetPolicy says whether people may reset the desktop that they have in a pool to its image, and how often.
type UserResetPolicy struct {
	Enabled bool
	PerDay  int // in any 24 hours
}

// PoolImage is an image that a pool's new desktops started from, and since when.
type PoolImage struct {
	ImageID string
	Type    catalog.ImageType
	JobID   string // the rebuild that brought it; empty for the first
	Since   time.Time
}

// maxPoolHistory is how many images a pool remembers.
const maxPoolHistory = 20

// PoolJobs are the jobs during which a pool is TEMPORARY. What autoscaling and people's comings and goings do is not among
// them: it never ends.
var PoolJobs = []workspace.JobType{workspace.JobCreatePool, workspace.JobExpandPool, workspace.JobRebuildPool, workspace.JobResizePool, workspace.JobAddPoolVolumes, workspace.JobDeletePoolVolumes, workspace.JobExpandPoolVolumes}

// Status derives the pool's state, so that no pool can be stuck in one.
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

// AfterImage returns the pool with another image for its new desktops, remembered in its history. Taking the image that the
// pool has already changes nothing.
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

// FormerImage returns the image that the pool had before its present one. CodeConflict when it never had another.
func (p Pool) FormerImage() (PoolImage, error) {
	for _, i := range slices.Backward(p.History) {
		if i.ImageID != p.ImageID {
			return i, nil
		}
	}
	return PoolImage{}, workspace.Errorf(workspace.CodeConflict, "pool %s has had no other image to go back to", p.Name)
}

// Subnet returns the subnet of the pool's n-th new desktop, from 0, when it has so many desktops already.
func (p Pool) Subnet(n int) string { return p.SubnetIDs[(p.Counts.Desktops+n)%len(p.SubnetIDs)] }

// NamePrefix is how the computer names of the pool's desktops begin, unless a name policy says otherwise. It leaves room for
// four digits.
func (p Pool) NamePrefix() string {
	const room = workspace.MaxComputerName - 4 - 1
	cut := []rune{}
	width := 0
	for _, r := range p.Name {
		if width += workspace.NameWidth(string(r)); width > room {
			break
		}
		cut = append(cut, r)
	}
	for len(cut) > 0 && cut[len(cut)-1] == '-' {
		cut = cut[:len(cut)-1]
	}
	return string(cut) + "-"
}

// PoolDecision is an entry of a pool's decision log: what was decided, on what grounds, and why.
type PoolDecision struct {
	ID      string
	PoolID  string
	Kind    DecisionKind
	At      time.Time
	Inputs  json.RawMessage
	Reasons []workspace.Reason
	Actions json.RawMessage
}

// DecisionKind says which rules decided.
type DecisionKind string

// The kinds of decision.
const (
	DecideScale   DecisionKind = "AUTOSCALE"
	DecideBind    DecisionKind = "BIND"
	DecideRollout DecisionKind = "ROLLOUT"
)

// PoolNotice is a message that an administrator sent to a pool's people.
type PoolNotice struct {
	ID      string
	PoolID  string
	JobID   string // its sub-jobs show it, one desktop each
	Text    string
	Created time.Time
}
