package app

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // opens the database beside the store

	"carrel/internal/store"
)

// A newer program beside the database of an older one knows no installation, and must not take its machines for somebody else's.
func TestADatabaseOfAnotherVersionIsNotTakenForNone(t *testing.T) {
	c := Defaults()
	c.Data = t.TempDir()
	if id, err := installationOf(t.Context(), c); id != "" || err != nil {
		t.Errorf("without a database: %q, %v", id, err)
	}
	s, err := store.Open(t.Context(), c.databaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := installationOf(t.Context(), c); err != nil {
		t.Errorf("with a database of this version: %v", err)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(c.databaseURL(), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM schema_migrations WHERE name = (SELECT MAX(name) FROM schema_migrations)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := installationOf(t.Context(), c); !errors.Is(err, store.ErrOtherVersion) || !strings.Contains(err.Error(), "carrel serve") {
		t.Errorf("with a database of another version: %v, want advice to let this one bring it up to date", err)
	}
}
