package job

import (
	"context"
	"sync"
	"time"
)

// rounds calls a function once and then at intervals, never concurrently. Start it once; stop it once.
type rounds struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// start starts the background work. The end of ctx does not end it, stop does.
func (r *rounds) start(ctx context.Context, every time.Duration, round func(context.Context)) {
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			round(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// stop ends the rounds and waits for the current one.
func (r *rounds) stop() {
	r.cancel()
	r.done.Wait()
}
