package job_test

import (
	"fmt"
	"slices"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

// scenario is work that a process is killed in.
type scenario struct {
	name  string
	setUp func(e *env)        // before the killable process
	ask   func(e *env) string // what the killable process begins; returns the job
	want  int                 // desktops in the end
	state desktop.DesktopStatus
	check func(e *env) // more about the end, if anything
}

var scenarios = []scenario{
	{
		name: "creating", setUp: func(*env) {}, ask: func(e *env) string { return e.create(2) },
		want: 2, state: desktop.StatusActive,
	},
	{
		name: "deleting", setUp: createTwo, want: 0,
		ask: func(e *env) string {
			id, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{Caller: workspace.Caller{ProjectID: project}, IDs: e.ids()})
			e.must(err)
			return id
		},
	},
	{name: "stopping", setUp: createTwo, ask: operateAll(desktop.PowerStop), want: 2, state: desktop.StatusShutoff},
	{name: "restarting", setUp: createTwo, ask: operateAll(desktop.PowerReboot), want: 2, state: desktop.StatusActive},
	{name: "hibernating", setUp: createTwo, ask: operateAll(desktop.PowerHibernate), want: 2, state: desktop.StatusHibernated},
	{
		name: "attaching", setUp: detachTwo, ask: attachCrosswise, want: 2, state: desktop.StatusActive,
		check: func(e *env) { e.checkInside("fresh-0", "user-1"); e.checkInside("fresh-1", "user-0") },
	},
	{
		name: "detaching", setUp: createTwo, ask: func(e *env) string { return e.detach(true) }, want: 2, state: desktop.StatusShutoff,
	},
	{
		name: "changing privileges", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string {
			r := assignment.ChangePrivileges{Caller: workspace.Caller{ProjectID: project}, Group: workspace.GroupSudo}
			for _, id := range e.ids() {
				r.Desktops = append(r.Desktops, assignment.PrivilegeChange{DesktopID: id})
			}
			id, err := e.service.Assignments.ChangePrivileges(e.t.Context(), r)
			e.must(err)
			return id
		},
		check: func(e *env) { e.checkInside("user-001", "user-0"); e.checkInside("user-101", "user-1") },
	},
	{
		name: "renaming a person", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask:   func(e *env) string { return e.rename("user-0", "ada", true) },
		check: func(e *env) { e.checkInside("user-001", "ada"); e.checkInside("user-101", "user-1") },
	},
	{
		name: "renaming a desktop", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string {
			e.must(e.service.Assignments.RenameDesktop(e.t.Context(), assignment.RenameDesktop{
				Caller: workspace.Caller{ProjectID: project}, DesktopID: e.named("user-001").ID, Name: "fresh",
			}))
			return e.lastJob(workspace.JobRenameDesktops)
		},
		check: func(e *env) {
			if status, err := e.sim.Status(e.t.Context(), e.named("fresh").ID); err != nil || status.Hostname != "fresh" {
				e.t.Errorf("inside it is %+v, %v", status, err)
			}
		},
	},
	{
		name: "logging off", setUp: func(e *env) { createTwo(e); e.connectAll() }, want: 2, state: desktop.StatusActive,
		ask:   func(e *env) string { return e.logOff("Closing.") },
		check: func(e *env) { e.wantLoggedOff() },
	},
	{
		name: "rebuilding", setUp: func(e *env) { createTwo(e); e.addNextImage(); e.connectAll() }, want: 2, state: desktop.StatusActive,
		ask:   func(e *env) string { return e.rebuildAll(1) },
		check: func(e *env) { e.wantRebuilt() },
	},
	{
		name: "resizing", setUp: func(e *env) { createTwo(e); e.addProduct() }, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string { return e.resizeAll() },
		check: func(e *env) {
			for _, d := range e.desktops() {
				if m, err := e.sim.Find(e.t.Context(), d.ID); err != nil || m.CPUs != 4 || d.ProductID != largerProduct {
					e.t.Errorf("desktop %+v has machine %+v, %v", d, m, err)
				}
			}
		},
	},
	{
		name: "showing a message", setUp: func(e *env) { createTwo(e); e.connectAll() }, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string { return e.notifyAll("Lunch!") },
		check: func(e *env) {
			for _, id := range e.ids() {
				if m := e.sim.Messages(id); len(m) == 0 || m[0].Text != "Lunch!" || m[0].ID != m[len(m)-1].ID {
					e.t.Errorf("desktop %s shows %+v", id, m)
				}
			}
		},
	},
	{
		name: "running scripts", setUp: createTwo, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string {
			return e.task(e.execute(script.Execute{ScriptIDs: []string{e.script("one", "sleep 2; echo 1"), e.script("two", "echo 2")}, FirstCount: 1})).JobID
		},
		check: func(e *env) {
			for _, r := range e.records() {
				if r.Status != script.Succeeded || e.output(r) == "" {
					e.t.Errorf("%s in %s: %+v", r.ScriptName, r.DesktopName, r)
				}
			}
			for _, id := range e.ids() {
				if runs := e.sim.Runs(id); len(runs) != 2 {
					e.t.Errorf("desktop %s has begun %v", id, runs)
				}
			}
		},
	},
}

func detachTwo(e *env) {
	p := e.start("setup", e.store, e.sim)
	e.finished(e.create(2))
	e.finished(e.detach(false))
	p.kill()
}

// attachCrosswise gives each of two people the other's former desktop, under a new name.
func attachCrosswise(e *env) string {
	r := assignment.AttachDesktops{Caller: workspace.Caller{ProjectID: project}}
	for i, id := range e.ids() {
		r.Desktops = append(r.Desktops, assignment.AttachDesktop{
			DesktopID: id, UserName: fmt.Sprintf("user-%d", 1-i), ComputerName: fmt.Sprintf("fresh-%d", i), ClearData: true,
		})
	}
	id, err := e.service.Assignments.AttachDesktops(e.t.Context(), r)
	e.must(err)
	return id
}

func createTwo(e *env) {
	p := e.start("setup", e.store, e.sim)
	e.finished(e.create(2))
	p.kill()
}

func operateAll(action desktop.PowerAction) func(*env) string {
	return func(e *env) string {
		r, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: workspace.Caller{ProjectID: project}, IDs: e.ids(), Action: action})
		e.must(err)
		return r.JobID
	}
}

// TestKilledAtAnyCallTheNextProcessFinishes kills a process at each of its calls to the store and the engine in turn, before
// and after the call does its work, and lets the next process finish.
func TestKilledAtAnyCallTheNextProcessFinishes(t *testing.T) {
	for _, s := range slices.Concat(scenarios, poolScenarios, volumeScenarios, snapshotScenarios, networkScenarios, []scenario{imageScenario}) {
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
		inEnv(t, twoImages(), func(e *env) {
			s.setUp(e)
			m := newKillable(n, after)
			jobID := s.ask(e)
			first := e.startKillable(m)
			e.until("the end of the job or the process", func() bool { return m.dead() || e.over(jobID) })
			first.kill()
			died = m.dead()

			next := e.start("replica", e.store, e.sim)
			if j := e.finished(jobID); j.Counts.Failed > 0 {
				t.Errorf("%d sub-jobs failed: %+v", j.Counts.Failed, j.SubJobs)
			}
			e.until("the last worker's end", func() bool { return e.quiet() })
			next.kill()
			e.checkWhole(s.want, s.state)
			if s.check != nil {
				s.check(e)
			}
		})
	})
	return died && !t.Failed()
}
