package iam

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"carrel/internal/store"
)

// DefaultRecheck is how long a process trusts an account's version by default, and so how long at most a credential is accepted after another
// process has ended it.
const DefaultRecheck = time.Second

// versionPatience is how long the reading of a version may take.
const versionPatience = 10 * time.Second

// versions are the versions of accounts as this process knows them. Each transaction that ends a credential of an account, or changes what its
// users may do, raises its version (RaiseVersion): what was read with a version is valid as long as the account has it. The zero value
// knows none.
type versions struct {
	mu      sync.Mutex // guards of
	of      map[string]knownVersion
	reading singleflight.Group
}

// knownVersion is an account's version with what was known when its reading began.
type knownVersion struct {
	number      int64
	revocations uint64 // store.Revocations
	began       time.Time
}

// version returns an account's version, as it is or was at most s.Recheck ago, and never an older one than this process has committed. All
// requests share a reading.
func (s *Service) version(ctx context.Context, accountID string, now time.Time) (int64, error) {
	revocations := s.Store.Revocations()
	if known := s.versions.get(accountID); known.revocations == revocations && now.Sub(known.began) < s.Recheck {
		return known.number, nil
	}
	// A reading that began before a revocation of this process is not for those who come after it.
	reading := s.versions.reading.DoChan(accountID+" "+strconv.FormatUint(revocations, 10), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), versionPatience) // it is not one request's, nor a part of its transaction
		defer cancel()
		began := time.Now()
		n, err := store.View(ctx, s.Store, func(tx *store.Tx) (int64, error) { return ReadVersion(ctx, tx, accountID) })
		if err == nil {
			s.versions.put(accountID, knownVersion{n, revocations, began})
		}
		return n, err
	})
	select {
	case r := <-reading:
		n, _ := r.Val.(int64)
		return n, r.Err
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the version of account %s: %w", accountID, context.Cause(ctx))
	}
}

func (v *versions) get(accountID string) knownVersion {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of[accountID]
}

// put notes a version, unless a later one is known.
func (v *versions) put(accountID string, k knownVersion) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		v.of = map[string]knownVersion{}
	}
	if known, is := v.of[accountID]; !is || k.number >= known.number {
		v.of[accountID] = k
	}
}

// asOf is the version of an account as of which something is known. The zero value is of no account.
type asOf struct {
	accountID string
	version   int64
}

func (a Account) asOf() asOf { return asOf{a.ID, a.PolicyVersion} }

// isCurrent reports whether the accounts still have these versions.
func (s *Service) isCurrent(ctx context.Context, now time.Time, all ...asOf) (bool, error) {
	for _, a := range all {
		if a.accountID == "" {
			continue
		}
		if n, err := s.version(ctx, a.accountID, now); err != nil || n != a.version {
			return false, err
		}
	}
	return true, nil
}
