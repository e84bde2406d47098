package job_test

import (
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestARebuildGivesEveryDesktopOfAPoolTheImageAndKeepsTheRest(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(3)
		was := e.desktops()
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(operateOne(e, was[2].ID, desktop.PowerStop))

		if j := e.finished(e.rebuild()); j.Counts.Succeeded != 3 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		images, err := e.sim.Images(e.t.Context())
		e.must(err)
		for i, d := range e.desktops() {
			want := desktop.StatusActive
			if i == 2 {
				want = desktop.StatusShutoff
			}
			if d.Status != want || d.Task != workspace.NoTask || d.ImageID != nextImage {
				t.Errorf("desktop %s is %s with image %s and task %q (%s)", d.Name, d.Status, d.ImageID, d.Task, d.Fault)
			}
			if d.Address != was[i].Address || d.Root.ID == was[i].Root.ID || d.Data[0] != was[i].Data[0] {
				t.Errorf("desktop %s: %+v became %+v", d.Name, was[i], d)
			}
			m, err := e.sim.Find(e.t.Context(), d.ID)
			e.must(err)
			if m.Image != images[1].ID || m.Data[0].ID != d.Data[0].ID || m.Address != d.Address || (m.State == engine.Running) != (i != 2) {
				t.Errorf("the machine of %s is %+v", d.Name, m)
			}
		}
		if p := e.pool(); p.ImageID != nextImage || len(p.History) != 2 || p.Status() != pool.PoolSteady {
			t.Errorf("the pool is %s with image %s and history %+v", p.Status(), p.ImageID, p.History)
		}
	})
}

func operateOne(e *env, id string, action desktop.PowerAction) string {
	e.t.Helper()
	r, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: workspace.Caller{ProjectID: project}, IDs: []string{id}, Action: action})
	e.must(err)
	return r.JobID
}

func TestThePoolTakesTheImageWhenTheFirstDesktopWorksWithIt(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(4)
		id := e.rebuild()
		if n := e.rebuilding(); n != 1 {
			t.Errorf("%d desktops are begun at first, want the one that goes ahead", n)
		}
		if p := e.pool(); p.ImageID != image {
			t.Error("the pool has the image before any desktop works with it")
		}
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.until("the others' turn", func() bool { return e.rebuilding() == 3 })
		if p := e.pool(); p.ImageID != nextImage {
			t.Error("a desktop works with the image and the pool does not have it")
		}
		e.finished(id)
	})
}

func TestTheLogOfARebuildTellsTheLimitsInForce(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		e.rebuild()
		var log []pool.PoolDecision
		e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
			log, _, err = pool.Decisions(e.t.Context(), tx, poolID, pool.DecideRollout, workspace.Page{Limit: 1})
			return err
		}))
		if len(log) != 1 || !strings.Contains(string(log[0].Inputs), `"parallel":5`) {
			t.Errorf("decisions %s, want how many desktops go at a time", log)
		}
	})
}

// rebuilding counts the desktops whose system disk is being replaced.
func (e *env) rebuilding() int {
	n := 0
	for _, d := range e.desktops() {
		if d.Task == desktop.TaskRebuilding {
			n++
		}
	}
	return n
}

func TestPeopleAreToldAndMaySaveUntilTheDeadline(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		m := e.bind(0)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		asked := time.Now()
		id := e.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes, r.Message = 15, "The new office suite comes." })
		e.until("the message", func() bool { return len(e.sim.Messages(m.DesktopID)) > 0 })
		said := e.sim.Messages(m.DesktopID)[0]
		if !said.Urgent || !strings.HasPrefix(said.Text, "The new office suite comes.\n\nIn 15 minutes ") || said.Account != "person-0" || said.Until.IsZero() {
			t.Errorf("the person is told %+v", said)
		}
		if c := e.countdowns(m.DesktopID)[m.DesktopID]; !c.At.Equal(said.Until) || c.Message != "The new office suite comes." || c.Left {
			t.Errorf("the portal is told %+v", c)
		}
		e.until("the other desktop", func() bool { return e.desktops()[1].ImageID == nextImage })
		if d := e.desktops()[0]; d.Task != workspace.NoTask || d.Login != desktop.LoginConnected {
			t.Errorf("the person is cut off at once: %+v", d)
		}
		e.pass(14*time.Minute + 50*time.Second)
		if said := e.sim.Messages(m.DesktopID); len(said) != 3 || !strings.Contains(said[2].Text, "In 1 minute ") || said[2].ID != said[0].ID {
			t.Errorf("the person is reminded by %+v", said)
		}
		e.until("the deadline", func() bool { return e.rebuilding() == 1 })
		if waited := time.Since(asked); waited < 15*time.Minute || waited > 15*time.Minute+10*time.Second {
			t.Errorf("the rebuild began after %v", waited)
		}
		e.finished(id)
		d := e.desktops()[0]
		if d.Login != desktop.LoginRegistered || len(d.Assignments) != 1 {
			t.Errorf("afterwards the desktop is %+v", d)
		}
		e.checkWhole(2, desktop.StatusActive)
	})
}

func (e *env) countdowns(ids ...string) (c map[string]pool.PoolCountdown) {
	e.t.Helper()
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		c, err = rollout.Countdowns(e.t.Context(), tx, ids)
		return err
	}))
	return c
}

func TestWhoIsReadyNeedNotWait(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		m := e.bind(1)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		id := e.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 600 })
		e.until("the message", func() bool { return len(e.sim.Messages(m.DesktopID)) > 0 })
		e.must(e.service.Connections.MarkReady(e.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID))
		e.until("the rebuild", func() bool { return e.rebuilding() == 1 })
		e.must(e.service.Connections.MarkReady(e.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID))
		e.finished(id)
		e.checkWhole(2, desktop.StatusActive)
		err := e.service.Connections.MarkReady(e.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID)
		if workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("ready for nothing: %v", err)
		}
	})
}

func TestDesktopsThatAreMadeWhileOneGoesAheadGetTheImageAsWell(t *testing.T) {
	for name, canaries := range map[string]int{"one of several": 3, "the only one": 1} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, twoImages(), func(e *env) {
				e.addPool(canaries)
				e.pass(time.Second)
				id := e.rebuild()
				e.pass(time.Second)
				expansion, err := e.service.Pools.ExpandPool(e.t.Context(), pool.ExpandPool{
					Caller: workspace.Caller{ProjectID: project}, PoolID: poolID, Size: 2,
				})
				e.must(err)
				p := e.start("replica", e.store, e.sim)
				defer p.kill()
				e.finished(expansion)
				e.until("the end of the rebuild", func() bool { return e.over(id) && e.pool().ImageID == nextImage && e.quiet() })
				e.pass(10 * time.Second)
				j := e.finished(id)
				if j.Counts.Succeeded != canaries+2 {
					t.Errorf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
				}
				positions := map[int]bool{}
				for _, s := range j.SubJobs {
					positions[s.Position] = true
				}
				if len(positions) != canaries+2 {
					t.Errorf("the sub-jobs have the places %v", positions)
				}
				for _, d := range e.desktops() {
					if d.ImageID != nextImage {
						t.Errorf("desktop %s has the former image", d.Name)
					}
				}
				e.checkWhole(canaries+2, desktop.StatusActive)
				if p := e.pool(); p.Status() != pool.PoolSteady {
					t.Errorf("the pool is %s", p.Status())
				}
			})
		})
	}
}

func TestADesktopThatIsMendedByHandAfterItsRebuildFailedHasTheNewImage(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(1)
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.rebuild())
		if d := e.desktops()[0]; d.Status != desktop.StatusError || d.ImageID != image {
			t.Fatalf("after the rebuild the desktop is %s with image %s", d.Status, d.ImageID)
		}
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{}))
		if j := e.finished(operateOne(e, e.desktops()[0].ID, desktop.PowerReboot)); j.Counts.Succeeded != 1 {
			t.Fatalf("restarting ended with %+v", j.SubJobs)
		}
		if d := e.desktops()[0]; d.Status != desktop.StatusActive || d.ImageID != nextImage {
			t.Errorf("the desktop is %s with image %s", d.Status, d.ImageID)
		}
	})
}

func TestASystemThatDoesNotComeUpGetsNoMoreTimeFromAnotherProcess(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		e.must(e.sim.Inject(sim.GuestSilent, sim.Fault{Probability: 1}))
		p := e.start("replica", e.store, e.sim)
		id := e.rebuild()
		for range 5 {
			e.pass(time.Minute)
			p.kill()
			p = e.start("replica", e.store, e.sim)
		}
		defer p.kill()
		e.pass(30 * time.Second)
		if !e.over(id) {
			j, err := e.service.Work.Job(e.t.Context(), project, id)
			t.Errorf("five and a half minutes after its begin the job is %+v, %v", j, err)
		}
	})
}

func TestABadImageStopsAtTheFirstDesktop(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(4)
		was := e.desktops()
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		id := e.rebuild()
		e.pass(job.DefaultBootLimit + 30*time.Second)
		if !e.over(id) {
			t.Error("a system that does not come up holds the rebuild longer than a system may take to come up")
		}
		j := e.finished(id)
		stopped, late := 0, 0
		for _, s := range j.SubJobs {
			if s.Code == workspace.CodeDeadline && strings.Contains(s.Reason, "did not come up within 5m0s: look") {
				late++
			}
			if s.Code == workspace.CodeStopped && strings.Contains(s.Reason, "the first desktop failed") {
				stopped++
			}
		}
		if j.Counts.Failed != 4 || stopped != 3 || late != 1 {
			t.Errorf("the job ended with %+v, %d of its sub-jobs say that it was stopped: %+v", j.Counts, stopped, j.SubJobs)
		}
		untouched := 0
		for i, d := range e.desktops() {
			if d.ImageID == image && d.Status == desktop.StatusActive && d.Root == was[i].Root {
				untouched++
			}
		}
		if p := e.pool(); untouched != 3 || p.ImageID != image || p.Status() != pool.PoolSteady {
			t.Errorf("%d desktops are as they were, the pool has image %s", untouched, p.ImageID)
		}

		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{}))
		_, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, id)
		e.must(err)
		if j := e.finished(id); j.Counts.Succeeded != 4 {
			t.Errorf("retried, the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		e.checkWhole(4, desktop.StatusActive)
	})
}

func TestGoingBackStopsWhatIsUnderWayAndUndoesIt(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.service.Rollouts.Limits.Parallel = 1
		e.addPool(5)
		m := e.bind(4)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		bad := e.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 60 })
		e.until("two desktops", func() bool { return e.withImage(nextImage) == 2 })
		good, err := e.service.Rollouts.RevertPool(e.t.Context(), workspace.Caller{ProjectID: project}, poolID)
		e.must(err)
		if j := e.finished(good); j.Counts.Failed > 0 {
			t.Errorf("going back ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		e.finished(bad)
		if n := e.withImage(image); n != 5 || e.pool().ImageID != image {
			t.Errorf("%d desktops have the former image, the pool has %s", n, e.pool().ImageID)
		}
		said := e.sim.Messages(m.DesktopID)
		if len(said) != 2 || said[1].Title != "The rebuild was cancelled" || said[1].ID != said[0].ID {
			t.Errorf("the person was told %+v", said)
		}
		e.checkWhole(5, desktop.StatusActive)
	})
}

func (e *env) withImage(id string) int {
	n := 0
	for _, d := range e.desktops() {
		if d.ImageID == id && d.Task == workspace.NoTask {
			n++
		}
	}
	return n
}

func TestAMessageIsRepeatedToWhoComesBack(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		m := e.bind(0)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		id := e.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 10 })
		e.until("the message", func() bool { return len(e.sim.Messages(m.DesktopID)) == 1 })
		e.must(e.service.Connections.CloseConnection(e.t.Context(), "none", m.DesktopID))
		ticket := e.ticket(m)
		e.must(e.service.Connections.OpenConnection(e.t.Context(), ticket, desktop.Connection{
			ID: "c", DesktopID: m.DesktopID, UserID: m.UserID, SignInHash: ticket.SignInHash, Gateway: "g", Opened: time.Now(), LeaseUntil: time.Now().Add(3 * time.Hour),
		}))
		e.until("the message again", func() bool { return len(e.sim.Messages(m.DesktopID)) == 2 })
		e.finished(id)
	})
}

// ticket signs a person in and admits them to their desktop.
func (e *env) ticket(m desktop.Member) signin.Ticket {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{TokenHash: "s", UserID: m.UserID, Created: tx.Now(), Expires: tx.Now().Add(24 * time.Hour)})
	}))
	return signin.Ticket{DesktopID: m.DesktopID, UserID: m.UserID, SignInHash: "s"}
}

// TestAFailedResetNamesTheEmptyDisksThatAreThere was found by chaos: the row kept the names of disks that were gone.
func TestAFailedResetNamesTheEmptyDisksThatAreThere(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(1)
		was := e.desktops()[0]
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		if j := e.finished(e.reset()); j.Counts.Failed != 1 {
			e.t.Fatalf("the job ended with %+v", j.Counts)
		}
		row := e.desktops()[0]
		m, err := e.sim.Find(e.t.Context(), row.ID)
		e.must(err)
		if len(m.Data) != 1 || m.Data[0].ID == was.Data[0].ID || row.Data[0].ID != m.Data[0].ID || row.Root != was.Root {
			e.t.Errorf("the desktop had disks %+v and has %+v, its machine %+v", was.Data, row.Data, m.Data)
		}
	})
}

// markUsed makes a desktop of the pool one that somebody had and nobody has.
func (e *env) markUsed(id string) {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		m, err := desktop.ReadMember(e.t.Context(), tx, id)
		if err != nil {
			return err
		}
		m.Used = true
		_, err = desktop.SaveMember(e.t.Context(), tx, m, m.Binding, "")
		return err
	}))
}

// A rebuild of the pool keeps the disks of who has a desktop, and of one that nobody ever had.
func TestARebuildEmptiesTheDisksOfADesktopThatSomebodyHad(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(3)
		e.bind(0)
		was := e.desktops()
		e.markUsed(was[1].ID)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		if j := e.finished(e.rebuild()); j.Counts.Succeeded != 3 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for i, d := range e.desktops() {
			m, err := e.sim.Find(e.t.Context(), d.ID)
			e.must(err)
			if emptied := d.Data[0].ID != was[i].Data[0].ID; emptied != (i == 1) || m.Data[0].ID != d.Data[0].ID {
				t.Errorf("desktop %d had disk %s, has %s, its machine %s", i, was[i].Data[0].ID, d.Data[0].ID, m.Data[0].ID)
			}
		}
	})
}

func TestAResetLeavesNothingOfWhoHadTheDesktop(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		e.bind(0)
		kept, freed := e.desktops()[0], e.desktops()[1]
		e.markUsed(freed.ID)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		if j := e.finished(e.reset()); j.Counts.Succeeded != 2 || j.SubJobs[0].Reason != "a test" {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for i, m := range e.poolMembers() {
			d, err := e.sim.Find(e.t.Context(), m.DesktopID)
			e.must(err)
			row := e.desktops()[0]
			if m.DesktopID == freed.ID {
				row = e.desktops()[1]
			}
			if d.Mark == "" || row.Data[0].ID != d.Data[0].ID {
				t.Errorf("desktop %d has disks %+v, its machine is %+v", i, row.Data, d)
			}
			switch m.DesktopID {
			case kept.ID:
				if !m.Used || !m.Bound() || row.Data[0] != kept.Data[0] {
					t.Errorf("somebody's own desktop is %+v with disks %+v", m, row.Data)
				}
			case freed.ID:
				if m.Used || !m.Idle() || m.IdleSince.IsZero() || row.Data[0].ID == freed.Data[0].ID || row.Data[0].GB != freed.Data[0].GB {
					t.Errorf("a desktop that nobody has is %+v with disks %+v", m, row.Data)
				}
			}
		}
		e.checkWhole(2, desktop.StatusActive)
	})
}
