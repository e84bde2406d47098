package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type job struct {
	ID        string `bun:",pk"`
	ProjectID string
	Type      workspace.JobType
	PoolID    string
	RequestID string
	Created   time.Time

	OrderID string              `bun:"-"`
	SubJobs []workspace.SubJob  `bun:"-"`
	Counts  workspace.JobCounts `bun:"-"`
}

type jobRow struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`
	job
}

type subJob struct {
	ID        string `bun:",pk"`
	JobID     string
	ProjectID string
	Type      workspace.JobType
	PoolID    string
	Position  int
	DesktopID string
	Params    json.RawMessage `bun:",nullzero"`

	EnterpriseID string
	DesktopName  string
	ProductID    string
	UserName     string
	Address      string
	Host         string

	State    workspace.SubJobState
	Step     string
	Progress int
	Code     workspace.Code
	Reason   string

	RunAt      time.Time
	Deadline   time.Time `bun:",nullzero"`
	Attempt    int
	Tries      int
	LeaseOwner string
	LeaseUntil time.Time `bun:",nullzero"`

	Created time.Time
	Begun   time.Time `bun:",nullzero"`
	Ended   time.Time `bun:",nullzero"`
}

type subJobRow struct {
	bun.BaseModel `bun:"table:sub_jobs,alias:s"`
	subJob
	JobCreated time.Time
}

func (r subJobRow) domain() workspace.SubJob { return workspace.SubJob(r.subJob) }

func jobNotFound(id string) error {
	return workspace.Errorf(workspace.CodeJobNotFound, "job %q does not exist", id)
}

// WakeWorkers signals all that wait for work or its end, here and in other processes, once the transaction is committed.
func (t *Tx) WakeWorkers(ctx context.Context) error {
	if t.wake {
		return nil
	}
	t.wake = true
	return t.store.dialect.announceWork(ctx, t.Tx)
}

// InsertJob inserts a job with its sub-jobs. When the transaction commits, workers here and in other processes are signalled
// (Store.Work).
func (t *Tx) InsertJob(ctx context.Context, j workspace.Job) error {
	if _, err := t.Inserting(&jobRow{job: job(j)}).Exec(ctx); err != nil {
		return err
	}
	return t.InsertSubJobs(ctx, j)
}

// InsertSubJobs inserts the sub-jobs of j for an existing job.
func (t *Tx) InsertSubJobs(ctx context.Context, j workspace.Job) error {
	rows := Convert(j.SubJobs, func(s workspace.SubJob) subJobRow {
		s.JobID = j.ID
		return subJobRow{subJob: subJob(s), JobCreated: j.Created}
	})
	if err := InsertAll(ctx, t, rows); err != nil {
		return err
	}
	t.auditJob(j.ID, j.PoolID, j.SubJobs)
	if t.rehearsal != nil {
		t.rehearsal.SubJobs = append(t.rehearsal.SubJobs, j.SubJobs...)
	}
	return t.WakeWorkers(ctx)
}

// Job reads a job with its counts and, with withSubJobs, all its sub-jobs by position. CodeJobNotFound.
func (t *Tx) Job(ctx context.Context, projectID, id string, withSubJobs bool) (workspace.Job, error) {
	var row jobRow
	if err := Read(ctx, Equal(t.NewSelect().Model(&row), "project_id", projectID).Where("id = ?", id), jobNotFound(id)); err != nil {
		return workspace.Job{}, err
	}
	j := workspace.Job(row.job)
	var err error
	if j.Counts, err = t.countSubJobs(ctx, id); err != nil || !withSubJobs {
		return j, err
	}
	var subs []subJobRow
	err = t.NewSelect().Model(&subs).Where("job_id = ?", id).Order("position", "id").Scan(ctx)
	j.SubJobs = Convert(subs, subJobRow.domain)
	return j, err
}

func (t *Tx) countSubJobs(ctx context.Context, jobID string) (c workspace.JobCounts, err error) {
	var states []struct {
		State workspace.SubJobState
		Count int
		Ended time.Time
	}
	err = t.NewSelect().Model((*subJobRow)(nil)).Column("state").ColumnExpr("count(*) AS count").ColumnExpr("max(ended) AS ended").
		Where("job_id = ?", jobID).Group("state").Scan(ctx, &states)
	for _, s := range states {
		switch s.State {
		case workspace.SubJobWaiting:
			c.Waiting = s.Count
		case workspace.SubJobRunning:
			c.Running = s.Count
		case workspace.SubJobSuccess:
			c.Succeeded = s.Count
		case workspace.SubJobFailed:
			c.Failed = s.Count
		}
		if s.Ended.After(c.Ended) {
			c.Ended = s.Ended
		}
	}
	if c.Waiting+c.Running > 0 {
		c.Ended = time.Time{}
	}
	return c, err
}

// SubJobs reads a page of sub-jobs, the newest job first, and counts all that match.
func (t *Tx) SubJobs(ctx context.Context, f workspace.SubJobQuery) ([]workspace.SubJob, int, error) {
	var rows []subJobRow
	q := t.NewSelect().Model(&rows)
	q = Equal(q, "project_id", f.ProjectID)
	q = Selected(q, f.Visible, subJobColumns)
	q = Equal(q, "job_id", f.JobID)
	q = Equal(q, "type", f.Type)
	q = Equal(q, "state", f.State)
	q = Equal(q, "pool_id", f.PoolID)
	q = Equal(q, "desktop_id", f.DesktopID)
	total, err := ReadPage(ctx, q, f.Page, false, "job_created", "job_id", "position", "id")
	return Convert(rows, subJobRow.domain), total, err
}

// SubJob reads one sub-job of any project. CodeJobNotFound.
func (t *Tx) SubJob(ctx context.Context, id string) (workspace.SubJob, error) {
	var row subJobRow
	err := Read(ctx, t.NewSelect().Model(&row).Where("id = ?", id),
		workspace.Errorf(workspace.CodeJobNotFound, "sub-job %q does not exist", id))
	return row.domain(), err
}

// OpenSubJobs reads the sub-jobs of these types and desktops that have not ended.
func (t *Tx) OpenSubJobs(ctx context.Context, desktopIDs []string, types ...workspace.JobType) ([]workspace.SubJob, error) {
	var all []workspace.SubJob
	for part := range slices.Chunk(desktopIDs, Batch) {
		var rows []subJobRow
		err := t.NewSelect().Model(&rows).Where("desktop_id IN (?)", bun.List(part)).Where("type IN (?)", bun.List(types)).
			Where(Unfinished).Order("job_created", "id").Scan(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, Convert(rows, subJobRow.domain)...)
	}
	return all, nil
}

// AllOpenSubJobs reads the sub-jobs of a type that have not ended, of all projects.
func (t *Tx) AllOpenSubJobs(ctx context.Context, kind workspace.JobType) ([]workspace.SubJob, error) {
	var rows []subJobRow
	err := t.NewSelect().Model(&rows).Where("type = ?", kind).Where(Unfinished).Order("id").Scan(ctx)
	return Convert(rows, subJobRow.domain), err
}

// SubJobsOf reads the sub-jobs of jobs that are about a desktop.
func (t *Tx) SubJobsOf(ctx context.Context, desktopID string, jobIDs []string) ([]workspace.SubJob, error) {
	if len(jobIDs) == 0 {
		return nil, nil
	}
	var rows []subJobRow
	err := t.NewSelect().Model(&rows).Where("desktop_id = ?", desktopID).Where("job_id IN (?)", bun.List(jobIDs)).Order("id").Scan(ctx)
	return Convert(rows, subJobRow.domain), err
}

// SubJobProgress reads the progress of sub-jobs in percent, by id, in one statement for a page. Ids that do not exist are
// omitted.
func (t *Tx) SubJobProgress(ctx context.Context, ids []string) (map[string]int, error) {
	progress := make(map[string]int, len(ids))
	for part := range slices.Chunk(ids, Batch) {
		var rows []struct {
			ID       string
			Progress int
		}
		err := t.NewSelect().Model((*subJobRow)(nil)).Column("id", "progress").Where("id IN (?)", bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			progress[r.ID] = r.Progress
		}
	}
	return progress, nil
}

// RetryFailed makes the FAILED sub-jobs of a job WAITING and due now, as if they had never run: without step, progress, code,
// reason, deadline, begin and end; Attempt stays. It returns them after that, by position, and signals the workers. A lease that
// a superseded worker has not released yet stays, and delays the next claim until it ends.
func (t *Tx) RetryFailed(ctx context.Context, jobID string) ([]workspace.SubJob, error) {
	var rows []subJobRow
	err := t.NewRaw(`
		UPDATE sub_jobs SET state = ?, step = '', progress = 0, code = '', reason = '', tries = 0, run_at = ?,
			deadline = NULL, begun = NULL, ended = NULL
		WHERE job_id = ? AND state = ? RETURNING *`,
		workspace.SubJobWaiting, t.Now(), jobID, workspace.SubJobFailed).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b subJobRow) int { return cmp.Compare(a.Position, b.Position) })
	subs := Convert(rows, subJobRow.domain)
	t.auditJob(jobID, rows[0].PoolID, subs)
	return subs, t.WakeWorkers(ctx)
}

// DeleteSubJobs deletes ended sub-jobs of the project, by ids or, if ids is empty, all in the given state, except those of the
// types in keep; it also deletes jobs that have none left. It returns the number of deleted sub-jobs.
func (t *Tx) DeleteSubJobs(ctx context.Context, projectID string, ids []string, state workspace.SubJobState, keep []workspace.JobType) (int, error) {
	finished := func() *bun.SelectQuery {
		q := t.NewSelect().Model((*subJobRow)(nil)).Column("id").Where("project_id = ?", projectID).
			Where("state IN (?, ?)", workspace.SubJobSuccess, workspace.SubJobFailed)
		if len(keep) > 0 {
			q = q.Where("type NOT IN (?)", bun.List(keep))
		}
		return q
	}
	if len(ids) > 0 {
		deleted := 0
		for part := range slices.Chunk(ids, Batch) {
			n, err := t.deleteSubJobs(ctx, Among(finished(), "id", part))
			if err != nil {
				return 0, err
			}
			deleted += n
		}
		return deleted, nil
	}
	for deleted := 0; ; {
		n, err := t.deleteSubJobs(ctx, finished().Where("state = ?", state).Limit(Batch))
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}

// deleteSubJobs deletes the sub-jobs with the selected ids, and jobs that have none left.
func (t *Tx) deleteSubJobs(ctx context.Context, ids *bun.SelectQuery) (int, error) {
	var jobs []string
	if err := t.NewRaw("DELETE FROM sub_jobs WHERE id IN (?) RETURNING job_id", ids).Scan(ctx, &jobs); err != nil {
		return 0, err
	}
	deleted := len(jobs)
	if deleted == 0 {
		return 0, nil
	}
	slices.Sort(jobs)
	_, err := t.NewRaw("DELETE FROM jobs WHERE id IN (?) AND NOT EXISTS (SELECT 1 FROM sub_jobs AS s WHERE s.job_id = jobs.id)",
		bun.List(slices.Compact(jobs))).Exec(ctx)
	return deleted, err
}

// DeleteOldJobs deletes, oldest first, jobs that were created and have ended before a time, with their sub-jobs: at most limit of each.
// Jobs of the kept types stay, and so does a job of which a sub-job has not ended. It returns how many sub-jobs and jobs it deleted.
func (t *Tx) DeleteOldJobs(ctx context.Context, before time.Time, keep []workspace.JobType, limit int) (int, error) {
	var jobs []string
	err := t.NewRaw(`SELECT j.id FROM jobs AS j WHERE j.created <= ? AND j.type NOT IN (?)
		AND NOT EXISTS (SELECT 1 FROM sub_jobs AS s WHERE s.job_id = j.id AND (s.ended IS NULL OR s.ended > ?))
		ORDER BY j.created, j.id LIMIT ?`, before, bun.List(keep), before, limit).Scan(ctx, &jobs)
	if err != nil || len(jobs) == 0 {
		return 0, err
	}
	subJobs, err := Affected(t.NewRaw("DELETE FROM sub_jobs WHERE id IN (SELECT id FROM sub_jobs WHERE job_id IN (?) LIMIT ?)", bun.List(jobs), limit).Exec(ctx))
	if err != nil {
		return 0, err
	}
	ended, err := Affected(t.NewRaw("DELETE FROM jobs WHERE id IN (?) AND NOT EXISTS (SELECT 1 FROM sub_jobs AS s WHERE s.job_id = jobs.id)", bun.List(jobs)).Exec(ctx))
	return subJobs + ended, err
}
