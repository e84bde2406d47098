package iam

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// memory is what a process remembers of callers, so that a request needs no statement: credentials that were accepted, with their users, and
// projects, as of the versions of their accounts. What was refused is not remembered, so strangers fill nothing. Secrets of keys stay sealed; of
// tokens there are hashes. The zero value remembers nothing.
type memory struct {
	tokens   cache[*tokenOfCaller] // by their hashes
	keys     cache[*keyOfCaller]   // by their ids
	projects cache[projectAsOf]    // by account and id
	rights   cache[rightsOfCaller] // by the id of the user or agency
}

type projectAsOf struct {
	Project
	version int64
}

// asOf are the versions as of which a credential is known.
func (t *tokenOfCaller) asOf() []asOf { return []asOf{t.Account.asOf(), t.agency.account.asOf()} }
func (k *keyOfCaller) asOf() []asOf   { return []asOf{k.Account.asOf(), k.agency.account.asOf()} }

// knownToken returns a token that was accepted before, or reads it. ErrNoIdentity when there is none.
func (s *Service) knownToken(ctx context.Context, token string, now time.Time) (*tokenOfCaller, error) {
	return known(ctx, s, &s.memory.tokens, workspace.HashToken(token), now, s.findToken)
}

// knownKey returns a key that was accepted before, or reads it. ErrNoIdentity when there is none.
func (s *Service) knownKey(ctx context.Context, id string, now time.Time) (*keyOfCaller, error) {
	return known(ctx, s, &s.memory.keys, id, now, s.findKey)
}

// known returns what is remembered of a credential, if that is still so, or what find reads.
func known[C interface{ asOf() []asOf }](ctx context.Context, s *Service, of *cache[C], id string, now time.Time, find func(context.Context, string) (C, error)) (C, error) {
	if c, is := of.get(id, now); is {
		current, err := s.isCurrent(ctx, now, c.asOf()...)
		if err != nil || current {
			return c, err
		}
		of.drop(id)
	}
	revocations := s.Store.Revocations()
	c, err := find(ctx, id)
	if err == nil && !store.Enclosed(ctx) {
		for _, a := range c.asOf() {
			if a.accountID != "" {
				s.versions.put(a.accountID, knownVersion{a.version, revocations, now})
			}
		}
	}
	return c, err
}

// remember keeps a credential that was accepted.
func remember[C any](ctx context.Context, of *cache[C], id string, c C, now time.Time) {
	if !store.Enclosed(ctx) { // what such a transaction sees may be undone
		of.put(id, c, now)
	}
}
