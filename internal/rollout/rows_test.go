package rollout_test

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// newRollout is a rebuild of a pool with waiting items for desktops d-0, d-1, ...; its job is there, its sub-jobs far away.
func (e *env) newRollout(jobID, poolID string, items int) rollout.PoolRollout {
	e.Helper()
	e.AddJob(jobID, items, func(s *workspace.SubJob) { s.RunAt = s.Created.Add(time.Hour) })
	r := rollout.PoolRollout{
		JobID: jobID, ProjectID: storetest.Project, PoolID: poolID, ImageID: "image", ImageType: catalog.ImageGold, Delay: 15 * time.Minute,
		Message: "Please save.", OrderID: "order", Handle: pool.NewAndIdle, Fix: true,
		Limits: progress.Limits{Parallel: 3, MaxFailures: 2}, Created: e.Clock.Now(),
	}
	for i := range items {
		r.Items = append(r.Items, rollout.RolloutEntry{
			JobID: jobID, DesktopID: fmt.Sprintf("d-%d", i), SubJobID: fmt.Sprintf("%s-%03d", jobID, i), State: progress.ItemWaiting,
			SubJob: workspace.SubJobWaiting,
		})
	}
	e.Update(func(tx *store.Tx) error { return rollout.InsertRollout(e.Context(), tx, r) })
	return r
}

func (e *env) rollout(jobID string) rollout.PoolRollout {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (rollout.PoolRollout, error) {
		return rollout.ReadRollout(ctx, tx, jobID)
	})
}

func (e *env) openRollouts(poolID string) (ids []string) {
	e.Helper()
	for _, r := range storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]rollout.PoolRollout, error) {
		return rollout.OpenRollouts(ctx, tx, poolID)
	}) {
		ids = append(ids, r.JobID)
	}
	return ids
}

var rollouts = map[string]func(*env){
	"a rollout is read as inserted, with what its sub-jobs say, and as changed": func(e *env) {
		e.AddPool("p")
		r := e.newRollout("j", "p", 2)
		e.Same(e.rollout("j"), r)
		now := e.Clock.Now()
		r.Taken, r.Stopped, r.Ended = true, "enough", now
		r.Items[0].State, r.Items[0].Deadline, r.Items[0].Told = progress.ItemWarned, now.Add(time.Hour), now
		r.Items[1].State, r.Items[1].Ready, r.Items[1].Wipe, r.Items[1].Reason = progress.ItemSkipped, true, true, "gone"
		e.Update(func(tx *store.Tx) error {
			if err := rollout.SaveRolloutItems(e.Context(), tx, r.Items); err != nil {
				return err
			}
			return rollout.SaveRollout(e.Context(), tx, r)
		})
		e.Same(e.rollout("j"), r)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (rollout.RolloutEntry, error) {
			return rollout.ReadRolloutItem(ctx, tx, "j-001")
		}), r.Items[1])
	},
	"rollouts are open until they end, oldest first": func(e *env) {
		e.AddPool("p")
		e.AddPool("q")
		first := e.newRollout("j1", "p", 1)
		e.Clock.Advance(time.Minute)
		e.newRollout("j0", "q", 1)
		e.Same(e.openRollouts(""), []string{"j1", "j0"})
		e.Same(e.openRollouts("q"), []string{"j0"})
		first.Ended = e.Clock.Now()
		e.Update(func(tx *store.Tx) error { return rollout.SaveRollout(e.Context(), tx, first) })
		e.Same(e.openRollouts(""), []string{"j0"})
	},
	"items tell when the record of their sub-job is gone": func(e *env) {
		e.AddPool("p")
		e.newRollout("j", "p", 2)
		e.Update(func(tx *store.Tx) error {
			if err := tx.EndSubJobs(e.Context(), []string{"j-000"}, workspace.SubJobFailed, workspace.CodeGone, "it is gone"); err != nil {
				return err
			}
			if err := tx.EndSubJobs(e.Context(), []string{"j-001"}, workspace.SubJobSuccess, "", "left alone"); err != nil {
				return err
			}
			_, err := tx.DeleteSubJobs(e.Context(), storetest.Project, []string{"j-001"}, "", nil)
			return err
		})
		items := e.rollout("j").Items
		e.Same([]any{items[0].SubJob, items[0].Code, items[1].SubJob}, []any{workspace.SubJobFailed, workspace.CodeGone, workspace.SubJobState("")})
		s := e.SubJob("j-000")
		e.Same([]any{s.Reason, s.Ended, s.Progress}, []any{"it is gone", e.Clock.Now(), 0})
	},
	"a desktop's order is that of the last rebuild for it that names one and did not pass it by": func(e *env) {
		e.AddPool("p")
		for i := range 2 {
			e.AddDesktop(fmt.Sprintf("D%d", i), func(d *desktop.Desktop) { d.ID, d.PoolID = fmt.Sprintf("d-%d", i), "p" })
		}
		orders := func() map[string]string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string]string, error) {
				return desktop.RolloutOrders(ctx, tx, []string{"d-0", "d-1", "none"})
			})
		}
		e.Same(orders(), map[string]string{})
		again := func(id, order string, first, second progress.ItemState) {
			e.Clock.Advance(time.Minute)
			e.AddJob(id, 2, func(s *workspace.SubJob) { s.RunAt = s.Created.Add(time.Hour) })
			r := rollout.PoolRollout{JobID: id, ProjectID: storetest.Project, PoolID: "p", ImageID: "image", OrderID: order, Created: e.Clock.Now()}
			for i, state := range []progress.ItemState{first, second} {
				r.Items = append(r.Items, rollout.RolloutEntry{
					JobID: id, DesktopID: fmt.Sprintf("d-%d", i), SubJobID: fmt.Sprintf("%s-%03d", id, i), State: state,
				})
			}
			e.Update(func(tx *store.Tx) error { return rollout.InsertRollout(e.Context(), tx, r) })
		}
		again("z", "first", progress.ItemDone, progress.ItemStopped)
		e.Same(orders(), map[string]string{"d-0": "first"})
		again("a", "second", progress.ItemSkipped, progress.ItemWaiting)
		again("b", "", progress.ItemDone, progress.ItemDone)
		e.Same(orders(), map[string]string{"d-0": "first", "d-1": "second"})
	},
	"countdowns are those that run, and who was told is written while they do": func(e *env) {
		e.AddPool("p")
		r := e.newRollout("j", "p", 3)
		deadline := e.Clock.Now().Add(time.Hour)
		for i := range 2 {
			r.Items[i].State, r.Items[i].Deadline = progress.ItemWarned, deadline
		}
		r.Items[1].Ready = true
		e.Update(func(tx *store.Tx) error { return rollout.SaveRolloutItems(e.Context(), tx, r.Items) })
		all := []string{"d-0", "d-1", "d-2", "d-3"}
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string]pool.PoolCountdown, error) {
			return rollout.Countdowns(ctx, tx, all)
		}),
			map[string]pool.PoolCountdown{"d-0": {At: deadline, Message: "Please save."}, "d-1": {At: deadline, Message: "Please save.", Left: true}})
		e.Same(len(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]rollout.RolloutEntry, error) {
			return rollout.WarnedItems(ctx, tx, all)
		})), 2)

		told := e.Clock.Now()
		for id, want := range map[string]int{"j-000": 1, "j-002": 0} {
			var written []string
			e.Update(func(tx *store.Tx) (err error) {
				written, err = rollout.NoteTold(e.Context(), tx, id, "", told)
				return err
			})
			e.Same(len(written), want)
		}
		e.Same(e.rollout("j").Items[0].Told, told)
		e.Update(func(tx *store.Tx) error {
			written, err := rollout.NoteTold(e.Context(), tx, "", "d-0", time.Time{})
			e.Same(written, []string{"j-000"})
			return err
		})
		e.Same(e.rollout("j").Items[0].Told, time.Time{})
	},
	"sub-jobs that wait are moved and ended, those that run are left": func(e *env) {
		e.AddPool("p")
		e.newRollout("j", "p", 2)
		now := e.Clock.Now()
		e.Update(func(tx *store.Tx) error { return tx.ScheduleSubJobs(e.Context(), []string{"j-000"}, now) })
		e.Update(func(tx *store.Tx) error {
			claimed, err := tx.ClaimSubJobs(e.Context(), "w", map[workspace.JobType]int{workspace.JobCreateDesktops: 10}, time.Minute)
			e.Same(len(claimed), 1)
			return err
		})
		e.Update(func(tx *store.Tx) error {
			if err := tx.ScheduleSubJobs(e.Context(), []string{"j-000", "j-001"}, now.Add(time.Minute)); err != nil {
				return err
			}
			return tx.EndSubJobs(e.Context(), []string{"j-000", "j-001"}, workspace.SubJobFailed, workspace.CodeStopped, "stopped")
		})
		e.Same(e.SubJob("j-000").State, workspace.SubJobRunning)
		e.Same(e.SubJob("j-000").RunAt, now)
		e.Same(e.SubJob("j-001").Code, workspace.CodeStopped)
	},
	"disks of a desktop are replaced": func(e *env) {
		d := e.AddDesktop("disks")
		d.Root.ID = "new-root"
		d.Data = []desktop.Volume{{ID: "new-data", Type: "SSD", GB: 30, Device: "/dev/sdc", Name: "data-2", Created: e.Clock.Now(), PoolVolumeID: "pv"}}
		e.Update(func(tx *store.Tx) error { return desktop.SaveVolumes(e.Context(), tx, d) })
		have := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (desktop.Desktop, error) {
			return desktop.ReadDesktop(ctx, tx, storetest.Project, d.ID)
		})
		e.Same(have.Data, d.Data)
		e.Same(have.Root.ID, "new-root")
	},
}
