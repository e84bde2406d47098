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
		"the first launch fails":         func(sim engine.Engine) engine.Engine { return enginetest.FailLaunchOnce(sim) },
		"the reply to a launch is lost":  func(sim engine.Engine) engine.Engine { return enginetest.LoseReplyOnLaunch(sim) },
		"a machine vanishes when it ran": func(sim engine.Engine) engine.Engine { return enginetest.VanishAfterLaunch(sim) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
				p := e.start("a", e.store, fault(e.sim))
				defer p.kill()
				if j := e.finished(e.create(3)); j.Counts.Status() != workspace.JobSuccess {
					t.Errorf("job is %s: %+v", j.Counts.Status(), j.SubJobs)
				}
				e.checkWhole(3, desktop.StatusActive)
			})
		})
	}
}

func TestAnOutageOfTheEngineDelaysButDoesNotFail(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		outage := enginetest.Unavailable(e.sim)
		p := e.start("a", e.store, outage)
		defer p.kill()
		id := e.create(2)
		e.pass(5 * time.Minute)
		if e.over(id) {
			t.Fatal("the job ended while the engine was away")
		}
		outage.End()
		e.finished(id)
		e.checkWhole(2, desktop.StatusActive)
	})
}

func TestAStepThatFailsAgainAndAgainIsTriedLessAndLessOften(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic(), Faults: map[string]sim.Fault{sim.GuestFails: {Probability: 1}}}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		j := e.finished(e.create(1))
		// The machine runs, only its guest does not come up: 0.5 s, doubling up to 30 s, is some 35 times in a quarter of an hour.
		if s := j.SubJobs[0]; s.Code != workspace.CodeDeadline || s.Attempt < 20 || s.Attempt > 50 {
			t.Errorf("the sub-job ended with %s after %d attempts", s.Code, s.Attempt)
		}
	})
}

// A worker that is told to stop may be within a call of the engine's that goes on for a while.
func TestADeletionWaitsForWhoStillHoldsTheDesktop(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		var launching atomic.Bool
		p := e.start("a", e.store, enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
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
		e.create(1)
		e.until("the launch", launching.Load)
		id, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: e.ids()})
		e.must(err)
		if j := e.finished(id); j.Counts.Succeeded != 1 {
			t.Errorf("the deletion: %+v", j.SubJobs)
		}
		if machines, err := e.sim.List(e.t.Context()); err != nil || len(machines) > 0 {
			t.Errorf("left: %v, %v", machines, err)
		}
	})
}

// The last attempt is made at the deadline, not a whole pause after it.
func TestNoRetryIsPutPastTheDeadline(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, enginetest.Unavailable(e.sim))
		defer p.kill()
		s := e.finished(e.create(1)).SubJobs[0]
		if late := s.Ended.Sub(s.Deadline); s.Code != workspace.CodeDeadline || late < 0 || late > time.Second {
			t.Errorf("it ended with %s %v after its deadline, want at most a second", s.Code, late)
		}
	})
}

func TestALaunchThatHangsFailsAtItsDeadlineAndCanBeRetried(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic(), Faults: map[string]sim.Fault{sim.LaunchHangs: {Count: 1}}}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		id := e.create(2)
		j := e.finished(id)
		if j.Counts.Status() != workspace.JobFail || j.Counts.Failed != 1 {
			t.Fatalf("counts %+v, want one failure", j.Counts)
		}
		for _, s := range j.SubJobs {
			if s.State == workspace.SubJobFailed && (s.Code != workspace.CodeDeadline || !strings.Contains(s.Reason, "retry the job")) {
				t.Errorf("code %s, reason %q", s.Code, s.Reason)
			}
		}
		if _, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, id); err != nil {
			t.Fatal(err)
		}
		if j := e.finished(id); j.Counts.Succeeded != 2 {
			t.Errorf("after the retry: %+v", j.Counts)
		}
		e.checkWhole(2, desktop.StatusActive)
	})
}

func TestWhatTheEngineCannotMakeFailsAtOnceWithItsReason(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		broken := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" {
				return engine.ErrInvalid
			}
			return do()
		})
		p := e.start("a", e.store, broken)
		defer p.kill()
		j := e.finished(e.create(1))
		if s := j.SubJobs[0]; s.Code != workspace.CodeEngineRefused || s.Attempt != 1 {
			t.Errorf("code %s after %d attempts", s.Code, s.Attempt)
		}
		if d := e.desktops()[0]; d.Status != desktop.StatusError || d.Fault == "" || d.Task != workspace.NoTask {
			t.Errorf("desktop is %s with fault %q and task %q", d.Status, d.Fault, d.Task)
		}
	})
}

// TestDeletingDuringCreationLeavesNothing deletes desktops at every tenth of a second of their creation.
func TestDeletingDuringCreationLeavesNothing(t *testing.T) {
	for ms := range 20 {
		inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
			p := e.start("a", e.store, e.sim)
			defer p.kill()
			created := e.create(2)
			e.pass(time.Duration(ms) * 100 * time.Millisecond)
			deleted, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: e.ids()})
			e.must(err)
			if j := e.finished(deleted); j.Counts.Succeeded != 2 {
				t.Errorf("deletion after %d ms: %+v", ms*100, j.SubJobs)
			}
			e.finished(created)
			e.pass(time.Minute) // a late launch would show by now
			e.checkWhole(0, "")
		})
	}
}

// TestWhatHoldsWorkUpIsShownAtOnce: a person must not have to wait for the deadline to learn why nothing happens.
func TestWhatHoldsWorkUpIsShownAtOnce(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		full := true
		failing := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" && full {
				return engine.ErrNoCapacity
			}
			return do()
		})
		p := e.start("a", e.store, failing)
		defer p.kill()
		id := e.create(1)
		e.pass(5 * time.Second)
		j, err := e.service.Work.Job(e.t.Context(), project, id)
		e.must(err)
		s, d := j.SubJobs[0], e.desktops()[0]
		if s.State.Done() || s.Code != workspace.CodeNoCapacity || !strings.Contains(s.Reason, "launching: no host has capacity") {
			t.Errorf("the sub-job is %s with code %q and reason %q", s.State, s.Code, s.Reason)
		}
		if d.Fault != s.Reason || d.Task != workspace.TaskCreating {
			t.Errorf("the desktop has task %q and fault %q", d.Task, d.Fault)
		}
		full = false
		j = e.finished(id)
		if s, d := j.SubJobs[0], e.desktops()[0]; s.State != workspace.SubJobSuccess || s.Code != "" || s.Reason != "" || d.Fault != "" {
			t.Errorf("in the end %s, code %q, reason %q, fault %q", s.State, s.Code, s.Reason, d.Fault)
		}
		e.checkWhole(1, desktop.StatusActive)
	})
}

// TestSeveralDeletionsOfADesktopAllSucceed has desktops deleted again at every twentieth of a second of their deletion.
func TestSeveralDeletionsOfADesktopAllSucceed(t *testing.T) {
	for step := range 12 {
		inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
			p := e.start("a", e.store, e.sim)
			defer p.kill()
			e.finished(e.create(2))
			ids := e.ids()
			remove := func() string {
				job, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: ids})
				if workspace.CodeOf(err) == workspace.CodeDesktopNotFound {
					return "" // they are gone already
				}
				e.must(err)
				return job
			}
			jobs := []string{remove()}
			e.pass(time.Duration(step) * 50 * time.Millisecond)
			jobs = append(jobs, remove(), remove())
			for i, job := range jobs {
				if job == "" {
					continue
				}
				if j := e.finished(job); j.Counts.Failed != 0 || j.Counts.Succeeded == 0 {
					t.Errorf("after %d ms deletion %d: %+v", step*50, i, j.SubJobs)
				}
			}
			e.checkWhole(0, "")
		})
	}
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		launches := map[string]int{}
		count := func() engine.Engine {
			return enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
				if c.Method == "Launch" {
					launches[c.ID]++
				}
				return do()
			})
		}
		a, b := e.start("a", e.store, count()), e.start("b", e.store, count())
		defer a.kill()
		defer b.kill()
		e.finished(e.create(20))
		e.checkWhole(20, desktop.StatusActive)
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
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		m := newKillable(8, true)
		first := e.startKillable(m)
		id := e.create(2)
		e.until("the death of the first process", m.dead)
		other := e.start("other", e.store, e.sim) // not the same name: it must wait for the lease's end
		defer other.kill()
		if j := e.finished(id); j.Counts.Succeeded != 2 {
			t.Errorf("%+v", j.SubJobs)
		}
		first.kill()
		e.checkWhole(2, desktop.StatusActive)
	})
}

func TestStopLeavesRunningWorkToTheNextProcess(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Latency{Launch: 10 * time.Minute}}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		id := e.create(2)
		e.pass(time.Second)
		grace, cancel := context.WithTimeout(e.t.Context(), 5*time.Second)
		defer cancel()
		p.Stop(grace)
		j, err := e.service.Work.Job(e.t.Context(), project, id)
		e.must(err)
		if j.Counts.Waiting != 2 {
			t.Errorf("after the stop: %+v, want both waiting for the next process", j.Counts)
		}
		next := e.start("b", e.store, e.sim)
		defer next.kill()
		e.finished(id)
		e.checkWhole(2, desktop.StatusActive)
	})
}

func TestRestartStopsAndStartsOnce(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		calls := map[string]int{}
		counted := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			calls[c.Method]++
			return do()
		})
		p := e.start("a", e.store, counted)
		defer p.kill()
		e.finished(e.create(1))
		r, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: workspace.Caller{ProjectID: project}, IDs: e.ids(), Action: desktop.PowerReboot})
		e.must(err)
		e.finished(r.JobID)
		if calls["Stop"] != 1 || calls["Start"] != 1 {
			t.Errorf("%d stops, %d starts, want one of each", calls["Stop"], calls["Start"])
		}
		e.checkWhole(1, desktop.StatusActive)
	})
}

func TestADeletionLetsTheSystemShutDownUnlessItIsForced(t *testing.T) {
	for name, c := range map[string]struct {
		force, off, hangs bool
		stops             int
		takes             time.Duration // at least
	}{
		"WhenItRuns":            {stops: 1, takes: 500 * time.Millisecond},
		"WhenItDoesNotShutDown": {hangs: true, stops: 1, takes: time.Minute},
		"WhenItIsOff":           {off: true},
		"WhenItIsForced":        {force: true, hangs: true},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
				stops := 0
				p := e.start("a", e.store, enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
					if c.Method == "Stop" {
						stops++
					}
					return do()
				}))
				defer p.kill()
				e.finished(e.create(1))
				if c.off {
					e.must(e.sim.Stop(e.t.Context(), e.ids()[0], true))
				}
				if c.hangs {
					e.must(e.sim.Inject(sim.StopHangs, sim.Fault{Count: 1}))
				}
				begin := time.Now()
				id, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{
					Caller: workspace.Caller{ProjectID: project}, IDs: e.ids(), Force: c.force,
				})
				e.must(err)
				j := e.finished(id)
				took := time.Since(begin)
				if j.Counts.Succeeded != 1 || stops != c.stops || took < c.takes || took > c.takes+20*time.Second {
					t.Errorf("%d stops in %v: %+v", stops, took, j.SubJobs)
				}
				e.checkWhole(0, "")
			})
		})
	}
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

func TestALongQueueIsClaimedFromOnlyWhileSlotsAreFree(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		var vain atomic.Int32
		p := e.start("a", claims{e.store, e.statements, &vain}, e.sim)
		defer p.kill()
		if j := e.finished(e.create(5 * job.DefaultParallel)); j.Counts.Failed > 0 {
			t.Fatalf("%+v", j.Counts)
		}
		if n := vain.Load(); n > 1 { // one when the queue has ended just as all slots were taken
			t.Errorf("%d claims came back with nothing", n)
		}
	})
}
