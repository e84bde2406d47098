package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// signalled waits for a signal.
func (w *world) signalled(c <-chan struct{}) {
	w.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		w.Fatal("no signal came")
	}
}

// quiet takes the signal of what was before, if there is one: a store that has just begun to listen sends one to be sure.
func quiet(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}

var works = []behaviour{
	{"new work wakes every worker of the process", func(w *world) {
		a, b := w.store.Work(w.Context()), w.store.Work(w.Context())
		w.addJob("j", 1)
		w.signalled(a)
		w.signalled(b)
	}},
	{"a worker is woken after the commit, so it finds the work", func(w *world) {
		c := w.store.Work(w.Context())
		for i := range 20 {
			w.addJob(string(rune('a'+i)), 1)
			for len(w.claim("w", 1)) == 0 {
				w.signalled(c)
			}
		}
	}},
	{"what makes old work due wakes workers too", func(w *world) {
		w.addJob("j", 1, inState(workspace.SubJobFailed))
		c := w.store.Work(w.Context())
		for _, change := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { _, err := tx.RetryFailed(w.Context(), "j"); return err },
			func(tx *store.Tx) error {
				s, err := tx.ClaimSubJobs(w.Context(), "w", room(1), lease)
				if err != nil {
					return err
				}
				s[0].State = workspace.SubJobWaiting
				_, err = tx.SaveSubJob(w.Context(), s[0])
				return err
			},
			func(tx *store.Tx) error {
				if _, err := tx.ClaimSubJobs(w.Context(), workspace.LeaseOwner("replica", "p"), room(1), lease); err != nil {
					return err
				}
				_, err := tx.ReleaseReplica(w.Context(), "replica")
				return err
			},
		} {
			quiet(c)
			w.update(change)
			w.signalled(c)
		}
	}},
	{"a worker that does not listen holds nobody up", func(w *world) {
		w.store.Work(w.Context())
		gone, end := context.WithCancel(w.Context())
		w.store.Work(gone)
		end()
		for i := range 5 {
			w.addJob(string(rune('a'+i)), 1)
		}
	}},
	{"new work of one process wakes workers of another", func(w *world) {
		if !w.database.WakesOthers {
			w.Skip("this database leaves that to polling")
		}
		c := w.database.Open(w, w.clock.Now).Work(w.Context())
		for i := range 5 {
			quiet(c)
			w.addJob(string(rune('a'+i)), 1)
			w.signalled(c)
		}
	}},
}
