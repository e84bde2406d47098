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
	Wipe    bool   `json:"wipe"` // the data disks are emptied as well
	Why     string `json:"why"`  // shown with the sub-job's success
}

// ResetMembers has desktops of a pool made fresh from the pool's image, in a job whose id it returns; those that are busy or gone
// are left out, and the id is empty when that leaves none. The data disks of a desktop that nobody has are emptied too, since the
// next person must not find the last one's files; whoever resets their own desktop keeps them. The caller holds the pool and has
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

// BeginRebuild gives a desktop to the sub-job that replaces its system disk. Its status stays: it says whether the desktop runs
// afterwards. Whoever is connected is cut off, which begins the time that their binding outlives the connection.
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
	SubJobID string // that did it
	ImageID  string
	Nobodys  bool // nobody had it when that began: with its data disks emptied, too, it is anybody's now
	Off      bool // it was turned off again
}

// MarkRebuilt records that a desktop works with a new system disk. It is for the transaction that ends the sub-job. What nevertheless
// does not hold inside becomes the desktop's fault.
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
		// Whoever had it may have lost it meanwhile, and what is on its data disks is theirs: it still needs a reset of its own.
		next.Used, next.IdleSince = true, m.IdleSince
	}
	_, err = desktop.SaveMember(ctx, tx, next, m.Binding, "")
	return err
}

// MarkEmptied records the empty disks (EmptyDisks) that a sub-job has put in the place of a desktop's data disks. Doing so again
// changes nothing, nor does it when the desktop is no longer the sub-job's.
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

// EmptyDisks are the disks that take the place of a desktop's data disks when a sub-job empties it: like them but for their ids,
// which are always the same for that sub-job.
func EmptyDisks(d desktop.Desktop, subJobID string) []desktop.Volume {
	disks := make([]desktop.Volume, len(d.Data))
	for i, v := range d.Data {
		v.ID = workspace.DerivedID(subJobID + "/" + v.Device)
		disks[i] = v
	}
	return disks
}
