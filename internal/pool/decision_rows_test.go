package pool_test

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) decide(poolID, id string, keep int) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		return pool.InsertDecision(e.Context(), tx, pool.PoolDecision{ID: id, PoolID: poolID, Kind: pool.DecideScale, At: tx.Now()}, keep)
	})
	e.Clock.Advance(time.Second)
}

func (e *env) notify(poolID, id string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		return pool.InsertNotice(e.Context(), tx, pool.PoolNotice{ID: id, PoolID: poolID, JobID: "job", Text: "销售?", Created: tx.Now()})
	})
	e.Clock.Advance(time.Second)
}

func (e *env) decided(poolID string, kind pool.DecisionKind, page workspace.Page) (string, int) {
	e.Helper()
	var total int
	got := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (got []pool.PoolDecision, err error) {
		got, total, err = pool.Decisions(ctx, tx, poolID, kind, page)
		return got, err
	})
	return strings.Join(storetest.IDs(got, func(d pool.PoolDecision) string { return d.ID }), " "), total
}

var decisions = map[string]func(*env){
	"a decision is read as it was written": func(e *env) {
		e.AddPool("p")
		want := pool.PoolDecision{
			ID: "d", PoolID: "p", Kind: pool.DecideBind, At: e.Clock.Now(), Inputs: json.RawMessage(`{"a": "it's ?"}`),
			Reasons: []workspace.Reason{{Rule: "cap", Text: "销售"}, {Rule: "off"}}, Actions: json.RawMessage(`[1, 2]`),
		}
		e.Update(func(tx *store.Tx) error { return pool.InsertDecision(e.Context(), tx, want, 10) })
		e.View(func(tx *store.Tx) error {
			got, _, err := pool.Decisions(e.Context(), tx, "p", "", storetest.Everything)
			e.Same(got, []pool.PoolDecision{want})
			return err
		})
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.InsertDecision(e.Context(), tx, pool.PoolDecision{ID: "e", PoolID: "gone"}, 10)
		})
	},
	"a pool keeps its newest decisions, whatever others keep": func(e *env) {
		e.AddPool("p")
		e.AddPool("q")
		e.decide("q", "q1", 10)
		for _, id := range []string{"5", "4", "3", "2", "1"} {
			e.decide("p", id, 3)
		}
		got, total := e.decided("p", "", storetest.Everything)
		e.Same(got, "1 2 3")
		e.Same(total, 3)
		got, _ = e.decided("q", "", storetest.Everything)
		e.Same(got, "q1")
		e.decide("p", "0", 0)
		got, _ = e.decided("p", "", storetest.Everything)
		e.Same(got, "")
	},
	"a kind of decision of which few are kept costs the others nothing": func(e *env) {
		e.AddPool("p")
		for _, id := range []string{"3", "2", "1"} {
			e.decide("p", id, 3)
		}
		e.Update(func(tx *store.Tx) error {
			return pool.InsertDecision(e.Context(), tx, pool.PoolDecision{ID: "rebuild", PoolID: "p", Kind: pool.DecideRollout, At: tx.Now()}, 1)
		})
		got, _ := e.decided("p", "", storetest.Everything)
		e.Same(got, "rebuild 1 2 3")
	},
	"decisions are paged, newest first, and read by kind": func(e *env) {
		e.AddPool("p")
		for _, id := range []string{"1", "2", "3"} {
			e.decide("p", id, 10)
		}
		got, total := e.decided("p", pool.DecideScale, workspace.Page{Offset: 1, Limit: 1})
		e.Same(got, "2")
		e.Same(total, 3)
		got, total = e.decided("p", pool.DecideBind, storetest.Everything)
		e.Same(got, "")
		e.Same(total, 0)
	},
	"notices are read as written, newest first, a page at a time": func(e *env) {
		e.AddPool("p")
		e.AddPool("q")
		now := e.Clock.Now()
		e.notify("p", "1")
		e.notify("q", "2")
		e.notify("p", "3")
		e.View(func(tx *store.Tx) error {
			got, total, err := pool.Notices(e.Context(), tx, "p", workspace.Page{Offset: 1, Limit: 5})
			e.Same(total, 2)
			e.Same(got, []pool.PoolNotice{{ID: "1", PoolID: "p", JobID: "job", Text: "销售?", Created: now}})
			return err
		})
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.InsertNotice(e.Context(), tx, pool.PoolNotice{ID: "4", PoolID: "gone"})
		})
	},
}
