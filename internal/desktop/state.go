package desktop

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The functions in this file write the results of the job runner. Each is called in the transaction that ends the sub-job, with
// the desktop's row locked.

// PartlyApplied is the prefix of faults that do not keep users from working: some settings of the desktop could not be applied
// inside. No work on the desktop has failed.
const PartlyApplied = "not all settings of the desktop could be applied inside: "

// MarkCreated records that a new desktop runs and the displays of its users answer, and writes messages to them if requested. A
// non-empty warning, about what does not work inside nevertheless, becomes its fault.
func MarkCreated(ctx context.Context, tx *store.Tx, d Desktop, p CreateParams, warning string) error {
	Settle(&d, StatusActive)
	d.Fault = warning
	if err := saveNew(ctx, tx, d); err != nil || !p.Notify {
		return err
	}
	var mails []directory.Mail
	for _, a := range d.Assignments {
		u, err := directory.ReadUser(ctx, tx, d.ProjectID, a.UserID)
		if err != nil {
			return err
		}
		if u.Email != "" {
			mails = append(mails, DesktopMail(directory.MailDesktopReady, d, u, tx.Now()))
		}
	}
	return directory.InsertMails(ctx, tx, mails)
}

// OwnDesktop locks the desktop of a sub-job, and reports whether the sub-job still owns it.
func OwnDesktop(ctx context.Context, tx *store.Tx, s workspace.SubJob) (Desktop, bool, error) {
	found, err := LockDesktops(ctx, tx, s.ProjectID, []string{s.DesktopID})
	if err != nil || len(found) == 0 {
		return Desktop{}, false, err
	}
	return found[0], found[0].TaskOwner == s.ID, nil
}

// MarkPowerChanged records that a power action is done. What nevertheless does not hold inside becomes the desktop's fault.
func MarkPowerChanged(ctx context.Context, tx *store.Tx, d Desktop, action PowerAction, warning string) error {
	was := d.Login
	Settle(&d, action.Result())
	d.Fault = warning
	return SaveSession(ctx, tx, d, was)
}

// Result is the state that an operation leads to.
func (action PowerAction) Result() DesktopStatus {
	switch action {
	case PowerStop:
		return StatusShutoff
	case PowerHibernate:
		return StatusHibernated
	default:
		return StatusActive
	}
}

// MarkFailed records why the work on a desktop failed, and the state in which it was found afterwards.
func MarkFailed(ctx context.Context, tx *store.Tx, d Desktop, found DesktopStatus, reason string) error {
	was := d.Login
	Settle(&d, found)
	d.Fault = reason
	return SaveSession(ctx, tx, d, was)
}

// MarkHeldUp sets the desktop's fault to the reason why its sub-job makes no progress. The end of the sub-job replaces it.
func MarkHeldUp(ctx context.Context, tx *store.Tx, s workspace.SubJob) error {
	found, err := LockDesktops(ctx, tx, s.ProjectID, []string{s.DesktopID})
	if err != nil || len(found) == 0 || found[0].TaskOwner != s.ID || found[0].Fault == s.Reason {
		return err
	}
	d := found[0]
	was := d.Login
	d.Fault = s.Reason
	return SaveSession(ctx, tx, d, was)
}

// Settle ends the task on a desktop.
func Settle(d *Desktop, status DesktopStatus) {
	d.Status, d.Task, d.TaskOwner, d.Fault = status, workspace.NoTask, "", ""
	switch {
	case status != StatusActive && status != StatusHibernated:
		d.Login = LoginUnregistered
	case d.Login == LoginUnregistered:
		d.Login = LoginRegistered
	}
}

// MarkObserved records the observed state of a desktop without a task.
func MarkObserved(ctx context.Context, tx *store.Tx, d Desktop, found DesktopStatus, fault string) error {
	was := d.Login
	Settle(&d, found)
	d.Fault = fault
	return SaveSession(ctx, tx, d, was)
}
