package store_test

import (
	"errors"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestANameBelongsToOneProcessUntilItEnds(t *testing.T) {
	address := storetest.PostgresURL(t)
	first, second := storetest.Open(t, address, time.Now), storetest.Open(t, address, time.Now)
	lost := func(err error) { t.Errorf("lost: %v", err) }
	own := store.Name{Text: "replica a"}
	release, err := first.Reserve(t.Context(), lost, own, store.Name{Text: "engine", Shared: true})
	must(t, err)

	_, err = second.Reserve(t.Context(), lost, own)
	if taken, ok := errors.AsType[*store.ReservedError](err); !ok || taken.Name != own || !errors.Is(err, store.ErrReserved) {
		t.Errorf("a second process of the name got %v", err)
	}
	if _, err := second.Reserve(t.Context(), lost, store.Name{Text: "engine"}); !errors.Is(err, store.ErrReserved) {
		t.Errorf("a process that wants to be alone beside another got %v", err)
	}
	other, err := second.Reserve(t.Context(), lost, store.Name{Text: "replica b"}, store.Name{Text: "engine", Shared: true})
	must(t, err)
	other()
	release()
	again, err := second.Reserve(t.Context(), lost, own, store.Name{Text: "engine"})
	must(t, err)
	again()
}

func TestAnOutageOfTheDatabaseIsNoFaultAndPasses(t *testing.T) {
	r, address := storetest.NewRoad(t, storetest.PostgresURL(t))
	s := storetest.Open(t, address, time.Now)
	read := func(tx *store.Tx) error { _, err := catalog.Zones(t.Context(), tx); return err }
	outage := func(what string, err error) {
		t.Helper()
		if workspace.CodeOf(err) != workspace.CodeNoDatabase {
			t.Errorf("%s: %v", what, err)
		}
	}
	release, err := s.Reserve(t.Context(), func(err error) { t.Errorf("lost: %v", err) }, store.Name{Text: "replica a"})
	must(t, err)
	defer release()
	must(t, s.Update(t.Context(), read))

	outage("a connection that breaks in a transaction", s.Update(t.Context(), func(tx *store.Tx) error {
		r.Close()
		return read(tx)
	}))
	outage("a server that refuses connections, writing", s.Update(t.Context(), read))
	outage("... reading", s.View(t.Context(), read))
	if s.Ping(t.Context()) == nil {
		t.Error("the database is said to answer")
	}

	r.Open()
	must(t, s.Update(t.Context(), read))
	must(t, s.View(t.Context(), read))
}

func TestASessionThatTheServerEndsIsAnOutage(t *testing.T) {
	s := storetest.Open(t, storetest.PostgresURL(t), time.Now)
	err := s.Update(t.Context(), func(*store.Tx) error {
		return store.Exec(t.Context(), s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()")
	})
	if err != nil && workspace.CodeOf(err) != workspace.CodeNoDatabase {
		t.Errorf("a session that was ended gave %v", err)
	}
	must(t, s.View(t.Context(), func(tx *store.Tx) error { _, err := catalog.Zones(t.Context(), tx); return err }))
}
