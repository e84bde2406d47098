package workspace

import (
	"encoding/json"
	"fmt"
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

// ReadParams reads the parameters of a sub-job.
func ReadParams[T any](s SubJob) (T, error) {
	var p T
	if err := json.Unmarshal(s.Params, &p); err != nil {
		return p, fmt.Errorf("reading parameters of sub-job %s: %w", s.ID, err)
	}
	return p, nil
}
