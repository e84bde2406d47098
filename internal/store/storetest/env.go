package storetest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Env is a store with a clock that tests set, and two projects with a user each, of the same name. The fixtures of rooms are
// based on it.
type Env struct {
	*testing.T
	Store    store.Transactions
	Clock    *Clock
	Database Database
}

// The projects. What belongs to the other one has the same name there.
const (
	Project      = "project-1"
	OtherProject = "project-2"
)

// UserOf returns the id of the user that each project has.
func UserOf(project string) string { return "user-of-" + project }

// Everything is the page with all rows of a list, which tests keep short.
var Everything = workspace.Page{Limit: 1000}

// NewEnv opens an empty database.
func NewEnv(t *testing.T, database Database) *Env {
	e := &Env{T: t, Clock: NewClock(), Database: database}
	e.Store = database.Open(t, e.Clock.Now)
	e.Update(func(tx *store.Tx) error {
		return directory.InsertUsers(t.Context(), tx, []directory.User{
			{ID: UserOf(Project), ProjectID: Project, Name: "person", Created: tx.Now()},
			{ID: UserOf(OtherProject), ProjectID: OtherProject, Name: "person", Created: tx.Now()},
		})
	})
	return e
}

// ReadUser reads the project's user.
func (e *Env) ReadUser() directory.User {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
		return directory.ReadUser(ctx, tx, Project, UserOf(Project))
	})
}

// Update runs f in a transaction that must succeed.
func (e *Env) Update(f func(*store.Tx) error) {
	e.Helper()
	if err := e.Store.Update(e.Context(), f); err != nil {
		e.Fatalf("Update: %v", err)
	}
}

// View runs f in a read-only transaction that must succeed.
func (e *Env) View(f func(*store.Tx) error) {
	e.Helper()
	if err := e.Store.View(e.Context(), f); err != nil {
		e.Fatalf("View: %v", err)
	}
}

// Refuses runs f in a transaction that must fail with the code, and returns the message.
func (e *Env) Refuses(code workspace.Code, f func(*store.Tx) error) string {
	e.Helper()
	err := e.Store.Update(e.Context(), f)
	if err == nil || workspace.CodeOf(err) != code {
		e.Fatalf("got %v, want the code %s", err, code)
	}
	return err.Error()
}

// Same checks that two values are equal, times included.
func (e *Env) Same(got, want any) {
	e.Helper()
	if !reflect.DeepEqual(got, want) {
		e.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// One checks that exactly one caller succeeded and all others got the code.
func (e *Env) One(errs []error, code workspace.Code) {
	e.Helper()
	succeeded := 0
	for _, err := range errs {
		switch {
		case err == nil:
			succeeded++
		case workspace.CodeOf(err) != code:
			e.Errorf("a caller failed with %v, want the code %s", err, code)
		}
	}
	if succeeded != 1 {
		e.Errorf("%d callers succeeded, want 1", succeeded)
	}
}

// All checks that every caller succeeded.
func (e *Env) All(errs []error) {
	e.Helper()
	for _, err := range errs {
		if err != nil {
			e.Error(err)
		}
	}
}

// Together calls f from n goroutines at once, each until the database answers, and returns their results.
func Together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = answered(func() error { return f(i) })
		})
	}
	close(start)
	all.Wait()
	return errs
}

// patience is the maximum number of calls by answered: some minutes if connections are waited for, a moment if there is no
// database.
const patience = 50

// answered calls f again while it returns that the database does not answer, as the portal does: on a busy machine the last of
// many callers wait for a connection longer than a store allows.
func answered(f func() error) (err error) {
	for range patience {
		if err = f(); workspace.CodeOf(err) != workspace.CodeNoDatabase {
			break
		}
	}
	return err
}

// Fixture is an Env, or a fixture based on one.
type Fixture interface {
	Context() context.Context
	Helper()
	View(func(*store.Tx) error)
	Update(func(*store.Tx) error)
}

// Get runs f in a read-only transaction that must succeed, and returns its result.
func Get[T any](e Fixture, f func(context.Context, *store.Tx) (T, error)) (out T) {
	e.Helper()
	e.View(func(tx *store.Tx) (err error) {
		out, err = f(e.Context(), tx)
		return err
	})
	return out
}

// Do runs f in a transaction that must succeed, and returns its result.
func Do[T any](e Fixture, f func(context.Context, *store.Tx) (T, error)) (out T) {
	e.Helper()
	e.Update(func(tx *store.Tx) (err error) {
		out, err = f(e.Context(), tx)
		return err
	})
	return out
}

// IDs returns the ids of the rows of a list.
func IDs[T any](rows []T, id func(T) string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, id(r))
	}
	return out
}

// NewJob returns a job with waiting sub-jobs, due now. Their ids are the job's with their position.
func (e *Env) NewJob(id string, subJobs int, changes ...func(*workspace.SubJob)) workspace.Job {
	now := e.Clock.Now()
	j := workspace.Job{ID: id, ProjectID: Project, Type: workspace.JobCreateDesktops, Created: now}
	for i := range subJobs {
		s := workspace.SubJob{ID: fmt.Sprintf("%s-%03d", id, i), JobID: id, ProjectID: Project, Type: j.Type, Position: i,
			State: workspace.SubJobWaiting, RunAt: now, Created: now}
		for _, change := range changes {
			change(&s)
		}
		j.SubJobs = append(j.SubJobs, s)
	}
	return j
}

// AddJob inserts the job that NewJob returns.
func (e *Env) AddJob(id string, subJobs int, changes ...func(*workspace.SubJob)) workspace.Job {
	e.Helper()
	j := e.NewJob(id, subJobs, changes...)
	e.Update(func(tx *store.Tx) error { return tx.InsertJob(e.Context(), j) })
	return j
}

// SubJob reads a sub-job.
func (e *Env) SubJob(id string) workspace.SubJob {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) (workspace.SubJob, error) { return tx.SubJob(ctx, id) })
}
