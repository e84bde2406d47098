package workspace

import "time"

// MyPool is a pool as a person sees it who may use it.
type MyPool struct {
	ID          string
	Name        string
	Description string
	Type        PoolType
	State       PoolState
	Reason      string // the state in a plain English sentence

	Desktop *Mine     // the one that they have; its door says what they can do with it
	Ends    time.Time // when they lose it if they stay away; zero while they are connected, in a STATIC pool, and without a desktop

	Wait *PoolWait // while they wait for one

	MayReset    bool   // the desktop that they have, now
	ResetWhyNot string // otherwise, if the pool lets people reset at all: why not now

	Rebuild *PoolCountdown // of the desktop that they have
}

// PoolState says what opening a pool would do for a person.
type PoolState string

// The states.
const (
	PoolYours       PoolState = "yours"       // they have a desktop in it
	PoolWaiting     PoolState = "waiting"     // they wait for one
	PoolReady       PoolState = "ready"       // one is idle
	PoolGrows       PoolState = "grows"       // none is idle; one comes or is made for them, for which they wait
	PoolFull        PoolState = "full"        // none is idle, and none will be made
	PoolMaintenance PoolState = "maintenance" // an administrator works on it
)

// PoolStates lists every PoolState, so that tests can prove that each has its words in every language.
var PoolStates = []PoolState{PoolYours, PoolWaiting, PoolReady, PoolGrows, PoolFull, PoolMaintenance}

// PoolWait tells somebody who waits how far things are.
type PoolWait struct {
	Since    time.Time
	Position int    // 1 is the next
	Ready    bool   // a desktop is there for them: they may open the pool
	Coming   int    // desktops that are being made, started or reset for whoever waits
	Percent  int    // how far the one is that they will probably get
	Step     string // what is being done to it, in the words of the job; empty before it begins
	Reason   string // a plain English sentence
}

// PoolCountdown is a rebuild that awaits a desktop somebody has.
type PoolCountdown struct {
	At      time.Time // when it begins
	Message string    // the administrator's
	Left    bool      // they have said that they are ready
}
