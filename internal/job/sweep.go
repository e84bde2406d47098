package job

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"carrel/internal/store"
	"carrel/internal/work"
)

// Sweeper removes what has expired: sign-ins, tickets, links, records. Nothing depends on when it comes, since everything that
// expires is looked at together with its time. Create it with its fields set; Start it once.
type Sweeper struct {
	Store store.Transactions
	Log   *slog.Logger
	Every time.Duration // 0 means five minutes

	rounds rounds
}

// sweepBatch bounds one transaction: of each kind at most so many rows go at once.
const sweepBatch = 1000

// Start begins to sweep from time to time. It returns at once.
func (s *Sweeper) Start(ctx context.Context) error {
	s.rounds.start(ctx, cmp.Or(s.Every, 5*time.Minute), func(ctx context.Context) {
		err := s.Store.Update(ctx, func(tx *store.Tx) error { return work.DeleteExpired(ctx, tx, sweepBatch) })
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "removing what has expired", "error", err)
		}
	})
	return nil
}

// Stop ends the sweeping and waits for it.
func (s *Sweeper) Stop(context.Context) {
	s.rounds.stop()
}
