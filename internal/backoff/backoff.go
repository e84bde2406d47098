// Package backoff computes the delay before a failed action is retried.
package backoff

import "time"

// Doubling waits First, then twice as long after each further failure, and never longer than Limit.
type Doubling struct{ First, Limit time.Duration }

// Wait returns how long to wait when there were n failures before the latest one.
func (d Doubling) Wait(n int) time.Duration {
	wait := d.First
	for ; n > 0 && wait < d.Limit; n-- {
		if wait > d.Limit/2 { // twice as long may be more than a Duration can hold
			return d.Limit
		}
		wait *= 2
	}
	return min(wait, d.Limit)
}
