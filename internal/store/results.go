package store

import (
	"context"
)

// View runs f in a read-only transaction and returns its result.
func View[T any](ctx context.Context, s Transactions, f func(*Tx) (T, error)) (T, error) {
	var out T
	err := s.View(ctx, func(tx *Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// Update runs f in a transaction and returns the result of the run that was committed.
func Update[T any](ctx context.Context, s Transactions, f func(*Tx) (T, error)) (T, error) {
	var out T
	err := s.Update(ctx, func(tx *Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// rows is a page of a list with the number of all that match.
type rows[T any] struct {
	items []T
	total int
}

// List runs f, which reads a page of a list and counts all that match, in a read-only transaction.
func List[T any](ctx context.Context, s Transactions, f func(*Tx) ([]T, int, error)) ([]T, int, error) {
	r, err := View(ctx, s, func(tx *Tx) (r rows[T], err error) {
		r.items, r.total, err = f(tx)
		return r, err
	})
	return r.items, r.total, err
}
