package workspace

import (
	"context"
)

// RolloutRows is what the domain asks of the store about rebuilds of pools. Whoever changes a rollout holds its pool.
type RolloutRows interface {
	// RolloutOrders reads, by desktop, the OrderID of the last rollout that is for it and has one, in one statement for as many as a
	// page has. Rollouts that skipped the desktop, or stopped before its turn, do not count.
	RolloutOrders(ctx context.Context, desktopIDs []string) (map[string]string, error)
}
