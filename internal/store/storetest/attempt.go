package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *Env) tallies(subject, network string) workspace.Tallies {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) (workspace.Tallies, error) {
		return tx.LockTallies(ctx, subject, network)
	})
}

func (e *Env) attempt(subject, network string) error {
	return e.Store.Update(e.Context(), func(tx *store.Tx) error {
		_, err := workspace.ChargeAttempt(e.Context(), tx, workspace.Attempt{Subject: subject, Network: network}, tx.Now())
		return err
	})
}

func (e *Env) notePlace(subject, network string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return tx.NotePlace(e.Context(), subject, network) })
}

var attempts = map[string]func(*Env){
	"of 20 attempts at once as many are checked as one after the other, and the pair, network and subject count them": func(e *Env) {
		errs := Together(20, func(int) error { return e.attempt("a", "n") })
		checked := 0
		for _, err := range errs {
			if err == nil {
				checked++
			} else if workspace.CodeOf(err) != workspace.CodeRateLimited {
				e.Error(err)
			}
		}
		e.Same(checked, workspace.FreeSignIns+1)
		t := e.tallies("a", "n")
		e.Same([]int{t.Pair.Failures, t.Network.Failures, t.Subject.Failures}, []int{6, 6, 6})
		e.Same(t.Pair.Until, e.Clock.Now().Add(15*time.Second))
		e.Same(e.tallies("a", "other").Subject.Failures, 6)
		e.Same(e.tallies("b", "n").Network.Failures, 6)
		e.Same(e.tallies("b", "n").Pair, workspace.Tally{})
	},
	"callers who lock many tallies at once all get them": func(e *Env) {
		e.All(Together(16, func(i int) error { return e.attempt(fmt.Sprint("a", i%4), fmt.Sprint("n", i/4)) }))
		e.Same(e.tallies("a0", "n0").Subject.Failures, 4)
		e.Same(e.tallies("a0", "n0").Network.Failures, 4)
	},
	"a subject is forgiven everything of its own": func(e *Env) {
		e.All([]error{e.attempt("a", "n"), e.attempt("a", "m"), e.attempt("b", "n")})
		e.Update(func(tx *store.Tx) error { return tx.ForgetTallies(e.Context(), "a") })
		t := e.tallies("a", "n")
		e.Same([]int{t.Pair.Failures, t.Subject.Failures, t.Network.Failures}, []int{0, 0, 2})
		e.Same(e.tallies("b", "n").Pair.Failures, 1)
	},
	"a place is known to its subject until it was not used for long": func(e *Env) {
		e.notePlace("a", "n")
		e.Same(e.tallies("a", "n").Known, true)
		e.Same(e.tallies("b", "n").Known, false)
		e.Same(e.tallies("a", "m").Known, false)
		e.Clock.Advance(workspace.PlaceLife - time.Hour)
		e.notePlace("a", "n")
		e.Clock.Advance(2 * time.Hour)
		e.Same(e.tallies("a", "n").Known, true)
		e.Clock.Advance(workspace.PlaceLife)
		e.Same(e.tallies("a", "n").Known, false)
	},
	"of too many places the oldest is forgotten": func(e *Env) {
		for i := range workspace.MaxPlaces + 1 {
			e.notePlace("a", fmt.Sprint("n", i))
			e.Clock.Advance(time.Second)
		}
		e.Same(e.tallies("a", "n0").Known, false)
		e.Same(e.tallies("a", "n1").Known, true)
		e.Same(e.tallies("a", fmt.Sprint("n", workspace.MaxPlaces)).Known, true)
	},
	"tallies and places that count no longer are removed": func(e *Env) {
		e.All([]error{e.attempt("a", "n")})
		e.notePlace("a", "n")
		e.Clock.Advance(workspace.TallyLife + time.Second)
		e.All([]error{e.attempt("b", "m")})
		e.Update(func(tx *store.Tx) error {
			_, err := tx.DeleteOld(e.Context(), "sign_in_attempts", "subject, network", "until", "", tx.Now().Add(-workspace.TallyLife), 100)
			return err
		})
		e.Update(func(tx *store.Tx) error {
			_, err := tx.DeleteOld(e.Context(), "known_places", "subject, network", "used", "", tx.Now().Add(-workspace.PlaceLife), 100)
			return err
		})
		e.Same(e.tallies("a", "n").Pair.Failures, 0)
		e.Same(e.tallies("a", "n").Known, true)
		e.Same(e.tallies("b", "m").Pair.Failures, 1)
	},
	"what is kept of a user goes with the user": func(e *Env) {
		subject := workspace.UserSubject(UserOf(Project))
		e.All([]error{e.attempt(subject, "n")})
		e.notePlace(subject, "n")
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, UserOf(Project)) })
		t := e.tallies(subject, "n")
		e.Same([]any{t.Known, t.Pair.Failures, t.Subject.Failures}, []any{false, 0, 0})
	},
}
