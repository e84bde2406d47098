package workspace

import (
	"context"
	"fmt"
)

// Passwords hashes and verifies passwords.
type Passwords interface {
	Hash(password string) (string, error)
	// Verify says whether the password is the hash's, and whether the hash should be made anew with today's parameters.
	Verify(password, hash string) (ok, rehash bool)
	// VerifyNothing takes as long as Verify, for users that do not exist.
	VerifyNothing(password string)
}

// Caller says who asks, for the log and the job's row. It is no part of what is asked (see once).
type Caller struct {
	ProjectID string `json:"-"`
	RequestID string `json:"-"`
	AdminID   string `json:"-"` // the administrator; empty for Carrel itself and for people
	Token     string `json:"-"` // the client's own name for a request that it may send again; empty: none
}

// view runs f in a read-only transaction and returns its result.
func view[T any](ctx context.Context, s Store, f func(Tx) (T, error)) (T, error) {
	var out T
	err := s.View(ctx, func(tx Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// update runs f in a transaction and returns the result of the run that was committed.
func update[T any](ctx context.Context, s Store, f func(Tx) (T, error)) (T, error) {
	var out T
	err := s.Update(ctx, func(tx Tx) (err error) {
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

func list[T any](ctx context.Context, s Store, f func(Tx) ([]T, int, error)) ([]T, int, error) {
	r, err := view(ctx, s, func(tx Tx) (r rows[T], err error) {
		r.items, r.total, err = f(tx)
		return r, err
	})
	return r.items, r.total, err
}

// requireSubscription fails with CodeNotSubscribed unless the Workspace service is open for the project.
func requireSubscription(ctx context.Context, tx Tx, projectID string) error {
	_, err := tx.Subscription(ctx, projectID)
	return err
}

// Plural writes a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
