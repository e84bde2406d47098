package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *Env) Job(id string) workspace.Job {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
		return tx.Job(ctx, Project, id, true)
	})
}

func SubJobID(s workspace.SubJob) string { return s.ID }

// inState sets the state of a new sub-job directly.
func inState(state workspace.SubJobState) func(*workspace.SubJob) {
	return func(s *workspace.SubJob) {
		s.State = state
		if state.Done() {
			s.Ended = s.Created.Add(time.Minute)
		}
	}
}

var jobs = map[string]func(*Env){
	"a job is read as inserted, with its sub-jobs by position and their counts": func(e *Env) {
		now := e.Clock.Now()
		want := workspace.Job{ID: "j", ProjectID: Project, Type: workspace.JobOperateDesktops, PoolID: "pool", RequestID: "r", Created: now}
		for i, state := range []workspace.SubJobState{workspace.SubJobSuccess, workspace.SubJobFailed} {
			want.SubJobs = append(want.SubJobs, workspace.SubJob{
				ID: fmt.Sprint(9 - i), JobID: "j", ProjectID: Project, Type: want.Type, PoolID: "pool", Position: i, DesktopID: "d",
				Params: json.RawMessage(`{"op_type": "os-start", "note": "it's \"fine\" \\ ?"}`), DesktopName: "pc", ProductID: "p", UserName: "u",
				Address: "10.0.0.4", Host: "host", State: state, Step: "boot", Progress: 50, Code: workspace.CodeDeadline, Reason: "too slow",
				RunAt: now, Deadline: now.Add(time.Hour), Attempt: 2, Tries: 1, LeaseOwner: "w", LeaseUntil: now.Add(time.Minute),
				Created: now, Begun: now.Add(time.Second), Ended: now.Add(time.Duration(i+2) * time.Second),
			})
		}
		want.Counts = workspace.JobCounts{Succeeded: 1, Failed: 1, Ended: now.Add(3 * time.Second)}
		e.Update(func(tx *store.Tx) error { return tx.InsertJob(e.Context(), want) })
		e.Same(e.Job("j"), want)
		e.Same(e.SubJob("9"), want.SubJobs[0])
		want.SubJobs = nil
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
			return tx.Job(ctx, Project, "j", false)
		}), want)
	},
	"a job has no end while any of it is left": func(e *Env) {
		e.AddJob("j", 1, inState(workspace.SubJobSuccess))
		j := e.NewJob("k", 2)
		j.SubJobs[0].State, j.SubJobs[0].Ended = workspace.SubJobSuccess, e.Clock.Now()
		e.Update(func(tx *store.Tx) error { return tx.InsertJob(e.Context(), j) })
		e.Same(e.Job("k").Counts, workspace.JobCounts{Waiting: 1, Succeeded: 1})
		e.Same(e.Job("j").Counts.Status(), workspace.JobSuccess)
	},
	"the progress of sub-jobs is read by their ids": func(e *Env) {
		e.AddJob("j", 3, func(s *workspace.SubJob) { s.Progress = 40 + s.Position })
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (map[string]int, error) {
			return tx.SubJobProgress(ctx, []string{"j-000", "j-002", "missing"})
		}), map[string]int{"j-000": 40, "j-002": 42})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (map[string]int, error) { return tx.SubJobProgress(ctx, nil) }), map[string]int{})
	},
	"sub-jobs are read by their desktops": func(e *Env) {
		e.AddJob("j", 3, func(s *workspace.SubJob) {
			s.DesktopID = "d"
			if s.Position == 1 {
				s.State, s.Ended = workspace.SubJobSuccess, e.Clock.Now()
			}
			if s.Position == 2 {
				s.DesktopID = "other"
			}
		})
		idsOf := func(read func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error)) (ids []string) {
			for _, s := range Get(e, read) {
				ids = append(ids, s.ID)
			}
			return ids
		}
		kind := e.SubJob("j-000").Type
		open := func(t workspace.JobType) []string {
			return idsOf(func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
				return tx.OpenSubJobs(ctx, []string{"d", "x"}, t)
			})
		}
		e.Same(open(kind), []string{"j-000"})
		e.Same(len(open("another")), 0)
		of := func(jobs ...string) []string {
			return idsOf(func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
				return tx.SubJobsOf(ctx, "d", jobs)
			})
		}
		e.Same(of("j", "x"), []string{"j-000", "j-001"})
		e.Same(len(of()), 0)
	},
	"a job that is missing or another project's is not found": func(e *Env) {
		e.AddJob("j", 1)
		for _, read := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { _, err := tx.Job(e.Context(), OtherProject, "j", true); return err },
			func(tx *store.Tx) error { _, err := tx.Job(e.Context(), Project, "missing", true); return err },
			func(tx *store.Tx) error { _, err := tx.SubJob(e.Context(), "missing"); return err },
		} {
			e.Refuses(workspace.CodeJobNotFound, read)
		}
	},
	"a job may be larger than a statement": func(e *Env) {
		e.AddJob("j", 1100)
		e.Same(e.Job("j").Counts.Waiting, 1100)
	},
	"sub-jobs are selected by each field, oldest job first, then by position": func(e *Env) {
		e.AddJob("b", 2, inState(workspace.SubJobFailed))
		e.Clock.Advance(-time.Microsecond)
		e.AddJob("c", 1, func(s *workspace.SubJob) { s.Type, s.DesktopID = workspace.JobDeleteDesktops, "d" })
		e.Clock.Advance(time.Second)
		e.AddJob("a", 1, func(s *workspace.SubJob) { s.PoolID = "pool" })
		e.AddJob("e", 1, func(s *workspace.SubJob) { s.ProjectID = OtherProject })
		for _, c := range []struct {
			query workspace.SubJobQuery
			want  []string
		}{
			{workspace.SubJobQuery{}, []string{"c-000", "b-000", "b-001", "a-000"}},
			{workspace.SubJobQuery{JobID: "b"}, []string{"b-000", "b-001"}},
			{workspace.SubJobQuery{Type: workspace.JobDeleteDesktops}, []string{"c-000"}},
			{workspace.SubJobQuery{State: workspace.SubJobFailed}, []string{"b-000", "b-001"}},
			{workspace.SubJobQuery{PoolID: "pool"}, []string{"a-000"}},
			{workspace.SubJobQuery{DesktopID: "d"}, []string{"c-000"}},
		} {
			c.query.ProjectID, c.query.Page = Project, Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := tx.SubJobs(e.Context(), c.query)
				e.Same(IDs(got, SubJobID), c.want)
				e.Same(total, len(c.want))
				return err
			})
		}
	},
	"a retry puts the failed ones back as if they had never run, and no others": func(e *Env) {
		j := e.NewJob("j", 3, func(s *workspace.SubJob) {
			s.State, s.Step, s.Progress, s.Code, s.Reason, s.Attempt, s.Tries = workspace.SubJobFailed, "boot", 50, workspace.CodeDeadline, "slow", 2, 1
			s.Deadline, s.Begun, s.Ended = s.Created, s.Created, s.Created
		})
		j.SubJobs[1].State = workspace.SubJobSuccess
		e.Update(func(tx *store.Tx) error { return tx.InsertJob(e.Context(), j) })
		e.Clock.Advance(time.Minute)
		retry := func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
			return tx.RetryFailed(ctx, "j")
		}
		again := Do(e, retry)
		e.Same(IDs(again, SubJobID), []string{"j-000", "j-002"})
		for _, got := range again {
			want := e.NewJob("j", 3).SubJobs[got.Position]
			want.Created, want.Attempt = j.Created, 2
			e.Same(got, want)
			e.Same(e.SubJob(got.ID), want)
		}
		e.Same(e.SubJob("j-001"), j.SubJobs[1])
		e.Same(len(Do(e, retry)), 0)
	},
	"finished sub-jobs are removed by id, and jobs that are left without any": func(e *Env) {
		e.AddJob("j", 2, inState(workspace.SubJobSuccess))
		e.AddJob("k", 2, inState(workspace.SubJobFailed))
		e.AddJob("l", 1)
		e.AddJob("m", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.ProjectID = OtherProject })
		e.AddJob("n", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.Type = workspace.JobDeleteDesktops })
		n := e.deleteSubJobs([]string{"j-000", "k-000", "k-001", "l-000", "m-000", "n-000", "missing"}, "", workspace.JobDeleteDesktops)
		e.Same(n, 3)
		e.Same(e.Job("j").Counts.Total(), 1)
		e.Refuses(workspace.CodeJobNotFound, func(tx *store.Tx) error { _, err := tx.Job(e.Context(), Project, "k", false); return err })
		for _, id := range []string{"l-000", "m-000", "n-000"} {
			e.Same(e.SubJob(id).ID, id)
		}
	},
	"finished sub-jobs are removed by state": func(e *Env) {
		e.AddJob("j", 600, inState(workspace.SubJobSuccess))
		e.AddJob("k", 2, inState(workspace.SubJobFailed))
		e.AddJob("l", 2)
		e.Same(e.deleteSubJobs(nil, workspace.SubJobWaiting), 0)
		e.Same(e.deleteSubJobs(nil, ""), 0)
		e.Same(e.deleteSubJobs(nil, workspace.SubJobSuccess), 600)
		e.Same(e.deleteSubJobs(nil, workspace.SubJobSuccess), 0)
		e.View(func(tx *store.Tx) error {
			got, _, err := tx.SubJobs(e.Context(), workspace.SubJobQuery{ProjectID: Project, Page: Everything})
			e.Same(IDs(got, SubJobID), []string{"k-000", "k-001", "l-000", "l-001"})
			return err
		})
	},
}

func (e *Env) deleteSubJobs(ids []string, state workspace.SubJobState, keep ...workspace.JobType) int {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.DeleteSubJobs(ctx, Project, ids, state, keep)
	})
}
