package audit

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/store"
)

// linkedAtOnce is the maximum number of records that one transaction links.
const linkedAtOnce = 500

// The lease for changes of the chain. Each is one transaction that takes it, so that its row's lock lets one come after the other.
const (
	chainLease = "audit chain"
	chainLife  = 10 * time.Second
)

// Link adds records that were committed to the chain, oldest first, unless another process has done so within the last seconds. It returns
// whether there may be more. Those who write records never wait for it.
func (s *Service) Link(ctx context.Context, owner string) (more bool, err error) {
	waiting, err := store.View(ctx, s.Store, func(tx *store.Tx) (bool, error) { return anyUnlinked(ctx, tx) })
	if err != nil || !waiting {
		return false, err
	}
	return store.Update(ctx, s.Store, func(tx *store.Tx) (bool, error) {
		ours, err := tx.TakeLease(ctx, chainLease, owner, chainLife)
		if err != nil || !ours {
			return false, err
		}
		tail, err := lastSegment(ctx, tx)
		if err != nil {
			return false, err
		}
		if tail.Last, err = lastPlace(ctx, tx, tail.Last); err != nil {
			return false, err
		}
		records, err := unlinked(ctx, tx, linkedAtOnce)
		if err != nil || len(records) == 0 {
			return false, err
		}
		linked, segment := extend(s.Keys, tail, records, tx.Now())
		if err := saveLinks(ctx, tx, linked); err != nil {
			return false, fmt.Errorf("linking audit records: %w", err)
		}
		return len(records) == linkedAtOnce, saveSegment(ctx, tx, segment)
	})
}

// Prune deletes the oldest segment with its records if all of these are from before a time, and keeps the segment's head, after which the
// chain begins then. It returns whether there may be more.
func (s *Service) Prune(ctx context.Context, owner string, before time.Time) (more bool, err error) {
	oldest, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]Segment, error) { return segments(ctx, tx, 0, 2) })
	if err != nil || !prunable(oldest, before) {
		return false, err
	}
	return store.Update(ctx, s.Store, func(tx *store.Tx) (bool, error) {
		ours, err := tx.TakeLease(ctx, chainLease, owner, chainLife)
		if err != nil || !ours {
			return false, err
		}
		oldest, err := segments(ctx, tx, 0, 2)
		if err != nil || !prunable(oldest, before) {
			return false, err
		}
		due := oldest[0]
		if due.Pruned {
			if err := deleteSegment(ctx, tx, due); err != nil {
				return false, err
			}
			due = oldest[1]
		}
		if err := deleteEntries(ctx, tx, due); err != nil {
			return false, fmt.Errorf("deleting old audit records: %w", err)
		}
		sound := due.check(s.Keys) == nil
		due.Pruned = true
		if sound { // else the seal stays wrong, and verifying finds it
			due = due.sealed(s.Keys)
		}
		return true, saveSegment(ctx, tx, due)
	})
}

// prunable reports whether the first of the oldest two segments that has entries is from before a time.
func prunable(oldest []Segment, before time.Time) bool {
	for _, s := range oldest {
		if !s.Pruned {
			return !s.Newest.After(before)
		}
	}
	return false
}
