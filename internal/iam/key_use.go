package iam

import (
	"context"
	"sync"
	"time"

	"carrel/internal/store"
)

// Limits of noting the uses of keys.
const (
	lastUseGrain   = 15 * time.Minute // precision of a key's last use
	lastUseWriting = 10 * time.Second // how long uses wait to be written together; those of a process that is killed are lost
	maxUnwritten   = 1000             // keys; a use beyond them is noted with the next request
)

// keyUse is a request that a key has signed.
type keyUse struct {
	keyID, adminID string
	network        string // which becomes a known place for the user's password
	at             time.Time
}

// keyUses collects uses of keys, so that requests write nothing. Its zero value has none. Its methods may be called concurrently.
type keyUses struct {
	noted cache[time.Time] // by the key's id: the last use that was noted

	mu        sync.Mutex // guards unwritten
	unwritten []keyUse
}

// note notes the use of a key, unless one within lastUseGrain is known.
func (u *keyUses) note(k AccessKey, network string, now time.Time) {
	if now.Sub(u.last(k, now)) < lastUseGrain {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.unwritten) < maxUnwritten {
		u.noted.put(k.ID, now, now)
		u.unwritten = append(u.unwritten, keyUse{k.ID, k.AdminID, network, now})
	}
}

// last returns when a key was last used, also if that is not written yet.
func (u *keyUses) last(k AccessKey, now time.Time) time.Time {
	if noted, _ := u.noted.get(k.ID, now); noted.After(k.LastUsed) {
		return noted
	}
	return k.LastUsed
}

func (u *keyUses) take() []keyUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.unwritten
	u.unwritten = nil
	return all
}

// Run writes when keys were used, until the context ends. FlushKeyUses writes what comes after.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(lastUseWriting)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.FlushKeyUses(ctx)
		}
	}
}

// FlushKeyUses writes when keys were used. If it fails, which is logged, the next use of each is noted.
func (s *Service) FlushKeyUses(ctx context.Context) {
	uses := s.uses.take()
	if len(uses) == 0 {
		return
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, u := range uses {
			noted, err := NoteKeyUse(ctx, tx, u.keyID, u.at)
			if err != nil {
				return err
			}
			if !noted { // the user may be gone with the key
				continue
			}
			if err := tx.NotePlace(ctx, adminSubject(u.adminID), u.network); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for _, u := range uses {
			s.uses.noted.drop(u.keyID)
		}
		s.Log.WarnContext(ctx, "the uses of access keys could not be written", "keys", len(uses), "error", err)
	}
}
