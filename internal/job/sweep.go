package job

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"carrel/internal/workspace"
)

// Sweeper removes what has expired: sign-ins, tickets, links, records. Nothing depends on when it comes, since everything that
// expires is looked at together with its time. Create it with its fields set; Start it once.
type Sweeper struct {
	Store workspace.Store
	Log   *slog.Logger
	Every time.Duration // 0 means five minutes

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// sweepBatch bounds one transaction: of each kind at most so many rows go at once.
const sweepBatch = 1000

// Start begins to sweep from time to time. It returns at once.
func (s *Sweeper) Start(ctx context.Context) error {
	every := s.Every
	if every == 0 {
		every = 5 * time.Minute
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			err := s.Store.Update(ctx, func(tx workspace.Tx) error { return tx.DeleteExpired(ctx, sweepBatch) })
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "removing what has expired", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return nil
}

// Stop ends the sweeping and waits for it.
func (s *Sweeper) Stop(context.Context) {
	s.cancel()
	s.done.Wait()
}
