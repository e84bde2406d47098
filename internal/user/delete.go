package user

import (
	"context"
	"slices"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DeleteUser deletes a user with their assignments, sign-ins and tickets, in one transaction; a job removes the accounts from the
// desktops that they had. CodeUserNotFound, CodeServiceLocked.
func (s *Service) DeleteUser(ctx context.Context, c workspace.Caller, id string) error {
	return s.DeleteUsers(ctx, c, []string{id})
}

// DeleteUsers is DeleteUser for 1 to 100 users. Unknown ids are ignored, since deleting them is a success; if all are unknown, it
// fails with CodeUserNotFound.
func (s *Service) DeleteUsers(ctx context.Context, c workspace.Caller, ids []string) error {
	if err := workspace.CheckIDs("user_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireUnlocked(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		job := workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: workspace.JobDetachDesktops, RequestID: c.RequestID, Created: tx.Now()}
		told := map[string]bool{} // desktops that the job has a sub-job for
		found := 0
		for _, id := range slices.Sorted(slices.Values(ids)) { // in the same order for all callers
			u, err := directory.LockUser(ctx, tx, c.ProjectID, id)
			if workspace.CodeOf(err) == workspace.CodeUserNotFound {
				continue
			}
			if err != nil {
				return err
			}
			found++
			if err := deleteUser(ctx, tx, u, &job, told); err != nil {
				return err
			}
		}
		switch {
		case found == 0 && len(ids) == 1:
			return workspace.Errorf(workspace.CodeUserNotFound, "user %q does not exist", ids[0])
		case found == 0:
			return workspace.Errorf(workspace.CodeUserNotFound, "none of these %d users exists", len(ids))
		case len(job.SubJobs) == 0:
			return nil
		}
		return tx.InsertJob(ctx, job)
	}))
}

// deleteUser deletes a user, and adds sub-jobs for those of their desktops that are not in told.
func deleteUser(ctx context.Context, tx *store.Tx, u directory.User, job *workspace.Job, told map[string]bool) error {
	desktops, err := desktopsOf(ctx, tx, u)
	if err != nil {
		return err
	}
	ids := make([]string, len(desktops))
	for i, d := range desktops {
		ids[i] = d.ID
		if !told[d.ID] {
			told[d.ID] = true
			sub := desktop.NewSubJob(job, d, desktop.AccountParams{})
			sub.UserName = u.Name
			job.SubJobs = append(job.SubJobs, sub)
		}
	}
	lost, err := assignment.Holdings(ctx, tx, ids, []string{u.ID})
	if err != nil {
		return err
	}
	if err := assignment.NoteLost(ctx, tx, lost, false); err != nil {
		return err
	}
	return removeUser(ctx, tx, u.ID)
}

// removeUser deletes the row of a user. Their connections go with it, and so the desktops that they were connected to are updated
// here: a gateway that has died would not do it.
func removeUser(ctx context.Context, tx *store.Tx, userID string) error {
	connected, err := desktop.DropConnectionsOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	if err := desktop.EndBindings(ctx, tx, userID); err != nil {
		return err
	}
	if err := directory.DeleteUser(ctx, tx, userID); err != nil {
		return err
	}
	for _, c := range connected {
		if err := assignment.SettleLogin(ctx, tx, c.DesktopID); err != nil {
			return err
		}
	}
	return nil
}
