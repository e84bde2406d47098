package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// everyType is what the workers of these tests can do.
var everyType = []workspace.JobType{workspace.JobCreateDesktops, workspace.JobDeleteDesktops}

// room is that for n sub-jobs of each type.
func room(n int) map[workspace.JobType]int {
	all := map[workspace.JobType]int{}
	for _, t := range everyType {
		all[t] = n
	}
	return all
}

const lease = 30 * time.Second

func (w *world) claim(owner string, limit int) []workspace.SubJob {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
		return tx.ClaimSubJobs(ctx, owner, room(limit), lease)
	})
}

func (w *world) save(s workspace.SubJob) bool {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.SaveSubJob(ctx, s) })
}

func (w *world) extend(owner string, ids ...string) []string {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		return tx.ExtendLeases(ctx, owner, ids, lease)
	})
}

func (w *world) nextDue(types ...workspace.JobType) time.Time {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return tx.NextDue(ctx, types) })
}

func (w *world) leased(desktop, other string) int {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.LeasedSubJobs(ctx, desktop, other) })
}

func (w *world) supersede(desktop, by string) int {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.SupersedeSubJobs(ctx, desktop, by, workspace.CodeGone, "deleted meanwhile")
	})
}

func onDesktop(id string) func(*workspace.SubJob) {
	return func(s *workspace.SubJob) { s.DesktopID = id }
}

var claims = []behaviour{
	{"a claim takes what is due, the oldest first, and no more than asked", func(w *world) {
		j := w.newJob("j", 4)
		for i, delay := range []time.Duration{-time.Second, -1100 * time.Millisecond, -900 * time.Millisecond, time.Microsecond} {
			j.SubJobs[i].RunAt = j.Created.Add(delay)
		}
		w.update(func(tx *store.Tx) error { return tx.InsertJob(w.Context(), j) })
		got := w.claim("w", 2)
		w.same(ids(got, subJobID), []string{"j-001", "j-000"})
		want := j.SubJobs[1]
		want.State, want.LeaseOwner, want.LeaseUntil, want.Attempt = workspace.SubJobRunning, "w", w.clock.Now().Add(lease), 1
		want.Begun = w.clock.Now()
		w.same(got[0], want)
		w.same(w.subJob("j-001"), want)
		w.same(ids(w.claim("w", 10), subJobID), []string{"j-002"})
		w.same(len(w.claim("w", 10)), 0)
		w.clock.Advance(time.Microsecond)
		w.same(ids(w.claim("w", 10), subJobID), []string{"j-003"})
	}},
	{"a claim takes only the types that the worker can do", func(w *world) {
		w.addJob("j", 1, func(s *workspace.SubJob) { s.Type = "unknown" })
		w.same(len(w.claim("w", 10)), 0)
		w.same(w.nextDue(everyType...), time.Time{})
		w.same(w.nextDue("unknown"), w.clock.Now())
		later := w.clock.Now().Add(time.Minute)
		w.addJob("later", 1, func(s *workspace.SubJob) { s.RunAt = later })
		w.same(w.nextDue(everyType...), later)
	}},
	{"8 workers at once never get one sub-job twice, and get them all", func(w *world) {
		w.addJob("j", 200)
		var mu sync.Mutex
		owners := map[string]string{}
		w.all(together(8, func(i int) error {
			me := fmt.Sprint("worker-", i)
			for range 200 {
				var got []workspace.SubJob
				err := w.store.Update(w.Context(), func(tx *store.Tx) (err error) {
					got, err = tx.ClaimSubJobs(w.Context(), me, room(7), lease)
					return err
				})
				if err != nil {
					return err
				}
				if len(got) > 7 {
					return fmt.Errorf("got %d sub-jobs, asked for 7", len(got))
				}
				mu.Lock()
				for _, s := range got {
					if other, taken := owners[s.ID]; taken {
						w.Errorf("%s was given to %s and to %s", s.ID, other, me)
					}
					owners[s.ID] = me
				}
				done := len(owners) == 200
				mu.Unlock()
				if done || len(got) == 0 {
					return nil
				}
			}
			return fmt.Errorf("%s still gets sub-jobs when all must have been given out", me)
		}))
		for _, s := range w.claim("last", 200) { // those whose worker found the rest held by others
			owners[s.ID] = "last"
		}
		w.same(len(owners), 200)
	}},
	{"a lease that has run out is taken over, and its old owner can save no more", func(w *world) {
		w.addJob("j", 1)
		old := w.claim("old", 1)[0]
		w.clock.Advance(lease - time.Microsecond)
		w.same(len(w.claim("new", 1)), 0)
		w.clock.Advance(time.Microsecond)
		taken := w.claim("new", 1)[0]
		w.same(taken.Attempt, 2)
		w.same(taken.Begun, old.Begun)

		old.State = workspace.SubJobSuccess
		w.same(w.save(old), false)
		w.same(w.extend("old", "j-000"), []string(nil))
		w.same(w.subJob("j-000"), taken)
		taken.State = workspace.SubJobSuccess
		w.same(w.save(taken), true)
	}},
	{"a worker that takes over from itself is fenced by the attempt", func(w *world) {
		w.addJob("j", 1)
		old := w.claim("w", 1)[0]
		w.clock.Advance(lease)
		w.same(w.claim("w", 1)[0].Attempt, 2)
		w.same(w.save(old), false)
	}},
	{"an extended lease is not taken over", func(w *world) {
		w.addJob("j", 2)
		w.claim("w", 2)
		w.clock.Advance(lease / 2)
		w.same(w.extend("w", "j-001", "missing"), []string{"j-001"})
		w.clock.Advance(lease / 2)
		w.same(ids(w.claim("other", 2), subJobID), []string{"j-000"})
	}},
	{"saving writes the progress, and ends the lease unless the sub-job goes on", func(w *world) {
		w.addJob("j", 1)
		s := w.claim("w", 1)[0]
		s.Step, s.Progress, s.Tries, s.Host, s.Address = "boot", 60, 2, "host-1", "10.0.0.4"
		s.Deadline, s.RunAt, s.Begun = w.clock.Now().Add(time.Hour), w.clock.Now().Add(time.Second), w.clock.Now().Add(-time.Second)
		w.same(w.save(s), true)
		w.same(w.subJob(s.ID), s)

		s.State, s.Code, s.Reason, s.Ended = workspace.SubJobFailed, workspace.CodeNoCapacity, "no room", w.clock.Now()
		w.same(w.save(s), true)
		s.LeaseOwner, s.LeaseUntil = "", time.Time{}
		w.same(w.subJob(s.ID), s)
		w.same(w.save(s), false) // nobody runs it any more
	}},
	{"a sub-job that is put back waits for its time", func(w *world) {
		w.addJob("j", 1)
		s := w.claim("w", 1)[0]
		s.State, s.RunAt = workspace.SubJobWaiting, w.clock.Now().Add(time.Minute)
		w.same(w.save(s), true)
		w.same(w.nextDue(everyType...), s.RunAt)
		w.same(len(w.claim("w", 1)), 0)
		w.clock.Advance(time.Minute)
		w.same(w.claim("w", 1)[0].Attempt, 2)
	}},
	{"the next due time is that of the first to wait or to lose its lease", func(w *world) {
		w.same(w.nextDue(everyType...), time.Time{})
		w.addJob("j", 1)
		w.same(w.nextDue(everyType...), w.clock.Now())
		w.claim("w", 1)
		w.same(w.nextDue(everyType...), w.clock.Now().Add(lease))
		later, sooner := w.clock.Now().Add(time.Hour), w.clock.Now().Add(time.Second)
		w.addJob("k", 1, func(s *workspace.SubJob) { s.RunAt = later })
		w.same(w.nextDue(everyType...), w.clock.Now().Add(lease))
		w.addJob("l", 1, func(s *workspace.SubJob) { s.RunAt = sooner })
		w.same(w.nextDue(everyType...), sooner)
		w.addJob("m", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.RunAt = sooner.Add(-time.Hour) })
		w.same(w.nextDue(everyType...), sooner)
	}},
	{"a process that starts again takes over from its former self at once, and from nobody else", func(w *world) {
		w.addJob("j", 3)
		for _, owner := range []string{"host-1/a", "HOST-1/b", "host-10/c"} {
			w.claim(owner, 1)
		}
		release := func(ctx context.Context, tx *store.Tx) (int, error) { return tx.ReleaseReplica(ctx, "host-1") }
		w.same(do(w, release), 1)
		w.same(do(w, release), 0)
		w.same(ids(w.claim("host-1/z", 3), subJobID), []string{"j-000"})
	}},
	{"a replica takes nothing over from one whose name goes on after its own", func(w *world) {
		w.addJob("j", 5)
		for _, replica := range []string{"vm:/srv", "vm:/srv/data", "vm:/srv%", "vm:/sr_", "büro:/srv"} {
			w.claim(workspace.LeaseOwner(replica, workspace.NewID()), 1)
		}
		for _, replica := range []string{"vm:/srv", "vm:/srv/data", "vm:/sr_", "büro:/srv"} {
			w.same(do(w, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.ReleaseReplica(ctx, replica) }), 1)
		}
	}},
	{"the sub-jobs of a desktop are superseded, and their workers find out", func(w *world) {
		w.addJob("j", 3, onDesktop("d"))
		w.addJob("k", 1, onDesktop("other"))
		running := w.claim("w", 2)
		w.same(w.supersede("d", "j-002"), 2)
		w.same(w.supersede("d", "j-002"), 0)
		got := w.subJob(running[0].ID)
		w.same([]any{got.State, got.Code, got.Reason, got.Ended, got.LeaseOwner},
			[]any{workspace.SubJobFailed, workspace.CodeGone, "deleted meanwhile", w.clock.Now(), "w"})
		w.same(w.save(running[0]), false)
		w.same(w.extend("w", "j-000", "j-001"), []string(nil))
		w.same(w.subJob("j-002").State, workspace.SubJobWaiting)
		w.same(w.subJob("k-000").State, workspace.SubJobWaiting)
	}},
	{"a superseded worker counts until it releases its lease or loses it", func(w *world) {
		w.addJob("j", 3, onDesktop("d"))
		running := w.claim("w", 2)
		w.supersede("d", "j-002")
		w.same(w.leased("d", "j-002"), 2)
		w.same(w.leased("d", "j-001"), 1)
		release := func(attempt int) {
			w.update(func(tx *store.Tx) error { return tx.ReleaseSubJob(w.Context(), "j-000", "w", attempt) })
		}
		release(running[0].Attempt + 1)
		w.same(w.leased("d", "j-002"), 2)
		release(running[0].Attempt)
		w.same(w.leased("d", "j-002"), 1)
		w.same(w.subJob("j-000").State, workspace.SubJobFailed)
		w.clock.Advance(lease)
		w.same(w.leased("d", "j-002"), 0)
		w.same(len(w.claim("w", 10)), 1)
	}},
	{"a superseded sub-job that is retried waits until its worker has let go", func(w *world) {
		w.addJob("j", 1, onDesktop("d"))
		w.claim("w", 1)
		w.supersede("d", "")
		w.update(func(tx *store.Tx) error { _, err := tx.RetryFailed(w.Context(), "j"); return err })
		w.same(len(w.claim("other", 1)), 0)
		w.same(w.nextDue(everyType...), w.clock.Now().Add(lease))
		w.update(func(tx *store.Tx) error { return tx.ReleaseSubJob(w.Context(), "j-000", "w", 1) })
		w.same(len(w.claim("other", 1)), 1)
	}},
}
