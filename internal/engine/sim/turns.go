package sim

import (
	"context"
	"sync"
)

// turns serialises changes of a machine. Waiting for a turn is waiting on a channel, never on a mutex, so that a synctest bubble
// recognises it as idle.
type turns struct {
	mu    sync.Mutex
	queue map[string]*turn
}

type turn struct {
	free  chan struct{} // contains one token while the turn is free
	users int           // those that have the turn or wait for it
}

// take waits for the machine's turn and returns the function that ends it, or the context's error.
func (t *turns) take(ctx context.Context, id string) (release func(), err error) {
	q := t.join(id)
	select {
	case <-q.free:
		return func() { q.free <- struct{}{}; t.leave(id, q) }, nil
	case <-ctx.Done():
		t.leave(id, q)
		return nil, ctx.Err()
	}
}

func (t *turns) join(id string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queue[id]
	if q == nil {
		q = &turn{free: make(chan struct{}, 1)}
		q.free <- struct{}{}
		if t.queue == nil {
			t.queue = map[string]*turn{}
		}
		t.queue[id] = q
	}
	q.users++
	return q
}

func (t *turns) leave(id string, q *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(t.queue, id)
	}
}
