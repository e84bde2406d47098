package storetest

import (
	"cmp"
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that creates and drops databases

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SQLite returns a database in the test's temporary folder.
func SQLite(t testing.TB) Database {
	t.Helper()
	path := SQLitePath(t)
	return Database{Open: func(t testing.TB, clock func() time.Time) store.Transactions { return Open(t, path, clock) }}
}

// SQLitePath creates a database as SQLite does, and returns its path.
func SQLitePath(t testing.TB) string {
	t.Helper()
	empty, err := emptySQLite()
	if err != nil {
		t.Fatalf("making a database: %v", err)
	}
	path := filepath.Join(t.TempDir(), "carrel.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// emptySQLite is the file of a database with all tables. Creating them again for each test would take most of its time.
var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "carrel-store-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "carrel.db")
	s, err := store.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Open opens a store that is closed when the test ends. A nil clock is time.Now.
func Open(t testing.TB, url string, clock func() time.Time) *store.Store {
	t.Helper()
	if clock == nil {
		clock = time.Now
	}
	s, err := store.Open(t.Context(), url, store.WithClock(clock))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// Postgres returns a database on the server that CARREL_TEST_POSTGRES names, which is dropped at the end of the test. Without a
// server the test is skipped, or fails if CARREL_TEST_POSTGRES_REQUIRED is set.
func Postgres(t testing.TB) Database {
	t.Helper()
	address := PostgresURL(t)
	return Database{
		Open:        func(t testing.TB, clock func() time.Time) store.Transactions { return Open(t, address, clock) },
		WakesOthers: true,
	}
}

// PostgresURL creates a database as Postgres does, and returns its address.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("CARREL_TEST_POSTGRES")
	if server == "" && os.Getenv("CARREL_TEST_POSTGRES_REQUIRED") != "" {
		t.Fatal("CARREL_TEST_POSTGRES is not set; run the tests with scripts/with-postgres")
	}
	if server == "" {
		t.Skip("CARREL_TEST_POSTGRES is not set; scripts/with-postgres sets it")
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatalf("CARREL_TEST_POSTGRES: %v", err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "carrel_" + workspace.NewToken()[:16]
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		if err := cmp.Or(err, admin.Close()); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address.Path = "/" + name
	return address.String()
}
