package assignment

import (
	"cmp"
	"context"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TakeForAccounts makes a sub-job that updates accounts the owner of a desktop that has no task, and reports whether the sub-job
// may go on: it owns the desktop now, or the desktop or its machine is gone.
func TakeForAccounts(ctx context.Context, tx *store.Tx, s workspace.SubJob) (bool, error) {
	found, err := desktop.LockDesktops(ctx, tx, s.ProjectID, []string{s.DesktopID})
	if err != nil || len(found) == 0 {
		return err == nil, err
	}
	d := found[0]
	switch {
	case d.TaskOwner == s.ID:
		return true, nil
	case d.Task != workspace.NoTask:
		return false, nil
	}
	d.Task, d.TaskOwner = workspace.AccountJobs[s.Type], s.ID
	return true, TakeDesktops(ctx, tx, []desktop.Desktop{d})
}

// MarkAccounts records that the accounts inside a desktop are up to date, or will be when it starts, and its power state, and
// writes the messages to gained, the users who have got it. A non-empty warning, about what does not work inside nevertheless,
// becomes the desktop's fault.
func MarkAccounts(ctx context.Context, tx *store.Tx, d desktop.Desktop, owner string, status desktop.DesktopStatus, gained []desktop.Recipient, warning string) error {
	if d.TaskOwner == owner {
		fault, was := d.Fault, d.Login
		desktop.Settle(&d, status)
		if d.Fault = warning; status == desktop.StatusError {
			d.Fault = fault
		}
		if err := desktop.SaveSession(ctx, tx, d, was); err != nil {
			return err
		}
	}
	if len(gained) == 0 {
		return nil
	}
	ids := make([]string, len(gained))
	for i, r := range gained {
		ids[i] = r.UserID
	}
	have, err := Holdings(ctx, tx, []string{d.ID}, ids)
	if err != nil || len(have) == 0 {
		return err
	}
	users, err := usersByID(ctx, tx, d.ProjectID, have)
	if err != nil {
		return err
	}
	var mails []directory.Mail
	for _, r := range gained {
		u, there := users[r.UserID]
		if u.Email = cmp.Or(r.Email, u.Email); there && u.Email != "" {
			mails = append(mails, desktop.DesktopMail(directory.MailAssigned, d, u, tx.Now()))
		}
	}
	return directory.InsertMails(ctx, tx, mails)
}
