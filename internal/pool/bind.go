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

// BindRequest is an authorized user who opens a pool, with everything that the decision depends on. Bind does not modify it.
type BindRequest struct {
	Pool    Pool
	Members []desktop.Member // in any order
	UserID  string
	Ahead   int // number of users who have waited longer
}

// Outcome is what a user gets who opens a pool.
type Outcome string

// The outcomes.
const (
	OutcomeSame Outcome = "SAME" // the user's desktop; their return has to be written (Member.AfterReturn)
	OutcomeNew  Outcome = "NEW"  // an idle desktop; the binding has to be written (Member.AfterBinding)
	OutcomeWait Outcome = "WAIT" // none is idle, but one will be or can be created: the user goes on the waiting list
	OutcomeFull Outcome = "FULL" // none is idle, and none will be created
	OutcomeShut Outcome = "SHUT" // an administrator has closed the pool, or the user's desktop in it
)

// BindDecision is the decision about a request.
type BindDecision struct {
	Outcome   Outcome `json:"outcome"`
	DesktopID string  `json:"desktop_id,omitempty"` // set for SAME, NEW, and SHUT because of a desktop
	Start     bool    `json:"start,omitempty"`      // the desktop is stopped or hibernated
	Ended     string  `json:"ended,omitempty"`      // the desktop of an earlier binding of the user that is over, to be released
	Reason    string  `json:"reason"`
}

// Bind decides which desktop a user gets who opens a pool.
//
// A user who has a desktop gets it again: in a STATIC pool always, in a DYNAMIC pool until the binding ends. Others get an idle
// desktop. Running desktops come first, then those with the pool's current image, then those that an administrator created (so
// that those created by autoscaling can be deleted), then the one that has been idle longest. A user never gets a desktop before
// users who have waited longer.
func Bind(a BindRequest, now time.Time) BindDecision {
	if a.Pool.InMaintenance || a.Pool.Frozen {
		return BindDecision{Outcome: OutcomeShut, Reason: "the pool is under maintenance"}
	}
	var ended string
	if m, ok := a.Own(); ok {
		over := a.Pool.BindingOver(m, now)
		switch {
		case over == "" && m.Isolated:
			return BindDecision{Outcome: OutcomeShut, DesktopID: m.DesktopID, Reason: "the user's desktop has an error and was isolated"}
		case over == "":
			return BindDecision{Outcome: OutcomeSame, DesktopID: m.DesktopID, Start: m.Off(), Reason: "the user has this desktop already"}
		}
		ended = m.DesktopID
	}
	s := a.choose(now)
	s.Ended = ended
	return s
}

// Own returns the user's desktop in the pool.
func (a BindRequest) Own() (desktop.Member, bool) {
	var own desktop.Member
	found := false
	for _, m := range a.Members {
		if m.UserID == a.UserID && m.Bound() && (!found || m.DesktopID < own.DesktopID) {
			own, found = m, true
		}
	}
	return own, found
}

func (a BindRequest) choose(now time.Time) BindDecision {
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

// Availability counts a pool's desktops by what decides the chance of a user without one.
type Availability struct {
	Idle   int
	Coming int
	auto   int // created by autoscaling
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

// Prospect decides what a user gets who has no desktop of the pool, with ahead users waiting before them. It does not choose the
// desktop.
func (p Pool) Prospect(c Availability, ahead int, now time.Time) BindDecision {
	switch left := p.Policy.MaxAutoCreated - c.auto; {
	case c.Idle > ahead:
		return BindDecision{Outcome: OutcomeNew, Reason: fmt.Sprintf("%d idle, this one suits best", c.Idle)}
	case c.Idle+c.Coming > ahead:
		return BindDecision{Outcome: OutcomeWait, Reason: fmt.Sprintf("%d idle, %d coming, %s longer", c.Idle, c.Coming, autoscale.Waits(ahead))}
	case !p.Autoscaling || p.Policy.Type == "":
		return BindDecision{Outcome: OutcomeFull, Reason: "all desktops are in use and the pool does not scale out by itself"}
	case c.Idle+c.Coming+left <= ahead:
		return BindDecision{Outcome: OutcomeFull, Reason: fmt.Sprintf("all desktops are in use and max_auto_created (%d) is reached", p.Policy.MaxAutoCreated)}
	default:
		why := "a desktop is created for the user"
		if until := p.Scale.PausedUntil(); until.After(now) {
			why = fmt.Sprintf("creating desktops failed %d times in a row; next attempt in %v", p.Scale.Failures, autoscale.Rounded(until.Sub(now)))
		} else if until := p.Scale.ShortUntil(); until.After(now) {
			why = fmt.Sprintf("there is no capacity for another desktop; next attempt in %v", autoscale.Rounded(until.Sub(now)))
		}
		return BindDecision{Outcome: OutcomeWait, Reason: why}
	}
}

// preference orders idle desktops: the one to give to the next user first.
func (p Pool) preference(a, b desktop.Member) int {
	return cmp.Or(
		desktop.Before(a.Status == desktop.StatusActive, b.Status == desktop.StatusActive),
		desktop.Before(a.ImageID == p.ImageID, b.ImageID == p.ImageID),
		desktop.Before(!a.AutoCreated, !b.AutoCreated),
		desktop.ByIdleness(a, b),
	)
}

// BindingOver returns why a desktop's binding has ended, or "" if it has not. It does not end while its user is connected.
func (p Pool) BindingOver(m desktop.Member, now time.Time) string {
	switch end := p.BindingEnd(m); {
	case m.Leaving():
		return "the desktop is being deleted"
	case p.Type == Static || m.Connected():
		return ""
	case m.Isolated:
		return "the desktop has an error and was isolated"
	case !now.Before(end):
		return fmt.Sprintf("nobody was connected for %s", workspace.Plural(p.RetentionMinutes, "minute"))
	}
	return ""
}

// BindingEnd returns when a desktop's binding ends if its user stays away. It returns the zero time if the binding does not end
// (in a STATIC pool, or while the user is connected) and if there is none. For a user who never connected, the retention counts
// from the start of the binding.
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

// Tidying is one thing to do about a desktop that is or was bound.
type Tidying struct {
	DesktopID string
	UserID    string // the user whose binding ends; empty if the desktop only needs its reset
	Reset     bool   // reset the desktop to the pool's image now; otherwise later, when it is free for that
	Reason    string
}

// ResetPause is the delay before a failed reset is repeated.
const ResetPause = 5 * time.Minute

// Tidy lists a pool's bindings that are over and its desktops that wait for a reset, by desktop. A used desktop is idle only
// after its reset. A desktop that a job works on keeps its binding until the job has ended.
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
			all = append(all, Tidying{DesktopID: m.DesktopID, Reset: true, Reason: "it was used since its last reset"})
		}
	}
	slices.SortFunc(all, func(a, b Tidying) int { return cmp.Compare(a.DesktopID, b.DesktopID) })
	return all
}

// ResetWindow is the period of the limit "resets per day": any 24 hours, because a pool's users live in different time zones.
const ResetWindow = 24 * time.Hour

// MayReset returns why a user may not reset their desktop of a pool now, or nil. Past are the times of the user's earlier resets
// in the pool. CodeForbidden if the policy forbids it or the desktop is not the user's, CodeRateLimited until an earlier reset is
// a day old, CodeConflict while the desktop is busy.
func MayReset(p Pool, m desktop.Member, userID string, past []time.Time, now time.Time) error {
	switch {
	case m.UserID != userID || !m.Bound():
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is not yours"}
	case !p.Reset.Enabled:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "only an administrator can reset the desktops of this pool"}
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
