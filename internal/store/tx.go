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

// Tx is one transaction. It is not for concurrent use.
type Tx struct {
	bun.Tx
	store *Store
	now   time.Time

	cancel  context.CancelFunc // of the context of a transaction that shares its commit with none
	refused error              // what an insert was refused for; the transaction cannot be committed any more
	wake    bool               // sub-jobs may be due once it is committed
	kept    map[reflect.Type]any
}

// Kept is what an area remembers until the transaction ends: a value of a type of its own, zero at first.
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

// Now is the transaction's one time, UTC with microseconds.
func (t *Tx) Now() time.Time { return t.now }

// triesOfUpdate bounds how often a transaction runs that the database aborts in favour of another.
const triesOfUpdate = 8

// connectionPatience is for how long a transaction waits for a connection when all are in use or the server does not answer.
const connectionPatience = 10 * time.Second

// commitsBetweenAnalyses is so large that analysing, which takes 0.05 ms if there is nothing to do, is not noticed.
const commitsBetweenAnalyses = 50

func (s *Store) view(ctx context.Context, f func(*Tx) error) error {
	t, err := s.begin(ctx, s.reader, s.dialect.viewOptions())
	if err != nil {
		return err
	}
	defer t.end() // nothing was written, so there is nothing to lose
	return f(t)
}

func (s *Store) update(ctx context.Context, f func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.updateOnce(ctx, f)
		if err == nil || try == triesOfUpdate || !s.dialect.passing(err) {
			return err
		}
		// Those who met once should not meet again.
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
	defer t.end()
	if err := f(t); err != nil {
		return nil, err
	}
	if t.refused != nil {
		return nil, t.refused
	}
	if err := t.Commit(); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	return t, nil
}

func (s *Store) begin(ctx context.Context, db *bun.DB, options *sql.TxOptions) (*Tx, error) {
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(connectionPatience, cancel)
	b, err := db.BeginTx(ctx, options)
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

// Refuse makes the transaction one that cannot be committed.
func (t *Tx) Refuse(err error) error {
	t.refused = err
	return err
}

// Saved is what an update of a named row by its id came to: taken when the index unique says that another row has the name, missing
// when there is no such row.
func (t *Tx) Saved(n int, err error, unique string, taken, missing error) error {
	switch {
	case err != nil && t.store.dialect.violated(err) == unique:
		return t.Refuse(taken)
	case err == nil && n == 0:
		return missing
	}
	return err
}

// OneDefault says what it means that a table's unique index on the defaults of a project refused a row.
func (t *Tx) OneDefault(err error, table string) error {
	if err == nil || t.store.dialect.violated(err) != table+"_project_id" {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "another was made the project's default at the same moment, try again"))
}

// Violated names the unique index that err is about, by its table and last column: "users_name_folded". Empty if none.
func (t *Tx) Violated(err error) string { return t.store.dialect.violated(err) }

// Refers says whether err is about a row that refers to one that is not there.
func (t *Tx) Refers(err error) bool { return t.store.dialect.refers(err) }

// TimeLayout is how a time looks that is cast to text, for time.Parse.
func (t *Tx) TimeLayout() string { return t.store.dialect.timeLayout() }

// SkipLocked makes q hold the rows of table that it reads and leave out those that others hold.
func (t *Tx) SkipLocked(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.dialect.forUpdate(q, table, true)
}

// ForUpdate makes q hold the rows of table that it reads, until the transaction ends.
func (t *Tx) ForUpdate(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.dialect.forUpdate(q, table, false)
}

// Inserting begins an insert that returns nothing. bun would have the columns returned that it left to the database, and
// then could not tell how many rows were written.
func (t *Tx) Inserting(model any) *bun.InsertQuery {
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

// Affected returns how many rows a statement wrote.
func Affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
