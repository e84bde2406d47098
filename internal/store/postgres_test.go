package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestUpdatesThatWaitForEachOtherBothSucceed(t *testing.T) {
	s := storetest.Open(t, storetest.PostgresURL(t), time.Now)
	must(t, s.Update(t.Context(), func(tx *store.Tx) error {
		return directory.InsertUsers(t.Context(), tx, []directory.User{{ID: "a", Name: "a"}, {ID: "b", Name: "b"}})
	}))
	var bothHoldOne sync.WaitGroup
	bothHoldOne.Add(2)
	update := func(first, second string) error {
		run := 0
		return s.Update(t.Context(), func(tx *store.Tx) error {
			run++
			if _, err := directory.LockUser(t.Context(), tx, "", first); err != nil {
				return err
			}
			if run == 1 {
				bothHoldOne.Done()
				bothHoldOne.Wait()
			}
			u, err := directory.LockUser(t.Context(), tx, "", second)
			if err != nil {
				return err
			}
			u.Phone += "1"
			return directory.SaveUser(t.Context(), tx, u)
		})
	}
	other := make(chan error)
	go func() { other <- update("a", "b") }()
	must(t, errors.Join(update("b", "a"), <-other))
	must(t, s.View(t.Context(), func(tx *store.Tx) error {
		for _, id := range []string{"a", "b"} {
			u, err := directory.ReadUser(t.Context(), tx, "", id)
			if err != nil {
				return err
			}
			if u.Phone != "1" {
				t.Errorf("%s was changed %d times, want 1", id, len(u.Phone))
			}
		}
		return nil
	}))
}

// TestNamesAreLookedUpOneByOne pins what made orders of desktops slow down as a project grew: PostgreSQL expected a hundred names to be
// half of the project's, and read all of it each time; those of hosts even when it knew the table.
func TestNamesAreLookedUpOneByOne(t *testing.T) {
	url := storetest.PostgresURL(t)
	var sent statements
	s, err := store.Open(t.Context(), url, store.WithQueryHook(&sent))
	must(t, err)
	defer s.Close()
	ctx := t.Context()
	names := func(of string, n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("%s-%d", of, i))
		}
		return names
	}
	people := func(names []string) (users []directory.User) {
		for _, n := range names {
			users = append(users, directory.User{ID: n, ProjectID: "p", Name: n})
		}
		return users
	}
	must(t, s.Update(ctx, func(tx *store.Tx) error {
		err := errors.Join(catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "v", ProjectID: "p"}), catalog.InsertSubnet(ctx, tx, catalog.Subnet{ID: "s", ProjectID: "p", VPCID: "v"}))
		var desktops []desktop.Desktop
		for _, n := range names("there", 1000) {
			desktops = append(desktops, desktop.Desktop{ID: n, ProjectID: "p", Name: n, HostName: n, SubnetID: "s"})
		}
		return errors.Join(err, directory.InsertUsers(ctx, tx, people(names("there", 1000))), desktop.InsertDesktops(ctx, tx, desktops))
	}))
	db, err := sql.Open("pgx", url)
	must(t, err)
	defer db.Close()
	var plan string
	for _, known := range []bool{false, true} {
		if known {
			must(t, store.Exec(ctx, s, "ANALYZE"))
		}
		sent = nil
		must(t, s.Update(ctx, func(tx *store.Tx) error {
			_, err := desktop.TakenNames(ctx, tx, "p", names("new", 100))
			_, ofHosts := desktop.TakenHostNames(ctx, tx, "p", names("new", 100))
			return errors.Join(err, ofHosts, directory.InsertUsers(ctx, tx, people(names(fmt.Sprint(known), 100))))
		}))
		asked := 0
		for _, statement := range sent {
			if !strings.HasPrefix(statement, "SELECT ") {
				continue
			}
			asked++
			must(t, db.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+statement).Scan(&plan))
			if strings.Contains(plan, `"Seq Scan"`) || strings.Contains(plan, `"Bitmap Heap Scan"`) {
				t.Errorf("with statistics: %t, for\n%s\n%s", known, statement, plan)
			}
		}
		if asked != 3 { // names, host names, accounts
			t.Errorf("%d statements looked something up", asked)
		}
	}
}

// lines is a log that tells of each record.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

func TestAStoreThatLostTheConnectionOnWhichItListensHearsOfWorkAgain(t *testing.T) {
	url := storetest.PostgresURL(t)
	writer := storetest.Open(t, url, time.Now)
	told := make(lines, 100)
	listener, err := store.Open(t.Context(), url, store.WithLog(slog.New(slog.NewTextHandler(told, nil))))
	must(t, err)
	defer listener.Close()
	work := listener.Work(t.Context())
	insert := func() {
		must(t, writer.Update(t.Context(), func(tx *store.Tx) error {
			return tx.InsertJob(t.Context(), workspace.Job{ID: workspace.NewID(), Created: tx.Now()})
		}))
	}
	await(t, work) // it listens
	insert()
	await(t, work)
	kill(t, url)
	if line := <-told; !strings.Contains(line, "interrupted") {
		t.Errorf("the log says %q", line)
	}
	insert()
	await(t, work) // for the connection, which is new, or for the work
	insert()
	await(t, work)
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(2 * time.Minute):
		t.Fatal("no signal came")
	}
}

// kill ends the connections that listen.
func kill(t *testing.T, url string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	must(t, err)
}

func TestAStoreHearsOfTheRevocationsOfOthers(t *testing.T) {
	url := storetest.PostgresURL(t)
	writer, listener := storetest.Open(t, url, time.Now), storetest.Open(t, url, time.Now)
	work := listener.Work(t.Context())
	await(t, work) // it listens
	before, own := listener.Revocations(), writer.Revocations()
	announce := func(revoke bool, fails error) {
		err := writer.Update(t.Context(), func(tx *store.Tx) error {
			if revoke {
				must(t, tx.NoteRevocation(t.Context()))
				must(t, tx.NoteRevocation(t.Context()))
			}
			must(t, tx.WakeWorkers(t.Context())) // what is announced comes in order
			return fails
		})
		if !errors.Is(err, fails) {
			t.Fatal(err)
		}
	}
	announce(false, nil)
	await(t, work)
	if n := listener.Revocations(); n != before {
		t.Errorf("%d revocations were heard of, there were none", n-before)
	}
	announce(true, errors.New("undone"))
	announce(true, nil)
	await(t, work)
	if n := listener.Revocations(); n != before+1 {
		t.Errorf("%d revocations were heard of, want one", n-before)
	}
	if n := writer.Revocations(); n < own+1 {
		t.Error("the writer did not count its own")
	}
}
