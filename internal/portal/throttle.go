package portal

import (
	"sync"
	"time"

	"carrel/internal/workspace"
)

// The bounds of a throttle's memory.
const (
	throttleKeys = 20_000
	throttleKeep = time.Hour // after the last attempt
)

// throttle counts attempts to sign in under a key and says how long that key must wait. It lives in this process only: it
// is in front of the domain's own count, which all replicas share.
type throttle struct {
	free int

	mu   sync.Mutex
	keys map[string]attempts
}

type attempts struct {
	n     int
	until time.Time
}

func newThrottle(free int) *throttle {
	return &throttle{free: free, keys: map[string]attempts{}}
}

// charge counts an attempt and returns a time not after now if it may be made, or else when the next one may; an attempt
// that must wait is not counted.
func (t *throttle) charge(key string, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.keys[key]
	if now.Before(a.until) {
		return a.until
	}
	if now.After(a.until.Add(throttleKeep)) {
		a.n = 0
	}
	a.n++
	a.until = now.Add(workspace.SignInPause(a.n, t.free))
	t.makeRoom(now)
	t.keys[key] = a
	return now
}

// refund takes one attempt back.
func (t *throttle) refund(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, ok := t.keys[key]; ok && a.n > 1 {
		t.keys[key] = attempts{n: a.n - 1}
	} else {
		delete(t.keys, key)
	}
}

// forgive forgets a key's attempts.
func (t *throttle) forgive(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.keys, key)
}

// makeRoom forgets old keys when there are too many, and any when that is not enough.
func (t *throttle) makeRoom(now time.Time) {
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
