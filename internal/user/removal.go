package user

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// RemoveDesktop deletes the row of a desktop whose machine is gone, ends its assignments in the same transaction, writes messages
// to its users, and, if requested, deletes the users who have no other desktop.
func RemoveDesktop(ctx context.Context, tx *store.Tx, d desktop.Desktop, p desktop.DeleteParams) error {
	if err := desktop.DeleteDesktop(ctx, tx, d.ID); err != nil {
		return err
	}
	for _, a := range d.Assignments {
		user, err := directory.LockUser(ctx, tx, d.ProjectID, a.UserID)
		if err != nil && workspace.CodeOf(err) == workspace.CodeUserNotFound {
			continue
		}
		if err != nil {
			return err
		}
		if p.Notify && user.Email != "" {
			if err := directory.InsertMails(ctx, tx, []directory.Mail{desktop.DesktopMail(directory.MailDesktopDeleted, d, user, tx.Now())}); err != nil {
				return err
			}
		}
		if !p.DeleteUsers || user.Desktops > 0 {
			continue
		}
		_, others, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: d.ProjectID, UserID: user.ID}) // including those through groups
		if err != nil {
			return err
		}
		if others == 0 {
			if err := removeUser(ctx, tx, user.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
