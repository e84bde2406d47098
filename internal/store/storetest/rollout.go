package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// newRollout is a rebuild of a pool with waiting items for desktops d-0, d-1, ...; its job is there, its sub-jobs far away.
func (w *world) newRollout(jobID, poolID string, items int) rollout.PoolRollout {
	w.Helper()
	w.addJob(jobID, items, func(s *workspace.SubJob) { s.RunAt = s.Created.Add(time.Hour) })
	r := rollout.PoolRollout{
		JobID: jobID, ProjectID: project, PoolID: poolID, ImageID: "image", ImageType: catalog.ImageGold, Delay: 15 * time.Minute,
		Message: "Please save.", OrderID: "order", Handle: pool.NewAndIdle, Fix: true,
		Limits: rollout.RolloutLimits{Parallel: 3, MaxFailures: 2}, Created: w.clock.Now(),
	}
	for i := range items {
		r.Items = append(r.Items, rollout.RolloutEntry{
			JobID: jobID, DesktopID: fmt.Sprintf("d-%d", i), SubJobID: fmt.Sprintf("%s-%03d", jobID, i), State: rollout.ItemWaiting,
			SubJob: workspace.SubJobWaiting,
		})
	}
	w.update(func(tx *store.Tx) error { return rollout.InsertRollout(w.Context(), tx, r) })
	return r
}

func (w *world) rollout(jobID string) rollout.PoolRollout {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (rollout.PoolRollout, error) {
		return rollout.ReadRollout(ctx, tx, jobID)
	})
}

func (w *world) openRollouts(poolID string) (ids []string) {
	w.Helper()
	for _, r := range get(w, func(ctx context.Context, tx *store.Tx) ([]rollout.PoolRollout, error) {
		return rollout.OpenRollouts(ctx, tx, poolID)
	}) {
		ids = append(ids, r.JobID)
	}
	return ids
}

var rollouts = []behaviour{
	{"a rollout is read as inserted, with what its sub-jobs say, and as changed", func(w *world) {
		w.addPool("p")
		r := w.newRollout("j", "p", 2)
		w.same(w.rollout("j"), r)
		now := w.clock.Now()
		r.Taken, r.Stopped, r.Ended = true, "enough", now
		r.Items[0].State, r.Items[0].Deadline, r.Items[0].Told = rollout.ItemWarned, now.Add(time.Hour), now
		r.Items[1].State, r.Items[1].Ready, r.Items[1].Wipe, r.Items[1].Reason = rollout.ItemSkipped, true, true, "gone"
		w.update(func(tx *store.Tx) error {
			if err := rollout.SaveRolloutItems(w.Context(), tx, r.Items); err != nil {
				return err
			}
			return rollout.SaveRollout(w.Context(), tx, r)
		})
		w.same(w.rollout("j"), r)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (rollout.RolloutEntry, error) {
			return rollout.ReadRolloutItem(ctx, tx, "j-001")
		}), r.Items[1])
	}},
	{"rollouts are open until they end, oldest first", func(w *world) {
		w.addPool("p")
		w.addPool("q")
		first := w.newRollout("j1", "p", 1)
		w.clock.Advance(time.Minute)
		w.newRollout("j0", "q", 1)
		w.same(w.openRollouts(""), []string{"j1", "j0"})
		w.same(w.openRollouts("q"), []string{"j0"})
		first.Ended = w.clock.Now()
		w.update(func(tx *store.Tx) error { return rollout.SaveRollout(w.Context(), tx, first) })
		w.same(w.openRollouts(""), []string{"j0"})
	}},
	{"items tell when the record of their sub-job is gone", func(w *world) {
		w.addPool("p")
		w.newRollout("j", "p", 2)
		w.update(func(tx *store.Tx) error {
			if err := tx.EndSubJobs(w.Context(), []string{"j-000"}, workspace.SubJobFailed, workspace.CodeGone, "it is gone"); err != nil {
				return err
			}
			if err := tx.EndSubJobs(w.Context(), []string{"j-001"}, workspace.SubJobSuccess, "", "left alone"); err != nil {
				return err
			}
			_, err := tx.DeleteSubJobs(w.Context(), project, []string{"j-001"}, "", nil)
			return err
		})
		items := w.rollout("j").Items
		w.same([]any{items[0].SubJob, items[0].Code, items[1].SubJob}, []any{workspace.SubJobFailed, workspace.CodeGone, workspace.SubJobState("")})
		s := w.subJob("j-000")
		w.same([]any{s.Reason, s.Ended, s.Progress}, []any{"it is gone", w.clock.Now(), 0})
	}},
	{"a desktop's order is that of the last rebuild for it that names one and did not pass it by", func(w *world) {
		w.addPool("p")
		for i := range 2 {
			w.addDesktop(fmt.Sprintf("D%d", i), func(d *desktop.Desktop) { d.ID, d.PoolID = fmt.Sprintf("d-%d", i), "p" })
		}
		orders := func() map[string]string {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string]string, error) {
				return desktop.RolloutOrders(ctx, tx, []string{"d-0", "d-1", "none"})
			})
		}
		w.same(orders(), map[string]string{})
		again := func(id, order string, first, second rollout.ItemState) {
			w.clock.Advance(time.Minute)
			w.addJob(id, 2, func(s *workspace.SubJob) { s.RunAt = s.Created.Add(time.Hour) })
			r := rollout.PoolRollout{JobID: id, ProjectID: project, PoolID: "p", ImageID: "image", OrderID: order, Created: w.clock.Now()}
			for i, state := range []rollout.ItemState{first, second} {
				r.Items = append(r.Items, rollout.RolloutEntry{
					JobID: id, DesktopID: fmt.Sprintf("d-%d", i), SubJobID: fmt.Sprintf("%s-%03d", id, i), State: state,
				})
			}
			w.update(func(tx *store.Tx) error { return rollout.InsertRollout(w.Context(), tx, r) })
		}
		again("z", "first", rollout.ItemDone, rollout.ItemStopped)
		w.same(orders(), map[string]string{"d-0": "first"})
		again("a", "second", rollout.ItemSkipped, rollout.ItemWaiting)
		again("b", "", rollout.ItemDone, rollout.ItemDone)
		w.same(orders(), map[string]string{"d-0": "first", "d-1": "second"})
	}},
	{"countdowns are those that run, and who was told is written while they do", func(w *world) {
		w.addPool("p")
		r := w.newRollout("j", "p", 3)
		deadline := w.clock.Now().Add(time.Hour)
		for i := range 2 {
			r.Items[i].State, r.Items[i].Deadline = rollout.ItemWarned, deadline
		}
		r.Items[1].Ready = true
		w.update(func(tx *store.Tx) error { return rollout.SaveRolloutItems(w.Context(), tx, r.Items) })
		all := []string{"d-0", "d-1", "d-2", "d-3"}
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (map[string]pool.PoolCountdown, error) {
			return rollout.Countdowns(ctx, tx, all)
		}),
			map[string]pool.PoolCountdown{"d-0": {At: deadline, Message: "Please save."}, "d-1": {At: deadline, Message: "Please save.", Left: true}})
		w.same(len(get(w, func(ctx context.Context, tx *store.Tx) ([]rollout.RolloutEntry, error) {
			return rollout.WarnedItems(ctx, tx, all)
		})), 2)

		told := w.clock.Now()
		for id, want := range map[string]int{"j-000": 1, "j-002": 0} {
			var written []string
			w.update(func(tx *store.Tx) (err error) {
				written, err = rollout.NoteTold(w.Context(), tx, id, "", told)
				return err
			})
			w.same(len(written), want)
		}
		w.same(w.rollout("j").Items[0].Told, told)
		w.update(func(tx *store.Tx) error {
			written, err := rollout.NoteTold(w.Context(), tx, "", "d-0", time.Time{})
			w.same(written, []string{"j-000"})
			return err
		})
		w.same(w.rollout("j").Items[0].Told, time.Time{})
	}},
	{"sub-jobs that wait are moved and ended, those that run are left", func(w *world) {
		w.addPool("p")
		w.newRollout("j", "p", 2)
		now := w.clock.Now()
		w.update(func(tx *store.Tx) error { return tx.ScheduleSubJobs(w.Context(), []string{"j-000"}, now) })
		w.update(func(tx *store.Tx) error {
			claimed, err := tx.ClaimSubJobs(w.Context(), "w", map[workspace.JobType]int{workspace.JobCreateDesktops: 10}, time.Minute)
			w.same(len(claimed), 1)
			return err
		})
		w.update(func(tx *store.Tx) error {
			if err := tx.ScheduleSubJobs(w.Context(), []string{"j-000", "j-001"}, now.Add(time.Minute)); err != nil {
				return err
			}
			return tx.EndSubJobs(w.Context(), []string{"j-000", "j-001"}, workspace.SubJobFailed, workspace.CodeStopped, "stopped")
		})
		w.same(w.subJob("j-000").State, workspace.SubJobRunning)
		w.same(w.subJob("j-000").RunAt, now)
		w.same(w.subJob("j-001").Code, workspace.CodeStopped)
	}},
	{"disks of a desktop are replaced", func(w *world) {
		d := w.addDesktop("disks")
		d.Root.ID = "new-root"
		d.Data = []desktop.Volume{{ID: "new-data", Type: "SSD", GB: 30, Device: "/dev/sdc", Name: "data-2", Created: w.clock.Now(), PoolVolumeID: "pv"}}
		w.update(func(tx *store.Tx) error { return desktop.SaveVolumes(w.Context(), tx, d) })
		have := get(w, func(ctx context.Context, tx *store.Tx) (desktop.Desktop, error) {
			return desktop.ReadDesktop(ctx, tx, project, d.ID)
		})
		w.same(have.Data, d.Data)
		w.same(have.Root.ID, "new-root")
	}},
}
