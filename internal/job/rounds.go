package job

import (
	"context"
	"sync"
	"time"
)

// rounds does something at once and then from time to time, one round after the other. Start it once; stop it once.
type rounds struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// start begins and returns at once. The end of ctx does not end the rounds, stop does.
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

// stop ends the rounds and waits for the present one.
func (r *rounds) stop() {
	r.cancel()
	r.done.Wait()
}
