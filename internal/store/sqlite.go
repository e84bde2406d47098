package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect is SQLite: one writer at a time, so it needs no locks, and readers that see the state before it.
type sqliteDialect struct{ statistics *sqliteStatistics }

// sqliteTables is what bun knows of row types, the same for all databases.
var sqliteTables = sqliteSchema{sqlitedialect.New()}

// openSQLite opens the file once for writing and several times for reading, so that a list never waits for a commit.
//
// With synchronous=FULL every commit is on the disk before its caller returns: a job id that a client has, or a machine that was
// created for a row, survives a power cut. With NORMAL the last commits could be lost, and it would not be faster: the machines
// take longer than the writes.
func (s *Store) openSQLite(ctx context.Context, path string) error {
	if s.existing {
		if file, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && file.Size() == 0 {
			return fmt.Errorf("%w: %s is missing or empty", ErrNoDatabase, path)
		}
	}
	path, err := createSQLite(path)
	if err != nil {
		return err
	}
	shared := []string{"busy_timeout(10000)", "foreign_keys(1)", "temp_store(memory)", "cache_size(-16384)"}
	writer := slices.Concat(shared, []string{"journal_mode(wal)", "synchronous(full)", "analysis_limit(1000)"})
	reader := slices.Concat(shared, []string{"query_only(1)"})

	statistics := new(sqliteStatistics)
	writing, err := newPreparing(sqliteName(path, writer), new(atomic.Uint64)) // it has measured them itself
	if err != nil {
		return err
	}
	reading, err := newPreparing(sqliteName(path, reader), &statistics.written)
	if err != nil {
		return err
	}
	w, r := sql.OpenDB(writing), sql.OpenDB(reading)
	w.SetMaxOpenConns(1)
	r.SetMaxOpenConns(max(4, runtime.NumCPU()))
	r.SetMaxIdleConns(max(4, runtime.NumCPU()))
	s.writer, s.reader, s.dialect = newDB(w, sqliteTables), newDB(r, sqliteTables), sqliteDialect{statistics}
	s.group = new(groupCommit)
	if err := pingSQLite(ctx, w); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return nil
}

// createSQLite creates the file if it is missing, readable by its owner only (SQLite's other files get the same mode), and
// returns its absolute path.
func createSQLite(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return path, f.Close()
}

func sqliteName(path string, pragmas []string) string {
	name := url.URL{Scheme: "file", Path: path}
	name.RawQuery = url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()
	return name.String()
}

// pingSQLite opens the writer's connection. Switching a new file to write-ahead logging does not wait for another process that
// does the same, whatever the busy timeout is.
func pingSQLite(ctx context.Context, db *sql.DB) error {
	for try := 1; ; try++ {
		err := db.PingContext(ctx)
		if code, ok := sqliteCode(err); !ok || code&0xff != sqlite3.SQLITE_BUSY || try == 50 {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func sqliteCode(err error) (int, bool) {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code(), true
	}
	return 0, false
}

// lockForMigration does nothing: the writer's transactions begin with the lock.
func (sqliteDialect) lockForMigration(context.Context, bun.Tx) error { return nil }

func (sqliteDialect) hasTable(ctx context.Context, db *bun.DB, name string) (there bool, err error) {
	err = db.NewRaw("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)", name).Scan(ctx, &there)
	return there, err
}

func (sqliteDialect) migration(text string) string { return text }

func (sqliteDialect) viewOptions() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (sqliteDialect) forUpdate(q *bun.SelectQuery, _ string, _ bool) *bun.SelectQuery { return q }

func (sqliteDialect) forShare(q *bun.SelectQuery, _ string) *bun.SelectQuery { return q }

func (sqliteDialect) announceWork(context.Context, bun.Tx) error { return nil }

func (sqliteDialect) announceRevocation(context.Context, *Tx, string) error { return nil }

func (sqliteDialect) listen(context.Context, *slog.Logger, heard) {}

// violated reads the columns from the message, the only place where SQLite has them: "constraint failed: UNIQUE constraint
// failed: users.project_id, users.name_folded (2067)".
func (sqliteDialect) violated(err error) string {
	code, _ := sqliteCode(err)
	if code != sqlite3.SQLITE_CONSTRAINT_UNIQUE && code != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return ""
	}
	words := strings.Fields(err.Error())
	return strings.ReplaceAll(words[len(words)-2], ".", "_")
}

func (sqliteDialect) refers(err error) bool {
	code, _ := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// outage reports whether the file cannot be read or written: another process has locked it for too long, the disk is full or
// broken, or it is read-only. A damaged file is not an outage, since it does not recover.
func (sqliteDialect) outage(err error) bool {
	code, _ := sqliteCode(err)
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL:
		return true
	}
	return false
}

// stale is never the case: a file has no connections that break.
func (sqliteDialect) stale(error) bool { return false }

// smallestWrite writes a number in the file's header that nothing uses.
func (sqliteDialect) smallestWrite() string { return "PRAGMA user_version = 0" }

// reserve does nothing: one process has locked the data directory, and with it the file.
func (sqliteDialect) reserve(context.Context, *slog.Logger, []Name, func(error)) (func(), error) {
	return func() {}, nil
}

func (sqliteDialect) timeLayout() string { return time.RFC3339Nano }

// passing reports a transaction that shared its commit with one that failed. Other errors are not transient: a transaction has
// the writer's lock from its beginning.
func (sqliteDialect) passing(err error) bool { return errors.Is(err, errGroupLost) }
