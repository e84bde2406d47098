package script_test

import (
	"testing"

	"carrel/internal/pool/pooltest"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// env is the fixture of the room's rows, with a service.
type env struct {
	*pooltest.Env
	service *script.Service
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		made := &env{Env: pooltest.NewEnv(e), service: &script.Service{Store: e.Store}}
		e.Update(func(tx *store.Tx) error {
			_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
			return err
		})
		return made
	}, map[string]map[string]func(*env){"Scripts": scripts, "Tasks": tasks})
}

var caller = workspace.Caller{ProjectID: storetest.Project}

// keep keeps a script and returns its id.
func (e *env) keep(name string) string {
	e.Helper()
	id, err := e.service.Create(e.Context(), caller, script.Script{Meta: workspace.Meta{Name: name}, Type: script.Shell, Content: "echo " + name})
	e.must(err)
	return id
}

// execute orders a task and returns it.
func (e *env) execute(r script.Execute) script.Task {
	e.Helper()
	r.Caller, r.Noun = caller, "desktop"
	id, err := e.service.Execute(e.Context(), r)
	e.must(err)
	return e.task(id)
}

func (e *env) task(id string) script.Task {
	e.Helper()
	found := e.tasks(script.TaskQuery{IDs: []string{id}})
	if len(found) != 1 {
		e.Fatalf("%d tasks are called %s", len(found), id)
	}
	return found[0]
}

func (e *env) tasks(q script.TaskQuery) []script.Task {
	e.Helper()
	q.ProjectID, q.Page = storetest.Project, storetest.Everything
	found, total, err := e.service.Tasks(e.Context(), q)
	e.must(err)
	e.Same(total, len(found))
	return found
}

func (e *env) records(q script.RecordQuery) []script.Record {
	e.Helper()
	q.ProjectID, q.Page = storetest.Project, storetest.Everything
	found, total, err := e.service.Records(e.Context(), q)
	e.must(err)
	e.Same(total, len(found))
	return found
}

// end ends the sub-job of a record as its worker does, after the record itself.
func (e *env) end(r script.Record, status script.Status) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		if _, err := script.Begin(e.Context(), tx, r.TaskID, r.ID, nil); err != nil {
			return err
		}
		if err := script.End(e.Context(), tx, r.TaskID, r.ID, script.Outcome{Status: status, Code: "x", Output: "said"}); err != nil {
			return err
		}
		sub, err := tx.SubJob(e.Context(), r.SubJobID)
		if err != nil {
			return err
		}
		_, err = script.EndSubJob(e.Context(), tx, sub)
		return err
	})
}

func taskID(t script.Task) string { return t.ID }

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}
