package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (w *world) tallies(subject, network string) workspace.Tallies {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) (workspace.Tallies, error) {
		return tx.LockTallies(ctx, subject, network)
	})
}

func (w *world) attempt(subject, network string) error {
	return w.store.Update(w.Context(), func(tx *store.Tx) error {
		_, err := workspace.ChargeAttempt(w.Context(), tx, workspace.Attempt{Subject: subject, Network: network}, tx.Now())
		return err
	})
}

func (w *world) notePlace(subject, network string) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return tx.NotePlace(w.Context(), subject, network) })
}

var attempts = []behaviour{
	{"of 20 attempts at once as many are judged as one after the other, and the pair, network and subject count them", func(w *world) {
		errs := together(20, func(int) error { return w.attempt("a", "n") })
		judged := 0
		for _, err := range errs {
			if err == nil {
				judged++
			} else if workspace.CodeOf(err) != workspace.CodeRateLimited {
				w.Error(err)
			}
		}
		w.same(judged, workspace.FreeSignIns+1)
		t := w.tallies("a", "n")
		w.same([]int{t.Pair.Failures, t.Network.Failures, t.Subject.Failures}, []int{6, 6, 6})
		w.same(t.Pair.Until, w.clock.Now().Add(15*time.Second))
		w.same(w.tallies("a", "other").Subject.Failures, 6)
		w.same(w.tallies("b", "n").Network.Failures, 6)
		w.same(w.tallies("b", "n").Pair, workspace.Tally{})
	}},
	{"callers who lock many tallies at once all get them", func(w *world) {
		w.all(together(16, func(i int) error { return w.attempt(fmt.Sprint("a", i%4), fmt.Sprint("n", i/4)) }))
		w.same(w.tallies("a0", "n0").Subject.Failures, 4)
		w.same(w.tallies("a0", "n0").Network.Failures, 4)
	}},
	{"a subject is forgiven everything of its own", func(w *world) {
		w.all([]error{w.attempt("a", "n"), w.attempt("a", "m"), w.attempt("b", "n")})
		w.update(func(tx *store.Tx) error { return tx.ForgetTallies(w.Context(), "a") })
		t := w.tallies("a", "n")
		w.same([]int{t.Pair.Failures, t.Subject.Failures, t.Network.Failures}, []int{0, 0, 2})
		w.same(w.tallies("b", "n").Pair.Failures, 1)
	}},
	{"a place is known to its subject until it was not used for long", func(w *world) {
		w.notePlace("a", "n")
		w.same(w.tallies("a", "n").Known, true)
		w.same(w.tallies("b", "n").Known, false)
		w.same(w.tallies("a", "m").Known, false)
		w.clock.Advance(workspace.PlaceLife - time.Hour)
		w.notePlace("a", "n")
		w.clock.Advance(2 * time.Hour)
		w.same(w.tallies("a", "n").Known, true)
		w.clock.Advance(workspace.PlaceLife)
		w.same(w.tallies("a", "n").Known, false)
	}},
	{"of too many places the oldest is forgotten", func(w *world) {
		for i := range workspace.MaxPlaces + 1 {
			w.notePlace("a", fmt.Sprint("n", i))
			w.clock.Advance(time.Second)
		}
		w.same(w.tallies("a", "n0").Known, false)
		w.same(w.tallies("a", "n1").Known, true)
		w.same(w.tallies("a", fmt.Sprint("n", workspace.MaxPlaces)).Known, true)
	}},
	{"tallies and places that count no longer are removed", func(w *world) {
		w.all([]error{w.attempt("a", "n")})
		w.notePlace("a", "n")
		w.clock.Advance(workspace.TallyLife + time.Second)
		w.all([]error{w.attempt("b", "m")})
		w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 100) })
		w.same(w.tallies("a", "n").Pair.Failures, 0)
		w.same(w.tallies("a", "n").Known, true)
		w.same(w.tallies("b", "m").Pair.Failures, 1)
	}},
	{"what is kept of a user goes with the user", func(w *world) {
		subject := workspace.UserSubject(personOf(project))
		w.all([]error{w.attempt(subject, "n")})
		w.notePlace(subject, "n")
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) })
		t := w.tallies(subject, "n")
		w.same([]any{t.Known, t.Pair.Failures, t.Subject.Failures}, []any{false, 0, 0})
	}},
}
