package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestOpenTakesEveryFormOfAPathAndKeepsTheFileToItsOwner(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"plain.db", "with space & ? # %20 '.db", "销售.db"} {
		path = filepath.Join(dir, path)
		for _, url := range []string{path, "sqlite:" + path} {
			s, err := store.Open(t.Context(), url)
			must(t, err)
			must(t, s.Ping(t.Context()))
			must(t, s.Update(t.Context(), func(tx *store.Tx) error { return catalog.PutZones(t.Context(), tx, []catalog.Zone{{ID: "z"}}) }))
			for _, file := range []string{path, path + "-wal"} {
				info, err := os.Stat(file)
				must(t, err)
				if info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %v", file, info.Mode())
				}
			}
			must(t, s.Close())
			if err := s.Ping(t.Context()); err == nil {
				t.Error("a closed store answers")
			}
		}
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 3 {
		t.Errorf("%d files are left, want the 3 databases: %v", len(entries), entries)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	notADatabase := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(notADatabase, []byte(strings.Repeat("This is not a database. ", 100)), 0o600))
	for url, want := range map[string]string{
		notADatabase: "not a database",
		filepath.Join(t.TempDir(), "missing", "x.db"):            "no such file or directory",
		"postgres://nobody@/x?host=/nonexistent&sslmode=disable": "/nonexistent",
	} {
		if s, err := store.Open(t.Context(), url); err == nil {
			t.Errorf("%s was opened", url)
			s.Close()
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", url, err, want)
		}
	}
}

// fresh gives addresses of databases without tables.
var fresh = map[string]func(*testing.T) string{
	"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "carrel.db") },
	"postgres": func(t *testing.T) string { return storetest.EmptyPostgresURL(t) },
}

func TestProcessesThatStartAtOnceMakeTheTablesOnce(t *testing.T) {
	for name, address := range fresh {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			results := make(chan error)
			const processes = 8
			for range processes {
				go func() {
					s, err := store.Open(t.Context(), url)
					if err == nil {
						err = s.Close()
					}
					results <- err
				}()
			}
			var errs []error
			for range processes {
				errs = append(errs, <-results)
			}
			must(t, errors.Join(errs...))
		})
	}
}

func TestADatabaseOfANewerCarrelIsLeftAlone(t *testing.T) {
	for name, address := range fresh {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			s, err := store.Open(t.Context(), url)
			must(t, err)
			must(t, store.Exec(t.Context(), s, "INSERT INTO schema_migrations (name, applied) VALUES ('migrations/9999_future.sql', '2030-01-01')"))
			must(t, s.Close())
			s, err = store.Open(t.Context(), url)
			if err == nil {
				s.Close()
				t.Fatal("the database was opened")
			}
			if !strings.Contains(err.Error(), "newer Carrel") {
				t.Errorf("%v does not say why", err)
			}
		})
	}
}

func TestAnExistingDatabaseIsNeitherMadeNorChanged(t *testing.T) {
	for name, address := range fresh {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			open := func(want error) {
				t.Helper()
				s, err := store.Open(t.Context(), url, store.Existing())
				if err == nil {
					err = s.Close()
				}
				if !errors.Is(err, want) {
					t.Errorf("opening it: %v, want %v", err, want)
				}
			}
			open(store.ErrNoDatabase)
			open(store.ErrNoDatabase) // the first look has made nothing
			s, err := store.Open(t.Context(), url)
			must(t, err)
			must(t, s.Close())
			open(nil)
			s, err = store.Open(t.Context(), url)
			must(t, err)
			must(t, store.Exec(t.Context(), s, "DELETE FROM schema_migrations WHERE name = 'migrations/0013_installations.sql'"))
			must(t, s.Close())
			open(store.ErrOtherVersion)
		})
	}
}

func TestExpiriesThatAnEarlierVersionStoredBeyondTheYear9999AreReadAsNever(t *testing.T) {
	for name, address := range fresh {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			s, err := store.Open(t.Context(), url)
			must(t, err)
			must(t, s.Update(t.Context(), func(tx *store.Tx) error {
				return directory.InsertUsers(t.Context(), tx, []directory.User{{ID: "wild", ProjectID: "p", Name: "wild"}, {ID: "tame", ProjectID: "p", Name: "tame"}})
			}))
			must(t, store.Exec(t.Context(), s, "UPDATE users SET expires = '10000-01-01T13:59:59.000000Z' WHERE id = 'wild'"))
			must(t, store.Exec(t.Context(), s, "UPDATE users SET expires = '9999-12-30T23:59:59.000000Z' WHERE id = 'tame'"))
			must(t, store.Exec(t.Context(), s, "DELETE FROM schema_migrations WHERE name = 'migrations/0021_expiry.sql'"))
			must(t, s.Close())
			s = storetest.Open(t, url, nil)
			must(t, s.Update(t.Context(), func(tx *store.Tx) error {
				users, _, err := directory.Users(t.Context(), tx, directory.UserQuery{ProjectID: "p", Page: workspace.Page{Limit: 10}})
				if err != nil || len(users) != 2 {
					t.Fatalf("%d people, %v", len(users), err)
				}
				for _, u := range users {
					if u.Expires.IsZero() != (u.ID == "wild") {
						t.Errorf("%s expires at %v", u.ID, u.Expires)
					}
				}
				return directory.DeleteUser(t.Context(), tx, "wild")
			}))
		})
	}
}

func TestTwoProcessesShareOneSQLiteFile(t *testing.T) {
	path := storetest.SQLitePath(t)
	stores := []*store.Store{storetest.Open(t, path, time.Now), storetest.Open(t, path, time.Now)}
	const each = 50
	results := make(chan error)
	for n, s := range stores {
		go func() {
			var errs []error
			for range each {
				errs = append(errs, s.Update(t.Context(), func(tx *store.Tx) error {
					// Read before writing: that is where two writers would stand in each other's way.
					_, total, err := directory.Users(t.Context(), tx, directory.UserQuery{ProjectID: "p"})
					if err != nil {
						return err
					}
					name := string(rune('a'+n)) + "-" + string(rune('0'+total%10)) + workspace.NewID()
					return directory.InsertUsers(t.Context(), tx, []directory.User{{ID: workspace.NewID(), ProjectID: "p", Name: name}})
				}))
			}
			results <- errors.Join(errs...)
		}()
	}
	for range stores {
		must(t, <-results)
	}
	must(t, stores[0].View(t.Context(), func(tx *store.Tx) error {
		_, total, err := directory.Users(t.Context(), tx, directory.UserQuery{ProjectID: "p"})
		if total != 2*each {
			t.Errorf("%d rows, want %d", total, 2*each)
		}
		return err
	}))
}
