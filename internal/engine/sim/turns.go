package sim

import (
	"context"
	"sync"
)

// turns lets one change at a time work on a machine. Waiting for a turn is waiting on a channel, never on a mutex, so
// that a synctest bubble can tell it from work.
type turns struct {
	mu    sync.Mutex
	queue map[string]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody has the turn
	users int           // who has it or waits for it
}

// take waits for the machine's turn and returns what gives it back. It fails with the context's error.
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
