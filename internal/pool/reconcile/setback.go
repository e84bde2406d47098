package reconcile

import (
	"sync"
	"time"

	"carrel/internal/backoff"
)

// setbackPause is the pause after failures of a pool: pools that always fail do not delay others.
var setbackPause = backoff.Doubling{First: time.Second, Limit: 5 * time.Minute}

// setbacks counts, in this process, the failures in a row of pools. The zero value is ready for use. It is safe for concurrent
// use.
type setbacks struct {
	mu   sync.Mutex // guards runs
	runs map[string]int
}

// add counts a failure and returns the pause of the pool.
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

// end forgets the failures of a pool after a success.
func (s *setbacks) end(poolID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, poolID)
}
