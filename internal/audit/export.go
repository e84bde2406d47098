package audit

import (
	"context"
	"time"

	"carrel/internal/store"
)

// Range selects entries. What is zero selects all.
type Range struct {
	Last        int64 // the last place
	From, Until time.Time
}

// Export calls emit with the entries after a place, in order, some at a time, until there are no more or emit fails. It reads what is linked
// now; who calls it again with the place of the last entry gets what came since.
func (s *Service) Export(ctx context.Context, r Range, after int64, emit func([]Entry) error) error {
	if !r.From.IsZero() {
		first, err := store.View(ctx, s.Store, func(tx *store.Tx) (int64, error) { return firstSince(ctx, tx, r.From) })
		if err != nil {
			return err
		}
		after = max(after, first-1)
	}
	for {
		page, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]Entry, error) { return entries(ctx, tx, r, after, entriesAtOnce) })
		if err != nil || len(page) == 0 {
			return err
		}
		if err := emit(page); err != nil {
			return err
		}
		after = page[len(page)-1].Seq
	}
}

// Sent returns how far the chain was sent to an output.
func (s *Service) Sent(ctx context.Context, output string) (int64, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (int64, error) { return sent(ctx, tx, output) })
}

// outputLease is how long a process that sends to an output is the only one to do so.
const outputLease = time.Minute

// TakeOutput makes a process the only one that sends to an output, for a minute, unless another is.
func (s *Service) TakeOutput(ctx context.Context, output, owner string) (bool, error) {
	return store.Update(ctx, s.Store, func(tx *store.Tx) (bool, error) { return tx.TakeLease(ctx, "audit output "+output, owner, outputLease) })
}

// NoteSent records how far the chain was sent to an output.
func (s *Service) NoteSent(ctx context.Context, output string, seq int64) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return saveSent(ctx, tx, output, seq) })
}
