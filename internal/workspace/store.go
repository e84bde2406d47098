package workspace

import (
	"context"
	"time"
)

// Store keeps the domain. Package store implements it on SQLite and PostgreSQL.
type Store interface {
	// View runs f in a read-only transaction.
	View(ctx context.Context, f func(Tx) error) error

	// Update runs f in a transaction that commits when f returns nil. It runs f again when the database asks for that
	// (a serialization failure or dead-lock), so f must have no effect outside the transaction.
	Update(ctx context.Context, f func(Tx) error) error

	// Work signals that sub-jobs may have become due, here or through another process. The channel has room for one signal
	// and belongs to the caller, who must go on receiving until the context ends.
	Work(ctx context.Context) <-chan struct{}
}

// Tx is a transaction. It is not for concurrent use.
type Tx interface {
	// Now is the transaction's one time, UTC with microseconds.
	Now() time.Time

	PoolRows
	JobRows
	AttemptRows
	ServiceRows
	ClientTokenRows
}

// ServiceRows is what the domain asks of the store about the Workspace service of each project.
type ServiceRows interface {
	// OpenSubscription adds the subscription unless the project has one, and returns the one that it has. It holds it until the
	// transaction ends: of several callers one makes what the project needs, and the others find it there.
	OpenSubscription(ctx context.Context, s Subscription) (Subscription, error)
	// LockSubscription is Subscription and holds it until the transaction ends: of several callers at once who count what the project
	// has, each counts what those before made.
	LockSubscription(ctx context.Context, projectID string) (Subscription, error)
	// Subscription fails with CodeNotSubscribed when the service was never opened for the project.
	Subscription(ctx context.Context, projectID string) (Subscription, error)
}

// Subscription is a project's opened Workspace service.
type Subscription struct {
	ID        string
	ProjectID string
	VPCID     string
	Opened    time.Time
}
