// Package store is the database: SQLite by default, PostgreSQL for several replicas. Both have the same tables and migrations and, except
// for a few keywords, the same statements. The package opens the database, runs transactions (Tx), pages lists, and helps rooms to write
// their rows.
//
// The rows of a room are in the room, in files that end in rows.go. This package has the rows that all rooms write: jobs and their queue,
// subscriptions of projects, client tokens, sign-in attempts; and the rows of package iam. Row types are the domain's structs with column
// names, so that Go converts one into the other and the compiler reports a field that is not stored.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
)

// Store is a database of Carrel. It is safe for concurrent use.
type Store struct {
	writer  *bun.DB // SQLite: the one connection that writes. PostgreSQL: the pool
	reader  *bun.DB // SQLite: several connections that cannot write. PostgreSQL: the same pool
	dialect dialect
	clock   func() time.Time
	log     *slog.Logger
	work    workSignals
	id      string       // tells this process's announcements from others'
	group   *groupCommit // SQLite: shares commits. PostgreSQL, which does that itself: nil

	hook     bun.QueryHook // nil: none
	existing bool          // open only a database with the current tables

	listening   sync.Once
	revocations atomic.Uint64

	commits atomic.Uint64
	probed  atomic.Pointer[time.Time] // when Ping last wrote; nil after the database was out of service
}

// dialect is what differs between SQLite and PostgreSQL. Everything else in this package is the same for both.
type dialect interface {
	// lockForMigration keeps other processes from migrating until the transaction ends.
	lockForMigration(ctx context.Context, tx bun.Tx) error
	// hasTable reports whether the database has a table of this name.
	hasTable(ctx context.Context, db *bun.DB, name string) (bool, error)
	// migration returns the SQL of a migration for this database.
	migration(text string) string
	// viewOptions returns the options of a transaction that sees one state of the database.
	viewOptions() *sql.TxOptions
	// forUpdate makes a query lock the rows that it reads of a table (or alias). With skip it omits rows that others have locked.
	forUpdate(q *bun.SelectQuery, table string, skip bool) *bun.SelectQuery
	// forShare makes a query lock the rows that it reads of a table (or alias) against changes, but not against others that do the same.
	forShare(q *bun.SelectQuery, table string) *bun.SelectQuery
	// analyze updates the planner's statistics as tables grow. It is called when a database is opened and from time to time.
	analyze(ctx context.Context, writer *bun.DB) error
	// announceWork signals other processes, when the transaction commits, that sub-jobs may be due.
	announceWork(ctx context.Context, tx bun.Tx) error
	// announceRevocation signals other processes, when the transaction commits, that it has ended credentials or changed permissions.
	announceRevocation(ctx context.Context, t *Tx, from string) error
	// listen tells of what other processes announce, until the context ends.
	listen(ctx context.Context, log *slog.Logger, h heard)
	// violated returns the unique index that err is about, as table and last column: "users_name_folded". Empty if none. For a
	// primary key the result differs between the databases.
	violated(err error) string
	// refers reports whether err is about a row that refers to one that does not exist.
	refers(err error) bool
	// timeLayout is the format of a time that is cast to text, for time.Parse.
	timeLayout() string
	// outage reports whether err means that the database is out of service for now, rather than an error of a statement.
	outage(err error) bool
	// stale reports that a transaction could not begin because its connection, one of the pool, had broken before.
	stale(err error) bool
	// smallestWrite returns a statement that changes nothing and still makes the commit write.
	smallestWrite() string
	// reserve reserves names for this process; see Store.Reserve.
	reserve(ctx context.Context, log *slog.Logger, names []Name, lost func(error)) (release func(), err error)
	// passing reports whether the transaction that ended with err may succeed if it is run again.
	passing(err error) bool
}

// Option changes how a database is opened.
type Option func(*Store)

// WithClock sets the clock; time.Now by default. No statement asks the database for the time.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.clock = now } }

// WithLog sets the log for what the store recovers from itself, such as a lost connection; by default slog's.
func WithLog(l *slog.Logger) Option { return func(s *Store) { s.log = l } }

// WithQueryHook sets a hook that is called for each statement. A statement whose context the hook ends fails.
func WithQueryHook(h bun.QueryHook) Option { return func(s *Store) { s.hook = h } }

// ErrNoDatabase means that Existing was given and there is no database.
var ErrNoDatabase = errors.New("there is no database of Carrel's")

// ErrOtherVersion means that Existing was given and the tables are those of another version of Carrel.
var ErrOtherVersion = errors.New("the database's tables are those of another version of Carrel")

// Existing makes Open neither create nor change a database: it returns ErrNoDatabase if the file or its tables are missing, and
// ErrOtherVersion if the tables are not the current ones.
func Existing() Option { return func(s *Store) { s.existing = true } }

// Open opens the database and applies missing migrations; several processes may do so at once. The URL is that of a PostgreSQL
// database ("postgres://..."), or the path of a SQLite file, which may begin with "sqlite:" and is created if it is missing. It
// returns an error if a newer Carrel has changed the tables.
func Open(ctx context.Context, url string, options ...Option) (*Store, error) {
	s := &Store{clock: time.Now, log: slog.Default(), id: rand.Text()}
	for _, o := range options {
		o(s)
	}
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		err = s.openPostgres(url)
	} else {
		err = s.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if s.hook != nil {
		shared := s.reader == s.writer
		s.writer, s.reader = s.writer.WithQueryHook(s.hook), s.reader.WithQueryHook(s.hook)
		if shared {
			s.reader = s.writer
		}
	}
	if s.existing {
		if err := s.checkTables(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return s, nil
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the database's tables up to date: %w", err), s.Close())
	}
	if err := s.dialect.analyze(ctx, s.writer); err != nil {
		return nil, errors.Join(fmt.Errorf("measuring the database's tables: %w", err), s.Close())
	}
	return s, nil
}

// Close ends the waiting for work and closes the database. Open transactions fail.
func (s *Store) Close() error {
	s.work.close()
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	return err
}

// probePause is how long Ping trusts a successful write.
const probePause = 5 * time.Second

// Ping returns nil if the database answers and accepts writes: reads still work if its disk is full, or if it is read-only. It
// writes at most once in probePause, however often it is called.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("asking the database for an answer: %w", err)
	}
	if probed := s.probed.Load(); probed != nil && time.Since(*probed) < probePause {
		return nil
	}
	now := time.Now()
	err := s.update(ctx, func(t *Tx) error {
		_, err := t.Tx.Tx.ExecContext(ctx, s.dialect.smallestWrite())
		return err
	})
	if err != nil {
		return fmt.Errorf("writing to the database: %w", err)
	}
	s.probed.Store(&now)
	return nil
}

// View runs f in a read-only transaction. What f reads is one state of the database, that of its first read.
func (s *Store) View(ctx context.Context, f func(*Tx) error) error {
	if t := s.enclosing(ctx); t != nil {
		return s.explained(ctx, t.part(ctx, f))
	}
	return s.explained(ctx, s.view(ctx, f))
}

// Update runs f in a transaction that commits if f returns nil. It runs f again if the database asks for that (a serialization
// failure or deadlock), so f must have no effect outside the transaction. On SQLite there is one transaction at a time. On
// PostgreSQL there are many, at READ COMMITTED: a decision relies on rows that the transaction has locked (LockDesktops,
// LockUser, FreeAddresses) and on unique constraints. They give better errors than a serialization failure would, and nothing is
// repeated just because another transaction wrote nearby.
//
// f must return the errors that it gets: after one, PostgreSQL accepts no more statements, and a transaction whose insert was
// refused is rolled back even if f returns nil.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	if t := s.enclosing(ctx); t != nil {
		return s.explained(ctx, t.part(ctx, f))
	}
	return s.explained(ctx, s.update(ctx, f))
}

// Work signals that sub-jobs may have become due, here or through another process. The channel buffers one signal and
// belongs to the caller, who must receive until the context ends. On SQLite it signals only for this process; polling does the
// rest.
func (s *Store) Work(ctx context.Context) <-chan struct{} {
	s.listening.Do(s.listen)
	return s.work.channel(ctx)
}
