package guest

import "time"

// Run is a script that a machine runs once. The id makes that so: a machine that knows it already starts nothing.
type Run struct {
	ID      string        `json:"id"`                // 1 to 80 letters, digits and hyphens
	Script  string        `json:"script"`            // its first line may name the interpreter (#!); otherwise /bin/sh runs it
	Account string        `json:"account,omitempty"` // who runs it; empty means root
	Limit   time.Duration `json:"limit"`             // nanoseconds, after which it is killed
}

// RunPhase is how far a run is.
type RunPhase string

// The phases of a run.
const (
	RunGoing RunPhase = "running"
	RunEnded RunPhase = "ended"
	RunLost  RunPhase = "lost" // the machine knows no such run, or was switched off while it ran
)

// RunState is what "carrel-guest run", "run-await" and "run-stop" print.
type RunState struct {
	Phase RunPhase `json:"phase"`
	Exit  int      `json:"exit"`            // of the script; -1 if a signal ended it
	Cut   RunCut   `json:"cut,omitempty"`   // why it was killed, if it was
	Error string   `json:"error,omitempty"` // why the script could not be started
	// Output is standard output and error. Of a long one the middle is left out: at most OutputKept bytes at each end are kept.
	Output string `json:"output,omitempty"`
}

// RunCut is why a run was killed.
type RunCut string

// The reasons.
const (
	CutLate    RunCut = "late"    // its Limit was over
	CutStopped RunCut = "stopped" // on request
)

// OutputKept is how many bytes of a run's output are kept at its beginning, and as many at its end.
const OutputKept = 32 << 10
