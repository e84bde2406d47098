package iam

import (
	"sync"
	"time"
)

// Limits of what a process remembers: values of each kind, and how long one stays that nobody asks for (twice that at most).
const (
	maxRemembered  = 4096
	rememberedLife = 5 * time.Minute
)

// cache remembers at most maxRemembered values by their keys, those that were asked for last. They are in two generations: when the young
// one is half of all or old, it becomes the old one, whose values are forgotten unless they were asked for since. Its zero value is empty. Its
// methods may be called concurrently.
type cache[V any] struct {
	mu         sync.Mutex // guards what follows
	young, old map[string]V
	turned     time.Time
}

// get returns a value, and whether it is remembered.
func (c *cache[V]) get(key string, now time.Time) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	v, is := c.young[key]
	if is {
		return v, true
	}
	if v, is = c.old[key]; is {
		c.keep(key, v, now)
	}
	return v, is
}

// put remembers a value.
func (c *cache[V]) put(key string, v V, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	c.keep(key, v, now)
}

// drop forgets a value.
func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, key)
	delete(c.old, key)
}

func (c *cache[V]) keep(key string, v V, now time.Time) {
	if len(c.young) >= maxRemembered/2 {
		c.old, c.young, c.turned = c.young, nil, now
	}
	if c.young == nil {
		c.young = map[string]V{}
	}
	c.young[key] = v
	delete(c.old, key)
}

func (c *cache[V]) turn(now time.Time) {
	switch age := now.Sub(c.turned); {
	case age >= 2*rememberedLife:
		c.old, c.young, c.turned = nil, nil, now
	case age >= rememberedLife:
		c.old, c.young, c.turned = c.young, nil, now
	}
}

// size returns the number of values.
func (c *cache[V]) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.young) + len(c.old)
}
