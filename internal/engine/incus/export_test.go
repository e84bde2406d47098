package incus

import "time"

// HurryClaims shortens how long a claim of a system disk is respected that nobody acts on, and one of the removal of a network.
func (e *Engine) HurryClaims() {
	e.claimPeriod, e.removalPeriod = 600*time.Millisecond, 600*time.Millisecond
}

// RememberImage makes the engine know an image of containers, as it does after a launch.
func (e *Engine) RememberImage(fingerprint string) { e.virtual.Store(fingerprint, false) }
