package pool_test

import (
	"context"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) wait(poolID, userID string, patience time.Duration) {
	e.Helper()
	now := e.Clock.Now()
	e.Update(func(tx *store.Tx) error {
		return pool.PutWaiting(e.Context(), tx, pool.Waiting{PoolID: poolID, UserID: userID, Since: now, Until: now.Add(patience)})
	})
}

func (e *env) waiting(poolID string) string {
	e.Helper()
	return strings.Join(storetest.IDs(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.Waiting, error) {
		return pool.ReadWaiting(ctx, tx, poolID)
	}), func(o pool.Waiting) string { return o.UserID }), " ")
}

var waiting = map[string]func(*env){
	"people wait in the order in which they came, and keep their place as long as they ask": func(e *env) {
		e.AddPool("p")
		e.AddPool("q")
		e.AddUsers(directory.User{ID: "a", ProjectID: storetest.Project, Name: "a"}, directory.User{ID: "b", ProjectID: storetest.Project, Name: "b"})
		start := e.Clock.Now()
		e.wait("p", "b", time.Minute)
		e.Clock.Advance(50 * time.Second)
		e.wait("p", "a", time.Minute)
		e.wait("p", "b", time.Minute)
		e.wait("q", "a", time.Minute)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.Waiting, error) {
			return pool.ReadWaiting(ctx, tx, "p")
		})[0],
			pool.Waiting{PoolID: "p", UserID: "b", Since: start, Until: start.Add(110 * time.Second)})
		e.Same(e.waiting("p"), "b a")
		e.Clock.Advance(55 * time.Second)
		e.wait("p", "a", time.Minute)
		e.Clock.Advance(5 * time.Second) // and b has not asked again
		e.Same(e.waiting("p"), "a")
		e.wait("p", "b", time.Minute)
		e.Same(e.waiting("p"), "a b")
		for range 2 {
			e.Update(func(tx *store.Tx) error { return pool.DropWaiting(e.Context(), tx, "p", "a") })
		}
		e.Same(e.waiting("p"), "b")
		e.Same(e.waiting("missing"), "")
	},
	"deleted people wait no longer, and nobody waits who is gone or for a pool that is": func(e *env) {
		e.AddPool("p")
		e.AddUsers(directory.User{ID: "a", ProjectID: storetest.Project, Name: "a"})
		e.wait("p", "a", time.Minute)
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, "a") })
		e.Same(e.waiting("p"), "")
		for _, o := range []pool.Waiting{{PoolID: "p", UserID: "a"}, {PoolID: "gone", UserID: storetest.UserOf(storetest.Project)}} {
			e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.PutWaiting(e.Context(), tx, o) })
		}
	},
}
