package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// signalled waits for a signal.
func (e *Env) signalled(c <-chan struct{}) {
	e.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		e.Fatal("no signal came")
	}
}

// quiet takes a pending signal, if there is one: a store that begins to listen sends one to be sure.
func quiet(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}

var works = map[string]func(*Env){
	"new work wakes every worker of the process": func(e *Env) {
		a, b := e.Store.Work(e.Context()), e.Store.Work(e.Context())
		e.AddJob("j", 1)
		e.signalled(a)
		e.signalled(b)
	},
	"a worker is woken after the commit, so it finds the work": func(e *Env) {
		c := e.Store.Work(e.Context())
		for i := range 20 {
			e.AddJob(string(rune('a'+i)), 1)
			for len(e.Claim("w", 1)) == 0 {
				e.signalled(c)
			}
		}
	},
	"what makes old work due wakes workers too": func(e *Env) {
		e.AddJob("j", 1, inState(workspace.SubJobFailed))
		c := e.Store.Work(e.Context())
		for _, change := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { _, err := tx.RetryFailed(e.Context(), "j"); return err },
			func(tx *store.Tx) error {
				s, err := tx.ClaimSubJobs(e.Context(), "w", limits(1), lease)
				if err != nil {
					return err
				}
				s[0].State = workspace.SubJobWaiting
				_, err = tx.SaveSubJob(e.Context(), s[0])
				return err
			},
			func(tx *store.Tx) error {
				if _, err := tx.ClaimSubJobs(e.Context(), workspace.LeaseOwner("replica", "p"), limits(1), lease); err != nil {
					return err
				}
				_, err := tx.ReleaseReplica(e.Context(), "replica")
				return err
			},
		} {
			quiet(c)
			e.Update(change)
			e.signalled(c)
		}
	},
	"a worker that does not listen holds nobody up": func(e *Env) {
		e.Store.Work(e.Context())
		gone, end := context.WithCancel(e.Context())
		e.Store.Work(gone)
		end()
		for i := range 5 {
			e.AddJob(string(rune('a'+i)), 1)
		}
	},
	"new work of one process wakes workers of another": func(e *Env) {
		if !e.Database.WakesOthers {
			e.Skip("this database leaves that to polling")
		}
		c := e.Database.Open(e, e.Clock.Now).Work(e.Context())
		for i := range 5 {
			quiet(c)
			e.AddJob(string(rune('a'+i)), 1)
			e.signalled(c)
		}
	},
}
