package store

import (
	"context"
)

// Transactions that end credentials, or that change what somebody may do, are counted: who remembers such things compares the number.

// NoteRevocation counts the transaction, here and in other processes, once it has ended.
func (t *Tx) NoteRevocation(ctx context.Context) error {
	if t.revokes {
		return nil
	}
	t.revokes = true
	return t.store.dialect.announceRevocation(ctx, t, t.store.id)
}

// Revocations returns a number that grows with each transaction that called NoteRevocation: with one of this process before its Update returns,
// with one of another process as soon as that is heard of, which may be never (SQLite, or a connection that has broken).
func (s *Store) Revocations() uint64 {
	s.listening.Do(s.listen)
	return s.revocations.Load()
}

// countRevocation counts a transaction that has ended, also if it failed: a commit whose result is not known may have happened.
func (t *Tx) countRevocation() {
	if t.revokes {
		t.store.revocations.Add(1)
	}
}

// heard is what a process does about what others announce.
type heard struct {
	work       func()
	revocation func(from string) // the id of the store that announced it, or empty: it is not known whether there were any
}

// listen listens to other processes until the store is closed.
func (s *Store) listen() {
	s.work.listenOnce(func(ctx context.Context) {
		s.dialect.listen(ctx, s.log, heard{work: s.work.signal, revocation: func(from string) {
			if from != s.id { // its own are counted with their commits
				s.revocations.Add(1)
			}
		}})
	})
}

// Enclosed reports whether calls with a context are parts of one transaction, which may see what is not committed (Requests).
func Enclosed(ctx context.Context) bool { return ctx.Value(enclosingKey{}) != nil }
