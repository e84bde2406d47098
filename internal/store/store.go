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
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
)

// Store is a database of Carrel's. All methods may be called concurrently.
type Store struct {
	writer  *bun.DB // SQLite: the one connection that writes. PostgreSQL: the pool
	reader  *bun.DB // SQLite: several connections that cannot write. PostgreSQL: the same pool
	dialect dialect
	clock   func() time.Time
	log     *slog.Logger
	work    workSignals
	group   *groupCommit // SQLite: what shares commits. PostgreSQL, which does so by itself: nil

	hook     bun.QueryHook // nil: none
	existing bool          // only a database with today's tables is opened

	commits atomic.Uint64
	probed  atomic.Pointer[time.Time] // when Ping wrote last; nil after the database was found out of service
}

// dialect is what SQLite and PostgreSQL do differently. Everything else in this package is for both.
type dialect interface {
	// lockForMigration keeps other processes from migrating until the transaction ends.
	lockForMigration(ctx context.Context, tx bun.Tx) error
	// hasTable says whether the database has a table of this name.
	hasTable(ctx context.Context, db *bun.DB, name string) (bool, error)
	// migration turns the text of a migration into the engine's SQL.
	migration(text string) string
	// viewOptions are those of a transaction that sees one state of the database.
	viewOptions() *sql.TxOptions
	// forUpdate makes a query hold the rows of a table (or its alias) that it reads. With skip it leaves out those that
	// others hold.
	forUpdate(q *bun.SelectQuery, table string, skip bool) *bun.SelectQuery
	// analyze keeps the database's plans good as tables grow. It is called when a database is opened and now and then.
	analyze(ctx context.Context, writer *bun.DB) error
	// announceWork tells other processes, when the transaction commits, that sub-jobs may be due.
	announceWork(ctx context.Context, tx bun.Tx) error
	// listenForWork calls signal when another process announces work, until the context ends.
	listenForWork(ctx context.Context, log *slog.Logger, signal func())
	// violated names the unique index that err is about, by its table and last column: "users_name_folded". Empty if none.
	// What it says for a primary key is not the same in both engines.
	violated(err error) string
	// refers says whether err is about a row that refers to one that is not there.
	refers(err error) bool
	// timeLayout is how a time looks that is cast to text, for time.Parse.
	timeLayout() string
	// outage says whether err is about the database being out of service, for now, rather than about a statement.
	outage(err error) bool
	// smallestWrite is a statement that changes nothing and yet has the commit write.
	smallestWrite() string
	// reserve keeps names for this process among those on one database; see Store.Reserve.
	reserve(ctx context.Context, log *slog.Logger, names []Name, lost func(error)) (release func(), err error)
	// passing says whether the transaction that ended with err may succeed when it is run again.
	passing(err error) bool
}

// Option changes how a database is opened.
type Option func(*Store)

// WithClock sets the clock; time.Now by default. No statement asks the database for the time.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.clock = now } }

// WithLog sets where the store tells of what it mends by itself, such as a lost connection; slog's default otherwise.
func WithLog(l *slog.Logger) Option { return func(s *Store) { s.log = l } }

// WithQueryHook has a hook told of each statement. A statement whose context the hook ends fails.
func WithQueryHook(h bun.QueryHook) Option { return func(s *Store) { s.hook = h } }

// ErrNoDatabase says that an existing database was asked for and there is none.
var ErrNoDatabase = errors.New("there is no database of Carrel's")

// ErrOtherVersion says that an existing database was asked for and another version of Carrel made its tables.
var ErrOtherVersion = errors.New("the database's tables are those of another version of Carrel")

// Existing makes Open neither create nor change a database: it fails with ErrNoDatabase when the file or its tables are missing,
// and with ErrOtherVersion when they are not today's.
func Existing() Option { return func(s *Store) { s.existing = true } }

// Open opens the database and brings its tables up to date; several processes may do that at once. The URL is that of a
// PostgreSQL database ("postgres://..."), or the path of a SQLite file, which may begin with "sqlite:" and is created if it
// is missing. Open fails when a newer Carrel has already changed the tables.
func Open(ctx context.Context, url string, options ...Option) (*Store, error) {
	s := &Store{clock: time.Now, log: slog.Default()}
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

// Close ends what waits for work and closes the database. Transactions that are under way fail.
func (s *Store) Close() error {
	s.work.close()
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	return err
}

// probePause is for how long a database that has taken a write is believed to take the next.
const probePause = 5 * time.Second

// Ping says whether the database answers and takes writes: reads go on when its disk is full, or when it may only be read. It writes
// at most once in probePause, however often it is asked.
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
	return s.explained(ctx, s.view(ctx, f))
}

// Update runs f in a transaction that commits when f returns nil. It runs f again when the database asks for that (a serialization
// failure or dead-lock), so f must have no effect outside the transaction. On SQLite there is one transaction at a time. On PostgreSQL there are many, at READ
// COMMITTED: a decision rests on rows that the transaction holds (LockDesktops, LockUser, FreeAddresses) and on unique
// constraints, which say more to the caller than a serialization failure would, and nothing has to be run again merely
// because somebody else wrote nearby.
//
// f must return the errors that it gets: after one, PostgreSQL takes no more statements, and a transaction whose insert was
// refused is rolled back even if f returns nil.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	return s.explained(ctx, s.update(ctx, f))
}

// Work signals that sub-jobs may have become due, here or through another process. The channel has room for one signal and belongs to
// the caller, who must go on receiving until the context ends. On SQLite it tells of this process only; polling covers the rest.
func (s *Store) Work(ctx context.Context) <-chan struct{} {
	s.work.listenOnce(func(ctx context.Context) { s.dialect.listenForWork(ctx, s.log, s.work.signal) })
	return s.work.channel(ctx)
}
