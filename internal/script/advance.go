package script

import (
	"context"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Turn is a script that is to run in a desktop now, or what came of it before.
type Turn struct {
	Record
	Content string
	AsUser  bool
	Minutes int
}

// Outcome is what came of a script: its record's end.
type Outcome struct {
	Status Status
	Code   string
	Reason string
	Output string
}

// Begin makes a record RUNNING that waits, or SKIPPED if there is an obstacle, and returns it as it is then. One that has begun or ended
// before stays as it is. The worker of the sub-job calls it, in a transaction in which it has the sub-job.
func Begin(ctx context.Context, tx *store.Tx, taskID, recordID string, obstacle *Outcome) (Turn, error) {
	t, err := lockTask(ctx, tx, taskID)
	if err != nil {
		return Turn{}, err
	}
	r, err := readRecord(ctx, tx, t.ProjectID, recordID)
	if err != nil {
		return Turn{}, err
	}
	turn := Turn{Record: r, AsUser: t.AsUser, Minutes: t.Minutes}
	switch {
	case r.Status == Running:
	case r.Status != Waiting:
		return turn, nil
	case obstacle != nil:
		turn.Record = r.ended(*obstacle, tx)
		return turn, endRecord(ctx, tx, t, turn.Record)
	default:
		turn.Status, turn.Begun = Running, tx.Now()
		if err := saveRecord(ctx, tx, turn.Record); err != nil {
			return turn, err
		}
		if t.Status == TaskInit {
			if err := settle(ctx, tx, &t); err != nil {
				return turn, err
			}
		}
	}
	turn.Content, err = contentOf(ctx, tx, t.ID, r.Position)
	return turn, err
}

// End writes what came of a record that runs. The worker of the sub-job calls it, in a transaction in which it has the sub-job.
func End(ctx context.Context, tx *store.Tx, taskID, recordID string, o Outcome) error {
	t, err := lockTask(ctx, tx, taskID)
	if err != nil {
		return err
	}
	r, err := readRecord(ctx, tx, t.ProjectID, recordID)
	if err != nil || r.Status != Running {
		return err
	}
	return endRecord(ctx, tx, t, r.ended(o, tx))
}

// endRecord saves a record that has ended. The last one of its sub-job settles the locked task at once: the sub-job may end without its
// worker after that, and then nobody would.
func endRecord(ctx context.Context, tx *store.Tx, t Task, r Record) error {
	if err := saveRecord(ctx, tx, r); err != nil {
		return err
	}
	if more, err := anyOpen(ctx, tx, r.SubJobID); err != nil || more {
		return err
	}
	return settle(ctx, tx, &t)
}

func (r Record) ended(o Outcome, tx *store.Tx) Record {
	r.Status, r.ResultCode, r.Reason, r.Output, r.Ended = o.Status, o.Code, o.Reason, o.Output, tx.Now()
	return r
}

// EndSubJob ends what is open of the records of a sub-job that has ended, and decides what that means for the others: the first open one
// has failed with the sub-job, the others are skipped. It is called in the transaction that ends the sub-job, before anything else is
// locked. It returns what is to be done with the desktop now.
func EndSubJob(ctx context.Context, tx *store.Tx, s workspace.SubJob) (Finish, error) {
	params, err := workspace.ReadParams[Params](s)
	if err != nil {
		return StayOn, err
	}
	t, err := lockTask(ctx, tx, params.TaskID)
	if workspace.CodeOf(err) == workspace.CodeScriptTaskNotFound {
		return StayOn, nil // it was kept no longer
	}
	if err != nil {
		return StayOn, err
	}
	return endRecords(ctx, tx, t, s.ID, s.Reason)
}

// Mend ends the records of sub-jobs that ended without their worker, because their desktop is being deleted.
func Mend(ctx context.Context, s store.Transactions) error {
	left, err := store.View(ctx, s, func(tx *store.Tx) ([]Record, error) { return orphans(ctx, tx) })
	if err != nil {
		return err
	}
	for _, o := range left {
		err := s.Update(ctx, func(tx *store.Tx) error {
			t, err := lockTask(ctx, tx, o.TaskID)
			if err != nil {
				return err
			}
			_, err = endRecords(ctx, tx, t, o.SubJobID, o.Reason)
			return err
		})
		if err != nil && workspace.CodeOf(err) != workspace.CodeScriptTaskNotFound {
			return err
		}
	}
	return nil
}

// endRecords ends the open records of a sub-job of a locked task. If none is open the task was settled when the last one ended.
func endRecords(ctx context.Context, tx *store.Tx, t Task, subJobID, reason string) (Finish, error) {
	records, err := RecordsOf(ctx, tx, subJobID)
	if err != nil {
		return StayOn, err
	}
	failed, open := false, false
	for i, r := range records {
		switch {
		case r.Status != Waiting && r.Status != Running:
			failed = failed || r.Status == Failed
			continue
		case failed:
			records[i] = r.ended(Outcome{Status: Skipped, Code: ResultAfter, Reason: "a script before it failed in this desktop"}, tx)
		default:
			records[i] = r.ended(Outcome{Status: Failed, Code: ResultError, Reason: reason}, tx)
			failed = true
		}
		open = true
		if err := saveRecord(ctx, tx, records[i]); err != nil {
			return StayOn, err
		}
	}
	if open {
		if err := settle(ctx, tx, &t); err != nil {
			return StayOn, err
		}
	}
	if slices.ContainsFunc(records, func(r Record) bool { return r.Status != Succeeded }) {
		return StayOn, nil
	}
	return t.Finish, nil
}

// settle brings a locked task up to date with its records: it lets the rest run, or skips it, as Decide says.
func settle(ctx context.Context, tx *store.Tx, t *Task) error {
	p, err := progressOf(ctx, tx, *t)
	if err != nil {
		return err
	}
	d := Decide(p)
	if d.Skip != "" {
		if err := skipWaiting(ctx, tx, *t, Outcome{Status: Skipped, Code: ResultAfter, Reason: d.Skip}); err != nil {
			return err
		}
		p.Rest.Skipped += p.Rest.Waiting
	}
	if d.Release {
		waiting, err := waitingSubJobs(ctx, tx, *t)
		if err != nil {
			return err
		}
		if err := tx.ScheduleSubJobs(ctx, waiting, tx.Now()); err != nil {
			return err
		}
		t.Released = true
	}
	all := p.First.Plus(p.Rest)
	t.Status, t.Succeeded, t.Failed, t.Skipped = d.Status, all.Succeeded, all.Failed, all.Skipped
	if d.Status == TaskFinished || d.Status == TaskFailed {
		t.Ended = tx.Now()
	}
	return saveTask(ctx, tx, *t)
}

// Choice is a task, or one record.
type Choice struct {
	workspace.Caller
	TaskID, RecordID string
}

// find locks the task, and returns the record if the choice is one. CodeInvalid, CodeScriptTaskNotFound.
func (c Choice) find(ctx context.Context, tx *store.Tx) (t Task, r Record, err error) {
	if (c.TaskID == "") == (c.RecordID == "") {
		return t, r, workspace.Invalid("task_id", "give task_id or record_id, and not both")
	}
	if c.RecordID != "" {
		if r, err = readRecord(ctx, tx, c.ProjectID, c.RecordID); err != nil {
			return t, r, err
		}
		c.TaskID = r.TaskID
	}
	if t, err = lockTask(ctx, tx, c.TaskID); err == nil && t.ProjectID != c.ProjectID {
		err = taskMissing(c.TaskID)
	}
	return t, r, err
}

// Stop ends a task, or one script in one desktop. What has not begun is skipped, what runs is killed. What has ended stays as it is, so
// stopping twice is stopping once. CodeScriptTaskNotFound.
func (s *Service) Stop(ctx context.Context, c Choice) error {
	return s.Store.Update(ctx, store.By(c.Caller, func(tx *store.Tx) error {
		t, r, err := c.find(ctx, tx)
		if err != nil {
			return err
		}
		tx.Audit(t.resource(), t.JobID)
		if !t.Ended.IsZero() {
			return nil
		}
		subJobs, err := stopRecords(ctx, tx, t, r.ID, Outcome{Status: Skipped, Code: ResultStopped, Reason: "stopped on request"})
		if err != nil {
			return err
		}
		if err := tx.RecallSubJobs(ctx, subJobs); err != nil {
			return err
		}
		return settle(ctx, tx, &t)
	}))
}

// Retry runs again what did not succeed of a task that has ended, in its former order and batches, or one script in one desktop with those
// after it there. It returns the task's id. CodeScriptTaskNotFound; CodeConflict if it runs, or if all have succeeded; CodeSettingOff.
func (s *Service) Retry(ctx context.Context, c Choice) (string, error) {
	return store.Update(ctx, s.Store, store.As(c.Caller, func(tx *store.Tx) (string, error) {
		t, r, err := c.find(ctx, tx)
		if err != nil {
			return "", err
		}
		return t.ID, retry(ctx, tx, &t, r, c.RequestID)
	}))
}

// RetryJob is Retry for the task of a job, if the job is its last attempt. CodeConflict.
func RetryJob(ctx context.Context, tx *store.Tx, job workspace.Job) (string, error) {
	t, err := lockTaskOfJob(ctx, tx, job.ID)
	if err != nil {
		return "", err
	}
	err = retry(ctx, tx, &t, Record{}, job.RequestID)
	return t.JobID, err
}

func retry(ctx context.Context, tx *store.Tx, t *Task, only Record, requestID string) error {
	if err := mayRun(ctx, tx, t.ProjectID); err != nil {
		return err
	}
	if t.Ended.IsZero() {
		return workspace.Errorf(workspace.CodeConflict, "task %s is running, stop it or wait for its end", t.ID)
	}
	records, err := unsuccessful(ctx, tx, *t, only)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return workspace.Errorf(workspace.CodeConflict, "nothing of task %s failed", t.ID)
	}
	job := newJob(t, requestID, tx.Now())
	tx.Audit(t.resource(), job.ID)
	subJobs := map[string]string{} // by desktop
	for i, r := range records {
		if subJobs[r.DesktopID] == "" {
			subJobs[r.DesktopID] = newSubJob(&job, *t, desktop.Desktop{ID: r.DesktopID, Name: r.DesktopName, PoolID: r.PoolID}, r.Batch).ID
		}
		records[i] = r.again(subJobs[r.DesktopID])
	}
	if err := putRecords(ctx, tx, records); err != nil {
		return err
	}
	if err := tx.InsertJob(ctx, job); err != nil {
		return err
	}
	t.Ended = time.Time{}
	return settle(ctx, tx, t)
}

// again returns a record that is to run again.
func (r Record) again(subJobID string) Record {
	return Record{
		ID: r.ID, ProjectID: r.ProjectID, TaskID: r.TaskID, SubJobID: subJobID, Type: r.Type, Position: r.Position, ScriptID: r.ScriptID,
		ScriptName: r.ScriptName, PoolID: r.PoolID, DesktopID: r.DesktopID, DesktopName: r.DesktopName, Batch: r.Batch, Status: Waiting,
		Attempt: r.Attempt + 1, Latest: r.Latest, Created: r.Created,
	}
}
