package workspace

import "context"

// This file holds what the job runner writes about a desktop: each function is called inside the transaction that also ends
// the sub-job, with the desktop's row locked.

// MarkCreated records that a new desktop runs and its people's displays answer, and tells them if asked.
func MarkCreated(ctx context.Context, tx Tx, d Desktop, p CreateParams) error {
	settle(&d, StatusActive)
	if err := saveNew(ctx, tx, d); err != nil || !p.Notify {
		return err
	}
	var mails []Mail
	for _, a := range d.Assignments {
		u, err := tx.User(ctx, d.ProjectID, a.UserID)
		if err != nil {
			return err
		}
		if u.Email != "" {
			mails = append(mails, desktopMail(MailDesktopReady, d, u, tx.Now()))
		}
	}
	return tx.InsertMails(ctx, mails)
}

// MarkOperated records that an operation is done.
func MarkOperated(ctx context.Context, tx Tx, d Desktop, op Operation) error {
	was := d.Login
	settle(&d, op.Result())
	return saveSession(ctx, tx, d, was)
}

// Result is the state that an operation leads to.
func (op Operation) Result() DesktopStatus {
	switch op {
	case OpStop:
		return StatusShutoff
	case OpHibernate:
		return StatusHibernated
	default:
		return StatusActive
	}
}

// MarkFailed records why the work on a desktop failed, and the state in which it was found afterwards.
func MarkFailed(ctx context.Context, tx Tx, d Desktop, found DesktopStatus, reason string) error {
	was := d.Login
	settle(&d, found)
	d.Fault = reason
	return saveSession(ctx, tx, d, was)
}

// settle ends the task on a desktop.
func settle(d *Desktop, status DesktopStatus) {
	d.Status, d.Task, d.TaskOwner, d.Fault = status, NoTask, "", ""
	switch {
	case status != StatusActive && status != StatusHibernated:
		d.Login = LoginUnregistered
	case d.Login == LoginUnregistered:
		d.Login = LoginRegistered
	}
}

// resume puts the desktops of failed sub-jobs back under way when their job is retried.
func resume(d *Desktop, s SubJob) error {
	if d.Task != NoTask && d.TaskOwner != s.ID {
		return Errorf(CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	}
	switch s.Type {
	case JobCreateDesktops, JobCreatePool, JobExpandPool:
		d.Status, d.Task = StatusCreating, TaskCreating
	case JobDeleteDesktops:
		d.Task = TaskDeleting
	case JobOperateDesktops:
		p, err := ReadParams[OperateParams](s)
		if err != nil {
			return err
		}
		next, err := Operate(*d, p.Op, p.Force)
		if err != nil {
			return err
		}
		*d = next
	case JobRebuildPool:
		d.Task = TaskRebuilding
	case JobAddPoolVolumes:
		d.Task = TaskAddingVolumes
	case JobDeletePoolVolumes:
		d.Task = TaskDeletingVolumes
	case JobExpandPoolVolumes:
		d.Task = TaskExpandingVolumes
	case JobDetachDesktops, JobAttachPool:
		return nil // they take no desktop
	}
	d.TaskOwner, d.Fault = s.ID, ""
	return nil
}

// MarkObserved records a state that a desktop at rest was found in.
func MarkObserved(ctx context.Context, tx Tx, d Desktop, found DesktopStatus, fault string) error {
	was := d.Login
	settle(&d, found)
	d.Fault = fault
	return saveSession(ctx, tx, d, was)
}
