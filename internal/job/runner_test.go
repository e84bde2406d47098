package job_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPassingFaultsEndInSuccess(t *testing.T) {
	faults := map[string]func(engine.Engine) engine.Engine{
		"the first launch fails":         func(e engine.Engine) engine.Engine { return enginetest.FailLaunchOnce(e) },
		"the reply to a launch is lost":  func(e engine.Engine) engine.Engine { return enginetest.LoseReplyOnLaunch(e) },
		"a machine vanishes when it ran": func(e engine.Engine) engine.Engine { return enginetest.VanishAfterLaunch(e) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
				p := w.start("a", w.store, fault(w.sim))
				defer p.kill()
				if j := w.finished(w.create(3)); j.Counts.Status() != workspace.JobSuccess {
					t.Errorf("job is %s: %+v", j.Counts.Status(), j.SubJobs)
				}
				w.checkWhole(3, desktop.StatusActive)
			})
		})
	}
}

func TestAnOutageOfTheEngineDelaysButDoesNotFail(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		outage := enginetest.Unavailable(w.sim)
		p := w.start("a", w.store, outage)
		defer p.kill()
		id := w.create(2)
		w.pass(5 * time.Minute)
		if w.over(id) {
			t.Fatal("the job ended while the engine was away")
		}
		outage.End()
		w.finished(id)
		w.checkWhole(2, desktop.StatusActive)
	})
}

func TestAStepThatFailsAgainAndAgainIsTriedLessAndLessOften(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic(), Faults: map[string]sim.Fault{sim.GuestFails: {Probability: 1}}}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		defer p.kill()
		j := w.finished(w.create(1))
		// The machine runs, only its guest does not come up: 0.5 s, doubling up to 30 s, is some 35 times in a quarter of an hour.
		if s := j.SubJobs[0]; s.Code != workspace.CodeDeadline || s.Attempt < 20 || s.Attempt > 50 {
			t.Errorf("the sub-job ended with %s after %d attempts", s.Code, s.Attempt)
		}
	})
}

// A worker that is told to stop may be within a call of the engine's that goes on for a while.
func TestADeletionWaitsForWhoStillHoldsTheDesktop(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		var launching atomic.Bool
		p := w.start("a", w.store, enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			switch c.Method {
			case "Launch":
				launching.Store(true)
				defer launching.Store(false)
				<-time.After(8 * time.Second)
			case "Delete":
				if launching.Load() {
					t.Error("the machine is removed while it is being launched")
				}
			}
			return do()
		}))
		defer p.kill()
		w.create(1)
		w.until("the launch", launching.Load)
		id, err := w.service.Desktops.DeleteDesktops(w.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: w.ids()})
		w.must(err)
		if j := w.finished(id); j.Counts.Succeeded != 1 {
			t.Errorf("the deletion: %+v", j.SubJobs)
		}
		if machines, err := w.sim.List(w.t.Context()); err != nil || len(machines) > 0 {
			t.Errorf("left: %v, %v", machines, err)
		}
	})
}

// The last attempt is made at the deadline, not a whole pause after it.
func TestNoRetryIsPutPastTheDeadline(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, enginetest.Unavailable(w.sim))
		defer p.kill()
		s := w.finished(w.create(1)).SubJobs[0]
		if late := s.Ended.Sub(s.Deadline); s.Code != workspace.CodeDeadline || late < 0 || late > time.Second {
			t.Errorf("it ended with %s %v after its deadline, want at most a second", s.Code, late)
		}
	})
}

func TestALaunchThatHangsFailsAtItsDeadlineAndCanBeRetried(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic(), Faults: map[string]sim.Fault{sim.LaunchHangs: {Count: 1}}}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		defer p.kill()
		id := w.create(2)
		j := w.finished(id)
		if j.Counts.Status() != workspace.JobFail || j.Counts.Failed != 1 {
			t.Fatalf("counts %+v, want one failure", j.Counts)
		}
		for _, s := range j.SubJobs {
			if s.State == workspace.SubJobFailed && (s.Code != workspace.CodeDeadline || !strings.Contains(s.Reason, "retry the job")) {
				t.Errorf("code %s, reason %q", s.Code, s.Reason)
			}
		}
		if _, err := w.service.Work.RetryJob(w.t.Context(), project, id); err != nil {
			t.Fatal(err)
		}
		if j := w.finished(id); j.Counts.Succeeded != 2 {
			t.Errorf("after the retry: %+v", j.Counts)
		}
		w.checkWhole(2, desktop.StatusActive)
	})
}

func TestWhatTheEngineCannotMakeFailsAtOnceWithItsReason(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		broken := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" {
				return engine.ErrInvalid
			}
			return do()
		})
		p := w.start("a", w.store, broken)
		defer p.kill()
		j := w.finished(w.create(1))
		if s := j.SubJobs[0]; s.Code != workspace.CodeEngineRefused || s.Attempt != 1 {
			t.Errorf("code %s after %d attempts", s.Code, s.Attempt)
		}
		if d := w.desktops()[0]; d.Status != desktop.StatusError || d.Fault == "" || d.Task != workspace.NoTask {
			t.Errorf("desktop is %s with fault %q and task %q", d.Status, d.Fault, d.Task)
		}
	})
}

// TestDeletingDuringCreationLeavesNothing deletes desktops at every tenth of a second of their creation.
func TestDeletingDuringCreationLeavesNothing(t *testing.T) {
	for ms := range 20 {
		inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
			p := w.start("a", w.store, w.sim)
			defer p.kill()
			created := w.create(2)
			w.pass(time.Duration(ms) * 100 * time.Millisecond)
			deleted, err := w.service.Desktops.DeleteDesktops(w.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: w.ids()})
			w.must(err)
			if j := w.finished(deleted); j.Counts.Succeeded != 2 {
				t.Errorf("deletion after %d ms: %+v", ms*100, j.SubJobs)
			}
			w.finished(created)
			w.pass(time.Minute) // a late launch would show by now
			w.checkWhole(0, "")
		})
	}
}

// TestWhatHoldsWorkUpIsShownAtOnce: a person must not have to wait for the deadline to learn why nothing happens.
func TestWhatHoldsWorkUpIsShownAtOnce(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		full := true
		e := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" && full {
				return engine.ErrNoCapacity
			}
			return do()
		})
		p := w.start("a", w.store, e)
		defer p.kill()
		id := w.create(1)
		w.pass(5 * time.Second)
		j, err := w.service.Work.Job(w.t.Context(), project, id)
		w.must(err)
		s, d := j.SubJobs[0], w.desktops()[0]
		if s.State.Done() || s.Code != workspace.CodeNoCapacity || !strings.Contains(s.Reason, "launching: no host has room") {
			t.Errorf("the sub-job is %s with code %q and reason %q", s.State, s.Code, s.Reason)
		}
		if d.Fault != s.Reason || d.Task != workspace.TaskCreating {
			t.Errorf("the desktop has task %q and fault %q", d.Task, d.Fault)
		}
		full = false
		j = w.finished(id)
		if s, d := j.SubJobs[0], w.desktops()[0]; s.State != workspace.SubJobSuccess || s.Code != "" || s.Reason != "" || d.Fault != "" {
			t.Errorf("in the end %s, code %q, reason %q, fault %q", s.State, s.Code, s.Reason, d.Fault)
		}
		w.checkWhole(1, desktop.StatusActive)
	})
}

// TestSeveralDeletionsOfADesktopAllSucceed has desktops deleted again at every twentieth of a second of their deletion.
func TestSeveralDeletionsOfADesktopAllSucceed(t *testing.T) {
	for step := range 12 {
		inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
			p := w.start("a", w.store, w.sim)
			defer p.kill()
			w.finished(w.create(2))
			ids := w.ids()
			remove := func() string {
				job, err := w.service.Desktops.DeleteDesktops(w.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: ids})
				if workspace.CodeOf(err) == workspace.CodeDesktopNotFound {
					return "" // they are gone already
				}
				w.must(err)
				return job
			}
			jobs := []string{remove()}
			w.pass(time.Duration(step) * 50 * time.Millisecond)
			jobs = append(jobs, remove(), remove())
			for i, job := range jobs {
				if job == "" {
					continue
				}
				if j := w.finished(job); j.Counts.Failed != 0 || j.Counts.Succeeded == 0 {
					t.Errorf("after %d ms deletion %d: %+v", step*50, i, j.SubJobs)
				}
			}
			w.checkWhole(0, "")
		})
	}
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		launches := map[string]int{}
		count := func() engine.Engine {
			return enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
				if c.Method == "Launch" {
					launches[c.ID]++
				}
				return do()
			})
		}
		a, b := w.start("a", w.store, count()), w.start("b", w.store, count())
		defer a.kill()
		defer b.kill()
		w.finished(w.create(20))
		w.checkWhole(20, desktop.StatusActive)
		for id, n := range launches {
			if n != 1 {
				t.Errorf("desktop %s was launched %d times", id, n)
			}
		}
	})
}

// TestALostLeaseIsTakenOver has a process that hangs without a heartbeat; another takes its work over and the first one's late
// writes change nothing.
func TestALostLeaseIsTakenOver(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		m := newMortal(8, true)
		first := w.startMortal(m)
		id := w.create(2)
		w.until("the death of the first process", m.dead)
		other := w.start("other", w.store, w.sim) // not the same name: it must wait for the lease's end
		defer other.kill()
		if j := w.finished(id); j.Counts.Succeeded != 2 {
			t.Errorf("%+v", j.SubJobs)
		}
		first.kill()
		w.checkWhole(2, desktop.StatusActive)
	})
}

func TestStopLeavesRunningWorkToTheNextProcess(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Latency{Launch: 10 * time.Minute}}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		id := w.create(2)
		w.pass(time.Second)
		grace, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
		defer cancel()
		p.Stop(grace)
		j, err := w.service.Work.Job(w.t.Context(), project, id)
		w.must(err)
		if j.Counts.Waiting != 2 {
			t.Errorf("after the stop: %+v, want both waiting for the next process", j.Counts)
		}
		next := w.start("b", w.store, w.sim)
		defer next.kill()
		w.finished(id)
		w.checkWhole(2, desktop.StatusActive)
	})
}

func TestRestartStopsAndStartsOnce(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		calls := map[string]int{}
		counted := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			calls[c.Method]++
			return do()
		})
		p := w.start("a", w.store, counted)
		defer p.kill()
		w.finished(w.create(1))
		r, err := w.service.Desktops.OperateDesktops(w.t.Context(), desktop.OperateDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: w.ids(), Op: desktop.OpReboot})
		w.must(err)
		w.finished(r.JobID)
		if calls["Stop"] != 1 || calls["Start"] != 1 {
			t.Errorf("%d stops, %d starts, want one of each", calls["Stop"], calls["Start"])
		}
		w.checkWhole(1, desktop.StatusActive)
	})
}

// claims counts the claims that came back with nothing: each has taken the database's writer in vain.
type claims struct {
	store.Transactions
	*statements
	vain *atomic.Int32
}

func (s claims) Update(ctx context.Context, f func(*store.Tx) error) error {
	return s.Transactions.Update(ctx, func(tx *store.Tx) error { // one at a time on SQLite
		before, err := leased(ctx, tx)
		if err != nil {
			return err
		}
		var claimed atomic.Bool
		s.watch(func(statement string) {
			if strings.HasPrefix(statement, "WITH due AS") {
				claimed.Store(true)
			}
		})
		if err := f(tx); err != nil || !claimed.Load() {
			return err
		}
		after, err := leased(ctx, tx)
		if after == before {
			s.vain.Add(1)
		}
		return err
	})
}

// leased counts the sub-jobs that somebody has claimed.
func leased(ctx context.Context, tx *store.Tx) (n int, err error) {
	err = tx.NewSelect().Table("sub_jobs").ColumnExpr("count(*)").Where("lease_until IS NOT NULL").Scan(ctx, &n)
	return n, err
}

func TestALongQueueIsClaimedFromOnlyWhenThereIsRoom(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		var vain atomic.Int32
		p := w.start("a", claims{w.store, w.statements, &vain}, w.sim)
		defer p.kill()
		if j := w.finished(w.create(5 * job.DefaultParallel)); j.Counts.Failed > 0 {
			t.Fatalf("%+v", j.Counts)
		}
		if n := vain.Load(); n > 1 { // one when the queue has ended just as the room was full
			t.Errorf("%d claims came back with nothing", n)
		}
	})
}
