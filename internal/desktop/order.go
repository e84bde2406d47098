package desktop

import (
	"context"
	"slices"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// LockAll reads and locks the desktops with these ids in the order of the request. CodeDesktopNotFound names the first that does not
// exist.
func LockAll(ctx context.Context, tx *store.Tx, projectID string, ids []string) ([]Desktop, error) {
	found, err := LockByID(ctx, tx, projectID, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Desktop, len(ids))
	for i, id := range ids {
		d, ok := found[id]
		if !ok {
			return nil, workspace.InField("desktop_ids", NotFound(id))
		}
		all[i] = d
	}
	return all, nil
}

// Order is a job that is being put together, with a sub-job for each desktop of a request.
type Order struct {
	workspace.Job
	accepted int
	refusal  error // of the first desktop that was refused
}

// NewOrder begins a job.
func NewOrder(tx *store.Tx, c workspace.Caller, t workspace.JobType) *Order {
	return &Order{Job: workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: t, RequestID: c.RequestID, Created: tx.Now()}}
}

// Add adds a sub-job about a desktop.
func (o *Order) Add(d Desktop, params any) workspace.SubJob {
	o.accepted++
	s := NewSubJob(&o.Job, d, params)
	o.SubJobs = append(o.SubJobs, s)
	return s
}

// Refuse adds a failed sub-job about a desktop that cannot be changed because of an error. params are those of a retry.
func (o *Order) Refuse(d Desktop, params any, err error) {
	if o.refusal == nil {
		o.refusal = err
	}
	o.SubJobs = append(o.SubJobs, NewSubJob(&o.Job, d, params).Refused(err, o.Created))
}

// Skip adds a sub-job that has ended with success, because there is nothing to do with the desktop.
func (o *Order) Skip(d Desktop, why string) {
	o.accepted++
	o.SubJobs = append(o.SubJobs, NewSubJob(&o.Job, d, struct{}{}).NotNeeded(why, o.Created))
}

// Write writes the job and returns its id, or the first refusal if every desktop was refused: then nothing changes.
func (o *Order) Write(ctx context.Context, tx *store.Tx) (string, error) {
	if o.accepted == 0 {
		return "", o.refusal
	}
	return o.ID, tx.InsertJob(ctx, o.Job)
}

// MayWork returns why no work can begin on a desktop that must be in one of the states, or nil. CodeConflict.
func (d Desktop) MayWork(states ...DesktopStatus) error {
	if d.Task != workspace.NoTask {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	}
	if slices.Contains(states, d.Status) {
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, which does not allow this", d.Name, d.Status)
}

// NotOfPool returns CodeConflict with an advice if the desktop is a pool's, or nil.
func (d Desktop) NotOfPool(advice string) error {
	if d.PoolID == "" {
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "desktop %s is a pool's: %s", d.Name, advice)
}

// Take makes a sub-job the owner of its desktop, with a task, unless another one is. It returns the desktop, and whether the sub-job owns it.
func Take(ctx context.Context, tx *store.Tx, s workspace.SubJob, task workspace.Task) (Desktop, bool, error) {
	d, owned, err := OwnDesktop(ctx, tx, s)
	switch {
	case err != nil || owned:
		return d, owned, err
	case d.ID == "":
		return d, false, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	case d.Task != workspace.NoTask:
		return d, false, nil
	}
	was := d.Login
	d.Task, d.TaskOwner = task, s.ID
	if task == TaskRebuilding {
		d.Login = LoginUnregistered
	}
	return d, true, SaveSession(ctx, tx, d, was)
}
