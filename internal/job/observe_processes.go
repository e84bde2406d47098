package job

import (
	"context"
	"errors"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// processLimits returns the process limits of the desktops' products. A product that is no longer in the catalogue has none.
func (o *Observer) processLimits(ctx context.Context, rows []desktop.DesktopState) (map[string]int, error) {
	limits := map[string]int{}
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		for _, d := range rows {
			if _, known := limits[d.ProductID]; known {
				continue
			}
			p, err := catalog.ReadProduct(ctx, tx, d.ProductID)
			if err != nil && workspace.CodeOf(err) != workspace.CodeProductNotFound {
				return err
			}
			if err == nil {
				limits[d.ProductID] = p.ProcessLimit()
			} else {
				limits[d.ProductID] = 0
			}
		}
		return nil
	})
	return limits, err
}

// limitProcesses sets a machine's limit to that of its product: the machine is older than limits, or the product's limit has
// changed.
func (o *Observer) limitProcesses(ctx context.Context, d desktop.DesktopState, m engine.Machine, limit int) {
	if limit == 0 || m.VM || m.Processes == limit {
		return
	}
	switch err := o.Engine.LimitProcesses(ctx, d.ID, limit); {
	case err == nil:
		o.Log.InfoContext(ctx, "desktop has its limit of processes", "desktop", d.ID, "was", m.Processes, "is", limit)
	case !errors.Is(err, engine.ErrNotFound) && ctx.Err() == nil:
		o.Log.WarnContext(ctx, "limiting the processes of a desktop", "desktop", d.ID, "error", err)
	}
}
