package workspace

import (
	"encoding/json"
	"fmt"
	"time"
)

// Job is a request that takes time. Its sub-jobs do the work, one per desktop; they exist when its id is returned.
type Job struct {
	ID        string
	ProjectID string
	Type      JobType
	PoolID    string
	RequestID string // of the API call that created it, for the log
	Created   time.Time

	OrderID string   // of a rebuild that has one; work.Service.Job reads it with the rollout
	SubJobs []SubJob // if requested; none in lists
	Counts  JobCounts
}

// JobCounts counts a job's sub-jobs by state. Read with the job, not stored.
type JobCounts struct {
	Waiting, Running, Succeeded, Failed int
	Ended                               time.Time // when the last one ended; zero while any has not
}

// Ended returns when the last of the job's sub-jobs ended, or zero while any has not. A job without sub-jobs ended when it was
// created.
func (j Job) Ended() time.Time {
	if j.Counts.Total() == 0 {
		return j.Created
	}
	return j.Counts.Ended
}

// Total returns the number of sub-jobs.
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

// Status derives the job's state from its sub-jobs: it ends when all have, and fails if one has.
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

// JobType is a kind of work, in the words of the API.
type JobType string

// The job types.
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

// Creates reports whether sub-jobs of this type create new desktops.
func (t JobType) Creates() bool {
	return t == JobCreateDesktops || t == JobCreatePool || t == JobExpandPool
}

// AccountJobs are the types that update the accounts inside desktops, each with the task that it sets on them.
var AccountJobs = map[JobType]Task{
	JobAttachDesktops: TaskAttaching,
	JobDetachDesktops: TaskDetaching,
	JobBatchDetach:    TaskDetaching,
	JobPrivileges:     TaskPrivileges,
	JobRenameUser:     TaskUpdating,
	JobRenameDesktops: TaskUpdating,
}

// SubJob is a part of a job, and also the row that workers claim.
type SubJob struct {
	ID        string
	JobID     string
	ProjectID string
	Type      JobType
	PoolID    string
	Position  int // in its job, from 0
	DesktopID string
	Params    json.RawMessage // of its type: CreateParams, ...

	// Copies for users who read the job after the desktop is deleted.
	EnterpriseID string // that of the desktop, which callers' policies select by; empty: there is no desktop
	DesktopName  string
	ProductID    string
	UserName     string
	Address      string
	Host         string

	State    SubJobState
	Step     string // the current step
	Progress int    // percent
	Code     Code   // when FAILED
	Reason   string // when FAILED: what a user can act on; when SUCCESS: a remark, if any

	RunAt      time.Time // due time
	Deadline   time.Time // after it, the sub-job is FAILED with CodeDeadline; zero until the first claim, since a queue may be long
	Attempt    int       // number of claims; excludes a worker that lost its lease
	Tries      int       // transient faults since the last progress
	LeaseOwner string
	LeaseUntil time.Time

	Created time.Time
	Begun   time.Time // time of the first claim; zero before
	Ended   time.Time
}

// LeaseOwner returns the owner of claims of a process of a replica. A replica's name may have slashes, a process id has none.
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

// Done reports whether the state is final.
func (s SubJobState) Done() bool { return s == SubJobSuccess || s == SubJobFailed }

// SubJobQuery selects sub-jobs of one project, oldest job first, then by position.
type SubJobQuery struct {
	ProjectID string
	JobID     string
	Type      JobType
	State     SubJobState
	PoolID    string
	DesktopID string
	Visible   *Selection // those that the caller may see; nil: all
	Page
}

// NextSubJob returns the next sub-job of j.
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

// Refused returns the sub-job, ended at a time, for what is not done because of an error.
func (s SubJob) Refused(err error, at time.Time) SubJob {
	s.State, s.Code, s.Reason, s.Begun, s.Ended = SubJobFailed, CodeOf(err), MessageOf(err), at, at
	return s
}

// NotNeeded returns the sub-job, ended at a time with success, because there is nothing to do.
func (s SubJob) NotNeeded(why string, at time.Time) SubJob {
	s.State, s.Progress, s.Reason, s.Begun, s.Ended = SubJobSuccess, 100, why, at, at
	return s
}

// ReadParams decodes the parameters of a sub-job.
func ReadParams[T any](s SubJob) (T, error) {
	var p T
	if err := json.Unmarshal(s.Params, &p); err != nil {
		return p, fmt.Errorf("reading parameters of sub-job %s: %w", s.ID, err)
	}
	return p, nil
}
