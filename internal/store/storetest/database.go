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
	server := postgresServer(t)
	if err := preparePostgres(); err != nil {
		t.Fatalf("making the database that the tests' are copied from: %v", err)
	}
	return createPostgres(t, server, " TEMPLATE "+template)
}

// EmptyPostgresURL is PostgresURL for a database without tables.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	return createPostgres(t, postgresServer(t), "")
}

func postgresServer(t testing.TB) string {
	t.Helper()
	server := os.Getenv("CARREL_TEST_POSTGRES")
	if server == "" && os.Getenv("CARREL_TEST_POSTGRES_REQUIRED") != "" {
		t.Fatal("CARREL_TEST_POSTGRES is not set; run the tests with scripts/with-postgres")
	}
	if server == "" {
		t.Skip("CARREL_TEST_POSTGRES is not set; scripts/with-postgres sets it")
	}
	return server
}

// template is a database with all tables, from which those of tests are copied: creating the tables again for each test would take most
// of its time. On a server that outlives the tests, drop it after a change of a migration that it has.
const template = "carrel_test_template"

// preparePostgres creates the template, or the tables that it lacks, once in each process. A database that is in use cannot be copied, so
// processes hold templateLock: exclusively here, shared while they copy.
var preparePostgres = sync.OnceValue(func() error {
	ctx := context.Background()
	server := os.Getenv("CARREL_TEST_POSTGRES")
	return locked(ctx, server, "pg_advisory_lock", func(admin *sql.Conn) error {
		var exists bool
		if err := admin.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
				return err
			}
		}
		address, err := addressOf(server, template)
		if err != nil {
			return err
		}
		s, err := store.Open(ctx, address)
		if err != nil {
			return err
		}
		return s.Close()
	})
})

const templateLock = 7_318_820_417

// locked runs f while the server has templateLock for it, taken with the function lock.
func locked(ctx context.Context, server, lock string, f func(*sql.Conn) error) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close() // which ends the session, and with it the lock
	admin, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "SELECT "+lock+"($1)", templateLock); err != nil {
		return err
	}
	return f(admin)
}

// createPostgres creates a database that is dropped at the end of the test, and returns its address.
func createPostgres(t testing.TB, server, from string) string {
	t.Helper()
	name := "carrel_" + workspace.NewToken()[:16]
	err := locked(t.Context(), server, "pg_advisory_lock_shared", func(admin *sql.Conn) error {
		_, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+from)
		return err
	})
	if err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", server)
		if err == nil {
			_, err = admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
			err = cmp.Or(err, admin.Close())
		}
		if err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address, err := addressOf(server, name)
	if err != nil {
		t.Fatalf("CARREL_TEST_POSTGRES: %v", err)
	}
	return address
}

// addressOf returns the address of a database on the server with an address.
func addressOf(server, database string) (string, error) {
	address, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	address.Path = "/" + database
	return address.String(), nil
}
