package work_test

import (
	"context"
	"testing"
	"time"

	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

var retention = map[string]func(*env){
	"a job is deleted its days after its last sub-job has ended, with its sub-jobs": func(e *env) {
		e.AddJob("first", 2, e.endsAfter(0))
		e.AddJob("later", 2, func(s *workspace.SubJob) { e.endsAfter(time.Duration(s.Position) * time.Hour)(s) })
		e.AddJob("open", 2, func(s *workspace.SubJob) {
			if s.Position == 0 {
				e.endsAfter(0)(s)
			}
		})
		e.Clock.Advance(jobLife - time.Second)
		e.sweep(100, false)
		e.jobs("first", "later", "open")
		e.Clock.Advance(time.Second)
		e.sweep(100, false)
		e.jobs("later", "open")
		e.Clock.Advance(time.Hour)
		e.sweep(100, false)
		e.jobs("open")
		e.Clock.Advance(10 * jobLife)
		e.sweep(100, false)
		e.jobs("open") // it has not ended
	},
	"a job with many sub-jobs is deleted in batches": func(e *env) {
		e.AddJob("large", 5, e.endsAfter(0))
		e.Clock.Advance(jobLife)
		e.sweep(2, true)
		e.jobs("large")
		e.sweep(2, true)
		e.sweep(2, true) // the last one, and the job itself
		e.jobs()
		e.sweep(2, false)
	},
	"attempts to sign in, known places and tokens of clients are deleted when they count no longer": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			if _, err := workspace.ChargeAttempt(e.Context(), tx, workspace.Attempt{Subject: "a", Network: "n"}, tx.Now()); err != nil {
				return err
			}
			if err := tx.NotePlace(e.Context(), "a", "n"); err != nil {
				return err
			}
			_, _, err := tx.TakeClientToken(e.Context(), workspace.ClientToken{ID: "t", Created: tx.Now()})
			return err
		})
		for _, c := range []struct {
			table       string
			rows        int
			after, life time.Duration // of the one before, and its own
		}{
			{"sign_in_attempts", 3, 0, workspace.TallyLife},
			{"client_tokens", 1, workspace.TallyLife, workspace.ClientTokenLife},
			{"known_places", 1, workspace.ClientTokenLife, workspace.PlaceLife},
		} {
			rows := func() int {
				return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
					n, err := tx.NewSelect().Table(c.table).Count(ctx)
					return int(n), err
				})
			}
			e.Clock.Advance(c.life - c.after - time.Second)
			e.sweep(100, false)
			e.Same(rows(), c.rows)
			e.Clock.Advance(time.Second)
			e.sweep(100, false)
			e.Same(rows(), 0)
		}
	},
	"messages to pools are deleted after their days": func(e *env) {
		pools := pooltest.NewEnv(e.Env)
		pools.AddPool("p")
		e.Update(func(tx *store.Tx) error {
			return pool.InsertNotice(e.Context(), tx, pool.PoolNotice{ID: "n", PoolID: "p", Text: "Maintenance tonight", Created: tx.Now()})
		})
		notices := func() int {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
				_, n, err := pool.Notices(ctx, tx, "p", workspace.Page{Limit: 10})
				return n, err
			})
		}
		e.Clock.Advance(time.Duration(work.DefaultRetention.NoticeDays)*24*time.Hour - time.Second)
		e.sweep(100, false)
		e.Same(notices(), 1)
		e.Clock.Advance(time.Second)
		e.sweep(100, false)
		e.Same(notices(), 0)
	},
}

// jobLife is how long an ended job is kept.
var jobLife = time.Duration(work.DefaultRetention.JobDays) * 24 * time.Hour

type env struct{ *storetest.Env }

// endsAfter makes a sub-job one that ends a time after it was made.
func (e *env) endsAfter(d time.Duration) func(*workspace.SubJob) {
	return func(s *workspace.SubJob) { s.State, s.Ended = workspace.SubJobSuccess, s.Created.Add(d) }
}

// sweep deletes once what is kept no longer, and compares whether there may be more.
func (e *env) sweep(limit int, more bool) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		got, err := work.DeleteExpired(e.Context(), tx, work.DefaultRetention, limit)
		e.Same(got, more)
		return err
	})
}

// jobs compares which of the tests' jobs are there.
func (e *env) jobs(want ...string) {
	e.Helper()
	e.View(func(tx *store.Tx) error {
		var got []string
		for _, id := range []string{"first", "large", "later", "open"} {
			switch _, err := tx.Job(e.Context(), storetest.Project, id, false); {
			case err == nil:
				got = append(got, id)
			case workspace.CodeOf(err) != workspace.CodeJobNotFound:
				return err
			}
		}
		e.Same(got, want)
		return nil
	})
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"Retention": retention})
}
