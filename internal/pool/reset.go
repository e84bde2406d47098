package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ResetParams are the parameters of a rebuildDesktops sub-job.
type ResetParams struct {
	ImageID string `json:"image_id"`
	Wipe    bool   `json:"wipe"` // empty the data disks as well
	Why     string `json:"why"`  // shown with the sub-job's success
}

// ResetMembers writes a job that resets desktops of a pool to the pool's image, and returns its id. Desktops that are busy or
// gone are omitted; if none is left, the id is empty. The data disks of desktops without a user are emptied too, since the next
// user must not see the files of the last; a user who resets their own desktop keeps them. The caller has locked the pool and
// released the bindings that are over.
func ResetMembers(ctx context.Context, tx *store.Tx, c workspace.Caller, p Pool, desktopIDs []string, why string) (jobID string, err error) {
	found, err := desktop.LockDesktops(ctx, tx, p.ProjectID, desktopIDs)
	if err != nil {
		return "", err
	}
	all, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return "", err
	}
	members := ByDesktop(all)
	job := workspace.Job{ID: workspace.NewID(), ProjectID: p.ProjectID, Type: workspace.JobRebuildDesktops, PoolID: p.ID, RequestID: c.RequestID, Created: tx.Now()}
	for _, d := range found {
		m, there := members[d.ID]
		if d.Task != workspace.NoTask || !there {
			continue
		}
		sub := desktop.NewSubJob(&job, d, ResetParams{ImageID: p.ImageID, Wipe: !m.Bound(), Why: why})
		if err := BeginRebuild(ctx, tx, d, m, sub.ID); err != nil {
			return "", err
		}
		job.SubJobs = append(job.SubJobs, sub)
	}
	if len(job.SubJobs) == 0 {
		return "", nil
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// BeginRebuild makes owner, a sub-job, the one that replaces the desktop's system disk. The desktop's status stays: it says
// whether the desktop runs afterwards. A connected user is disconnected, which starts the retention of their binding.
func BeginRebuild(ctx context.Context, tx *store.Tx, d desktop.Desktop, m desktop.Member, owner string) error {
	d.Task, d.TaskOwner, d.Login = desktop.TaskRebuilding, owner, desktop.LoginUnregistered
	if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
		return err
	}
	next := m.AfterLogin(d.Login, tx.Now())
	if next.Binding == m.Binding {
		return nil
	}
	_, err := desktop.SaveMember(ctx, tx, next, m.Binding, "")
	return err
}

// Rebuilt says how a desktop's system disk was replaced.
type Rebuilt struct {
	SubJobID string // the sub-job that replaced it
	ImageID  string
	Nobodys  bool // the desktop had no user when the rebuild began: if its data disks were emptied too, any user may have it now
	Off      bool // the desktop was stopped again
}

// MarkRebuilt records that a desktop works with a new system disk. Call it in the transaction that ends the sub-job. A non-empty
// warning, about what does not work inside nevertheless, becomes the desktop's fault.
func MarkRebuilt(ctx context.Context, tx *store.Tx, d desktop.Desktop, r Rebuilt, warning string) error {
	d.Root.ID, d.Root.Created = workspace.DerivedID(r.SubJobID+"/system"), tx.Now()
	if err := desktop.SaveVolumes(ctx, tx, d); err != nil {
		return err
	}
	d.ImageID, d.Login = r.ImageID, desktop.LoginUnregistered
	status := desktop.StatusActive
	if r.Off {
		status = desktop.StatusShutoff
	}
	desktop.Settle(&d, status)
	d.Fault = warning
	if err := desktop.SaveDesktop(ctx, tx, d); err != nil || d.PoolID == "" {
		return err
	}
	m, err := desktop.ReadMember(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	next := m.AfterReset(r.ImageID, tx.Now())
	if m.Used && !r.Nobodys {
		// Its user may have lost the binding meanwhile, and the data disks have their files: the desktop still needs a reset.
		next.Used, next.IdleSince = true, m.IdleSince
	}
	_, err = desktop.SaveMember(ctx, tx, next, m.Binding, "")
	return err
}

// MarkEmptied replaces a desktop's data disks by the empty ones that a sub-job created (EmptyDisks). Repeating it changes
// nothing; neither does calling it when the sub-job no longer owns the desktop.
func MarkEmptied(ctx context.Context, tx *store.Tx, s workspace.SubJob, disks []desktop.Volume) error {
	d, owned, err := desktop.OwnDesktop(ctx, tx, s)
	if err != nil || !owned {
		return err
	}
	if slices.EqualFunc(d.Data, disks, func(a, b desktop.Volume) bool { return a.ID == b.ID }) {
		return nil
	}
	d.Data = slices.Clone(disks)
	for i := range d.Data {
		d.Data[i].Created = tx.Now()
	}
	return desktop.SaveVolumes(ctx, tx, d)
}

// EmptyDisks returns the disks that replace a desktop's data disks when a sub-job empties it: the same but for their ids, which
// are derived from the sub-job's id and so do not change when it is repeated.
func EmptyDisks(d desktop.Desktop, subJobID string) []desktop.Volume {
	disks := make([]desktop.Volume, len(d.Data))
	for i, v := range d.Data {
		v.ID = workspace.DerivedID(subJobID + "/" + v.Device)
		disks[i] = v
	}
	return disks
}
