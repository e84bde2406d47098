package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// take takes a client's token in a transaction of its own.
func (w *world) take(t workspace.ClientToken) (former workspace.ClientToken, taken bool) {
	w.Helper()
	w.update(func(tx *store.Tx) (err error) {
		if former, taken, err = tx.TakeClientToken(w.Context(), t); err != nil || !taken {
			return err
		}
		return tx.AnswerClientToken(w.Context(), t)
	})
	return former, taken
}

var clientTokens = []behaviour{
	{"a client's token is taken once, and read with its answer", func(w *world) {
		t := workspace.ClientToken{ID: "t", Request: "r", Answer: `"a"`, Created: w.clock.Now()}
		_, taken := w.take(t)
		w.same(taken, true)
		other := t
		other.Request, other.Answer = "r2", `"b"`
		former, taken := w.take(other)
		w.same(taken, false)
		w.same(former, t)
	}},
	{"of several who take a client's token at once one gets it, and the others its answer", func(w *world) {
		type result struct {
			former workspace.ClientToken
			taken  bool
		}
		results := make(chan result, 4)
		for i := range cap(results) {
			go func() {
				t := workspace.ClientToken{ID: "t", Request: "r", Answer: string(rune('0' + i)), Created: w.clock.Now()}
				former, taken := w.take(t)
				results <- result{former, taken}
			}()
		}
		winners, answers := 0, map[string]bool{}
		for range cap(results) {
			r := <-results
			answers[r.former.Answer] = true
			if r.taken {
				winners++
			}
		}
		w.same(winners, 1)
		w.same(len(answers), 1)
	}},
	{"a client's token ends after its life, and is swept", func(w *world) {
		t := workspace.ClientToken{ID: "t", Request: "r", Answer: `"a"`, Created: w.clock.Now()}
		w.take(t)
		find := func(ctx context.Context, tx *store.Tx) (bool, error) {
			_, found, err := tx.ClientToken(ctx, "t")
			return found, err
		}
		w.clock.Advance(workspace.ClientTokenLife - time.Second)
		w.same(get(w, find), true)
		w.clock.Advance(time.Second)
		w.same(get(w, find), false)
		w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 1) })
		t.Created = w.clock.Now()
		_, taken := w.take(t)
		w.same(taken, true)
		w.clock.Advance(workspace.ClientTokenLife)
		t.Request, t.Created = "r2", w.clock.Now()
		_, taken = w.take(t) // also one that was not swept
		w.same(taken, true)
	}},
}
