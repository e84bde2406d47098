package storetest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) decide(poolID, id string, keep int) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return pool.InsertDecision(w.Context(), tx, pool.PoolDecision{ID: id, PoolID: poolID, Kind: pool.DecideScale, At: tx.Now()}, keep)
	})
	w.clock.Advance(time.Second)
}

func (w *world) notify(poolID, id string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return pool.InsertNotice(w.Context(), tx, pool.PoolNotice{ID: id, PoolID: poolID, JobID: "job", Text: "销售?", Created: tx.Now()})
	})
	w.clock.Advance(time.Second)
}

func (w *world) decided(poolID string, kind pool.DecisionKind, page workspace.Page) (string, int) {
	w.Helper()
	var total int
	got := get(w, func(ctx context.Context, tx *store.Tx) (got []pool.PoolDecision, err error) {
		got, total, err = pool.Decisions(ctx, tx, poolID, kind, page)
		return got, err
	})
	return strings.Join(ids(got, func(d pool.PoolDecision) string { return d.ID }), " "), total
}

var decisions = []behaviour{
	{"a decision is read as it was written", func(w *world) {
		w.addPool("p")
		want := pool.PoolDecision{
			ID: "d", PoolID: "p", Kind: pool.DecideBind, At: w.clock.Now(), Inputs: json.RawMessage(`{"a": "it's ?"}`),
			Reasons: []pool.Reason{{Rule: "cap", Text: "销售"}, {Rule: "off"}}, Actions: json.RawMessage(`[1, 2]`),
		}
		w.update(func(tx *store.Tx) error { return pool.InsertDecision(w.Context(), tx, want, 10) })
		w.view(func(tx *store.Tx) error {
			got, _, err := pool.Decisions(w.Context(), tx, "p", "", everything)
			w.same(got, []pool.PoolDecision{want})
			return err
		})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.InsertDecision(w.Context(), tx, pool.PoolDecision{ID: "e", PoolID: "gone"}, 10)
		})
	}},
	{"a pool keeps its newest decisions, whatever others keep", func(w *world) {
		w.addPool("p")
		w.addPool("q")
		w.decide("q", "q1", 10)
		for _, id := range []string{"5", "4", "3", "2", "1"} {
			w.decide("p", id, 3)
		}
		got, total := w.decided("p", "", everything)
		w.same(got, "1 2 3")
		w.same(total, 3)
		got, _ = w.decided("q", "", everything)
		w.same(got, "q1")
		w.decide("p", "0", 0)
		got, _ = w.decided("p", "", everything)
		w.same(got, "")
	}},
	{"a kind of decision of which few are kept costs the others nothing", func(w *world) {
		w.addPool("p")
		for _, id := range []string{"3", "2", "1"} {
			w.decide("p", id, 3)
		}
		w.update(func(tx *store.Tx) error {
			return pool.InsertDecision(w.Context(), tx, pool.PoolDecision{ID: "rebuild", PoolID: "p", Kind: pool.DecideRollout, At: tx.Now()}, 1)
		})
		got, _ := w.decided("p", "", everything)
		w.same(got, "rebuild 1 2 3")
	}},
	{"decisions are paged, newest first, and read by kind", func(w *world) {
		w.addPool("p")
		for _, id := range []string{"1", "2", "3"} {
			w.decide("p", id, 10)
		}
		got, total := w.decided("p", pool.DecideScale, workspace.Page{Offset: 1, Limit: 1})
		w.same(got, "2")
		w.same(total, 3)
		got, total = w.decided("p", pool.DecideBind, everything)
		w.same(got, "")
		w.same(total, 0)
	}},
	{"notices are read as written, newest first, a page at a time", func(w *world) {
		w.addPool("p")
		w.addPool("q")
		now := w.clock.Now()
		w.notify("p", "1")
		w.notify("q", "2")
		w.notify("p", "3")
		w.view(func(tx *store.Tx) error {
			got, total, err := pool.Notices(w.Context(), tx, "p", workspace.Page{Offset: 1, Limit: 5})
			w.same(total, 2)
			w.same(got, []pool.PoolNotice{{ID: "1", PoolID: "p", JobID: "job", Text: "销售?", Created: now}})
			return err
		})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.InsertNotice(w.Context(), tx, pool.PoolNotice{ID: "4", PoolID: "gone"})
		})
	}},
}
