package store

import (
	"path/filepath"
	"testing"

	"carrel/internal/workspace"
)

// TestADatabaseThatTakesNoWritesIsNotReady pins what was 200 while nothing could be written: reads go on from a full disk.
func TestADatabaseThatTakesNoWritesIsNotReady(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	readOnly := func(value string) {
		t.Helper()
		if _, err := s.writer.ExecContext(t.Context(), "PRAGMA query_only = "+value); err != nil {
			t.Fatal(err)
		}
	}
	write := func() error {
		return s.Update(t.Context(), func(tx *Tx) error { return tx.PutZones(t.Context(), []workspace.Zone{{ID: "z"}}) })
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
	before := s.commits.Load()
	ready("asked again at once", true)
	if n := s.commits.Load() - before; n != 0 {
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
