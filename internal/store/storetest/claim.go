package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// everyType are the job types of these tests.
var everyType = []workspace.JobType{workspace.JobCreateDesktops, workspace.JobDeleteDesktops}

// limits is that for n sub-jobs of each type.
func limits(n int) map[workspace.JobType]int {
	all := map[workspace.JobType]int{}
	for _, t := range everyType {
		all[t] = n
	}
	return all
}

const lease = 30 * time.Second

func (e *Env) Claim(owner string, limit int) []workspace.SubJob {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
		return tx.ClaimSubJobs(ctx, owner, limits(limit), lease)
	})
}

func (e *Env) save(s workspace.SubJob) bool {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) (bool, error) { return tx.SaveSubJob(ctx, s) })
}

func (e *Env) extend(owner string, ids ...string) []string {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		return tx.ExtendLeases(ctx, owner, ids, lease)
	})
}

func (e *Env) nextDue(types ...workspace.JobType) time.Time {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return tx.NextDue(ctx, types) })
}

func (e *Env) leased(desktop, other string) int {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.LeasedSubJobs(ctx, desktop, other) })
}

func (e *Env) supersede(desktop, by string) int {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.SupersedeSubJobs(ctx, desktop, by, workspace.CodeGone, "deleted meanwhile")
	})
}

func onDesktop(id string) func(*workspace.SubJob) {
	return func(s *workspace.SubJob) { s.DesktopID = id }
}

var claims = map[string]func(*Env){
	"a claim takes what is due, the oldest first, and no more than asked": func(e *Env) {
		j := e.NewJob("j", 4)
		for i, delay := range []time.Duration{-time.Second, -1100 * time.Millisecond, -900 * time.Millisecond, time.Microsecond} {
			j.SubJobs[i].RunAt = j.Created.Add(delay)
		}
		e.Update(func(tx *store.Tx) error { return tx.InsertJob(e.Context(), j) })
		got := e.Claim("w", 2)
		e.Same(IDs(got, SubJobID), []string{"j-001", "j-000"})
		want := j.SubJobs[1]
		want.State, want.LeaseOwner, want.LeaseUntil, want.Attempt = workspace.SubJobRunning, "w", e.Clock.Now().Add(lease), 1
		want.Begun = e.Clock.Now()
		e.Same(got[0], want)
		e.Same(e.SubJob("j-001"), want)
		e.Same(IDs(e.Claim("w", 10), SubJobID), []string{"j-002"})
		e.Same(len(e.Claim("w", 10)), 0)
		e.Clock.Advance(time.Microsecond)
		e.Same(IDs(e.Claim("w", 10), SubJobID), []string{"j-003"})
	},
	"a claim takes only the types that the worker can do": func(e *Env) {
		e.AddJob("j", 1, func(s *workspace.SubJob) { s.Type = "unknown" })
		e.Same(len(e.Claim("w", 10)), 0)
		e.Same(e.nextDue(everyType...), time.Time{})
		e.Same(e.nextDue("unknown"), e.Clock.Now())
		later := e.Clock.Now().Add(time.Minute)
		e.AddJob("later", 1, func(s *workspace.SubJob) { s.RunAt = later })
		e.Same(e.nextDue(everyType...), later)
	},
	"8 workers at once never get one sub-job twice, and get them all": func(e *Env) {
		e.AddJob("j", 200)
		var mu sync.Mutex
		owners := map[string]string{}
		e.All(Together(8, func(i int) error {
			me := fmt.Sprint("worker-", i)
			for range 200 {
				var got []workspace.SubJob
				err := e.Store.Update(e.Context(), func(tx *store.Tx) (err error) {
					got, err = tx.ClaimSubJobs(e.Context(), me, limits(7), lease)
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
						e.Errorf("%s was given to %s and to %s", s.ID, other, me)
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
		for _, s := range e.Claim("last", 200) { // claims repeat while others have the rest locked
			owners[s.ID] = "last"
		}
		e.Same(len(owners), 200)
	},
	"a lease that has run out is taken over, and its old owner can save no more": func(e *Env) {
		e.AddJob("j", 1)
		old := e.Claim("old", 1)[0]
		e.Clock.Advance(lease - time.Microsecond)
		e.Same(len(e.Claim("new", 1)), 0)
		e.Clock.Advance(time.Microsecond)
		taken := e.Claim("new", 1)[0]
		e.Same(taken.Attempt, 2)
		e.Same(taken.Begun, old.Begun)

		old.State = workspace.SubJobSuccess
		e.Same(e.save(old), false)
		e.Same(e.extend("old", "j-000"), []string(nil))
		e.Same(e.SubJob("j-000"), taken)
		taken.State = workspace.SubJobSuccess
		e.Same(e.save(taken), true)
	},
	"a worker that takes over from itself is fenced by the attempt": func(e *Env) {
		e.AddJob("j", 1)
		old := e.Claim("w", 1)[0]
		e.Clock.Advance(lease)
		e.Same(e.Claim("w", 1)[0].Attempt, 2)
		e.Same(e.save(old), false)
	},
	"an extended lease is not taken over": func(e *Env) {
		e.AddJob("j", 2)
		e.Claim("w", 2)
		e.Clock.Advance(lease / 2)
		e.Same(e.extend("w", "j-001", "missing"), []string{"j-001"})
		e.Clock.Advance(lease / 2)
		e.Same(IDs(e.Claim("other", 2), SubJobID), []string{"j-000"})
	},
	"saving writes the progress, and ends the lease unless the sub-job goes on": func(e *Env) {
		e.AddJob("j", 1)
		s := e.Claim("w", 1)[0]
		s.Step, s.Progress, s.Tries, s.Host, s.Address = "boot", 60, 2, "host-1", "10.0.0.4"
		s.Deadline, s.RunAt, s.Begun = e.Clock.Now().Add(time.Hour), e.Clock.Now().Add(time.Second), e.Clock.Now().Add(-time.Second)
		e.Same(e.save(s), true)
		e.Same(e.SubJob(s.ID), s)

		s.State, s.Code, s.Reason, s.Ended = workspace.SubJobFailed, workspace.CodeNoCapacity, "no room", e.Clock.Now()
		e.Same(e.save(s), true)
		s.LeaseOwner, s.LeaseUntil = "", time.Time{}
		e.Same(e.SubJob(s.ID), s)
		e.Same(e.save(s), false) // no worker runs it any more
	},
	"a sub-job that is put back waits for its time": func(e *Env) {
		e.AddJob("j", 1)
		s := e.Claim("w", 1)[0]
		s.State, s.RunAt = workspace.SubJobWaiting, e.Clock.Now().Add(time.Minute)
		e.Same(e.save(s), true)
		e.Same(e.nextDue(everyType...), s.RunAt)
		e.Same(len(e.Claim("w", 1)), 0)
		e.Clock.Advance(time.Minute)
		e.Same(e.Claim("w", 1)[0].Attempt, 2)
	},
	"the next due time is that of the first to wait or to lose its lease": func(e *Env) {
		e.Same(e.nextDue(everyType...), time.Time{})
		e.AddJob("j", 1)
		e.Same(e.nextDue(everyType...), e.Clock.Now())
		e.Claim("w", 1)
		e.Same(e.nextDue(everyType...), e.Clock.Now().Add(lease))
		later, sooner := e.Clock.Now().Add(time.Hour), e.Clock.Now().Add(time.Second)
		e.AddJob("k", 1, func(s *workspace.SubJob) { s.RunAt = later })
		e.Same(e.nextDue(everyType...), e.Clock.Now().Add(lease))
		e.AddJob("l", 1, func(s *workspace.SubJob) { s.RunAt = sooner })
		e.Same(e.nextDue(everyType...), sooner)
		e.AddJob("m", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.RunAt = sooner.Add(-time.Hour) })
		e.Same(e.nextDue(everyType...), sooner)
	},
	"a process that starts again takes over from its former self at once, and from nobody else": func(e *Env) {
		e.AddJob("j", 3)
		for _, owner := range []string{"host-1/a", "HOST-1/b", "host-10/c"} {
			e.Claim(owner, 1)
		}
		release := func(ctx context.Context, tx *store.Tx) (int, error) { return tx.ReleaseReplica(ctx, "host-1") }
		e.Same(Do(e, release), 1)
		e.Same(Do(e, release), 0)
		e.Same(IDs(e.Claim("host-1/z", 3), SubJobID), []string{"j-000"})
	},
	"a replica takes nothing over from one whose name goes on after its own": func(e *Env) {
		e.AddJob("j", 5)
		for _, replica := range []string{"vm:/srv", "vm:/srv/data", "vm:/srv%", "vm:/sr_", "büro:/srv"} {
			e.Claim(workspace.LeaseOwner(replica, workspace.NewID()), 1)
		}
		for _, replica := range []string{"vm:/srv", "vm:/srv/data", "vm:/sr_", "büro:/srv"} {
			e.Same(Do(e, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.ReleaseReplica(ctx, replica) }), 1)
		}
	},
	"the sub-jobs of a desktop are superseded, and their workers find out": func(e *Env) {
		e.AddJob("j", 3, onDesktop("d"))
		e.AddJob("k", 1, onDesktop("other"))
		running := e.Claim("w", 2)
		e.Same(e.supersede("d", "j-002"), 2)
		e.Same(e.supersede("d", "j-002"), 0)
		got := e.SubJob(running[0].ID)
		e.Same([]any{got.State, got.Code, got.Reason, got.Ended, got.LeaseOwner},
			[]any{workspace.SubJobFailed, workspace.CodeGone, "deleted meanwhile", e.Clock.Now(), "w"})
		e.Same(e.save(running[0]), false)
		e.Same(e.extend("w", "j-000", "j-001"), []string(nil))
		e.Same(e.SubJob("j-002").State, workspace.SubJobWaiting)
		e.Same(e.SubJob("k-000").State, workspace.SubJobWaiting)
	},
	"a superseded worker counts until it releases its lease or loses it": func(e *Env) {
		e.AddJob("j", 3, onDesktop("d"))
		running := e.Claim("w", 2)
		e.supersede("d", "j-002")
		e.Same(e.leased("d", "j-002"), 2)
		e.Same(e.leased("d", "j-001"), 1)
		release := func(attempt int) {
			e.Update(func(tx *store.Tx) error { return tx.ReleaseSubJob(e.Context(), "j-000", "w", attempt) })
		}
		release(running[0].Attempt + 1)
		e.Same(e.leased("d", "j-002"), 2)
		release(running[0].Attempt)
		e.Same(e.leased("d", "j-002"), 1)
		e.Same(e.SubJob("j-000").State, workspace.SubJobFailed)
		e.Clock.Advance(lease)
		e.Same(e.leased("d", "j-002"), 0)
		e.Same(len(e.Claim("w", 10)), 1)
	},
	"a superseded sub-job that is retried waits until its worker has let go": func(e *Env) {
		e.AddJob("j", 1, onDesktop("d"))
		e.Claim("w", 1)
		e.supersede("d", "")
		e.Update(func(tx *store.Tx) error { _, err := tx.RetryFailed(e.Context(), "j"); return err })
		e.Same(len(e.Claim("other", 1)), 0)
		e.Same(e.nextDue(everyType...), e.Clock.Now().Add(lease))
		e.Update(func(tx *store.Tx) error { return tx.ReleaseSubJob(e.Context(), "j-000", "w", 1) })
		e.Same(len(e.Claim("other", 1)), 1)
	},
}
