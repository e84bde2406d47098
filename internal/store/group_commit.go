package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// On SQLite each commit waits for the disk, and there is one writer. So transactions that wait for the writer share a commit: the
// database's transaction is passed from one to the next, each in a savepoint of its own, and the last in the queue commits for
// all. Each Update still runs alone, on its caller's goroutine, and returns once its writes are on the disk.

// Limits of postponing a commit: the number of transactions, and the time since the first began.
const (
	groupMembers = 256
	groupAge     = 10 * time.Millisecond
)

// errGroupLost means that the database rolled back a transaction because of another one that shared its commit.
var errGroupLost = errors.New("the database rolled back this transaction together with another one")

// groupCommit passes the one writing transaction from caller to caller. Its zero value is ready for use.
type groupCommit struct {
	mu      sync.Mutex       // guards what follows
	busy    bool             // a caller has the writer
	waiting []chan *commitOf // callers that wait for the writer, in order; each channel buffers one value
}

// commitOf is a transaction of the database that several Updates share. The caller that has the writer owns it until done is
// closed.
type commitOf struct {
	bun.Tx
	begun   time.Time
	members int
	lost    error         // why the database has rolled it back; nil if it has not
	done    chan struct{} // closed when it has ended
	err     error         // its result, once done is closed
}

// enter waits for the writer. It returns the transaction to continue, or nil if the caller has to begin a new one.
func (g *groupCommit) enter(ctx context.Context) (*commitOf, error) {
	g.mu.Lock()
	if !g.busy {
		g.busy = true
		g.mu.Unlock()
		return nil, nil
	}
	turn := make(chan *commitOf, 1)
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case c := <-turn:
		return c, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(g.waiting, turn)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 { // the writer was passed at the same moment
		g.leave(<-turn)
	}
	return nil, context.Cause(ctx)
}

// leave passes the writer on: with the transaction or, if that has failed or lasted long enough, after ending it.
func (g *groupCommit) leave(c *commitOf) {
	if c != nil {
		full := c.members >= groupMembers || time.Since(c.begun) >= groupAge
		if c.lost == nil && !full && g.pass(c) {
			return
		}
		c.end()
	}
	g.pass(nil)
}

// pass gives the writer to the first waiting caller, and returns whether there is one. If there is none and c is nil, the writer
// is free.
func (g *groupCommit) pass(c *commitOf) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = c != nil
		return false
	}
	g.waiting[0] <- c
	g.waiting = g.waiting[1:]
	return true
}

// end commits, or rolls back if it must not commit, and wakes all callers that share it.
func (c *commitOf) end() {
	if c.lost != nil {
		c.err = errGroupLost
		_ = c.Rollback() // if the database has rolled back already, this only returns the connection
	} else if err := c.Commit(); err != nil {
		c.err = fmt.Errorf("committing: %w", err)
	}
	close(c.done)
}

// updateInGroup is updateOnce with a commit that others may share.
func (s *Store) updateInGroup(ctx context.Context, f func(*Tx) error) (*Tx, error) {
	c, err := s.group.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("waiting to write: %w: %w", errNoConnection, err)
	}
	if c == nil {
		b, err := s.writer.BeginTx(context.WithoutCancel(ctx), nil) // the end of one caller's context must not end it for all
		if err != nil {
			s.group.leave(nil)
			return nil, fmt.Errorf("beginning a transaction: %w: %w", errNoConnection, err)
		}
		c = &commitOf{Tx: b, begun: time.Now(), done: make(chan struct{})}
	}
	t, err := s.join(context.WithoutCancel(ctx), c, f)
	if err != nil {
		return nil, err
	}
	<-c.done
	t.countRevocation()
	return t, c.err
}

// join runs f in a transaction whose writer the caller has, and leaves it. ctx must not be one that a caller cancels.
func (s *Store) join(ctx context.Context, c *commitOf, f func(*Tx) error) (*Tx, error) {
	t := s.newTx(c.Tx)
	kept, alone := false, c.members == 0
	defer func() { // also when f panics
		c.settle(ctx, kept, alone)
		s.group.leave(c)
	}()
	if c.members++; !alone {
		if _, err := c.Tx.Tx.ExecContext(ctx, savepoint); err != nil {
			c.lost = err
			return nil, errGroupLost
		}
	}
	if err := t.run(ctx, f); err != nil {
		return nil, err
	}
	kept = true
	return t, nil
}

const (
	savepoint  = "SAVEPOINT member"
	keepMember = "RELEASE member"
	undoMember = "ROLLBACK TO member; RELEASE member"
)

// settle keeps or undoes what the last member wrote. If it is alone in the transaction, the rollback undoes it.
func (c *commitOf) settle(ctx context.Context, kept, alone bool) {
	switch {
	case c.lost != nil, kept && alone:
	case alone:
		c.lost = errGroupLost
	case kept:
		_, c.lost = c.Tx.Tx.ExecContext(ctx, keepMember)
	default:
		_, c.lost = c.Tx.Tx.ExecContext(ctx, undoMember) // an error if the database has rolled back everything
	}
}
