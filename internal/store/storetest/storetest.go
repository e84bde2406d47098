// Package storetest holds what every store.Transactions must do, as one suite of behaviours, and gives tests databases of
// their own, with the fixture that those of rooms are made of.
package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"carrel/internal/store"
)

// Database is an empty database for one test.
type Database struct {
	// Open opens it; a second call does what another process would. The store is closed when the test ends.
	Open func(t testing.TB, clock func() time.Time) store.Transactions
	// WakesOthers says that separately opened stores signal each other's workers.
	WakesOthers bool
}

// Run runs the store's own suite on databases from fresh.
func Run(t *testing.T, fresh func(testing.TB) Database) {
	run(t, fresh, func(e *Env) *Env { return e }, map[string]map[string]func(*Env){
		"Transactions": transactions, "Subscriptions": subscriptions, "ClientTokens": clientTokens, "Jobs": jobs, "Claims": claims,
		"Attempts": attempts, "Leases": leases, "Work": works, "Requests": requests,
	})
}

// RunRows runs the tests of a room's rows on SQLite and, if there is a server, on PostgreSQL. The tests are by area and by the
// sentence that each shows; fixture makes the room's own of an Env.
func RunRows[E any](t *testing.T, fixture func(*Env) E, areas map[string]map[string]func(E)) {
	t.Run("SQLite", func(t *testing.T) { run(t, SQLite, fixture, areas) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, Postgres, fixture, areas) })
}

// run uses a fresh database for each test, several at a time.
func run[E any](t *testing.T, fresh func(testing.TB) Database, fixture func(*Env) E, areas map[string]map[string]func(E)) {
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		t.Run(area, func(t *testing.T) {
			for _, sentence := range slices.Sorted(maps.Keys(areas[area])) {
				t.Run(sentence, func(t *testing.T) {
					t.Parallel()
					areas[area][sentence](fixture(NewEnv(t, fresh(t))))
				})
			}
		})
	}
}
