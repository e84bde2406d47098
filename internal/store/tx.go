package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// tx is one transaction. It implements workspace.Tx.
type tx struct {
	bun.Tx
	store *Store
	now   time.Time

	refused error           // what an insert was refused for; the transaction cannot be committed any more
	wake    bool            // sub-jobs may be due once it is committed
	changed map[string]bool // pools that are noted as changed
}

var (
	_ workspace.Store = (*Store)(nil)
	_ workspace.Tx    = (*tx)(nil)
)

// Now implements workspace.Tx.
func (t *tx) Now() time.Time { return t.now }

// triesOfUpdate bounds how often a transaction runs that the database aborts in favour of another.
const triesOfUpdate = 8

// commitsBetweenTending is so large that tending, which takes 0.05 ms if there is nothing to do, is not noticed.
const commitsBetweenTending = 50

func (s *Store) view(ctx context.Context, f func(*tx) error) error {
	t, err := s.begin(ctx, s.reader, s.engine.viewOptions())
	if err != nil {
		return err
	}
	defer t.Rollback() // nothing was written, so there is nothing to lose
	return f(t)
}

func (s *Store) update(ctx context.Context, f func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.updateOnce(ctx, f)
		if err == nil || try == triesOfUpdate || !s.engine.passing(err) {
			return err
		}
		// Those who met once should not meet again.
		if err := pause(ctx, rand.N(time.Duration(try)*10*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (s *Store) updateOnce(ctx context.Context, f func(*tx) error) error {
	t, err := s.begin(ctx, s.writer, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() // after a commit this does nothing
	if err := f(t); err != nil {
		return err
	}
	if t.refused != nil {
		return t.refused
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	if t.wake {
		s.work.signal()
	}
	if s.commits.Add(1)%commitsBetweenTending == 0 {
		if err := s.engine.tend(context.WithoutCancel(ctx), s.writer); err != nil {
			s.log.WarnContext(ctx, "the database's tables could not be measured, lists may be slow", "error", err)
		}
	}
	return nil
}

func (s *Store) begin(ctx context.Context, db *bun.DB, options *sql.TxOptions) (*tx, error) {
	b, err := db.BeginTx(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	return &tx{Tx: b, store: s, now: s.clock().UTC().Truncate(time.Microsecond)}, nil
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

// refuse makes the transaction one that cannot be committed.
func (t *tx) refuse(err error) error {
	t.refused = err
	return err
}

// saved is what an update of a named row by its id came to: taken when the index unique says that another row has the name, missing
// when there is no such row.
func (t *tx) saved(n int, err error, unique string, taken, missing error) error {
	switch {
	case err != nil && t.store.engine.violated(err) == unique:
		return t.refuse(taken)
	case err == nil && n == 0:
		return missing
	}
	return err
}

// forUpdate makes q hold the rows of table that it reads, until the transaction ends.
func (t *tx) forUpdate(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return t.store.engine.forUpdate(q, table, false)
}

// inserting begins an insert that returns nothing. bun would have the columns returned that it left to the database, and
// then could not tell how many rows were written.
func (t *tx) inserting(model any) *bun.InsertQuery {
	return t.NewInsert().Model(model).Returning("NULL")
}

// read runs a query for one row. It returns missing if there is none.
func read(ctx context.Context, q *bun.SelectQuery, missing error, dest ...any) error {
	err := q.Scan(ctx, dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return err
}

// affected returns how many rows a statement wrote.
func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
