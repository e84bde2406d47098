package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// chance makes the random decisions of the configuration. A draw depends on the seed, its kind, the machine and the number of
// such draws before, not on the order in which goroutines run.
type chance struct {
	seed   uint64
	jitter float64

	mu     sync.Mutex // guards what follows
	faults map[string]Fault
	left   map[string]int    // what is left of each fault's Count
	draws  map[uint64]uint32 // number of draws by hashed kind and id
}

func newChance(c Config) *chance {
	ch := &chance{
		seed: c.Seed, jitter: c.Latency.Jitter,
		faults: map[string]Fault{}, left: map[string]int{}, draws: map[uint64]uint32{},
	}
	for name, f := range c.Faults {
		ch.set(name, f)
	}
	return ch
}

// set replaces one fault; the zero Fault ends it.
func (c *chance) set(name string, f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[name], c.left[name] = f, f.Count
}

// strikes returns whether the fault happens now, and how.
func (c *chance) strikes(name, id string) (Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.faults[name]
	if c.left[name] > 0 {
		c.left[name]--
		return f, true
	}
	if f.Probability == 0 {
		return f, false
	}
	return f, c.roll(name, id) < f.Probability
}

// spread applies the jitter to a duration.
func (c *chance) spread(d time.Duration, what, id string) time.Duration {
	if d == 0 || c.jitter == 0 {
		return d
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return d + time.Duration(float64(d)*c.jitter*(2*c.roll(what, id)-1))
}

// roll returns a number in [0, 1). The caller has locked the mutex.
func (c *chance) roll(what, id string) float64 {
	h := fnv.New64a()
	h.Write([]byte(what + "\x00" + id))
	key := h.Sum64()
	c.draws[key]++
	return rand.New(rand.NewPCG(c.seed^key, uint64(c.draws[key]))).Float64()
}
