package desktop

import (
	"context"

	"carrel/internal/capacity"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Operation is what can be done to the power of a desktop.
type Operation string

// The operations, in the words of the desktop-level call.
const (
	OpStart     Operation = "os-start"
	OpStop      Operation = "os-stop"
	OpReboot    Operation = "reboot"
	OpHibernate Operation = "os-hibernate"
)

// OperateDesktops asks for an operation on desktops. Force (HARD) pulls the plug instead of asking the system inside.
type OperateDesktops struct {
	workspace.Caller
	IDs   []string
	Op    Operation
	Force bool
}

// OperateParams are the parameters of an operateDesktops sub-job.
type OperateParams struct {
	Op    Operation `json:"op"`
	Force bool      `json:"force"`
}

// Refusal says why one desktop of a request was left alone.
type Refusal struct {
	DesktopID   string
	DesktopName string
	Code        workspace.Code
	Message     string
}

// OperateResult is the answer to OperateDesktops. JobID is empty when every desktop was refused.
type OperateResult struct {
	JobID   string
	Refused []Refusal
}

// Operate decides what an operation does to a desktop: it returns the desktop on its way, or CodeConflict when its state
// forbids the operation.
func Operate(d Desktop, op Operation, force bool) (Desktop, error) {
	if d.Task != workspace.NoTask {
		return d, workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	}
	from := d.Status
	switch {
	case op == OpStart && from == StatusHibernated:
		d.Status, d.Task = StatusAwakening, workspace.TaskPoweringOn
	case op == OpStart && (from == StatusShutoff || from == StatusError):
		d.Status, d.Task = StatusStarting, workspace.TaskPoweringOn
	case op == OpStop && (from == StatusActive || from == StatusHibernated || from == StatusError):
		d.Status, d.Task = StatusStopping, workspace.TaskPoweringOff
	case op == OpReboot && (from == StatusActive || from == StatusError):
		d.Status, d.Task = StatusRestarting, workspace.TaskRebooting
		if force {
			d.Task = workspace.TaskRebootHard
		}
	case op == OpHibernate && from == StatusActive:
		d.Status, d.Task = StatusHibernating, workspace.TaskHibernating
	default:
		return d, workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, %s is not possible", d.Name, from, op)
	}
	return d, nil
}

// Check refuses what is wrong with the request by itself.
func (r *OperateDesktops) Check() error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	switch r.Op {
	case OpStart, OpStop, OpReboot, OpHibernate:
		return nil
	}
	return workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop, reboot or os-hibernate", r.Op)
}

// OperateDesktops starts, stops, restarts or hibernates desktops. Those whose state forbids it are refused one by one, the
// others go on in a job. The row locks of the desktops decide between two callers.
func (s *Service) OperateDesktops(ctx context.Context, r OperateDesktops) (OperateResult, error) {
	if err := r.Check(); err != nil {
		return OperateResult{}, err
	}
	return store.Update(ctx, s.Store, func(tx *store.Tx) (OperateResult, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return OperateResult{}, err
		}
		return OrderOperation(ctx, tx, r)
	})
}

func OrderOperation(ctx context.Context, tx *store.Tx, r OperateDesktops) (OperateResult, error) {
	found, err := LockByID(ctx, tx, r.ProjectID, r.IDs)
	if err != nil {
		return OperateResult{}, err
	}
	left, err := capacity.ReadRoom(ctx, tx)
	if err != nil {
		return OperateResult{}, err
	}
	var result OperateResult
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobOperateDesktops, RequestID: r.RequestID, Created: tx.Now()}
	var moved []Desktop
	for _, id := range r.IDs {
		d, ok := found[id]
		if !ok {
			result.Refused = append(result.Refused, Refusal{DesktopID: id, Code: workspace.CodeDesktopNotFound, Message: "desktop " + id + " does not exist"})
			continue
		}
		next, err := OperateIn(ctx, tx, left, d, r.Op, r.Force)
		if err != nil && workspace.CodeOf(err) == workspace.CodeInternal {
			return OperateResult{}, err
		}
		if err != nil {
			result.Refused = append(result.Refused, Refusal{DesktopID: id, DesktopName: d.Name, Code: workspace.CodeOf(err), Message: workspace.MessageOf(err)})
			continue
		}
		sub := NewSubJob(&job, d, OperateParams{Op: r.Op, Force: r.Force})
		next.TaskOwner = sub.ID
		moved = append(moved, next)
		job.SubJobs = append(job.SubJobs, sub)
	}
	if len(job.SubJobs) == 0 {
		return result, nil
	}
	result.JobID = job.ID
	return result, OrderMoves(ctx, tx, moved, job, left)
}

// OrderMoves writes desktops that are on their way to another power state, and the job that moves them.
func OrderMoves(ctx context.Context, tx *store.Tx, moved []Desktop, job workspace.Job, left *capacity.Room) error {
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

func LockByID(ctx context.Context, tx *store.Tx, projectID string, ids []string) (map[string]Desktop, error) {
	desktops, err := LockDesktops(ctx, tx, projectID, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Desktop, len(desktops))
	for _, d := range desktops {
		found[d.ID] = d
	}
	return found, nil
}
