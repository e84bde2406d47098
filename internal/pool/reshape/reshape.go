// Package reshape gives pools and their desktops other sizes and disks, and has the change of a desktop that package volume orders for desktops by
// themselves.
package reshape

import (
	"context"
	"slices"
	"time"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TaskResizing is the task of a desktop whose processors and memory are being changed.
const TaskResizing workspace.Task = "desktopResizing"

// ReshapeTasks is the task that each job type which changes product or disks sets on desktops.
var ReshapeTasks = map[workspace.JobType]workspace.Task{
	workspace.JobResizePool: TaskResizing, workspace.JobResizeDesktops: TaskResizing, workspace.JobAddPoolVolumes: desktop.TaskAddingVolumes, workspace.JobDeletePoolVolumes: desktop.TaskDeletingVolumes,
	workspace.JobExpandPoolVolumes: desktop.TaskExpandingVolumes,
	workspace.JobAddVolumes:        desktop.TaskAddingVolumes, workspace.JobDeleteVolumes: desktop.TaskDeletingVolumes, workspace.JobVolumeSpeed: workspace.TaskUpdating,
}

// ReshapeParams are the parameters of the sub-jobs that change product or disks of a pool's desktops. They are the change, not
// its result, so that a retry much later undoes nothing.
type ReshapeParams struct {
	ProductID string              `json:"product_id,omitempty"`
	Stop      bool                `json:"stop,omitempty"` // with ProductID: stop a running desktop for it, and start it again
	Add       []desktop.Volume    `json:"add,omitempty"`
	Delete    []string            `json:"delete,omitempty"` // ids of the desktop's own disks
	Grow      []pool.VolumeGrowth `json:"grow,omitempty"`   // likewise
	Speeds    []VolumeSpeed       `json:"speeds,omitempty"` // likewise
}

// VolumeSpeed is another speed for a disk.
type VolumeSpeed struct {
	ID string `json:"id"`
	catalog.Speed
}

// Apply returns the desktop after the change. Applying it again changes nothing.
func (r ReshapeParams) Apply(d desktop.Desktop) desktop.Desktop {
	if r.ProductID != "" {
		d.ProductID = r.ProductID
	}
	d.Data = slices.DeleteFunc(slices.Clone(d.Data), func(v desktop.Volume) bool { return slices.Contains(r.Delete, v.ID) })
	for _, v := range r.Add {
		if !slices.ContainsFunc(d.Data, func(have desktop.Volume) bool { return have.ID == v.ID }) {
			d.Data = append(d.Data, v)
		}
	}
	for _, g := range r.Grow {
		if d.Root.ID == g.ID {
			d.Root.GB = max(d.Root.GB, g.GB)
		}
		for i := range d.Data {
			if d.Data[i].ID == g.ID {
				d.Data[i].GB = max(d.Data[i].GB, g.GB)
			}
		}
	}
	for _, c := range r.Speeds {
		if d.Root.ID == c.ID {
			d.Root.Speed = c.Speed
		}
		for i := range d.Data {
			if d.Data[i].ID == c.ID {
				d.Data[i].Speed = c.Speed
			}
		}
	}
	return d
}

// Service changes the product and disks of pools and their desktops. Each method is one transaction; the job runner does the work
// on machines. It is safe for concurrent use, also by several processes on one database.
type Service struct{ Store store.Transactions }

// PoolResizing is the result of ResizePool: the job, and its desktops.
type PoolResizing struct {
	JobID      string
	DesktopIDs []string
}

// ResizePool gives a pool's desktops another product in a job with a sub-job for each. With STOP_DESKTOP running desktops are
// stopped for it and started again, without it they are refused. The pool takes the product when its first desktop has it, or
// immediately if no desktop changes. CodeConflict while the pool is being changed or all desktops are busy.
func (s *Service) ResizePool(ctx context.Context, r ResizePool) (PoolResizing, error) {
	if err := r.Check(); err != nil {
		return PoolResizing{}, err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (PoolResizing, error) {
		p, allowance, err := pool.HoldIdlePool(ctx, tx, r.Caller, r.PoolID)
		if err != nil {
			return PoolResizing{}, err
		}
		if err := catalog.ProductFits(ctx, tx, catalog.Holder{Name: "the pool", ImageID: p.ImageID}, r.ProductID); err != nil {
			return PoolResizing{}, err
		}
		params := ReshapeParams{ProductID: r.ProductID, Stop: r.Mode != ""}
		job, err := reshapePool(ctx, tx, p, allowance, r.ChangePoolDesktops, workspace.JobResizePool, func(d desktop.Desktop) (ReshapeParams, error) {
			if d.Status != desktop.StatusShutoff && !params.Stop {
				return params, workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, stop it first or use mode STOP_DESKTOP", d.Name, d.Status)
			}
			return params, nil
		})
		if err == nil && len(job.SubJobs) == 0 {
			p.ProductID = r.ProductID
			err = pool.SavePool(ctx, tx, p)
		}
		answer := PoolResizing{JobID: job.ID}
		for _, sub := range job.SubJobs {
			answer.DesktopIDs = append(answer.DesktopIDs, sub.DesktopID)
		}
		return answer, err
	}))
}

// TakeProduct gives a pool the product that one of its desktops now has. Repeating it changes nothing; neither does a pool that
// is gone.
func TakeProduct(ctx context.Context, s store.Transactions, projectID, poolID, productID string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		p, err := pool.LockPool(ctx, tx, projectID, poolID)
		if workspace.CodeOf(err) == workspace.CodePoolNotFound {
			return nil
		}
		if err != nil || p.ProductID == productID {
			return err
		}
		p.ProductID = productID
		return pool.SavePool(ctx, tx, p)
	})
}

// AddPoolVolumes is a request for more data disks in a pool's desktops.
type AddPoolVolumes struct {
	pool.ChangePoolDesktops
	Volumes []desktop.VolumeSpec
}

// AddPoolVolumes adds data disks to a pool and its desktops, and returns the job's id. Errors as for ResizePool.
func (s *Service) AddPoolVolumes(ctx context.Context, r AddPoolVolumes) (string, error) {
	change := func(p pool.Pool) (pool.Pool, error) { return p.AddVolumes(r.Volumes) }
	return s.changeVolumes(ctx, r.ChangePoolDesktops, workspace.JobAddPoolVolumes, change, func(was, p pool.Pool, d desktop.Desktop, now time.Time) (ReshapeParams, error) {
		var params ReshapeParams
		for _, v := range p.Data[len(was.Data):] {
			fresh := desktop.NewVolume(v.Spec(), FreeDevice(d), now)
			fresh.PoolVolumeID = v.ID
			params.Add = append(params.Add, fresh)
			d.Data = append(d.Data, fresh)
		}
		if len(d.Data) > desktop.MaxDataVolumes {
			return params, workspace.Errorf(workspace.CodeConflict, "desktop %s would have %d data disks, at most %d are possible", d.Name, len(d.Data), desktop.MaxDataVolumes)
		}
		return params, nil
	})
}

// DeletePoolVolumes is a request to delete data disks and their contents.
type DeletePoolVolumes struct {
	pool.ChangePoolDesktops
	IDs []string // ids of the pool's disks
}

// DeletePoolVolumes deletes data disks of a pool and its desktops, and returns the job's id. Errors as for ResizePool.
func (s *Service) DeletePoolVolumes(ctx context.Context, r DeletePoolVolumes) (string, error) {
	change := func(p pool.Pool) (pool.Pool, error) { return p.DeleteVolumes(r.IDs) }
	return s.changeVolumes(ctx, r.ChangePoolDesktops, workspace.JobDeletePoolVolumes, change, func(was, _ pool.Pool, d desktop.Desktop, _ time.Time) (ReshapeParams, error) {
		var params ReshapeParams
		for _, id := range r.IDs {
			if v, ok := diskOf(was, d, id); ok {
				params.Delete = append(params.Delete, v.ID)
			}
		}
		return params, nil
	})
}

// ExpandPoolVolumes is a request for larger disks in a pool's desktops, which may include the system disk.
type ExpandPoolVolumes struct {
	pool.ChangePoolDesktops
	Growths []pool.VolumeGrowth // by the ids of the pool's disks
}

// ExpandPoolVolumes enlarges disks of a pool and its desktops, and returns the job's id. Errors as for ResizePool.
func (s *Service) ExpandPoolVolumes(ctx context.Context, r ExpandPoolVolumes) (string, error) {
	change := func(p pool.Pool) (pool.Pool, error) { return p.ExpandVolumes(r.Growths) }
	return s.changeVolumes(ctx, r.ChangePoolDesktops, workspace.JobExpandPoolVolumes, change, func(was, _ pool.Pool, d desktop.Desktop, _ time.Time) (ReshapeParams, error) {
		var params ReshapeParams
		for _, g := range r.Growths {
			v, ok := diskOf(was, d, g.ID)
			if !ok {
				return params, workspace.Errorf(workspace.CodeConflict, "desktop %s does not have disk %s of the pool", d.Name, g.ID)
			}
			params.Grow = append(params.Grow, pool.VolumeGrowth{ID: v.ID, GB: g.GB})
		}
		return params, nil
	})
}

// diskOf returns the disk of a desktop that corresponds to a disk of the pool. Older desktops, whose disks have no id of the
// pool's disk, have them in the pool's order.
func diskOf(p pool.Pool, d desktop.Desktop, poolVolumeID string) (desktop.Volume, bool) {
	if poolVolumeID == p.Root.ID {
		return d.Root, true
	}
	for i, v := range d.Data {
		if v.PoolVolumeID == poolVolumeID || v.PoolVolumeID == "" && i < len(p.Data) && p.Data[i].ID == poolVolumeID {
			return v, true
		}
	}
	return desktop.Volume{}, false
}

// FreeDevice returns the first free device number for a data disk of the desktop, from 1.
func FreeDevice(d desktop.Desktop) int {
	for i := 1; ; i++ {
		device := desktop.NewVolume(desktop.VolumeSpec{}, i, time.Time{}).Device
		if !slices.ContainsFunc(d.Data, func(v desktop.Volume) bool { return v.Device == device }) {
			return i
		}
	}
}

// changeVolumes changes the disks of the pool, for new desktops, immediately and those of its existing desktops in a job.
func (s *Service) changeVolumes(
	ctx context.Context, c pool.ChangePoolDesktops, t workspace.JobType, change func(pool.Pool) (pool.Pool, error),
	params func(was, p pool.Pool, d desktop.Desktop, now time.Time) (ReshapeParams, error),
) (string, error) {
	if err := c.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c.Caller, func(tx *store.Tx) (string, error) {
		was, allowance, err := pool.HoldIdlePool(ctx, tx, c.Caller, c.PoolID)
		if err != nil {
			return "", err
		}
		next, err := change(was)
		if err != nil {
			return "", err
		}
		if t == workspace.JobAddPoolVolumes {
			if err := desktop.CheckVolumeTypes(ctx, tx, next.Order()); err != nil {
				return "", err
			}
		}
		job, err := reshapePool(ctx, tx, was, allowance, c, t, func(d desktop.Desktop) (ReshapeParams, error) { return params(was, next, d, tx.Now()) })
		if err != nil {
			return "", err
		}
		return job.ID, pool.SavePool(ctx, tx, next)
	}))
}

// reshapePool writes the job of a change, with a sub-job for each desktop that the change applies to. For a desktop that cannot
// be changed now, the sub-job is FAILED. The caller has locked the pool. CodeQuotaExceeded, CodeCapacityExceeded.
func reshapePool(
	ctx context.Context, tx *store.Tx, p pool.Pool, allowance *quota.Allowance, c pool.ChangePoolDesktops, t workspace.JobType,
	params func(desktop.Desktop) (ReshapeParams, error),
) (workspace.Job, error) {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: p.ProjectID, Type: t, PoolID: p.ID, RequestID: c.RequestID, Created: tx.Now()}
	members, found, err := pool.LockMembers(ctx, tx, p)
	if err != nil {
		return job, err
	}
	targets, err := pool.Targets(members, c.Handle, c.DesktopIDs)
	if err != nil {
		return job, err
	}
	if len(targets) > 0 {
		if err := pool.Busy(p, targets); err != nil {
			return job, err
		}
	}
	chosen := make([]desktop.Desktop, len(targets))
	for i, m := range targets {
		chosen[i] = found[m.DesktopID]
	}
	slices.SortFunc(chosen, desktop.CompareNames)
	return job, Order(ctx, tx, &job, allowance, chosen, params)
}

// Order writes a job that changes desktops, with a sub-job for each, and promises what they need. For a desktop that cannot be changed now, or for
// which params returns an error, the sub-job is FAILED. The caller has locked the desktops. CodeQuotaExceeded, CodeCapacityExceeded.
func Order(
	ctx context.Context, tx *store.Tx, job *workspace.Job, allowance *quota.Allowance, desktops []desktop.Desktop,
	params func(desktop.Desktop) (ReshapeParams, error),
) error {
	var growths []capacity.Growth
	var wanted capacity.Demand
	counted := counting{allowance: allowance, more: map[string]quota.Amounts{}}
	for _, d := range desktops {
		asked, err := params(d)
		if err == nil {
			err = MayReshape(d)
		}
		if err != nil && workspace.CodeOf(err) == workspace.CodeInternal {
			return err
		}
		sub := desktop.NewSubJob(job, d, asked)
		more, lookErr := asked.growth(ctx, tx, d)
		if lookErr != nil {
			return lookErr
		}
		growths = append(growths, more.Growths(sub.ID)...) // also for one that failed already: it may be retried
		if lookErr := counted.add(ctx, tx, sub.ID, d, asked, err == nil); lookErr != nil {
			return lookErr
		}
		if err != nil {
			sub = sub.Refused(err, job.Created)
		} else {
			wanted = wanted.And(more)
			d.Task, d.TaskOwner = ReshapeTasks[job.Type], sub.ID
			if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
				return err
			}
		}
		job.SubJobs = append(job.SubJobs, sub)
	}
	if err := tx.InsertJob(ctx, *job); err != nil {
		return err
	}
	if err := capacity.InsertGrowths(ctx, tx, growths); err != nil {
		return err
	}
	if err := counted.settle(ctx, tx, job.ProjectID); err != nil {
		return err
	}
	return capacity.Reserve(ctx, tx, wanted)
}

// growth returns the additional capacity that the change needs. What it frees is free only afterwards.
func (r ReshapeParams) growth(ctx context.Context, tx *store.Tx, d desktop.Desktop) (capacity.Demand, error) {
	more := capacity.Demand{Disks: map[string]int64{}}
	for class, mib := range r.Apply(d).Disks() {
		more.Disks[class] = max(mib-d.Disks()[class], 0)
	}
	if r.ProductID == "" || d.Status != desktop.StatusActive { // all others are stopped afterwards
		return more, nil
	}
	next, err := catalog.ReadProduct(ctx, tx, r.ProductID)
	if err != nil {
		return more, err
	}
	now, err := catalog.ReadProduct(ctx, tx, d.ProductID)
	if err != nil && workspace.CodeOf(err) != workspace.CodeProductNotFound { // a product that is gone was promised no memory
		return more, err
	}
	more.Memory = max(int64(next.MemoryMiB)-int64(now.MemoryMiB), 0)
	return more, nil
}

// MayReshape returns why a desktop's product and disks cannot be changed now, or nil. CodeConflict; CodeAddingVolumes while disks are being
// added.
func MayReshape(d desktop.Desktop) error {
	switch {
	case d.Task == desktop.TaskAddingVolumes:
		return workspace.Errorf(workspace.CodeAddingVolumes, "disks are being added to desktop %s, try again when that is done", d.Name)
	case d.Task != workspace.NoTask:
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	case d.Status == desktop.StatusActive || d.Status == desktop.StatusShutoff || d.Status == desktop.StatusHibernated:
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "desktop %s is %s, it must run or be off", d.Name, d.Status)
}

// NoteReshaped records what a sub-job has changed of a desktop's machine, before anything else can fail: a deleted disk does not
// come back. Repeating it changes nothing; neither does calling it when the sub-job no longer owns the desktop.
func NoteReshaped(ctx context.Context, tx *store.Tx, s workspace.SubJob, r ReshapeParams) error {
	d, owned, err := desktop.OwnDesktop(ctx, tx, s)
	if err != nil || !owned {
		return err
	}
	next := r.Apply(d)
	if err := desktop.SaveVolumes(ctx, tx, next); err != nil {
		return err
	}
	return desktop.SaveDesktop(ctx, tx, next)
}

// MarkReshaped records that a change of product or disks is complete, and the desktop's power state. Call it in the transaction
// that ends the sub-job. A non-empty warning, about what does not work inside nevertheless, becomes the desktop's fault.
func MarkReshaped(ctx context.Context, tx *store.Tx, d desktop.Desktop, r ReshapeParams, status desktop.DesktopStatus, warning string) error {
	next := r.Apply(d)
	was := next.Login
	if err := desktop.SaveVolumes(ctx, tx, next); err != nil {
		return err
	}
	desktop.Settle(&next, status)
	next.Fault = warning
	return desktop.SaveSession(ctx, tx, next, was)
}
