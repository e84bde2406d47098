package reconcile

import (
	"sync"
	"time"

	"carrel/internal/backoff"
)

// setbackPause is how long a pool that cannot be looked after is left alone: pools that always fail keep no others from their turn.
var setbackPause = backoff.Doubling{First: time.Second, Limit: 5 * time.Minute}

// setbacks counts, in this process, how often in a row pools could not be looked after. The zero value is ready for use, by any number
// at once.
type setbacks struct {
	mu   sync.Mutex // guards runs
	runs map[string]int
}

// add counts another one and says how long to leave the pool alone.
func (s *setbacks) add(poolID string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = map[string]int{}
	}
	pause := setbackPause.Wait(s.runs[poolID])
	s.runs[poolID]++
	return pause
}

// end forgets a pool that could be looked after.
func (s *setbacks) end(poolID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, poolID)
}
