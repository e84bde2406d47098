package store

import (
	"context"
)

// Transactions is a database as rooms use it; *Store implements it. Tests wrap it to inject faults.
type Transactions interface {
	View(ctx context.Context, f func(*Tx) error) error
	Update(ctx context.Context, f func(*Tx) error) error
	Work(ctx context.Context) <-chan struct{}
	Revocations() uint64
}
