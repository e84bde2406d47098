package work

import (
	"context"
	"fmt"

	"carrel/internal/capacity"
	"carrel/internal/desktop"
	"carrel/internal/pool/reshape"
	"carrel/internal/quota"
	"carrel/internal/rollout"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service lists and retries jobs, and deletes what others refer to. Each method is one transaction; the job runner does the work
// on machines. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store store.Transactions
}

// Job reads a job with its sub-jobs, or fails with CodeJobNotFound.
func (s *Service) Job(ctx context.Context, projectID, id string) (workspace.Job, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (workspace.Job, error) {
		j, err := tx.Job(ctx, projectID, id, true)
		if err != nil || j.Type != workspace.JobRebuildPool {
			return j, err
		}
		r, err := rollout.ReadRollout(ctx, tx, id)
		if workspace.CodeOf(err) == workspace.CodeJobNotFound { // deleted with its pool
			return j, nil
		}
		j.OrderID = r.OrderID
		return j, err
	})
}

// ListSubJobs reads a page of sub-jobs and counts all that match.
func (s *Service) ListSubJobs(ctx context.Context, q workspace.SubJobQuery) ([]workspace.SubJob, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]workspace.SubJob, int, error) { return tx.SubJobs(ctx, q) })
}

// RetryJob runs the failed sub-jobs of a job again, under the same job id, which it returns; scripts run again under a new one. CodeConflict if none has failed, the
// job has not ended, or a desktop is busy by now; CodeQuotaExceeded, CodeCapacityExceeded; errors as store.RequireSubscription. Sub-jobs of desktops that are gone stay FAILED.
func (s *Service) RetryJob(ctx context.Context, c workspace.Caller, id string) (string, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		job, err := tx.Job(ctx, c.ProjectID, id, false)
		if err != nil {
			return "", err
		}
		if st := job.Counts.Status(); st != workspace.JobFail {
			return "", workspace.Errorf(workspace.CodeConflict, "job %s is %s, only a failed job can be retried", id, st)
		}
		if job.Type == workspace.JobOpenService {
			return "", workspace.Errorf(workspace.CodeConflict, "job %s opened the Workspace service: open it again with POST /v2/%s/workspaces instead", id, c.ProjectID)
		}
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return "", err
		}
		tx.Audit(workspace.Resource{Type: workspace.ResourceJob, ID: id}, id)
		var allowance *quota.Allowance
		if _, grows := reshape.ReshapeTasks[job.Type]; grows {
			if allowance, err = quota.Hold(ctx, tx, c.ProjectID); err != nil {
				return "", err
			}
		}
		if job.Type == workspace.JobRebuildPool {
			return id, rollout.RetryRebuild(ctx, tx, job)
		}
		if job.Type == workspace.JobExecuteScripts {
			return script.RetryJob(ctx, tx, job)
		}
		subs, err := tx.RetryFailed(ctx, id)
		if err != nil {
			return "", err
		}
		if err := retake(ctx, tx, c.ProjectID, subs); err != nil || allowance == nil {
			return id, err
		}
		return id, allowance.Readmit(ctx, tx, idsOf(subs))
	}))
}

func idsOf(subs []workspace.SubJob) []string {
	ids := make([]string, len(subs))
	for i, s := range subs {
		ids[i] = s.ID
	}
	return ids
}

// retake makes sub-jobs that run again the owners of their desktops, and promises the capacity that they need again. CodeCapacityExceeded.
func retake(ctx context.Context, tx *store.Tx, projectID string, subs []workspace.SubJob) error {
	var ids []string
	for _, sub := range subs {
		ids = append(ids, sub.DesktopID)
	}
	found, err := desktop.LockByID(ctx, tx, projectID, ids)
	if err != nil {
		return err
	}
	var resumed []string
	var wanted capacity.Demand
	for _, sub := range subs {
		d, ok := found[sub.DesktopID]
		if !ok {
			continue // the runner ends the sub-job with that reason
		}
		next := d
		if err := resume(&next, sub); err != nil {
			return err
		}
		if err := desktop.SaveDesktop(ctx, tx, next); err != nil {
			return err
		}
		memory, err := desktop.MemoryToStart(ctx, tx, d, next)
		if err != nil {
			return err
		}
		resumed, wanted = append(resumed, sub.ID), wanted.And(memory)
	}
	growths, err := capacity.Growths(ctx, tx, resumed)
	if err != nil {
		return err
	}
	return capacity.Reserve(ctx, tx, wanted.And(capacity.DemandOfGrowths(growths)))
}

// keptSubJobs are types whose records cannot be deleted.
var keptSubJobs = []workspace.JobType{workspace.JobOpenService, workspace.JobCloseService, "changeAccessVpc"}

// DeleteSubJobs deletes the records of ended sub-jobs, by ids or by state. Those that have not ended are refused with
// CodeConflict if given by id, and kept if selected by state.
func (s *Service) DeleteSubJobs(ctx context.Context, c workspace.Caller, ids []string, state workspace.SubJobState) error {
	switch {
	case len(ids) == 0 && state == "":
		return workspace.Invalid("job_ids", "give ids, or delete_by_status")
	case len(ids) > 0 && state != "":
		return workspace.Invalid("delete_by_status", "cannot be used together with job_ids")
	case state != "" && !state.Done():
		return workspace.Invalid("delete_by_status", "%q is not allowed, use SUCCESS or FAILED", state)
	case len(ids) > 1000:
		return workspace.Invalid("job_ids", "%d ids, at most 1000 are allowed", len(ids))
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		n, err := tx.DeleteSubJobs(ctx, c.ProjectID, ids, state, keptSubJobs)
		for _, id := range ids {
			tx.Audit(workspace.Resource{Type: workspace.ResourceSubJob, ID: id}, "")
		}
		if len(ids) == 0 {
			tx.Audit(workspace.Resource{Type: workspace.ResourceSubJob}, "", workspace.FieldChange{Field: "state", Old: fmt.Sprintf("%s: %s", state, workspace.Plural(n, "sub-job"))})
		}
		if err == nil && n < len(ids) {
			return workspace.Errorf(workspace.CodeConflict, "%s of these %d cannot be deleted: they are not finished, or do not exist", workspace.Plural(len(ids)-n, "sub-job"), len(ids))
		}
		return err
	}))
}
