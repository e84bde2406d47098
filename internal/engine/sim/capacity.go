package sim

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/engine"
)

// Capacity implements engine.Engine: one pool per class, used as set by Fill.
func (e *Engine) Capacity(ctx context.Context) (engine.Capacity, error) {
	if err := e.look(ctx, ""); err != nil {
		return engine.Capacity{}, fmt.Errorf("reading the capacity: %w", err)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	c := engine.Capacity{Memory: int64(e.config.MemoryMiB) << 20}
	for _, class := range slices.Sorted(slices.Values(e.config.Classes)) {
		c.Pools = append(c.Pools, engine.Pool{
			Name: class, Classes: []string{class}, Size: int64(e.config.Storage[class]) << 30, Used: e.filled[class],
		})
	}
	return c, nil
}

// Fill sets how many bytes the desktops have written to the disks of a class.
func (e *Engine) Fill(class string, bytes int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.filled[class] = bytes
}
