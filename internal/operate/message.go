package operate

import (
	"context"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/notice"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Notify is a request to show a message in desktops.
type Notify struct {
	workspace.Caller
	IDs  []string
	Text string
}

// Check validates the request on its own, without the database.
func (r *Notify) Check() error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	if strings.TrimSpace(r.Text) == "" {
		return workspace.Invalid("notifications", "must not be empty")
	}
	return notice.Check("notifications", r.Text)
}

// NotifyParams are the parameters of a notifyDesktops sub-job.
type NotifyParams struct {
	Text string `json:"text"`
}

// Notify shows a message to those who are connected to the desktops now, in a job with a sub-job for each desktop; that of a desktop to
// which nobody is connected has ended. A locked service does not stop it: a message is how people learn of that. It returns the job's id. CodeDesktopNotFound, CodeInvalid.
func (s *Service) Notify(ctx context.Context, r Notify) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return "", err
		}
		order := desktop.NewOrder(tx, r.Caller, workspace.JobNotifyDesktops)
		for _, d := range desktops {
			if d.Login != desktop.LoginConnected {
				order.Skip(d, "nobody is connected")
				continue
			}
			order.Add(d, NotifyParams{Text: r.Text})
		}
		return order.Write(ctx, tx)
	}))
}

// LogOff is a request to end the sessions in desktops.
type LogOff struct {
	workspace.Caller
	IDs     []string
	Message string // shown for LogOffGrace before the sessions end; empty: they end at once
}

// LogOffGrace is the time between a message and the end of the sessions.
const LogOffGrace = time.Minute

// Check validates the request on its own, without the database.
func (r *LogOff) Check() error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	return notice.Check("message", r.Message)
}

// LogOffParams are the parameters of a logoffDesktops sub-job.
type LogOffParams struct {
	Message string `json:"message,omitempty"`
}

// Wait returns for how long people are told before their sessions end.
func (p LogOffParams) Wait(d desktop.Desktop) time.Duration {
	if p.Message == "" || !inUse(d) {
		return 0
	}
	return LogOffGrace
}

// inUse reports whether a desktop has a session in which somebody has worked.
func inUse(d desktop.Desktop) bool {
	return d.Login == desktop.LoginConnected || d.Login == desktop.LoginDisconnected
}

// LogOff ends the sessions in desktops, with all programs in them, in a job with a sub-job for each desktop; that of a desktop that is
// off has ended. It returns the job's id. CodeDesktopNotFound, CodeInvalid; CodeConflict if no desktop can be logged off now.
func (s *Service) LogOff(ctx context.Context, r LogOff) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return "", err
		}
		waiting, err := waitingFor(ctx, tx, r.IDs, workspace.JobLogOffDesktops)
		if err != nil {
			return "", err
		}
		order := desktop.NewOrder(tx, r.Caller, workspace.JobLogOffDesktops)
		params := LogOffParams{Message: r.Message}
		for _, d := range desktops {
			if d.Status == desktop.StatusShutoff && d.Task == workspace.NoTask {
				order.Skip(d, "the desktop is off")
				continue
			}
			err := d.MayWork(desktop.StatusActive)
			if err == nil && waiting[d.ID] {
				err = workspace.Errorf(workspace.CodeConflict, "the people of desktop %s are being logged off already", d.Name)
			}
			if err == nil {
				err = orderWork(ctx, tx, order, d, params, workspace.TaskLoggingOff, params.Wait(d))
			}
			switch {
			case workspace.CodeOf(err) == workspace.CodeConflict:
				order.Refuse(d, params, err)
			case err != nil:
				return "", err
			}
		}
		return order.Write(ctx, tx)
	}))
}

// orderWork adds a sub-job that takes its desktop at once or, if people are told first, when they have had their time.
func orderWork(ctx context.Context, tx *store.Tx, order *desktop.Order, d desktop.Desktop, params any, task workspace.Task, wait time.Duration) error {
	sub := order.Add(d, params)
	if wait > 0 {
		return nil
	}
	was := d.Login
	d.Task, d.TaskOwner = task, sub.ID
	if task == desktop.TaskRebuilding {
		d.Login = desktop.LoginUnregistered
	}
	return desktop.SaveSession(ctx, tx, d, was)
}

// waitingFor returns for which of the desktops a sub-job of a type has not ended.
func waitingFor(ctx context.Context, tx *store.Tx, desktopIDs []string, t workspace.JobType) (map[string]bool, error) {
	open, err := tx.OpenSubJobs(ctx, desktopIDs, t)
	waiting := make(map[string]bool, len(open))
	for _, s := range open {
		waiting[s.DesktopID] = true
	}
	return waiting, err
}

// MarkLoggedOff records that the sessions of a desktop were replaced by fresh ones, to which nobody has connected yet, or that it was found
// in another state.
func MarkLoggedOff(ctx context.Context, tx *store.Tx, d desktop.Desktop, found desktop.DesktopStatus) error {
	was := d.Login
	d.Login = desktop.LoginUnregistered
	desktop.Settle(&d, found)
	return desktop.SaveSession(ctx, tx, d, was)
}
