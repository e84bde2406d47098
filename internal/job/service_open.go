package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/tenant"
	"carrel/internal/workspace"
)

// openLimit is the time for opening a service: clients wait 20 minutes.
const openLimit = 15 * time.Minute

// openService creates the networks of a project's service in the engine.
func (r *Runner) openService(_ context.Context, s *workspace.SubJob, _ *desktop.Desktop) (plan, error) {
	tenants := &tenant.Service{Store: r.store}
	return plan{
		limit: openLimit,
		steps: []Step{{Name: "creating the network", Do: func(ctx context.Context) error {
			subnets, err := tenants.Subnets(ctx, s.ProjectID)
			if err != nil {
				return err
			}
			for _, subnet := range subnets {
				if err := settleNetwork(ctx, r.store, r.engine, subnet.Network, true); err != nil {
					return err
				}
			}
			return nil
		}}},
		succeed: func(ctx context.Context, tx *store.Tx, _ *desktop.Desktop) error { return tenant.Opened(ctx, tx, *s) },
	}, nil
}
