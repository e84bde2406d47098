package workspace

import (
	"context"
	"encoding/json"
	"time"
)

// Job is a request that takes time. Its sub-jobs do the work, one per desktop; they are there when its id is returned.
type Job struct {
	ID        string
	ProjectID string
	Type      JobType
	PoolID    string
	RequestID string // of the API call that made it, for the log
	Created   time.Time

	OrderID string   // of a rebuild that named one; Service.Job reads it with the rollout
	SubJobs []SubJob // as asked for; none in lists
	Counts  JobCounts
}

// JobCounts counts a job's sub-jobs by state. Read with the job, not stored.
type JobCounts struct {
	Waiting, Running, Succeeded, Failed int
	Ended                               time.Time // of the last one; zero while any is left
}

// Ended is when the last of the job's sub-jobs ended, or zero while any is left. A job without sub-jobs had nothing to do: it ended
// with the call that made it.
func (j Job) Ended() time.Time {
	if j.Counts.Total() == 0 {
		return j.Created
	}
	return j.Counts.Ended
}

// Total is the number of sub-jobs.
func (c JobCounts) Total() int { return c.Waiting + c.Running + c.Succeeded + c.Failed }

// JobStatus is what clients poll.
type JobStatus string

// The states of a job.
const (
	JobWaiting JobStatus = "WAITING"
	JobRunning JobStatus = "RUNNING"
	JobSuccess JobStatus = "SUCCESS"
	JobFail    JobStatus = "FAIL"
)

// Status derives the job's state from its sub-jobs: it ends when all have, and fails when one has.
func (c JobCounts) Status() JobStatus {
	switch {
	case c.Waiting+c.Running > 0 && c.Running+c.Succeeded+c.Failed == 0:
		return JobWaiting
	case c.Waiting+c.Running > 0:
		return JobRunning
	case c.Failed > 0:
		return JobFail
	default:
		return JobSuccess
	}
}

// JobType names a kind of work, in the API's own words.
type JobType string

// The types of job.
const (
	JobCreateDesktops  JobType = "createDesktops"
	JobDeleteDesktops  JobType = "deleteDesktops"
	JobOperateDesktops JobType = "operateDesktops"
	JobAttachDesktops  JobType = "attachDesktops"
	JobDetachDesktops  JobType = "detachDesktops"
	JobBatchDetach     JobType = "batchDetachDesktops"
	JobPrivileges      JobType = "changeUserPrivilegeGroup"
	JobRenameUser      JobType = "changeUserName"
)

// Creates says whether sub-jobs of this type make new desktops.
func (t JobType) Creates() bool {
	return t == JobCreateDesktops || t == JobCreatePool || t == JobExpandPool
}

// AccountJobs are the types that bring the accounts inside desktops up to date, each with the task that it is to them.
var AccountJobs = map[JobType]Task{
	JobAttachDesktops: TaskAttaching,
	JobDetachDesktops: TaskDetaching,
	JobBatchDetach:    TaskDetaching,
	JobPrivileges:     TaskPrivileges,
	JobRenameUser:     TaskUpdating,
}

// SubJob is one item of a job, and at the same time the row that workers claim.
type SubJob struct {
	ID        string
	JobID     string
	ProjectID string
	Type      JobType
	PoolID    string
	Position  int // in its job, from 0
	DesktopID string
	Params    json.RawMessage // of its type: CreateParams, ...

	// Copies for people who read the job after the desktop is gone.
	DesktopName string
	ProductID   string
	UserName    string
	Address     string
	Host        string

	State    SubJobState
	Step     string // the step being done
	Progress int    // percent
	Code     Code   // when FAILED
	Reason   string // when FAILED: what a person can act on; when SUCCESS: a remark, if any

	RunAt      time.Time // not before
	Deadline   time.Time // FAILED with CodeDeadline after it; zero until the first claim, for a queue may be long
	Attempt    int       // counts claims; a fence against a worker that lost its lease
	Tries      int       // passing faults since the last progress
	LeaseOwner string
	LeaseUntil time.Time

	Created time.Time
	Begun   time.Time // first claim; zero before
	Ended   time.Time
}

// LeaseOwner is how a process of a replica signs its claims. A replica's name may have slashes, an id has none.
func LeaseOwner(replica, processID string) string { return replica + "/" + processID }

// SubJobState is the state of a sub-job.
type SubJobState string

// The states of a sub-job.
const (
	SubJobWaiting SubJobState = "WAITING"
	SubJobRunning SubJobState = "RUNNING"
	SubJobSuccess SubJobState = "SUCCESS"
	SubJobFailed  SubJobState = "FAILED"
)

// Done says whether the state is final.
func (s SubJobState) Done() bool { return s == SubJobSuccess || s == SubJobFailed }

// SubJobQuery selects sub-jobs of one project, oldest job first, then by position.
type SubJobQuery struct {
	ProjectID string
	JobID     string
	Type      JobType
	State     SubJobState
	PoolID    string
	DesktopID string
	Page
}

// JobRows is what the domain and the runner ask of the store about jobs.
type JobRows interface {
	// InsertJob writes a job with its sub-jobs. Once the transaction commits, workers here and in other processes are
	// woken (Store.Work).
	InsertJob(ctx context.Context, j Job) error

	// InsertSubJobs adds the sub-jobs of j to a job that is there.
	InsertSubJobs(ctx context.Context, j Job) error

	// Job reads a job with its counts and, if asked, all its sub-jobs by position. CodeJobNotFound.
	Job(ctx context.Context, projectID, id string, withSubJobs bool) (Job, error)

	SubJobs(ctx context.Context, q SubJobQuery) ([]SubJob, int, error)

	// SubJob reads one sub-job of any project. CodeJobNotFound.
	SubJob(ctx context.Context, id string) (SubJob, error)

	// SubJobProgress reads how far sub-jobs are, in percent, by their ids, in one statement for as many as a page has. Those that do
	// not exist are left out.
	SubJobProgress(ctx context.Context, ids []string) (map[string]int, error)

	// RetryFailed puts the FAILED sub-jobs of a job back to WAITING at once, as if they had never run: no step, progress,
	// code, reason, deadline, begin or end; Attempt stays. It returns them as they are then, by position. Workers are woken.
	RetryFailed(ctx context.Context, jobID string) ([]SubJob, error)

	// DeleteSubJobs removes finished sub-jobs of the project, by ids or, if ids is empty, all in the given state; jobs left
	// without any are removed as well. It returns how many went. Sub-jobs of the types in keep stay.
	DeleteSubJobs(ctx context.Context, projectID string, ids []string, state SubJobState, keep []JobType) (int, error)

	// ClaimSubJobs takes up to room[type] sub-jobs of each of the given types that are due, either WAITING or RUNNING with a
	// lease that has run out, oldest RunAt first: they become RUNNING under owner until the lease's end, Attempt grows by one,
	// and Begun is set if it was not. How many others wait does not matter to what it costs.
	ClaimSubJobs(ctx context.Context, owner string, room map[JobType]int, lease time.Duration) ([]SubJob, error)

	// ExtendLeases moves the lease's end of the owner's RUNNING sub-jobs among ids and returns those that it still holds.
	ExtendLeases(ctx context.Context, owner string, ids []string, lease time.Duration) ([]string, error)

	// SaveSubJob writes State, Step, Progress, Code, Reason, RunAt, Deadline, Tries, Host, Address, Begun and Ended, and clears the
	// lease unless the state is RUNNING. It reports false, and writes nothing, when the row is no longer RUNNING under
	// LeaseOwner since Attempt: another worker has it, or it was superseded.
	SaveSubJob(ctx context.Context, s SubJob) (bool, error)

	// ReleaseSubJob ends the lease that owner has since the given attempt, without changing the state: for a worker that has
	// been superseded and has now stopped touching the machine. Another owner's lease stays.
	ReleaseSubJob(ctx context.Context, id, owner string, attempt int) error

	// ReleaseReplica makes the RUNNING sub-jobs of all processes that a replica was (LeaseOwner) claimable at once: a process that
	// starts again knows that its former self is dead.
	ReleaseReplica(ctx context.Context, replica string) (int, error)

	// SupersedeSubJobs ends the unfinished sub-jobs of a desktop, other than by and other deletions, as FAILED with the code and reason. Their
	// leases stay until their workers notice (ExtendLeases no longer returns them) and release them, or run out.
	SupersedeSubJobs(ctx context.Context, desktopID, by string, code Code, reason string) (int, error)

	// LeasedSubJobs counts the sub-jobs of a desktop, other than one and deletions, that a worker may still be touching the machine for:
	// those with a lease that has not run out, in whatever state.
	LeasedSubJobs(ctx context.Context, desktopID, other string) (int, error)

	// ScheduleSubJobs has those of the sub-jobs that are WAITING run at another time, as if they had never been claimed (no deadline, no
	// fault counted). Those that a worker has stay with it. Workers are woken.
	ScheduleSubJobs(ctx context.Context, ids []string, at time.Time) error

	// EndSubJobs ends those of the sub-jobs that are WAITING, with a code and a reason when they failed, a remark when not.
	EndSubJobs(ctx context.Context, ids []string, state SubJobState, code Code, reason string) error

	// NextDue returns the earliest time at which a sub-job will be due, or the zero time.
	NextDue(ctx context.Context, types []JobType) (time.Time, error)
}

// NextSubJob makes the next sub-job of j.
func (j *Job) NextSubJob(params any) SubJob {
	body, err := json.Marshal(params)
	if err != nil {
		panic(err) // params are the domain's own structs of plain fields
	}
	return SubJob{
		ID: NewID(), JobID: j.ID, ProjectID: j.ProjectID, Type: j.Type, Position: len(j.SubJobs),
		Params: body, State: SubJobWaiting, RunAt: j.Created, Created: j.Created,
	}
}
