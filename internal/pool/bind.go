package pool

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// Arrival is a person, authorized already, who opens a pool, with all that the decision rests on. Bind changes nothing in it.
type Arrival struct {
	Pool    Pool
	Members []desktop.Member // in any order
	UserID  string
	Ahead   int // how many people have waited longer
}

// Outcome is what becomes of an arrival.
type Outcome string

// The outcomes.
const (
	OutcomeSame Outcome = "SAME" // the desktop that they have already; that they came is to be written (Member.AfterReturn)
	OutcomeNew  Outcome = "NEW"  // an idle one; the binding is to be written (Member.AfterBinding)
	OutcomeWait Outcome = "WAIT" // none is idle, but one comes or can be made: they go on the waiting list
	OutcomeFull Outcome = "FULL" // none is idle and none will be made
	OutcomeShut Outcome = "SHUT" // the pool, or the desktop that they keep in it, is closed by an administrator
)

// Assignment is the decision about an arrival.
type Assignment struct {
	Outcome   Outcome `json:"outcome"`
	DesktopID string  `json:"desktop_id,omitempty"` // of SAME, NEW and a SHUT desktop
	Start     bool    `json:"start,omitempty"`      // it is off or asleep
	Ended     string  `json:"ended,omitempty"`      // the desktop with which a former binding of the person is over, to be released
	Reason    string  `json:"reason"`
}

// Bind decides which desktop a person gets who opens a pool.
//
// Somebody who has one gets the same again: in a STATIC pool for good, in a DYNAMIC one until the binding ends. Others get an
// idle one: one that runs before one that must start, one of the pool's present image before others, an administrator's before
// one that autoscaling made (which can then go when it is no longer needed), and of those the one that has been idle longest.
// Nobody overtakes people who have waited longer.
func Bind(a Arrival, now time.Time) Assignment {
	if a.Pool.InMaintenance || a.Pool.Frozen {
		return Assignment{Outcome: OutcomeShut, Reason: "the pool is under maintenance"}
	}
	var ended string
	if m, ok := a.Own(); ok {
		over := a.Pool.BindingOver(m, now)
		switch {
		case over == "" && m.Isolated:
			return Assignment{Outcome: OutcomeShut, DesktopID: m.DesktopID, Reason: "the person's desktop broke and was put aside"}
		case over == "":
			return Assignment{Outcome: OutcomeSame, DesktopID: m.DesktopID, Start: m.Off(), Reason: "the person has this desktop"}
		}
		ended = m.DesktopID
	}
	s := a.choose(now)
	s.Ended = ended
	return s
}

// Own finds the desktop that the person has in the pool.
func (a Arrival) Own() (desktop.Member, bool) {
	var own desktop.Member
	found := false
	for _, m := range a.Members {
		if m.UserID == a.UserID && m.Bound() && (!found || m.DesktopID < own.DesktopID) {
			own, found = m, true
		}
	}
	return own, found
}

func (a Arrival) choose(now time.Time) Assignment {
	var idle []desktop.Member
	var c Availability
	for _, m := range a.Members {
		if m.Idle() {
			idle = append(idle, m)
		}
		c.Add(m, 1)
	}
	s := a.Pool.Prospect(c, a.Ahead, now)
	if s.Outcome == OutcomeNew {
		best := slices.MinFunc(idle, a.Pool.preference)
		s.DesktopID, s.Start = best.DesktopID, best.Off()
	}
	return s
}

// Availability counts a pool's desktops as far as the prospects of somebody without one depend on them.
type Availability struct {
	Idle   int
	Coming int
	auto   int // autoscaling made them
}

// Add counts n desktops that are like m.
func (c *Availability) Add(m desktop.Member, n int) {
	if m.Idle() {
		c.Idle += n
	}
	if m.Coming() {
		c.Coming += n
	}
	if m.AutoCreated {
		c.auto += n
	}
}

// Prospect decides what somebody gets who has no desktop of the pool and before whom so many have waited; not which one.
func (p Pool) Prospect(c Availability, ahead int, now time.Time) Assignment {
	switch room := p.Policy.MaxAutoCreated - c.auto; {
	case c.Idle > ahead:
		return Assignment{Outcome: OutcomeNew, Reason: fmt.Sprintf("%d idle, this one suits best", c.Idle)}
	case c.Idle+c.Coming > ahead:
		return Assignment{Outcome: OutcomeWait, Reason: fmt.Sprintf("%d idle, %d coming, %s longer", c.Idle, c.Coming, autoscale.Waits(ahead))}
	case !p.Autoscaling || p.Policy.Type == "":
		return Assignment{Outcome: OutcomeFull, Reason: "all desktops are taken and the pool does not grow by itself"}
	case c.Idle+c.Coming+room <= ahead:
		return Assignment{Outcome: OutcomeFull, Reason: fmt.Sprintf("all desktops are taken and max_auto_created (%d) is reached", p.Policy.MaxAutoCreated)}
	default:
		why := "a desktop is made for the person"
		if until := p.Scale.PausedUntil(); until.After(now) {
			why = fmt.Sprintf("making desktops failed %d times in a row, it is tried again in %v", p.Scale.Failures, autoscale.Rounded(until.Sub(now)))
		} else if until := p.Scale.ShortUntil(); until.After(now) {
			why = fmt.Sprintf("there is no room for another desktop, it is tried again in %v", autoscale.Rounded(until.Sub(now)))
		}
		return Assignment{Outcome: OutcomeWait, Reason: why}
	}
}

// preference orders idle desktops, the one to give away next first.
func (p Pool) preference(a, b desktop.Member) int {
	return cmp.Or(
		desktop.Before(a.Status == desktop.StatusActive, b.Status == desktop.StatusActive),
		desktop.Before(a.ImageID == p.ImageID, b.ImageID == p.ImageID),
		desktop.Before(!a.AutoCreated, !b.AutoCreated),
		desktop.ByIdleness(a, b),
	)
}

// BindingOver says why a member's binding has ended, or nothing while it holds. While somebody is connected it holds.
func (p Pool) BindingOver(m desktop.Member, now time.Time) string {
	switch end := p.BindingEnd(m); {
	case m.Leaving():
		return "the desktop is being deleted"
	case p.Type == Static || m.Connected():
		return ""
	case m.Isolated:
		return "the desktop broke and was put aside"
	case !now.Before(end):
		return fmt.Sprintf("nobody was connected for %s", workspace.Plural(p.RetentionMinutes, "minute"))
	}
	return ""
}

// BindingEnd returns when a member's binding ends if its person stays away; the zero time when it does not: in a STATIC pool, while
// somebody is connected, and when nobody has the desktop. Somebody who never connected has the retention from the start.
func (p Pool) BindingEnd(m desktop.Member) time.Time {
	if p.Type == Static || m.Connected() || !m.Bound() {
		return time.Time{}
	}
	since := m.BoundAt
	if m.Disconnected.After(since) {
		since = m.Disconnected
	}
	return since.Add(time.Duration(p.RetentionMinutes) * time.Minute)
}

// Tidying is one thing to do about a desktop that somebody had.
type Tidying struct {
	DesktopID string
	UserID    string // whose binding ends; empty if it only needs its reset
	Reset     bool   // it is to be reset to the pool's image now; otherwise later, once it is free for that
	Reason    string
}

// ResetPause is how long after a failure a reset is tried again.
const ResetPause = 5 * time.Minute

// Tidy lists the bindings of a pool that are over and the desktops that wait for their reset, by desktop. A desktop is idle
// again only after that. One that a job works on keeps its binding until the job is done.
func Tidy(p Pool, members []desktop.Member, now time.Time) []Tidying {
	var all []Tidying
	for _, m := range members {
		over := ""
		if m.Bound() {
			over = p.BindingOver(m, now)
		}
		released := m.AfterRelease()
		switch {
		case over != "" && (m.Task == workspace.NoTask || m.Leaving()):
			all = append(all, Tidying{DesktopID: m.DesktopID, UserID: m.UserID, Reset: released.NeedsReset(), Reason: over})
		case m.NeedsReset() && !m.InMaintenance && !(m.Troubled && now.Sub(m.Updated) < ResetPause):
			all = append(all, Tidying{DesktopID: m.DesktopID, Reset: true, Reason: "somebody has used it since its last reset"})
		}
	}
	slices.SortFunc(all, func(a, b Tidying) int { return cmp.Compare(a.DesktopID, b.DesktopID) })
	return all
}

// ResetWindow is the day of "resets per day": any 24 hours, because the people of a pool live in many time zones.
const ResetWindow = 24 * time.Hour

// MayReset says why a person may not reset the desktop that they have in a pool now, or nil. Past are the times of their former
// resets in it. CodeForbidden by the policy or when it is not theirs, CodeRateLimited until a former reset is a day old,
// CodeConflict while something else is done to it.
func MayReset(p Pool, m desktop.Member, userID string, past []time.Time, now time.Time) error {
	switch {
	case m.UserID != userID || !m.Bound():
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is not yours"}
	case !p.Reset.Enabled:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "the desktops of this pool are reset by an administrator only"}
	case p.InMaintenance || m.InMaintenance || m.Isolated:
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is under maintenance"}
	case m.Task != workspace.NoTask:
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", m.Name, m.Task)
	}
	var recent []time.Time
	for _, t := range past {
		if now.Sub(t) < ResetWindow {
			recent = append(recent, t)
		}
	}
	if len(recent) < p.Reset.PerDay {
		return nil
	}
	slices.SortFunc(recent, time.Time.Compare)
	again := recent[len(recent)-p.Reset.PerDay].Add(ResetWindow).Sub(now)
	return workspace.Errorf(workspace.CodeRateLimited, "you may reset your desktop %s in 24 hours; again in %v", times(p.Reset.PerDay), autoscale.Rounded(again))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return workspace.Plural(n, "time")
}
