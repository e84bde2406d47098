package work

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// JobLabels reads what policies know a job by: all its desktops must be allowed.
func (s *Service) JobLabels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) { return tx.JobLabels(ctx, projectID, ids[0]) })
}

// SubJobLabels reads what policies know sub-jobs by: those of their desktops.
func (s *Service) SubJobLabels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]workspace.ResourceLabels, error) { return tx.SubJobLabels(ctx, projectID, ids) })
}
