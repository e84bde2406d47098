package script_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var scripts = map[string]func(*env){
	"scripts are listed without their content, filtered and read with it": func(e *env) {
		red := e.keep("Red_1")
		e.Clock.Advance(time.Second)
		blue := e.keep("blue")
		list := func(q script.Query) (ids []string) {
			q.ProjectID, q.Page = storetest.Project, storetest.Everything
			found, total, err := e.service.List(e.Context(), q)
			e.must(err)
			e.Same(total, len(found))
			for _, s := range found {
				if ids = append(ids, s.ID); s.Content != "" {
					e.Errorf("the list has the content of %s", s.Name)
				}
			}
			return ids
		}
		e.Same(list(script.Query{}), []string{red, blue})
		e.Same(list(script.Query{Name: "D_"}), []string{red})
		e.Same(list(script.Query{ID: blue}), []string{blue})
		e.Same(list(script.Query{Type: "BAT"}), []string(nil))
		s, err := e.service.Get(e.Context(), storetest.Project, blue, "")
		e.must(err)
		e.Same(s.Content, "echo blue")
		_, err = e.service.Get(e.Context(), storetest.OtherProject, blue, "")
		e.Same(workspace.CodeOf(err), workspace.CodeScriptNotFound)
	},
	"a script is not deleted while a task needs it, whoever is first": func(e *env) {
		d := e.AddDesktop("pc")
		for i := range 5 {
			id := e.keep(fmt.Sprint("s", i))
			errs := storetest.Together(2, func(i int) error {
				if i == 0 {
					return e.service.Delete(e.Context(), caller, id)
				}
				_, err := e.service.Execute(e.Context(), script.Execute{Caller: caller, Noun: "desktop", IDs: []string{d.ID}, ScriptIDs: []string{id}})
				return err
			})
			if (errs[0] == nil) == (errs[1] == nil) {
				e.Errorf("deleting: %v, running: %v", errs[0], errs[1])
			}
			if errs[1] == nil {
				for _, r := range e.records(script.RecordQuery{ScriptIDs: []string{id}}) {
					e.end(r, script.Succeeded)
				}
				e.must(e.service.Delete(e.Context(), caller, id))
			}
		}
	},
}

var tasks = map[string]func(*env){
	"a task has its scripts, its desktops and its first batch": func(e *env) {
		off, on := e.AddDesktop("a"), e.AddDesktop("b", func(d *desktop.Desktop) { d.Status = desktop.StatusActive })
		one, two := e.keep("one"), e.keep("two")
		t := e.execute(script.Execute{IDs: []string{off.ID, on.ID}, ScriptIDs: []string{two, one}, FirstCount: 1, Threshold: 1, Minutes: 7})
		e.Same(t.First, []string{on.ID})
		e.Same(t.Desktops, []string{off.ID, on.ID})
		e.Same([]string{t.Scripts[0].ScriptID, t.Scripts[1].ScriptID}, []string{two, one})
		e.Same([]any{t.Status, t.Type, t.Minutes, t.Threshold, t.Released}, []any{script.TaskInit, script.KindScripts, 7, 1, false})
		var got []string
		for _, r := range e.records(script.RecordQuery{TaskID: t.ID}) {
			got = append(got, fmt.Sprint(r.DesktopName, r.ScriptName, r.Batch, r.Status))
		}
		e.Same(got, []string{"atwo2WAITING", "aone2WAITING", "btwo1WAITING", "bone1WAITING"})
		sub := e.SubJob(e.records(script.RecordQuery{DesktopIDs: []string{off.ID}})[0].SubJobID)
		e.Same(sub.RunAt.Year(), 9999)
	},
	"tasks and records are filtered": func(e *env) {
		e.PoolWith("pool", 2)
		d := e.AddDesktop("pc")
		id := e.keep("Update")
		first := e.execute(script.Execute{IDs: []string{d.ID}, ScriptIDs: []string{id}})
		e.Clock.Advance(time.Minute)
		second := e.execute(script.Execute{IDs: []string{d.ID}, ScriptIDs: []string{id}})
		e.Clock.Advance(time.Minute)
		pooled := e.execute(script.Execute{PoolID: "pool", Command: "true", FirstCount: 1})
		yes := true
		for _, c := range []struct {
			query script.TaskQuery
			want  []script.Task
		}{
			{script.TaskQuery{}, []script.Task{pooled, second, first}},
			{script.TaskQuery{Pools: true}, []script.Task{pooled}},
			{script.TaskQuery{PoolIDs: []string{"pool"}}, []script.Task{pooled}},
			{script.TaskQuery{ScriptID: id}, []script.Task{second, first}},
			{script.TaskQuery{ScriptName: "DAT"}, []script.Task{second, first}},
			{script.TaskQuery{Type: script.KindCommand}, []script.Task{pooled}},
			{script.TaskQuery{Status: script.TaskFailed}, nil},
			{script.TaskQuery{Ordered: script.Span{From: second.Created, To: second.Created}}, []script.Task{second}},
		} {
			e.Same(storetest.IDs(e.tasks(c.query), taskID), storetest.IDs(c.want, taskID))
		}
		for _, c := range []struct {
			query script.RecordQuery
			want  int
		}{
			{script.RecordQuery{}, 3}, {script.RecordQuery{TaskID: first.ID}, 1}, {script.RecordQuery{ScriptIDs: []string{id}}, 1},
			{script.RecordQuery{ScriptIDs: []string{id}, DesktopIDs: []string{d.ID}, History: true}, 2}, {script.RecordQuery{PoolIDs: []string{"pool"}}, 2},
			{script.RecordQuery{First: &yes}, 1}, {script.RecordQuery{ScriptNames: []string{"Update"}}, 1}, {script.RecordQuery{Status: script.Running}, 0},
			{script.RecordQuery{Type: script.KindScripts}, 1}, {script.RecordQuery{Ordered: script.Span{From: pooled.Created}}, 2},
		} {
			if got := e.records(c.query); len(got) != c.want {
				e.Errorf("%+v finds %d records, want %d", c.query, len(got), c.want)
			}
		}
		if r := e.records(script.RecordQuery{ScriptIDs: []string{id}})[0]; r.TaskID != second.ID {
			e.Error("the former record counts as the latest")
		}
		_, _, err := e.service.Records(e.Context(), script.RecordQuery{ProjectID: storetest.Project, History: true})
		e.Same(workspace.CodeOf(err), workspace.CodeInvalid)
	},
	"what cannot run is refused": func(e *env) {
		e.PoolWith("pool", 1)
		d := e.AddDesktop("pc")
		for want, r := range map[string]script.Execute{
			string(workspace.CodeDesktopNotFound) + " desktop_ids: desktop \"x\"":         {IDs: []string{"x"}, Command: "true"},
			string(workspace.CodeDesktopNotFound) + " desktop_ids: desktop \"" + d.ID:     {PoolID: "pool", IDs: []string{d.ID}, Command: "true"},
			string(workspace.CodePoolNotFound):                                            {PoolID: "x", Command: "true"},
			string(workspace.CodeScriptNotFound) + " script_ids: script \"x\"":            {IDs: []string{d.ID}, ScriptIDs: []string{"x"}},
			string(workspace.CodeConflict) + " there are no desktops":                     {Tags: tagged("a"), Command: "true"},
			string(workspace.CodeInvalid) + " gray_count: 2 is out of range, these are 1": {IDs: []string{d.ID}, Command: "true", FirstCount: 2},
			string(workspace.CodeInvalid) + " gray_desktop_ids: desktop \"x\" is not one": {IDs: []string{d.ID}, Command: "true", FirstIDs: []string{"x"}},
			string(workspace.CodeInvalid) + " gray_fail_threshold: 2 is out of range":     {IDs: []string{d.ID}, Command: "true", FirstCount: 1, Threshold: 2},
		} {
			r.Caller, r.Noun = caller, "desktop"
			_, err := e.service.Execute(e.Context(), r)
			if got := string(workspace.CodeOf(err)) + " " + workspace.MessageOf(err); !strings.HasPrefix(got, want) {
				e.Errorf("got %s, want %s", got, want)
			}
		}
	},
	"sub-jobs that end at once release the rest once": func(e *env) {
		var ids []string
		for i := range 6 {
			ids = append(ids, e.AddDesktop(fmt.Sprint("pc", i)).ID)
		}
		t := e.execute(script.Execute{IDs: ids, Command: "true", FirstIDs: ids[:3], Threshold: 2})
		records := e.records(script.RecordQuery{TaskID: t.ID})
		slices.SortFunc(records, func(a, b script.Record) int { return cmp.Compare(a.Batch, b.Batch) })
		e.All(storetest.Together(3, func(i int) error {
			status := script.Succeeded
			if i == 0 {
				status = script.Failed
			}
			e.end(records[i], status)
			return nil
		}))
		t = e.task(t.ID)
		e.Same([]any{t.Status, t.Released, t.Succeeded, t.Failed, t.Ended.IsZero()}, []any{script.TaskRunning, true, 2, 1, true})
		for _, r := range records[3:] {
			e.Same(e.SubJob(r.SubJobID).RunAt.Year() == 9999, false)
			e.end(r, script.Succeeded)
		}
		t = e.task(t.ID)
		e.Same([]any{t.Status, t.Succeeded, t.Failed, t.Ended.IsZero()}, []any{script.TaskFailed, 5, 1, false})
	},
	"too many failures skip the rest, and a retry runs all that did not succeed": func(e *env) {
		var ids []string
		for i := range 4 {
			ids = append(ids, e.AddDesktop(fmt.Sprint("pc", i)).ID)
		}
		t := e.execute(script.Execute{IDs: ids, Command: "true", FirstIDs: ids[:2]})
		first := e.records(script.RecordQuery{TaskID: t.ID})
		e.end(first[0], script.Failed)
		e.end(first[1], script.Succeeded)
		t = e.task(t.ID)
		e.Same([]any{t.Status, t.Succeeded, t.Failed, t.Skipped}, []any{script.TaskFailed, 1, 1, 2})
		e.Same(e.SubJob(first[3].SubJobID).State, workspace.SubJobSuccess)
		errs := storetest.Together(4, func(int) error {
			_, err := e.service.Retry(e.Context(), script.Choice{Caller: caller, TaskID: t.ID})
			return err
		})
		e.One(errs, workspace.CodeConflict)
		again := e.records(script.RecordQuery{TaskID: t.ID})
		e.Same([]any{again[0].Status, again[0].Attempt, again[1].Status, again[2].Status}, []any{script.Waiting, 1, script.Succeeded, script.Waiting})
		e.end(again[0], script.Succeeded)
		t = e.task(t.ID)
		e.Same([]any{t.Status, t.Released, t.Ended.IsZero()}, []any{script.TaskRunning, true, true})
	},
	"a task that is stopped ends what waits, also twice at once": func(e *env) {
		a, b := e.AddDesktop("a"), e.AddDesktop("b")
		t := e.execute(script.Execute{IDs: []string{a.ID, b.ID}, Command: "true"})
		running := e.records(script.RecordQuery{TaskID: t.ID})[0]
		e.Update(func(tx *store.Tx) error {
			_, err := script.Begin(e.Context(), tx, t.ID, running.ID, nil)
			return err
		})
		e.All(storetest.Together(3, func(int) error { return e.service.Stop(e.Context(), script.Choice{Caller: caller, TaskID: t.ID}) }))
		records := e.records(script.RecordQuery{TaskID: t.ID})
		e.Same([]any{records[0].Status, records[0].Stopping, records[1].Status, records[1].ResultCode}, []any{script.Running, true, script.Skipped, script.ResultStopped})
		_, err := e.service.Retry(e.Context(), script.Choice{Caller: caller, TaskID: t.ID})
		e.Same(workspace.CodeOf(err), workspace.CodeConflict)
		for _, c := range []script.Choice{{TaskID: "x"}, {RecordID: "x"}} {
			c.Caller = caller
			e.Same(workspace.CodeOf(e.service.Stop(e.Context(), c)), workspace.CodeScriptTaskNotFound)
		}
		other := script.Choice{Caller: workspace.Caller{ProjectID: storetest.OtherProject}, TaskID: t.ID}
		e.Same(workspace.CodeOf(e.service.Stop(e.Context(), other)), workspace.CodeScriptTaskNotFound)
	},
	"records of a sub-job that was superseded end, too": func(e *env) {
		d := e.AddDesktop("a")
		t := e.execute(script.Execute{IDs: []string{d.ID}, ScriptIDs: []string{e.keep("one"), e.keep("two")}})
		e.must(script.Mend(e.Context(), e.Store))
		e.Same(e.task(t.ID).Status, script.TaskInit)
		e.Update(func(tx *store.Tx) error {
			_, err := tx.SupersedeSubJobs(e.Context(), d.ID, "", workspace.CodeGone, "it was deleted")
			return err
		})
		e.must(script.Mend(e.Context(), e.Store))
		records := e.records(script.RecordQuery{TaskID: t.ID})
		e.Same([]any{records[0].Status, records[0].Reason, records[1].Status}, []any{script.Failed, "it was deleted", script.Skipped})
		e.Same(e.task(t.ID).Status, script.TaskFailed)
	},
	"a worker that dies between a record's end and its sub-job's leaves no task open": func(e *env) {
		first, rest := e.AddDesktop("a"), e.AddDesktop("b")
		for _, c := range []struct {
			obstacle *script.Outcome
			status   script.Status
			want     script.Status // of the rest
		}{
			{&script.Outcome{Status: script.Skipped}, script.Skipped, script.Skipped},
			{nil, script.Failed, script.Skipped},
			{nil, script.Succeeded, script.Waiting},
		} {
			t := e.execute(script.Execute{IDs: []string{first.ID, rest.ID}, Command: "true", FirstIDs: []string{first.ID}})
			r := e.records(script.RecordQuery{TaskID: t.ID})[0]
			e.Update(func(tx *store.Tx) error {
				if _, err := script.Begin(e.Context(), tx, t.ID, r.ID, c.obstacle); err != nil {
					return err
				}
				return script.End(e.Context(), tx, t.ID, r.ID, script.Outcome{Status: c.status})
			})
			e.Update(func(tx *store.Tx) error {
				_, err := tx.SupersedeSubJobs(e.Context(), first.ID, "", workspace.CodeGone, "it was deleted")
				return err
			})
			e.must(script.Mend(e.Context(), e.Store))
			records := e.records(script.RecordQuery{TaskID: t.ID})
			e.Same([]any{records[0].Status, records[1].Status}, []any{c.status, c.want})
			got := e.task(t.ID)
			e.Same([]any{got.Released, got.Ended.IsZero()}, []any{c.want == script.Waiting, c.want == script.Waiting})
			if c.want == script.Waiting && e.SubJob(records[1].SubJobID).RunAt.After(e.Clock.Now()) {
				e.Errorf("the rest of a task whose first batch has succeeded does not run")
			}
		}
	},
}
