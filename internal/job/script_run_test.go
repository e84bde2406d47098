package job_test

import (
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine/sim"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

var scriptCaller = workspace.Caller{ProjectID: project}

// script keeps a script and returns its id.
func (e *env) script(name, content string) string {
	e.t.Helper()
	id, err := e.service.Scripts.Create(e.t.Context(), scriptCaller, script.Script{Meta: workspace.Meta{Name: name}, Type: script.Shell, Content: content})
	e.must(err)
	return id
}

// execute orders a task, in all desktops unless the request names some, and returns its id.
func (e *env) execute(r script.Execute) string {
	e.t.Helper()
	r.Caller, r.Noun = scriptCaller, "desktop"
	if r.IDs == nil {
		r.IDs = e.ids()
	}
	id, err := e.service.Scripts.Execute(e.t.Context(), r)
	e.must(err)
	return id
}

func (e *env) task(id string) script.Task {
	e.t.Helper()
	found, total, err := e.service.Scripts.Tasks(e.t.Context(), script.TaskQuery{ProjectID: project, IDs: []string{id}, Page: workspace.Page{Limit: 1}})
	e.must(err)
	if total != 1 {
		e.t.Fatalf("%d tasks are called %s", total, id)
	}
	return found[0]
}

// ended waits for a task's end.
func (e *env) ended(id string) script.Task {
	e.t.Helper()
	e.until("the end of the task", func() bool { return !e.task(id).Ended.IsZero() })
	return e.task(id)
}

// records reads all records, those of a task by desktop.
func (e *env) records(taskID ...string) []script.Record {
	e.t.Helper()
	q := script.RecordQuery{ProjectID: project, TaskID: strings.Join(taskID, ""), Page: workspace.Page{Limit: 1000}}
	found, _, err := e.service.Scripts.Records(e.t.Context(), q)
	e.must(err)
	return found
}

func (e *env) output(r script.Record) string {
	e.t.Helper()
	full, err := e.service.Scripts.Record(e.t.Context(), project, r.ID)
	e.must(err)
	return full.Output
}

func (e *env) checkTask(t script.Task, status script.Status, succeeded, failed, skipped int) {
	e.t.Helper()
	if t.Status != status || t.Succeeded != succeeded || t.Failed != failed || t.Skipped != skipped {
		e.t.Errorf("the task is %s with %d, %d and %d, want %s with %d succeeded, %d failed and %d skipped", t.Status, t.Succeeded, t.Failed, t.Skipped, status, succeeded, failed, skipped)
	}
}

// withDesktops runs a test with n desktops and a process.
func withDesktops(t *testing.T, n int, test func(e *env)) {
	t.Helper()
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(n))
		test(e)
	})
}

func TestScriptsRunInOrderUntilOneFails(t *testing.T) {
	withDesktops(t, 2, func(e *env) {
		first, second, third := e.script("first", "echo a"), e.script("second", "echo b; exit 3"), e.script("third", "echo c")
		id := e.execute(script.Execute{ScriptIDs: []string{first, second, third}})
		e.checkTask(e.ended(id), script.TaskFailed, 2, 2, 2)
		for _, r := range e.records(id) {
			switch r.ScriptID {
			case first:
				if r.Status != script.Succeeded || r.ResultCode != "0" || e.output(r) != "a\n" {
					t.Errorf("the first: %+v", r)
				}
			case second:
				if r.Status != script.Failed || r.ResultCode != "3" || r.Reason != "it ended with status 3" || e.output(r) != "b\n" {
					t.Errorf("the second: %+v", r)
				}
			default:
				if r.Status != script.Skipped || r.ResultCode != script.ResultAfter || !r.Begun.IsZero() || r.Ended.IsZero() {
					t.Errorf("the third: %+v", r)
				}
			}
		}
		j := e.finished(e.task(id).JobID)
		if j.Counts.Failed != 2 || !strings.Contains(j.SubJobs[0].Reason, "script second: it ended with status 3") || j.SubJobs[0].Code != workspace.CodeScriptFailed {
			t.Errorf("its job: %+v", j.SubJobs)
		}
		e.checkWhole(2, desktop.StatusActive)
	})
}

func TestAScriptThatHangsIsKilled(t *testing.T) {
	withDesktops(t, 1, func(e *env) {
		id := e.execute(script.Execute{Command: "echo begun; sleep 100000", Minutes: 5})
		e.checkTask(e.ended(id), script.TaskFailed, 0, 1, 0)
		r := e.records(id)[0]
		if took := r.Ended.Sub(r.Begun); took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("it was killed after %v", took)
		}
		if r.ResultCode != script.ResultLate || !strings.Contains(r.Reason, "5 minutes") || e.output(r) != "begun\n" {
			t.Errorf("%+v", r)
		}
	})
}

func TestTheFirstBatchDecides(t *testing.T) {
	withDesktops(t, 4, func(e *env) {
		good := e.execute(script.Execute{Command: "sleep 10", FirstCount: 2})
		e.until("the first batch's begin", func() bool { return e.task(good).Status == script.TaskRunning })
		for _, r := range e.records(good) {
			if r.Batch == 2 && r.Status != script.Waiting {
				t.Errorf("before the first batch has ended: %+v", r)
			}
		}
		e.checkTask(e.ended(good), script.TaskFinished, 4, 0, 0)
		bad := e.execute(script.Execute{Command: "exit 1", FirstIDs: e.ids()[2:3]})
		e.checkTask(e.ended(bad), script.TaskFailed, 0, 1, 3)
		if j := e.finished(e.task(bad).JobID); j.Counts.Failed != 1 || j.Counts.Succeeded != 3 {
			t.Errorf("its job: %+v", j.Counts)
		}
	})
}

func TestOnlyDesktopsThatAreOnRunScripts(t *testing.T) {
	withDesktops(t, 2, func(e *env) {
		off := e.ids()[:1]
		stop, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: scriptCaller, IDs: off, Action: desktop.PowerStop})
		e.must(err)
		e.finished(stop.JobID)
		id := e.execute(script.Execute{Command: "echo on"})
		e.checkTask(e.ended(id), script.TaskFinished, 1, 0, 1)
		if j := e.finished(e.task(id).JobID); j.Counts.Status() != workspace.JobSuccess {
			t.Errorf("its job: %+v", j.SubJobs)
		}
		start, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: scriptCaller, IDs: off, Action: desktop.PowerStart})
		e.must(err)
		e.finished(start.JobID)
		_, err = e.service.Scripts.Retry(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: id})
		e.must(err)
		e.checkTask(e.ended(id), script.TaskFinished, 2, 0, 0)
	})
}

func TestTheUserRunsAScript(t *testing.T) {
	withDesktops(t, 1, func(e *env) {
		id := e.execute(script.Execute{Command: "whoami", AsUser: true})
		e.checkTask(e.ended(id), script.TaskFinished, 1, 0, 0)
		if out := e.output(e.records(id)[0]); out != "user-0\n" {
			t.Errorf("%q runs it", out)
		}
		e.finished(e.detach(false))
		e.until("the desktop's rest", e.quiet)
		id = e.execute(script.Execute{Command: "whoami", AsUser: true})
		e.checkTask(e.ended(id), script.TaskFinished, 0, 0, 1)
	})
}

func TestStoppingATask(t *testing.T) {
	withDesktops(t, 3, func(e *env) {
		id := e.execute(script.Execute{Command: "echo begun; sleep 100000", Minutes: 600, FirstCount: 2})
		e.until("the begin", func() bool {
			running := 0
			for _, r := range e.records(id) {
				if r.Status == script.Running {
					running++
				}
			}
			return running == 2
		})
		e.pass(10 * time.Minute) // workers have let go of it, and taken it up again
		for range 2 {
			e.must(e.service.Scripts.Stop(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: id}))
		}
		e.checkTask(e.ended(id), script.TaskFailed, 0, 2, 1)
		for _, r := range e.records(id) {
			if r.ResultCode != script.ResultStopped || r.Batch == 1 && e.output(r) != "begun\n" {
				t.Errorf("%+v", r)
			}
		}
		e.must(e.service.Scripts.Stop(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: id}))
		e.checkTask(e.task(id), script.TaskFailed, 0, 2, 1)
		if j := e.finished(e.task(id).JobID); j.Counts.Failed != 2 || j.Counts.Succeeded != 1 {
			t.Errorf("its job: %+v", j.SubJobs)
		}
	})
}

func TestRetryRunsWhatDidNotSucceed(t *testing.T) {
	withDesktops(t, 3, func(e *env) {
		id := e.execute(script.Execute{Command: "exit 1", FirstIDs: e.ids()[1:2]})
		e.checkTask(e.ended(id), script.TaskFailed, 0, 1, 2)
		before := e.task(id).JobID
		_, err := e.service.Scripts.Retry(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: id})
		e.must(err)
		if _, err := e.service.Scripts.Retry(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: id}); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("retrying what runs: %v", err)
		}
		e.checkTask(e.ended(id), script.TaskFailed, 0, 1, 2)
		if e.task(id).JobID == before {
			t.Error("the retry has no job")
		}
		if _, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, before); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("retrying the former job: %v", err)
		}
		job, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, e.task(id).JobID)
		e.must(err)
		e.finished(job)
		e.checkTask(e.ended(id), script.TaskFailed, 0, 1, 2)
		for _, r := range e.records(id) {
			if r.Attempt != 2 {
				t.Errorf("%+v", r)
			}
		}
		done := e.execute(script.Execute{Command: "exit 0"})
		e.ended(done)
		if _, err := e.service.Scripts.Retry(e.t.Context(), script.Choice{Caller: scriptCaller, TaskID: done}); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("retrying what has succeeded: %v", err)
		}
	})
}

func TestADesktopThatIsDeletedOrSwitchedOffFailsItsScript(t *testing.T) {
	withDesktops(t, 3, func(e *env) {
		ids := e.ids()
		id := e.execute(script.Execute{Command: "sleep 100000", Minutes: 600, FirstIDs: ids[:2]})
		e.until("the begin", func() bool {
			for _, r := range e.records(id) {
				if r.Batch == 1 && r.Status != script.Running {
					return false
				}
			}
			return true
		})
		job, err := e.service.Desktops.DeleteDesktops(e.t.Context(), desktop.DeleteDesktops{Caller: scriptCaller, IDs: ids[:1]})
		e.must(err)
		if j := e.finished(job); j.Counts.Failed > 0 {
			t.Errorf("deleting: %+v", j.SubJobs)
		}
		off, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: scriptCaller, IDs: ids[1:2], Action: desktop.PowerReboot})
		e.must(err)
		e.finished(off.JobID)
		e.checkTask(e.ended(id), script.TaskFailed, 0, 2, 1)
		for _, r := range e.records(id) {
			if r.Batch == 1 && !strings.Contains(r.Reason, "deleted") && !strings.Contains(r.Reason, "switched off") {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestAHibernatedDesktopGoesOnWithItsScript(t *testing.T) {
	withDesktops(t, 1, func(e *env) {
		id := e.execute(script.Execute{Command: "sleep 200; echo done", Minutes: 60})
		e.until("the begin", func() bool { return e.records(id)[0].Status == script.Running })
		for _, action := range []desktop.PowerAction{desktop.PowerHibernate, desktop.PowerStart} {
			r, err := e.service.Desktops.RunPowerAction(e.t.Context(), desktop.RunPowerAction{Caller: scriptCaller, IDs: e.ids(), Action: action})
			e.must(err)
			e.finished(r.JobID)
			e.pass(2 * time.Minute)
		}
		e.checkTask(e.ended(id), script.TaskFinished, 1, 0, 0)
	})
}

func TestADesktopIsRestartedAfterItsScripts(t *testing.T) {
	withDesktops(t, 2, func(e *env) {
		id := e.execute(script.Execute{Command: "echo updated", Finish: script.Stop, IDs: e.ids()[:1]})
		e.checkTask(e.ended(id), script.TaskFinished, 1, 0, 0)
		e.until("the power-off", e.quiet)
		for _, d := range e.desktops() {
			want := desktop.StatusActive
			if d.ID == e.ids()[0] {
				want = desktop.StatusShutoff
			}
			if d.Status != want {
				t.Errorf("desktop %s is %s, want %s", d.Name, d.Status, want)
			}
		}
	})
}

func TestAScriptInUseIsNotDeleted(t *testing.T) {
	withDesktops(t, 1, func(e *env) {
		id := e.script("busy", "sleep 100")
		task := e.execute(script.Execute{ScriptIDs: []string{id}, Minutes: 5})
		if err := e.service.Scripts.Delete(e.t.Context(), scriptCaller, id); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("deleting it before its task has ended: %v", err)
		}
		content := "echo other"
		e.must(e.service.Scripts.Update(e.t.Context(), scriptCaller, id, script.Change{Content: &content}))
		e.checkTask(e.ended(task), script.TaskFinished, 1, 0, 0)
		e.must(e.service.Scripts.Delete(e.t.Context(), scriptCaller, id))
		was, err := e.service.Scripts.Get(e.t.Context(), project, id, task)
		e.must(err)
		if was.Content != "sleep 100" || was.Name != "busy" {
			t.Errorf("the script of the task: %+v", was)
		}
	})
}
