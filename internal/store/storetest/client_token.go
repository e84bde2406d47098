package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// take takes a client token in a transaction of its own.
func (e *Env) take(t workspace.ClientToken) (former workspace.ClientToken, taken bool) {
	e.Helper()
	e.Update(func(tx *store.Tx) (err error) {
		if former, taken, err = tx.TakeClientToken(e.Context(), t); err != nil || !taken {
			return err
		}
		return tx.AnswerClientToken(e.Context(), t)
	})
	return former, taken
}

var clientTokens = map[string]func(*Env){
	"a client's token is taken once, and read with its answer": func(e *Env) {
		t := workspace.ClientToken{ID: "t", Request: "r", Answer: `"a"`, Created: e.Clock.Now()}
		_, taken := e.take(t)
		e.Same(taken, true)
		other := t
		other.Request, other.Answer = "r2", `"b"`
		former, taken := e.take(other)
		e.Same(taken, false)
		e.Same(former, t)
	},
	"of several who take a client's token at once one gets it, and the others its answer": func(e *Env) {
		type result struct {
			former workspace.ClientToken
			taken  bool
		}
		results := make(chan result, 4)
		for i := range cap(results) {
			go func() {
				t := workspace.ClientToken{ID: "t", Request: "r", Answer: string(rune('0' + i)), Created: e.Clock.Now()}
				former, taken := e.take(t)
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
		e.Same(winners, 1)
		e.Same(len(answers), 1)
	},
	"a client's token ends after its life, and is swept": func(e *Env) {
		t := workspace.ClientToken{ID: "t", Request: "r", Answer: `"a"`, Created: e.Clock.Now()}
		e.take(t)
		find := func(ctx context.Context, tx *store.Tx) (bool, error) {
			_, found, err := tx.ClientToken(ctx, "t")
			return found, err
		}
		e.Clock.Advance(workspace.ClientTokenLife - time.Second)
		e.Same(Get(e, find), true)
		e.Clock.Advance(time.Second)
		e.Same(Get(e, find), false)
		e.Update(func(tx *store.Tx) error {
			_, err := tx.DeleteOld(e.Context(), "client_tokens", "id", "created", "", tx.Now().Add(-workspace.ClientTokenLife), 1)
			return err
		})
		t.Created = e.Clock.Now()
		_, taken := e.take(t)
		e.Same(taken, true)
		e.Clock.Advance(workspace.ClientTokenLife)
		t.Request, t.Created = "r2", e.Clock.Now()
		_, taken = e.take(t) // even if it was not deleted
		e.Same(taken, true)
	},
}
