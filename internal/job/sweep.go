package job

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"carrel/internal/store"
	"carrel/internal/work"
)

// Sweeper deletes what has expired: sign-ins, tickets, links, records. Nothing depends on when it runs, since readers check the
// expiry themselves. Create it with its fields set; call Start once.
type Sweeper struct {
	Store store.Transactions
	Log   *slog.Logger
	Every time.Duration // 0 means five minutes
	Keep  work.Retention

	rounds rounds
}

// sweepBatch is the maximum number of rows of each kind that one transaction deletes.
const sweepBatch = 1000

// Start starts the background work.
func (s *Sweeper) Start(ctx context.Context) error {
	s.rounds.start(ctx, cmp.Or(s.Every, 5*time.Minute), func(ctx context.Context) {
		for more := true; more && ctx.Err() == nil; {
			var err error
			more, err = store.Update(ctx, s.Store, func(tx *store.Tx) (bool, error) { return work.DeleteExpired(ctx, tx, s.Keep, sweepBatch) })
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "deleting what is kept no longer", "error", err)
			}
		}
	})
	return nil
}

// Stop ends the background work and waits for it.
func (s *Sweeper) Stop(context.Context) {
	s.rounds.stop()
}
