package store_test

import (
	"path/filepath"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TestADatabaseThatTakesNoWritesIsNotReady pins what was 200 while nothing could be written: reads go on from a full disk.
func TestADatabaseThatTakesNoWritesIsNotReady(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	readOnly := func(value string) {
		t.Helper()
		if err := store.Exec(t.Context(), s, "PRAGMA query_only = "+value); err != nil {
			t.Fatal(err)
		}
	}
	write := func() error {
		return s.Update(t.Context(), func(tx *store.Tx) error { return catalog.PutZones(t.Context(), tx, []catalog.Zone{{ID: "z"}}) })
	}
	ready := func(when string, want bool) {
		t.Helper()
		if err := s.Ping(t.Context()); (err == nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	readOnly("1")
	ready("while it may only be read", false)
	readOnly("0")
	ready("when it may be written again", true)
	before := store.Commits(s)
	ready("asked again at once", true)
	if n := store.Commits(s) - before; n != 0 {
		t.Errorf("asking again wrote %d times", n)
	}
	readOnly("1")
	if err := write(); workspace.CodeOf(err) != workspace.CodeNoDatabase {
		t.Errorf("a write: %v", err)
	}
	ready("after a write failed", false)
	readOnly("0")
	if err := write(); err != nil {
		t.Error(err)
	}
	ready("in the end", true)
}
