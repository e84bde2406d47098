package workspace

import (
	"sync"
	"time"
)

// The bounds of a throttle's memory.
const (
	throttleKeys = 20_000
	throttleKeep = time.Hour // after the last attempt
)

// Throttle counts attempts under a key and says how long that key must wait. It lives in this process only; the failed
// sign-ins of people are counted in the store, for all replicas. Its methods may be called concurrently.
type Throttle struct {
	Free int // attempts that cost nothing; 0 means FreeSignIns

	mu   sync.Mutex // guards keys
	keys map[string]attempts
}

type attempts struct {
	n     int
	until time.Time
}

// Charge counts an attempt. It returns a *PauseError, and counts nothing, when the key must wait.
func (t *Throttle) Charge(key string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.keys[key]
	if now.Before(a.until) {
		return &PauseError{Until: a.until}
	}
	if now.After(a.until.Add(throttleKeep)) {
		a.n = 0
	}
	free := t.Free
	if free == 0 {
		free = FreeSignIns
	}
	a.n++
	a.until = now.Add(SignInPause(a.n, free))
	t.makeRoom(now)
	t.keys[key] = a
	return nil
}

// Refund takes one attempt back.
func (t *Throttle) Refund(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.keys[key]; ok && a.n > 1 {
		t.keys[key] = attempts{n: a.n - 1}
	} else {
		delete(t.keys, key)
	}
}

// makeRoom forgets old keys when there are too many, and any when that is not enough.
func (t *Throttle) makeRoom(now time.Time) {
	if t.keys == nil {
		t.keys = map[string]attempts{}
	}
	if len(t.keys) < throttleKeys {
		return
	}
	for key, a := range t.keys {
		if now.After(a.until.Add(throttleKeep)) {
			delete(t.keys, key)
		}
	}
	for key := range t.keys {
		if len(t.keys) < throttleKeys*9/10 {
			return
		}
		delete(t.keys, key)
	}
}
