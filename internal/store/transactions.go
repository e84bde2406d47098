package store

import (
	"context"

	"carrel/internal/workspace"
)

// Transactions is a database as its users see it; *Store is one. Tests put faults in front of it.
type Transactions interface {
	View(ctx context.Context, f func(*Tx) error) error
	Update(ctx context.Context, f func(*Tx) error) error
	Work(ctx context.Context) <-chan struct{}
}

// Workspace is a database as package workspace sees it.
func Workspace(t Transactions) workspace.Store { return domain{t} }

type domain struct{ Transactions }

func (d domain) View(ctx context.Context, f func(workspace.Tx) error) error {
	return d.Transactions.View(ctx, func(t *Tx) error { return f(t) })
}

func (d domain) Update(ctx context.Context, f func(workspace.Tx) error) error {
	return d.Transactions.Update(ctx, func(t *Tx) error { return f(t) })
}
