package script

import "fmt"

// Batch counts the records of desktops that run a task together.
type Batch struct{ Waiting, Running, Succeeded, Failed, Skipped int }

// Plus returns the sum of two batches.
func (b Batch) Plus(c Batch) Batch {
	return Batch{b.Waiting + c.Waiting, b.Running + c.Running, b.Succeeded + c.Succeeded, b.Failed + c.Failed, b.Skipped + c.Skipped}
}

func (b Batch) open() int { return b.Waiting + b.Running }

// Progress is how far a task is: its desktops are in two batches, or all in the second.
type Progress struct {
	First, Rest Batch
	Batches     bool // whether there is a first batch
	Threshold   int  // so many failures in the first batch keep the rest from running; 0 means 1
	Released    bool // the rest may run
}

// Decision is what is to happen to the rest, and the task's status after that.
type Decision struct {
	Release bool
	Skip    string // why the waiting ones of the rest are not to run; empty: they are not skipped
	Status  Status
}

// Decide decides when the desktops after the first batch run. They wait for its end; they are skipped once it has had too many
// failures, and also if it has shown nothing, because none of its desktops ran the scripts. Once they run, nothing takes that back.
func Decide(p Progress) Decision {
	var d Decision
	most := max(p.Threshold, 1)
	switch {
	case p.Released || p.Rest.Waiting == 0:
	case !p.Batches:
		d.Release = true
	case p.First.Failed >= most:
		d.Skip = fmt.Sprintf("%d of the first batch failed, which is the threshold (gray_fail_threshold %d) or more", p.First.Failed, most)
	case p.First.open() > 0:
	case p.First.Succeeded == 0:
		d.Skip = "no desktop of the first batch has run it"
	default:
		d.Release = true
	}
	if d.Skip != "" {
		p.Rest.Skipped, p.Rest.Waiting = p.Rest.Skipped+p.Rest.Waiting, 0
	}
	d.Status = statusOf(p.First.Plus(p.Rest))
	return d
}

func statusOf(all Batch) Status {
	switch {
	case all.open() > 0 && all.Running+all.Succeeded+all.Failed+all.Skipped == 0:
		return TaskInit
	case all.open() > 0:
		return TaskRunning
	case all.Failed > 0:
		return TaskFailed
	default:
		return TaskFinished
	}
}
