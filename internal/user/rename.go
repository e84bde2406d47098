package user

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// maxOldName is the maximum length of a user's former name, in bytes.
const maxOldName = 255

// RenameUser is a request to rename a user, here and inside their desktops.
type RenameUser struct {
	workspace.Caller
	Old, New             string
	OldDomain, NewDomain string
	Reboot               bool // restart their running desktops
}

// RenameUser renames a user, who keeps all assignments; a job renames their accounts inside their desktops with all data, which
// ends and restarts their sessions there. CodeUserNotFound, CodeNameTaken, CodeInvalid; CodeConflict if one of their desktops
// still has to process another account of the new name. The lock on the user's row decides between concurrent callers.
func (s *Service) RenameUser(ctx context.Context, r RenameUser) error {
	for _, err := range []error{
		directory.CheckDomain("old_user_domain", r.OldDomain), directory.CheckDomain("new_user_domain", r.NewDomain),
		workspace.CheckUserName("new_username", r.New),
	} {
		if err != nil {
			return err
		}
	}
	if r.Old == "" || len(r.Old) > maxOldName {
		return workspace.Invalid("old_username", "must be a name of 1 to %d bytes", maxOldName)
	}
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		found, err := directory.UserByName(ctx, tx, r.ProjectID, r.Old)
		if err != nil {
			return workspace.InField("old_username", err)
		}
		u, err := directory.LockUser(ctx, tx, r.ProjectID, found.ID)
		switch {
		case err != nil:
			return workspace.InField("old_username", err)
		case !strings.EqualFold(u.Name, r.Old): // another request renamed the user
			return workspace.Errorf(workspace.CodeUserNotFound, "old_username: user %q does not exist", r.Old)
		case u.Name == r.New:
			return nil
		}
		return renameUser(ctx, tx, r, u)
	}))
}

func renameUser(ctx context.Context, tx *store.Tx, r RenameUser, u directory.User) error {
	desktops, err := desktopsOf(ctx, tx, u)
	if err != nil {
		return err
	}
	ids := make([]string, len(desktops))
	for i, d := range desktops {
		ids[i] = d.ID
		if strings.EqualFold(d.Name, r.New) {
			return workspace.Invalid("new_username", "%q is the name of a desktop of the user; the two must differ", r.New)
		}
	}
	old := u.Account
	if directory.AccountFor(r.New) != directory.AccountFor(u.Name) {
		if u.Account, err = directory.FreeAccount(ctx, tx, r.ProjectID, r.New); err != nil {
			return err
		}
	}
	if err := mayBear(ctx, tx, u, ids); err != nil {
		return err
	}
	u.Name, u.Updated = r.New, tx.Now()
	if err := directory.SaveUser(ctx, tx, u); err != nil {
		return workspace.InField("new_username", err)
	}
	if len(desktops) == 0 || old == u.Account {
		return nil
	}
	var before []assignment.FormerAccount
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobRenameUser, RequestID: r.RequestID, Created: tx.Now()}
	for _, d := range desktops {
		before = append(before, assignment.FormerAccount{DesktopID: d.ID, UserID: u.ID, Name: old, Changed: tx.Now()})
		sub := desktop.NewSubJob(&job, d, desktop.AccountParams{Reboot: r.Reboot})
		sub.UserName = u.Name
		job.SubJobs = append(job.SubJobs, sub)
	}
	if err := assignment.PutFormerAccounts(ctx, tx, before); err != nil {
		return err
	}
	return tx.InsertJob(ctx, job)
}

// mayBear returns why a user's account cannot have this name in the desktops with these ids, or nil. Accounts of users who have
// lost the desktop do not conflict: they are removed. Those of users who are being renamed themselves do, until that is done.
func mayBear(ctx context.Context, tx *store.Tx, u directory.User, ids []string) error {
	former, err := assignment.FormerAccounts(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, f := range former {
		if f.UserID == u.ID || f.Name != u.Account {
			continue
		}
		held, err := assignment.Holdings(ctx, tx, []string{f.DesktopID}, []string{f.UserID})
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return workspace.Errorf(workspace.CodeConflict, "new_username: a desktop has not renamed its account %q yet, try again", f.Name)
		}
	}
	return nil
}

// desktopsAtOnce is the maximum number of desktops that one statement reads.
const desktopsAtOnce = 500

// desktopsOf reads all desktops that a user has access to.
func desktopsOf(ctx context.Context, tx *store.Tx, u directory.User) ([]desktop.Desktop, error) {
	q := desktop.DesktopQuery{ProjectID: u.ProjectID, UserID: u.ID, Page: workspace.Page{Limit: desktopsAtOnce}}
	var all []desktop.Desktop
	for {
		some, total, err := desktop.Desktops(ctx, tx, q)
		if err != nil {
			return nil, fmt.Errorf("reading the desktops of user %s: %w", u.ID, err)
		}
		if all = append(all, some...); len(some) == 0 || len(all) >= total {
			return all, nil
		}
		q.Offset = len(all)
	}
}
