package enginetest

import (
	"context"

	"carrel/internal/engine"
)

// Restart stops and starts a machine.
func Restart(ctx context.Context, e engine.Engine, id string, force bool) error {
	if err := e.Stop(ctx, id, force); err != nil {
		return err
	}
	return e.Start(ctx, id)
}
