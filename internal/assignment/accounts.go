package assignment

import (
	"cmp"
	"context"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TakeForAccounts gives a desktop at rest to a sub-job that brings its accounts up to date, and says whether it has it now. A
// desktop that is gone, or whose machine is, needs no waiting for.
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

// MarkAccounts records that the accounts inside a desktop are as they should be, or will be when it starts, with the power state
// that the work has left it in, and tells those who have got it. What nevertheless does not hold inside becomes the desktop's fault.
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
