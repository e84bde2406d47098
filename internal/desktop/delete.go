package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DeleteDesktops is a request to delete desktops with all their disks.
type DeleteDesktops struct {
	workspace.Caller
	IDs         []string
	DeleteUsers bool // also delete the users who then have no desktop
	Notify      bool // send mails to the users
	Force       bool // cut the power, instead of letting the system inside shut down first
}

// DeleteParams are the parameters of a deleteDesktops sub-job.
type DeleteParams struct {
	DeleteUsers bool `json:"delete_users"`
	Notify      bool `json:"notify"`
	Force       bool `json:"force,omitempty"`
}

// DeleteDesktops deletes desktops in any state: the job waits until a running task has noticed and stopped. Ids that do not
// exist, or are being deleted, are ignored, since deleting them is a success; if none is left, it fails with CodeDesktopNotFound.
// It returns the job's id.
func (s *Service) DeleteDesktops(ctx context.Context, r DeleteDesktops) (string, error) {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		return OrderDeletion(ctx, tx, r)
	}))
}

func OrderDeletion(ctx context.Context, tx *store.Tx, r DeleteDesktops) (string, error) {
	found, err := LockByID(ctx, tx, r.ProjectID, r.IDs)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		if len(r.IDs) == 1 {
			return "", workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %s does not exist", r.IDs[0])
		}
		return "", workspace.Errorf(workspace.CodeDesktopNotFound, "none of these %d desktops exists", len(r.IDs))
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobDeleteDesktops, RequestID: r.RequestID, Created: tx.Now()}
	for _, id := range r.IDs {
		d, ok := found[id]
		if !ok {
			continue
		}
		sub := NewSubJob(&job, d, DeleteParams{DeleteUsers: r.DeleteUsers, Notify: r.Notify, Force: r.Force})
		if _, err := tx.SupersedeSubJobs(ctx, d.ID, sub.ID, workspace.CodeGone, "desktop "+d.Name+" was deleted in the meantime"); err != nil {
			return "", err
		}
		was := d.Login
		d.Task, d.TaskOwner, d.Login = workspace.TaskDeleting, sub.ID, LoginUnregistered
		if err := SaveSession(ctx, tx, d, was); err != nil {
			return "", err
		}
		job.SubJobs = append(job.SubJobs, sub)
	}
	return job.ID, tx.InsertJob(ctx, job)
}
