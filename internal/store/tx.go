package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// Tx is a transaction. It is not safe for concurrent use.
type Tx struct {
	bun.Tx
	store *Store
	now   time.Time

	cancel  context.CancelFunc // of the context, unless the transaction shares its commit
	refused error              // why an insert was refused; the transaction cannot be committed any more
	wake    bool               // sub-jobs may be due after the commit
	revokes bool               // credentials end, or permissions change, with the commit
	kept    map[reflect.Type]any
	trail   trail

	rehearsal *workspace.Rehearsal // what it does, if it is certain to be rolled back; else nil
	again     error                // why one of its parts failed, if the transaction may succeed when it is run again
}

// Kept returns a value that lives until the transaction ends, one per type, zero at first.
func Kept[T any](t *Tx) *T {
	of := reflect.TypeFor[T]()
	if t.kept[of] == nil {
		if t.kept == nil {
			t.kept = map[reflect.Type]any{}
		}
		t.kept[of] = new(T)
	}
	return t.kept[of].(*T)
}

// Now returns the transaction's time: always the same, UTC, in microseconds.
func (t *Tx) Now() time.Time { return t.now }

// triesOfUpdate is the maximum number of runs of a transaction that the database aborts in favour of another.
const triesOfUpdate = 8

// connectionPatience is how long a transaction waits for a connection if all are in use or the server does not answer.
const connectionPatience = 10 * time.Second

// commitsBetweenAnalyses is large enough that analyze, which mostly only asks how much was written, does not matter.
const commitsBetweenAnalyses = 50

func (s *Store) view(ctx context.Context, f func(*Tx) error) error {
	t, err := s.begin(ctx, s.reader, s.dialect.viewOptions())
	if err != nil {
		return err
	}
	defer t.end() // nothing was written, so nothing can be lost
	return f(t)
}

func (s *Store) update(ctx context.Context, f func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.updateOnce(ctx, f)
		if err == nil || try == triesOfUpdate || !s.dialect.passing(err) {
			return err
		}
		// A random pause, so that transactions that conflicted once do not conflict again.
		if err := pause(ctx, rand.N(time.Duration(try)*10*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (s *Store) updateOnce(ctx context.Context, f func(*Tx) error) error {
	run := s.updateAlone
	if s.group != nil {
		run = s.updateInGroup
	}
	t, err := run(ctx, f)
	if err != nil {
		return err
	}
	if t.wake {
		s.work.signal()
	}
	if s.commits.Add(1)%commitsBetweenAnalyses == 0 {
		if err := s.dialect.analyze(context.WithoutCancel(ctx), s.writer); err != nil {
			s.log.WarnContext(ctx, "the database's tables could not be measured, lists may be slow", "error", err)
		}
	}
	return nil
}

// updateAlone runs f in a transaction of its own and commits it.
func (s *Store) updateAlone(ctx context.Context, f func(*Tx) error) (*Tx, error) {
	t, err := s.begin(ctx, s.writer, nil)
	if err != nil {
		return nil, err
	}
	defer t.countRevocation()
	defer t.end()
	if err := t.run(ctx, f); err != nil {
		return nil, err
	}
	if err := t.Commit(); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	return t, nil
}

// run runs f and completes what it wrote. After an error the transaction must be rolled back.
func (t *Tx) run(ctx context.Context, f func(*Tx) error) error {
	if err := f(t); err != nil {
		return err
	}
	if t.refused != nil {
		return t.refused
	}
	if err := t.holdNamed(ctx); err != nil {
		return err
	}
	return t.writeAudit(ctx)
}

func (s *Store) begin(ctx context.Context, db *bun.DB, options *sql.TxOptions) (*Tx, error) {
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(connectionPatience, cancel)
	b, err := db.BeginTx(ctx, options)
	for try := 1; err != nil && ctx.Err() == nil && s.dialect.stale(err) && try <= postgresConnections; try++ {
		b, err = db.BeginTx(ctx, options) // each broken connection leaves the pool, so that one after an outage costs no caller an error
	}
	if err == nil && !late.Stop() {
		err = b.Rollback()
	}
	if err != nil || ctx.Err() != nil {
		cancel()
		return nil, fmt.Errorf("beginning a transaction: %w: %w", errNoConnection, cmp.Or(err, ctx.Err()))
	}
	t := s.newTx(b)
	t.cancel = cancel
	return t, nil
}

// end rolls back what was not committed.
func (t *Tx) end() {
	_ = t.Rollback() // after a commit this does nothing
	t.cancel()
}

func (s *Store) newTx(b bun.Tx) *Tx {
	return &Tx{Tx: b, store: s, now: s.clock().UTC().Truncate(time.Microsecond)}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Refuse makes the transaction impossible to commit.
func (t *Tx) Refuse(err error) error {
	t.refused = err
	return err
}

// Saved returns the result of an update of a named row by id: taken if the index unique says that another row has the name,
// missing if there is no such row.
func (t *Tx) Saved(n int, err error, unique string, taken, missing error) error {
	switch {
	case err != nil && t.store.dialect.violated(err) == unique:
		return t.Refuse(taken)
	case err == nil && n == 0:
		return missing
	}
	return err
}

// OneDefault returns the error for a row that the unique index on a project's default refused.
func (t *Tx) OneDefault(err error, table string) error {
	if err == nil || t.store.dialect.violated(err) != table+"_project_id" {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "another was made the project's default at the same moment, try again"))
}

// Violated returns the unique index that err is about, as table and last column: "users_name_folded". Empty if none.
func (t *Tx) Violated(err error) string { return t.store.dialect.violated(err) }

// Refers reports whether err is about a row that refers to one that does not exist.
func (t *Tx) Refers(err error) bool { return t.store.dialect.refers(err) }

// TimeLayout returns the format of a time that is cast to text, for time.Parse.
func (t *Tx) TimeLayout() string { return t.store.dialect.timeLayout() }

// SkipLocked makes q lock the rows that it reads of table, and omit rows that others have locked.
func (t *Tx) SkipLocked(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.dialect.forUpdate(q, table, true)
}

// ForUpdate makes q lock the rows that it reads of table until the transaction ends.
func (t *Tx) ForUpdate(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.dialect.forUpdate(q, table, false)
}

// ForShare makes q lock the rows that it reads of table against changes until the transaction ends; others may lock them so, too.
func (t *Tx) ForShare(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.dialect.forShare(q, table)
}

// Inserting begins an insert that returns no columns. By default bun lets the database return columns that it left to it, and
// then cannot tell how many rows were written.
func (t *Tx) Inserting(model any) *bun.InsertQuery {
	if t.rehearsal != nil {
		noteMade(t.rehearsal.Made, model)
	}
	return t.NewInsert().Model(model).Returning("NULL")
}

// Read runs a query for one row. It returns missing if there is none.
func Read(ctx context.Context, q *bun.SelectQuery, missing error, dest ...any) error {
	err := q.Scan(ctx, dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return err
}

// Affected returns the number of rows that a statement wrote.
func Affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
