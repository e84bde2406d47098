package workspace

import (
	"context"
	"slices"
)

// JobRebuildDesktops gives single desktops a new system disk. Pools use it for resets; it is not among PoolJobs, because people's
// comings and goings never end.
const JobRebuildDesktops JobType = "rebuildDesktops"

// ResetParams are the parameters of a rebuildDesktops sub-job.
type ResetParams struct {
	ImageID string `json:"image_id"`
	// DataIDs are those of the empty disks that take the place of the desktop's data disks; none keeps the disks as they are.
	DataIDs []string `json:"data_ids,omitempty"`
	Why     string   `json:"why"` // shown with the sub-job's success
}

// resetMembers has desktops of a pool made fresh from the pool's image, in a job whose id it returns; those that are busy or gone
// are left out, and the id is empty when that leaves none. The data disks of a desktop that nobody has are emptied too, since the
// next person must not find the last one's files; whoever resets their own desktop keeps them. The caller holds the pool and has
// released the bindings that are over.
func resetMembers(ctx context.Context, tx Tx, c Caller, p Pool, desktopIDs []string, why string) (jobID string, err error) {
	found, err := tx.LockDesktops(ctx, p.ProjectID, desktopIDs)
	if err != nil {
		return "", err
	}
	job := Job{ID: NewID(), ProjectID: p.ProjectID, Type: JobRebuildDesktops, PoolID: p.ID, RequestID: c.RequestID, Created: tx.Now()}
	for _, d := range found {
		if d.Task != NoTask || d.PoolID != p.ID {
			continue
		}
		params := ResetParams{ImageID: p.ImageID, Why: why}
		if len(d.Assignments) == 0 {
			params.DataIDs = newIDs(len(d.Data))
		}
		sub := job.subJob(d, params)
		if err := beginRebuild(ctx, tx, d, sub.ID); err != nil {
			return "", err
		}
		job.SubJobs = append(job.SubJobs, sub)
	}
	if len(job.SubJobs) == 0 {
		return "", nil
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// beginRebuild gives a desktop to the sub-job that replaces its system disk. Its status stays: it says whether the desktop runs
// afterwards. Whoever is connected is told that it is being rebuilt.
func beginRebuild(ctx context.Context, tx Tx, d Desktop, owner string) error {
	d.Task, d.TaskOwner, d.Login = TaskRebuilding, owner, LoginUnregistered
	return tx.SaveDesktop(ctx, d)
}

func newIDs(n int) []string {
	return slices.Collect(func(yield func(string) bool) {
		for range n {
			if !yield(NewID()) {
				return
			}
		}
	})
}
