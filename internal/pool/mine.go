package pool

import (
	"time"
)

// PoolCountdown is a rebuild that awaits a desktop somebody has.
type PoolCountdown struct {
	At      time.Time // when it begins
	Message string    // the administrator's
	Left    bool      // they have said that they are ready
}
