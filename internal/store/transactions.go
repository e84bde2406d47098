package store

import (
	"context"
)

// Transactions is a database as its users see it; *Store is one. Tests put faults in front of it.
type Transactions interface {
	View(ctx context.Context, f func(*Tx) error) error
	Update(ctx context.Context, f func(*Tx) error) error
	Work(ctx context.Context) <-chan struct{}
}
