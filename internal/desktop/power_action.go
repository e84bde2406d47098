package desktop

import (
	"context"

	"carrel/internal/capacity"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PowerAction starts, stops, restarts or hibernates a desktop.
type PowerAction string

// The power actions, in the words of the desktop-level call.
const (
	PowerStart     PowerAction = "os-start"
	PowerStop      PowerAction = "os-stop"
	PowerReboot    PowerAction = "reboot"
	PowerHibernate PowerAction = "os-hibernate"
)

// RunPowerAction asks for a power action on desktops. Force (HARD) pulls the plug instead of asking the system inside.
type RunPowerAction struct {
	workspace.Caller
	IDs    []string
	Action PowerAction
	Force  bool
}

// PowerParams are the parameters of an operateDesktops sub-job.
type PowerParams struct {
	Action PowerAction `json:"op"`
	Force  bool        `json:"force"`
}

// Refusal says why a desktop of a request was not changed.
type Refusal struct {
	DesktopID   string
	DesktopName string
	Code        workspace.Code
	Message     string
}

// PowerResult is the answer to RunPowerAction. JobID is empty when every desktop was refused.
type PowerResult struct {
	JobID   string
	Refused []Refusal
}

// ApplyPowerAction decides what a power action does to a desktop: it returns the desktop on its way, or CodeConflict when its state
// forbids the action.
func ApplyPowerAction(d Desktop, action PowerAction, force bool) (Desktop, error) {
	if d.Task != workspace.NoTask {
		return d, workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	}
	from := d.Status
	switch {
	case action == PowerStart && from == StatusHibernated:
		d.Status, d.Task = StatusAwakening, workspace.TaskPoweringOn
	case action == PowerStart && (from == StatusShutoff || from == StatusError):
		d.Status, d.Task = StatusStarting, workspace.TaskPoweringOn
	case action == PowerStop && (from == StatusActive || from == StatusHibernated || from == StatusError):
		d.Status, d.Task = StatusStopping, workspace.TaskPoweringOff
	case action == PowerReboot && (from == StatusActive || from == StatusError):
		d.Status, d.Task = StatusRestarting, workspace.TaskRebooting
		if force {
			d.Task = workspace.TaskRebootHard
		}
	case action == PowerHibernate && from == StatusActive:
		d.Status, d.Task = StatusHibernating, workspace.TaskHibernating
	default:
		return d, workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, %s is not possible", d.Name, from, action)
	}
	return d, nil
}

// Check refuses what is wrong with the request by itself.
func (r *RunPowerAction) Check() error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	switch r.Action {
	case PowerStart, PowerStop, PowerReboot, PowerHibernate:
		return nil
	}
	return workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop, reboot or os-hibernate", r.Action)
}

// RunPowerAction starts, stops, restarts or hibernates desktops. Those whose state forbids it are refused one by one, the
// others go on in a job. The row locks of the desktops decide between two callers.
func (s *Service) RunPowerAction(ctx context.Context, r RunPowerAction) (PowerResult, error) {
	if err := r.Check(); err != nil {
		return PowerResult{}, err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (PowerResult, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return PowerResult{}, err
		}
		return OrderPowerAction(ctx, tx, r)
	}))
}

func OrderPowerAction(ctx context.Context, tx *store.Tx, r RunPowerAction) (PowerResult, error) {
	found, err := LockByID(ctx, tx, r.ProjectID, r.IDs)
	if err != nil {
		return PowerResult{}, err
	}
	left, err := capacity.ReadFree(ctx, tx)
	if err != nil {
		return PowerResult{}, err
	}
	var result PowerResult
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobOperateDesktops, RequestID: r.RequestID, Created: tx.Now()}
	var moved []Desktop
	for _, id := range r.IDs {
		d, ok := found[id]
		if !ok {
			result.Refused = append(result.Refused, Refusal{DesktopID: id, Code: workspace.CodeDesktopNotFound, Message: "desktop " + id + " does not exist"})
			continue
		}
		next, err := ApplyPowerActionWithin(ctx, tx, left, d, r.Action, r.Force)
		if err != nil && workspace.CodeOf(err) == workspace.CodeInternal {
			return PowerResult{}, err
		}
		if err != nil {
			result.Refused = append(result.Refused, Refusal{DesktopID: id, DesktopName: d.Name, Code: workspace.CodeOf(err), Message: workspace.MessageOf(err)})
			continue
		}
		sub := NewSubJob(&job, d, PowerParams{Action: r.Action, Force: r.Force})
		next.TaskOwner = sub.ID
		moved = append(moved, next)
		job.SubJobs = append(job.SubJobs, sub)
	}
	if len(job.SubJobs) == 0 {
		return result, nil
	}
	result.JobID = job.ID
	return result, OrderPowerChanges(ctx, tx, moved, job, left)
}

// OrderPowerChanges writes desktops that are on their way to another power state, and the job that moves them.
func OrderPowerChanges(ctx context.Context, tx *store.Tx, moved []Desktop, job workspace.Job, left *capacity.Free) error {
	for _, d := range moved {
		if err := SaveDesktop(ctx, tx, d); err != nil {
			return err
		}
	}
	if err := tx.InsertJob(ctx, job); err != nil {
		return err
	}
	return capacity.Reserve(ctx, tx, left.Taken)
}
