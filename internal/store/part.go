package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"carrel/internal/workspace"
)

type enclosingKey struct{}

// within returns a context with which View and Update are parts of a transaction, instead of transactions of their own. Only one
// goroutine may use it at a time.
func within(ctx context.Context, t *Tx) context.Context {
	return context.WithValue(ctx, enclosingKey{}, t)
}

// enclosing returns the transaction that calls with a context are parts of, or nil.
func (s *Store) enclosing(ctx context.Context) *Tx {
	if t, is := ctx.Value(enclosingKey{}).(*Tx); is && t.store == s {
		return t
	}
	return nil
}

// The statements of a part. They are no statements of the caller's, so that they are not counted.
const (
	beginPart = "SAVEPOINT part"
	undoPart  = "ROLLBACK TO SAVEPOINT part"
	endPart   = "RELEASE SAVEPOINT part"
)

// part runs f as Update does, with a savepoint in place of a transaction: if f fails, what it wrote is undone, and others' rows that
// were committed meanwhile can be seen. What it did is certain only when t commits.
func (t *Tx) part(ctx context.Context, f func(*Tx) error) error {
	if err := t.direct(ctx, beginPart); err != nil {
		return err
	}
	p := &Tx{Tx: t.Tx, store: t.store, now: t.now}
	if t.rehearsal != nil {
		p.rehearsal = &workspace.Rehearsal{Made: t.rehearsal.Made}
	}
	if err := p.run(ctx, f); err != nil {
		if t.again == nil && t.store.dialect.passing(err) {
			t.again = err
		}
		kept := context.WithoutCancel(ctx)
		if undo := errors.Join(t.direct(kept, undoPart), t.direct(kept, endPart)); undo != nil {
			return errors.Join(err, undo)
		}
		return err
	}
	t.wake, t.revokes = t.wake || p.wake, t.revokes || p.revokes
	if t.rehearsal != nil {
		t.rehearsal.Records = append(t.rehearsal.Records, p.trail.records...)
		t.rehearsal.SubJobs = append(t.rehearsal.SubJobs, p.rehearsal.SubJobs...)
	}
	return t.direct(ctx, endPart)
}

// direct executes a statement that is not counted.
func (t *Tx) direct(ctx context.Context, statement string) error {
	if _, err := t.Tx.Tx.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// noteMade notes the ids of rows that are inserted: of a pointer to one, or to a slice of them.
func noteMade(made map[string]bool, model any) {
	v := reflect.Indirect(reflect.ValueOf(model))
	if v.Kind() != reflect.Slice {
		noteID(made, v)
		return
	}
	for i := range v.Len() {
		noteID(made, reflect.Indirect(v.Index(i)))
	}
}

func noteID(made map[string]bool, row reflect.Value) {
	if row.Kind() != reflect.Struct {
		return
	}
	if id := row.FieldByName("ID"); id.IsValid() && id.Kind() == reflect.String {
		made[id.String()] = true
	}
}
