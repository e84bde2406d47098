package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/store"
)

// takeLease takes a lease of a minute.
func (e *Env) takeLease(name, owner string) bool {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return tx.TakeLease(ctx, name, owner, time.Minute)
	})
}

var leases = map[string]func(*Env){
	"a lease is its owner's until it ends, and the owner extends it": func(e *Env) {
		e.Same(e.takeLease("a", "one"), true)
		e.Same(e.takeLease("a", "two"), false)
		e.Same(e.takeLease("b", "two"), true)
		e.Clock.Advance(30 * time.Second)
		e.Same(e.takeLease("a", "one"), true)
		e.Clock.Advance(time.Minute - time.Microsecond)
		e.Same(e.takeLease("a", "two"), false)
		e.Clock.Advance(time.Microsecond)
		e.Same(e.takeLease("a", "two"), true)
		e.Same(e.takeLease("a", "one"), false)
	},
	"of many at once one takes a lease that is free, or has ended": func(e *Env) {
		for range 2 {
			taken := make([]bool, 8)
			e.All(Together(len(taken), func(i int) error {
				return e.Store.Update(e.Context(), func(tx *store.Tx) (err error) {
					taken[i], err = tx.TakeLease(e.Context(), "a", fmt.Sprint(i), time.Minute)
					return err
				})
			}))
			n := 0
			for _, is := range taken {
				if is {
					n++
				}
			}
			e.Same(n, 1)
			e.Clock.Advance(time.Minute)
		}
	},
}
