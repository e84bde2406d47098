package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// rebuildLimit is the limit for giving a desktop a new system disk and starting it. Config.BootLimit limits only the latter.
const rebuildLimit = 20 * time.Minute

// rebuildSingle rebuilds a desktop: to reset one of a pool, or because an administrator asked for it.
func (r *Runner) rebuildSingle(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if isReset(*s) {
		return r.resetDesktop(ctx, s, d)
	}
	return r.rebuildDesktop(ctx, s, d)
}

// resetDesktop resets a pool desktop to its image.
func (r *Runner) resetDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[pool.ResetParams](*s)
	if err != nil {
		return plan{}, err
	}
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	p, err := r.rebuild(ctx, s, *d, params.ImageID, params.Wipe)
	p.remark = params.Why
	return p, err
}

// rebuild replaces the system disk of a desktop and, with wipe, its data disks by empty ones. One that was stopped or hibernated
// is stopped afterwards: its session is lost in any case.
func (r *Runner) rebuild(ctx context.Context, s *workspace.SubJob, d desktop.Desktop, imageID string, wipe bool) (plan, error) {
	target := d
	target.ImageID = imageID
	wipe = wipe && len(d.Assignments) == 0 // when a job is retried, the desktop may have a user again
	nobodys := wipe
	wipe = wipe && len(d.Data) > 0
	if wipe {
		target.Data = pool.EmptyDisks(d, s.ID)
	}
	spec, err := r.readSpec(ctx, target)
	if err != nil {
		return plan{}, err
	}
	done := pool.Rebuilt{
		SubJobID: s.ID, ImageID: imageID, Nobodys: nobodys,
		Off: d.Status == desktop.StatusShutoff || d.Status == desktop.StatusHibernated,
	}
	told := &insideWarnings{runner: r, desktop: d}
	p := plan{limit: rebuildLimit, warning: told.text}
	if wipe {
		p.steps = append(p.steps, r.emptyDisks(s, spec, target.Data)...)
	}
	mark, dropped := markOf(*s), ""
	p.steps = append(p.steps, Step{Name: "deleting snapshots of the system disk", Brief: true, Do: func(ctx context.Context) (err error) {
		dropped, err = r.dropSystemSnapshots(ctx, d.ID)
		return err
	}})
	p.warning = func() string { return cmp.Or(told.text(), dropped) }
	p.steps = append(p.steps, Step{
		Name: "replacing the system disk",
		Done: func(ctx context.Context) (bool, error) {
			m, err := r.engine.Find(ctx, d.ID)
			return err == nil && m.Mark == mark && m.State == engine.Running, err
		},
		Do: func(ctx context.Context) error {
			m, err := r.engine.Rebuild(ctx, spec, mark)
			s.Host = m.Host
			return err
		},
	})
	inside := r.updateInside(d)
	inside.Limit = r.conf.BootLimit
	p.steps = append(p.steps, inside)
	remedy := "give the pool its former image back"
	if d.PoolID == "" {
		remedy = "rebuild the desktop with its former image"
	}
	p.late = fmt.Sprintf("the desktop's new system did not come up within %v: look into the desktop whether carrel-guest runs and what it "+
		"complains about (journalctl -u carrel-guest), mend the image, and retry the job or %s", r.conf.BootLimit, remedy)
	displays, err := r.awaitDisplays(ctx, d)
	if err != nil {
		return plan{}, err
	}
	p.steps = append(p.steps, told.after(displays)...)
	if done.Off {
		p.steps = append(p.steps, r.stop(d, false))
	}
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		return pool.MarkRebuilt(ctx, tx, *d, done, told.text())
	}
	return p, nil
}

// emptyDisks replaces the data disks by empty ones. They are written to the row immediately, even if something fails later.
func (r *Runner) emptyDisks(s *workspace.SubJob, spec engine.Spec, disks []desktop.Volume) []Step {
	return []Step{
		{
			Name: "emptying the data disks",
			Done: r.disksAre(spec),
			Do: func(ctx context.Context) error {
				if err := r.engine.Stop(ctx, spec.ID, true); err != nil {
					return err
				}
				_, err := r.engine.Reshape(ctx, spec)
				return err
			},
		},
		{Name: "recording the empty disks", Do: func(ctx context.Context) error {
			return r.store.Update(ctx, func(tx *store.Tx) error { return pool.MarkEmptied(ctx, tx, *s, disks) })
		}},
	}
}

// markOf returns the name of a rebuild for the engine: the same for all attempts, another one when the job is retried.
func markOf(s workspace.SubJob) string { return s.ID + "-" + strconv.FormatInt(s.Begun.Unix(), 36) }

// serves reports whether a disk has the size and speed of another.
func serves(d, want engine.Disk) bool {
	return d.GiB >= want.GiB && d.IOPS == want.IOPS && d.Throughput == want.Throughput
}

// disksAre checks whether a machine has the data disks of a spec, in the same sizes.
func (r *Runner) disksAre(s engine.Spec) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		m, err := r.engine.Find(ctx, s.ID)
		if err != nil || len(m.Data) != len(s.Data) {
			return false, err
		}
		for _, want := range s.Data {
			if !slices.ContainsFunc(m.Data, func(d engine.Disk) bool { return d.ID == want.ID && serves(d, want) }) {
				return false, nil
			}
		}
		return true, nil
	}
}
