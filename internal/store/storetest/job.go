package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// newJob is a job with waiting sub-jobs, due now. Their ids are the job's with their position.
func (w *world) newJob(id string, subJobs int, changes ...func(*workspace.SubJob)) workspace.Job {
	now := w.clock.Now()
	j := workspace.Job{ID: id, ProjectID: project, Type: workspace.JobCreateDesktops, Created: now}
	for i := range subJobs {
		s := workspace.SubJob{ID: fmt.Sprintf("%s-%03d", id, i), JobID: id, ProjectID: project, Type: j.Type, Position: i,
			State: workspace.SubJobWaiting, RunAt: now, Created: now}
		for _, change := range changes {
			change(&s)
		}
		j.SubJobs = append(j.SubJobs, s)
	}
	return j
}

func (w *world) addJob(id string, subJobs int, changes ...func(*workspace.SubJob)) workspace.Job {
	w.Helper()
	j := w.newJob(id, subJobs, changes...)
	w.update(func(tx *store.Tx) error { return tx.InsertJob(w.Context(), j) })
	return j
}

func (w *world) job(id string) workspace.Job {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
		return tx.Job(ctx, project, id, true)
	})
}

func (w *world) subJob(id string) workspace.SubJob {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (workspace.SubJob, error) { return tx.SubJob(ctx, id) })
}

func subJobID(s workspace.SubJob) string { return s.ID }

// inState puts a new sub-job into a state without the work.
func inState(state workspace.SubJobState) func(*workspace.SubJob) {
	return func(s *workspace.SubJob) {
		s.State = state
		if state.Done() {
			s.Ended = s.Created.Add(time.Minute)
		}
	}
}

var jobs = []behaviour{
	{"a job is read as inserted, with its sub-jobs by position and their counts", func(w *world) {
		now := w.clock.Now()
		want := workspace.Job{ID: "j", ProjectID: project, Type: workspace.JobOperateDesktops, PoolID: "pool", RequestID: "r", Created: now}
		for i, state := range []workspace.SubJobState{workspace.SubJobSuccess, workspace.SubJobFailed} {
			want.SubJobs = append(want.SubJobs, workspace.SubJob{
				ID: fmt.Sprint(9 - i), JobID: "j", ProjectID: project, Type: want.Type, PoolID: "pool", Position: i, DesktopID: "d",
				Params: json.RawMessage(`{"op_type": "os-start", "note": "it's \"fine\" \\ ?"}`), DesktopName: "pc", ProductID: "p", UserName: "u",
				Address: "10.0.0.4", Host: "host", State: state, Step: "boot", Progress: 50, Code: workspace.CodeDeadline, Reason: "too slow",
				RunAt: now, Deadline: now.Add(time.Hour), Attempt: 2, Tries: 1, LeaseOwner: "w", LeaseUntil: now.Add(time.Minute),
				Created: now, Begun: now.Add(time.Second), Ended: now.Add(time.Duration(i+2) * time.Second),
			})
		}
		want.Counts = workspace.JobCounts{Succeeded: 1, Failed: 1, Ended: now.Add(3 * time.Second)}
		w.update(func(tx *store.Tx) error { return tx.InsertJob(w.Context(), want) })
		w.same(w.job("j"), want)
		w.same(w.subJob("9"), want.SubJobs[0])
		want.SubJobs = nil
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
			return tx.Job(ctx, project, "j", false)
		}), want)
	}},
	{"a job has no end while any of it is left", func(w *world) {
		w.addJob("j", 1, inState(workspace.SubJobSuccess))
		j := w.newJob("k", 2)
		j.SubJobs[0].State, j.SubJobs[0].Ended = workspace.SubJobSuccess, w.clock.Now()
		w.update(func(tx *store.Tx) error { return tx.InsertJob(w.Context(), j) })
		w.same(w.job("k").Counts, workspace.JobCounts{Waiting: 1, Succeeded: 1})
		w.same(w.job("j").Counts.Status(), workspace.JobSuccess)
	}},
	{"the progress of sub-jobs is read by their ids", func(w *world) {
		w.addJob("j", 3, func(s *workspace.SubJob) { s.Progress = 40 + s.Position })
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (map[string]int, error) {
			return tx.SubJobProgress(ctx, []string{"j-000", "j-002", "missing"})
		}), map[string]int{"j-000": 40, "j-002": 42})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (map[string]int, error) { return tx.SubJobProgress(ctx, nil) }), map[string]int{})
	}},
	{"a job that is missing or another project's is not found", func(w *world) {
		w.addJob("j", 1)
		for _, read := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { _, err := tx.Job(w.Context(), otherProject, "j", true); return err },
			func(tx *store.Tx) error { _, err := tx.Job(w.Context(), project, "missing", true); return err },
			func(tx *store.Tx) error { _, err := tx.SubJob(w.Context(), "missing"); return err },
		} {
			w.refuses(workspace.CodeJobNotFound, read)
		}
	}},
	{"a job may be larger than a statement", func(w *world) {
		w.addJob("j", 1100)
		w.same(w.job("j").Counts.Waiting, 1100)
	}},
	{"sub-jobs are selected by each field, oldest job first, then by position", func(w *world) {
		w.addJob("b", 2, inState(workspace.SubJobFailed))
		w.clock.Advance(-time.Microsecond)
		w.addJob("c", 1, func(s *workspace.SubJob) { s.Type, s.DesktopID = workspace.JobDeleteDesktops, "d" })
		w.clock.Advance(time.Second)
		w.addJob("a", 1, func(s *workspace.SubJob) { s.PoolID = "pool" })
		w.addJob("e", 1, func(s *workspace.SubJob) { s.ProjectID = otherProject })
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
			c.query.ProjectID, c.query.Page = project, everything
			w.view(func(tx *store.Tx) error {
				got, total, err := tx.SubJobs(w.Context(), c.query)
				w.same(ids(got, subJobID), c.want)
				w.same(total, len(c.want))
				return err
			})
		}
	}},
	{"a retry puts the failed ones back as if they had never run, and no others", func(w *world) {
		j := w.newJob("j", 3, func(s *workspace.SubJob) {
			s.State, s.Step, s.Progress, s.Code, s.Reason, s.Attempt, s.Tries = workspace.SubJobFailed, "boot", 50, workspace.CodeDeadline, "slow", 2, 1
			s.Deadline, s.Begun, s.Ended = s.Created, s.Created, s.Created
		})
		j.SubJobs[1].State = workspace.SubJobSuccess
		w.update(func(tx *store.Tx) error { return tx.InsertJob(w.Context(), j) })
		w.clock.Advance(time.Minute)
		retry := func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
			return tx.RetryFailed(ctx, "j")
		}
		again := do(w, retry)
		w.same(ids(again, subJobID), []string{"j-000", "j-002"})
		for _, got := range again {
			want := w.newJob("j", 3).SubJobs[got.Position]
			want.Created, want.Attempt = j.Created, 2
			w.same(got, want)
			w.same(w.subJob(got.ID), want)
		}
		w.same(w.subJob("j-001"), j.SubJobs[1])
		w.same(len(do(w, retry)), 0)
	}},
	{"finished sub-jobs are removed by id, and jobs that are left without any", func(w *world) {
		w.addJob("j", 2, inState(workspace.SubJobSuccess))
		w.addJob("k", 2, inState(workspace.SubJobFailed))
		w.addJob("l", 1)
		w.addJob("m", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.ProjectID = otherProject })
		w.addJob("n", 1, inState(workspace.SubJobSuccess), func(s *workspace.SubJob) { s.Type = workspace.JobDeleteDesktops })
		n := w.deleteSubJobs([]string{"j-000", "k-000", "k-001", "l-000", "m-000", "n-000", "missing"}, "", workspace.JobDeleteDesktops)
		w.same(n, 3)
		w.same(w.job("j").Counts.Total(), 1)
		w.refuses(workspace.CodeJobNotFound, func(tx *store.Tx) error { _, err := tx.Job(w.Context(), project, "k", false); return err })
		for _, id := range []string{"l-000", "m-000", "n-000"} {
			w.same(w.subJob(id).ID, id)
		}
	}},
	{"finished sub-jobs are removed by state", func(w *world) {
		w.addJob("j", 600, inState(workspace.SubJobSuccess))
		w.addJob("k", 2, inState(workspace.SubJobFailed))
		w.addJob("l", 2)
		w.same(w.deleteSubJobs(nil, workspace.SubJobWaiting), 0)
		w.same(w.deleteSubJobs(nil, ""), 0)
		w.same(w.deleteSubJobs(nil, workspace.SubJobSuccess), 600)
		w.same(w.deleteSubJobs(nil, workspace.SubJobSuccess), 0)
		w.view(func(tx *store.Tx) error {
			got, _, err := tx.SubJobs(w.Context(), workspace.SubJobQuery{ProjectID: project, Page: everything})
			w.same(ids(got, subJobID), []string{"k-000", "k-001", "l-000", "l-001"})
			return err
		})
	}},
}

func (w *world) deleteSubJobs(ids []string, state workspace.SubJobState, keep ...workspace.JobType) int {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.DeleteSubJobs(ctx, project, ids, state, keep)
	})
}
