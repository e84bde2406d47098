package job_test

import (
	"fmt"
	"slices"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// scenario is work that a process is killed in.
type scenario struct {
	name  string
	setUp func(w *world)        // before the mortal process
	ask   func(w *world) string // what the mortal process begins; returns the job
	want  int                   // desktops in the end
	state desktop.DesktopStatus
	check func(w *world) // more about the end, if anything
}

var scenarios = []scenario{
	{
		name: "creating", setUp: func(*world) {}, ask: func(w *world) string { return w.create(2) },
		want: 2, state: desktop.StatusActive,
	},
	{
		name: "deleting", setUp: createTwo, want: 0,
		ask: func(w *world) string {
			id, err := w.service.Desktops.DeleteDesktops(w.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: w.ids()})
			w.must(err)
			return id
		},
	},
	{name: "stopping", setUp: createTwo, ask: operate(desktop.OpStop), want: 2, state: desktop.StatusShutoff},
	{name: "restarting", setUp: createTwo, ask: operate(desktop.OpReboot), want: 2, state: desktop.StatusActive},
	{name: "hibernating", setUp: createTwo, ask: operate(desktop.OpHibernate), want: 2, state: desktop.StatusHibernated},
	{
		name: "attaching", setUp: detachTwo, ask: attachCrosswise, want: 2, state: desktop.StatusActive,
		check: func(w *world) { w.checkInside("fresh-0", "user-1"); w.checkInside("fresh-1", "user-0") },
	},
	{
		name: "detaching", setUp: createTwo, ask: func(w *world) string { return w.detach(true) }, want: 2, state: desktop.StatusShutoff,
	},
	{
		name: "changing privileges", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask: func(w *world) string {
			r := assignment.ChangePrivileges{Caller: workspace.Caller{ProjectID: project}, Group: workspace.GroupSudo}
			for _, id := range w.ids() {
				r.Desktops = append(r.Desktops, assignment.PrivilegeChange{DesktopID: id})
			}
			id, err := w.service.Assignments.ChangePrivileges(w.t.Context(), r)
			w.must(err)
			return id
		},
		check: func(w *world) { w.checkInside("user-001", "user-0"); w.checkInside("user-101", "user-1") },
	},
	{
		name: "renaming a person", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask:   func(w *world) string { return w.rename("user-0", "ada", true) },
		check: func(w *world) { w.checkInside("user-001", "ada"); w.checkInside("user-101", "user-1") },
	},
}

func detachTwo(w *world) {
	p := w.start("setup", w.store, w.sim)
	w.finished(w.create(2))
	w.finished(w.detach(false))
	p.kill()
}

// attachCrosswise gives each of two people the other's former desktop, under a new name.
func attachCrosswise(w *world) string {
	r := assignment.AttachDesktops{Caller: workspace.Caller{ProjectID: project}}
	for i, id := range w.ids() {
		r.Desktops = append(r.Desktops, assignment.AttachDesktop{
			DesktopID: id, UserName: fmt.Sprintf("user-%d", 1-i), ComputerName: fmt.Sprintf("fresh-%d", i), ClearData: true,
		})
	}
	id, err := w.service.Assignments.AttachDesktops(w.t.Context(), r)
	w.must(err)
	return id
}

func createTwo(w *world) {
	p := w.start("setup", w.store, w.sim)
	w.finished(w.create(2))
	p.kill()
}

func operate(op desktop.Operation) func(*world) string {
	return func(w *world) string {
		r, err := w.service.Desktops.OperateDesktops(w.t.Context(), desktop.OperateDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: w.ids(), Op: op})
		w.must(err)
		return r.JobID
	}
}

// TestKilledAtAnyCallTheNextProcessFinishes kills a process at each of its calls to the store and the engine in turn, before
// and after the call does its work, and lets the next process finish.
func TestKilledAtAnyCallTheNextProcessFinishes(t *testing.T) {
	for _, s := range slices.Concat(scenarios, poolScenarios) {
		for _, after := range []bool{false, true} {
			moment := "before"
			if after {
				moment = "after"
			}
			t.Run(s.name+" "+moment, func(t *testing.T) {
				for n := 1; killAt(t, s, n, after); n += killEvery() {
				}
			})
		}
	}
}

// killAt plays a scenario with a kill at the n-th call, and says whether it came so far.
func killAt(t *testing.T, s scenario, n int, after bool) (died bool) {
	t.Helper()
	t.Run(fmt.Sprint(n), func(t *testing.T) {
		inWorld(t, twoImages(), func(w *world) {
			s.setUp(w)
			m := newMortal(n, after)
			jobID := s.ask(w)
			first := w.startMortal(m)
			w.until("the end of the job or the process", func() bool { return m.dead() || w.over(jobID) })
			first.kill()
			died = m.dead()

			next := w.start("replica", w.store, w.sim)
			if j := w.finished(jobID); j.Counts.Failed > 0 {
				t.Errorf("%d sub-jobs failed: %+v", j.Counts.Failed, j.SubJobs)
			}
			w.until("the last worker's end", func() bool { return w.quiet() })
			next.kill()
			w.checkWhole(s.want, s.state)
			if s.check != nil {
				s.check(w)
			}
		})
	})
	return died && !t.Failed()
}
