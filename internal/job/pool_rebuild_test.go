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
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(3)
		was := w.desktops()
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		w.finished(operateOne(w, was[2].ID, desktop.OpStop))

		if j := w.finished(w.rebuild()); j.Counts.Succeeded != 3 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		images, err := w.sim.Images(w.t.Context())
		w.must(err)
		for i, d := range w.desktops() {
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
			m, err := w.sim.Find(w.t.Context(), d.ID)
			w.must(err)
			if m.Image != images[1].ID || m.Data[0].ID != d.Data[0].ID || m.Address != d.Address || (m.State == engine.Running) != (i != 2) {
				t.Errorf("the machine of %s is %+v", d.Name, m)
			}
		}
		if p := w.pool(); p.ImageID != nextImage || len(p.History) != 2 || p.Status() != pool.PoolSteady {
			t.Errorf("the pool is %s with image %s and history %+v", p.Status(), p.ImageID, p.History)
		}
	})
}

func operateOne(w *world, id string, op desktop.Operation) string {
	w.t.Helper()
	r, err := w.service.Desktops.OperateDesktops(w.t.Context(), desktop.OperateDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: []string{id}, Op: op})
	w.must(err)
	return r.JobID
}

func TestThePoolTakesTheImageWhenTheFirstDesktopWorksWithIt(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(4)
		id := w.rebuild()
		if n := w.rebuilding(); n != 1 {
			t.Errorf("%d desktops are begun at first, want the one that goes ahead", n)
		}
		if p := w.pool(); p.ImageID != image {
			t.Error("the pool has the image before any desktop works with it")
		}
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		w.until("the others' turn", func() bool { return w.rebuilding() == 3 })
		if p := w.pool(); p.ImageID != nextImage {
			t.Error("a desktop works with the image and the pool does not have it")
		}
		w.finished(id)
	})
}

func TestTheLogOfARebuildTellsTheLimitsInForce(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		w.rebuild()
		var log []pool.PoolDecision
		w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
			log, _, err = pool.Decisions(w.t.Context(), tx, poolID, pool.DecideRollout, workspace.Page{Limit: 1})
			return err
		}))
		if len(log) != 1 || !strings.Contains(string(log[0].Inputs), `"parallel":5`) {
			t.Errorf("decisions %s, want how many desktops go at a time", log)
		}
	})
}

// rebuilding counts the desktops whose system disk is being replaced.
func (w *world) rebuilding() int {
	n := 0
	for _, d := range w.desktops() {
		if d.Task == desktop.TaskRebuilding {
			n++
		}
	}
	return n
}

func TestPeopleAreToldAndMaySaveUntilTheDeadline(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		m := w.seat(0)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		asked := time.Now()
		id := w.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes, r.Message = 15, "The new office suite comes." })
		w.until("the message", func() bool { return len(w.sim.Messages(m.DesktopID)) > 0 })
		said := w.sim.Messages(m.DesktopID)[0]
		if !said.Urgent || !strings.HasPrefix(said.Text, "The new office suite comes.\n\nIn 15 minutes ") || said.Account != "person-0" || said.Until.IsZero() {
			t.Errorf("the person is told %+v", said)
		}
		if c := w.countdowns(m.DesktopID)[m.DesktopID]; !c.At.Equal(said.Until) || c.Message != "The new office suite comes." || c.Left {
			t.Errorf("the portal is told %+v", c)
		}
		w.until("the other desktop", func() bool { return w.desktops()[1].ImageID == nextImage })
		if d := w.desktops()[0]; d.Task != workspace.NoTask || d.Login != desktop.LoginConnected {
			t.Errorf("the person is cut off at once: %+v", d)
		}
		w.pass(14*time.Minute + 50*time.Second)
		if said := w.sim.Messages(m.DesktopID); len(said) != 3 || !strings.Contains(said[2].Text, "In 1 minute ") || said[2].ID != said[0].ID {
			t.Errorf("the person is reminded by %+v", said)
		}
		w.until("the deadline", func() bool { return w.rebuilding() == 1 })
		if waited := time.Since(asked); waited < 15*time.Minute || waited > 15*time.Minute+10*time.Second {
			t.Errorf("the rebuild began after %v", waited)
		}
		w.finished(id)
		d := w.desktops()[0]
		if d.Login != desktop.LoginRegistered || len(d.Assignments) != 1 {
			t.Errorf("afterwards the desktop is %+v", d)
		}
		w.checkWhole(2, desktop.StatusActive)
	})
}

func (w *world) countdowns(ids ...string) (c map[string]pool.PoolCountdown) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		c, err = rollout.Countdowns(w.t.Context(), tx, ids)
		return err
	}))
	return c
}

func TestWhoIsReadyNeedNotWait(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		m := w.seat(1)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		id := w.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 600 })
		w.until("the message", func() bool { return len(w.sim.Messages(m.DesktopID)) > 0 })
		w.must(w.service.Connections.MarkReady(w.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID))
		w.until("the rebuild", func() bool { return w.rebuilding() == 1 })
		w.must(w.service.Connections.MarkReady(w.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID))
		w.finished(id)
		w.checkWhole(2, desktop.StatusActive)
		err := w.service.Connections.MarkReady(w.t.Context(), signin.Visitor{User: directory.User{ID: m.UserID, ProjectID: project}}, m.DesktopID)
		if workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("ready for nothing: %v", err)
		}
	})
}

func TestDesktopsThatAreMadeWhileOneGoesAheadGetTheImageAsWell(t *testing.T) {
	for name, canaries := range map[string]int{"one of several": 3, "the only one": 1} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, twoImages(), func(w *world) {
				w.addPool(canaries)
				w.pass(time.Second)
				id := w.rebuild()
				w.pass(time.Second)
				expansion, err := w.service.Pools.ExpandPool(w.t.Context(), pool.ExpandPool{
					Caller: workspace.Caller{ProjectID: project}, PoolID: poolID, Size: 2,
				})
				w.must(err)
				p := w.start("replica", w.store, w.sim)
				defer p.kill()
				w.finished(expansion)
				w.until("the end of the rebuild", func() bool { return w.over(id) && w.pool().ImageID == nextImage && w.quiet() })
				w.pass(10 * time.Second)
				j := w.finished(id)
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
				for _, d := range w.desktops() {
					if d.ImageID != nextImage {
						t.Errorf("desktop %s has the former image", d.Name)
					}
				}
				w.checkWhole(canaries+2, desktop.StatusActive)
				if p := w.pool(); p.Status() != pool.PoolSteady {
					t.Errorf("the pool is %s", p.Status())
				}
			})
		})
	}
}

func TestADesktopThatIsMendedByHandAfterItsRebuildFailedHasTheNewImage(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(1)
		w.must(w.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		w.finished(w.rebuild())
		if d := w.desktops()[0]; d.Status != desktop.StatusError || d.ImageID != image {
			t.Fatalf("after the rebuild the desktop is %s with image %s", d.Status, d.ImageID)
		}
		w.must(w.sim.Inject(sim.GuestFails, sim.Fault{}))
		if j := w.finished(operateOne(w, w.desktops()[0].ID, desktop.OpReboot)); j.Counts.Succeeded != 1 {
			t.Fatalf("restarting ended with %+v", j.SubJobs)
		}
		if d := w.desktops()[0]; d.Status != desktop.StatusActive || d.ImageID != nextImage {
			t.Errorf("the desktop is %s with image %s", d.Status, d.ImageID)
		}
	})
}

func TestASystemThatDoesNotComeUpGetsNoMoreTimeFromAnotherProcess(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		w.must(w.sim.Inject(sim.GuestSilent, sim.Fault{Probability: 1}))
		p := w.start("replica", w.store, w.sim)
		id := w.rebuild()
		for range 5 {
			w.pass(time.Minute)
			p.kill()
			p = w.start("replica", w.store, w.sim)
		}
		defer p.kill()
		w.pass(30 * time.Second)
		if !w.over(id) {
			j, err := w.service.Work.Job(w.t.Context(), project, id)
			t.Errorf("five and a half minutes after its begin the job is %+v, %v", j, err)
		}
	})
}

func TestABadImageStopsAtTheFirstDesktop(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(4)
		was := w.desktops()
		w.must(w.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		id := w.rebuild()
		w.pass(job.DefaultBootLimit + 30*time.Second)
		if !w.over(id) {
			t.Error("a system that does not come up holds the rebuild longer than a system may take to come up")
		}
		j := w.finished(id)
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
		for i, d := range w.desktops() {
			if d.ImageID == image && d.Status == desktop.StatusActive && d.Root == was[i].Root {
				untouched++
			}
		}
		if p := w.pool(); untouched != 3 || p.ImageID != image || p.Status() != pool.PoolSteady {
			t.Errorf("%d desktops are as they were, the pool has image %s", untouched, p.ImageID)
		}

		w.must(w.sim.Inject(sim.GuestFails, sim.Fault{}))
		_, err := w.service.Work.RetryJob(w.t.Context(), project, id)
		w.must(err)
		if j := w.finished(id); j.Counts.Succeeded != 4 {
			t.Errorf("retried, the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		w.checkWhole(4, desktop.StatusActive)
	})
}

func TestGoingBackStopsWhatIsUnderWayAndUndoesIt(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.service.Rollouts.Limits.Parallel = 1
		w.addPool(5)
		m := w.seat(4)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		bad := w.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 60 })
		w.until("two desktops", func() bool { return w.withImage(nextImage) == 2 })
		good, err := w.service.Rollouts.RevertPool(w.t.Context(), workspace.Caller{ProjectID: project}, poolID)
		w.must(err)
		if j := w.finished(good); j.Counts.Failed > 0 {
			t.Errorf("going back ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		w.finished(bad)
		if n := w.withImage(image); n != 5 || w.pool().ImageID != image {
			t.Errorf("%d desktops have the former image, the pool has %s", n, w.pool().ImageID)
		}
		said := w.sim.Messages(m.DesktopID)
		if len(said) != 2 || said[1].Title != "This desktop stays as it is" || said[1].ID != said[0].ID {
			t.Errorf("the person was told %+v", said)
		}
		w.checkWhole(5, desktop.StatusActive)
	})
}

func (w *world) withImage(id string) int {
	n := 0
	for _, d := range w.desktops() {
		if d.ImageID == id && d.Task == workspace.NoTask {
			n++
		}
	}
	return n
}

func TestAMessageIsRepeatedToWhoComesBack(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		m := w.seat(0)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		id := w.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 10 })
		w.until("the message", func() bool { return len(w.sim.Messages(m.DesktopID)) == 1 })
		w.must(w.service.Connections.CloseConnection(w.t.Context(), "none", m.DesktopID))
		ticket := w.ticket(m)
		w.must(w.service.Connections.OpenConnection(w.t.Context(), ticket, desktop.Connection{
			ID: "c", DesktopID: m.DesktopID, UserID: m.UserID, SignInHash: ticket.SignInHash, Gateway: "g", Opened: time.Now(), LeaseUntil: time.Now().Add(3 * time.Hour),
		}))
		w.until("the message again", func() bool { return len(w.sim.Messages(m.DesktopID)) == 2 })
		w.finished(id)
	})
}

// ticket signs a person in and admits them to their desktop.
func (w *world) ticket(m desktop.Member) signin.Ticket {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		return signin.InsertSignIn(w.t.Context(), tx, signin.SignIn{TokenHash: "s", UserID: m.UserID, Created: tx.Now(), Expires: tx.Now().Add(24 * time.Hour)})
	}))
	return signin.Ticket{DesktopID: m.DesktopID, UserID: m.UserID, SignInHash: "s"}
}

// TestAFailedResetNamesTheEmptyDisksThatAreThere was found by chaos: the row kept the names of disks that were gone.
func TestAFailedResetNamesTheEmptyDisksThatAreThere(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(1)
		was := w.desktops()[0]
		w.must(w.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		if j := w.finished(w.reset()); j.Counts.Failed != 1 {
			w.t.Fatalf("the job ended with %+v", j.Counts)
		}
		row := w.desktops()[0]
		m, err := w.sim.Find(w.t.Context(), row.ID)
		w.must(err)
		if len(m.Data) != 1 || m.Data[0].ID == was.Data[0].ID || row.Data[0].ID != m.Data[0].ID || row.Root != was.Root {
			w.t.Errorf("the desktop had disks %+v and has %+v, its machine %+v", was.Data, row.Data, m.Data)
		}
	})
}

// markUsed makes a desktop of the pool one that somebody had and nobody has.
func (w *world) markUsed(id string) {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		m, err := desktop.ReadMember(w.t.Context(), tx, id)
		if err != nil {
			return err
		}
		m.Used = true
		_, err = desktop.SaveMember(w.t.Context(), tx, m, m.Binding, "")
		return err
	}))
}

// A rebuild of the pool keeps the disks of who has a desktop, and of one that nobody ever had.
func TestARebuildEmptiesTheDisksOfADesktopThatSomebodyHad(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(3)
		w.seat(0)
		was := w.desktops()
		w.markUsed(was[1].ID)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		if j := w.finished(w.rebuild()); j.Counts.Succeeded != 3 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for i, d := range w.desktops() {
			m, err := w.sim.Find(w.t.Context(), d.ID)
			w.must(err)
			if emptied := d.Data[0].ID != was[i].Data[0].ID; emptied != (i == 1) || m.Data[0].ID != d.Data[0].ID {
				t.Errorf("desktop %d had disk %s, has %s, its machine %s", i, was[i].Data[0].ID, d.Data[0].ID, m.Data[0].ID)
			}
		}
	})
}

func TestAResetLeavesNothingOfWhoHadTheDesktop(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		w.seat(0)
		kept, freed := w.desktops()[0], w.desktops()[1]
		w.markUsed(freed.ID)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		if j := w.finished(w.reset()); j.Counts.Succeeded != 2 || j.SubJobs[0].Reason != "a test" {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for i, m := range w.poolMembers() {
			d, err := w.sim.Find(w.t.Context(), m.DesktopID)
			w.must(err)
			row := w.desktops()[0]
			if m.DesktopID == freed.ID {
				row = w.desktops()[1]
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
		w.checkWhole(2, desktop.StatusActive)
	})
}
