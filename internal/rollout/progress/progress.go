// Package progress decides what is next in the rebuild of a pool: a pure function, Next, from how far each desktop is and the time to
// actions with reasons.
package progress

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"carrel/internal/workspace"
)

// Limits is how carefully a rollout goes. The zero value means the defaults.
type Limits struct {
	Parallel    int `json:"parallel" yaml:"parallel"`         // desktops rebuilt at a time; 0 means DefaultParallel
	MaxFailures int `json:"max_failures" yaml:"max_failures"` // more failures than this stop the rollout; 0 means that the first does
}

// DefaultParallel is how many desktops are rebuilt at a time.
const DefaultParallel = 5

// State is what a decision about a rollout rests on. Next changes nothing in it.
type State struct {
	Delay    time.Duration
	OnlyIdle bool // NewAndIdle: desktops that somebody got meanwhile are left alone
	Limits   Limits
	Items    []Item // in any order
}

// Item is one desktop of a rollout.
type Item struct {
	DesktopID string    `json:"desktop_id"`
	State     ItemState `json:"state"`
	Deadline  time.Time `json:"deadline,omitzero"` // of WARNED: until when its person may work

	Gone    bool `json:"gone"`    // it is deleted or being deleted
	Busy    bool `json:"busy"`    // another job works on it
	Bound   bool `json:"bound"`   // somebody has it
	Session bool `json:"session"` // somebody's session goes on in it, seen or not
	Left    bool `json:"left"`    // its person said that they are ready
}

// ItemState is how far a desktop of a rollout is.
type ItemState string

// The states: the last four are final.
const (
	ItemWaiting    ItemState = "WAITING"
	ItemWarned     ItemState = "WARNED" // its person has the message, the countdown runs
	ItemRebuilding ItemState = "REBUILDING"
	ItemDone       ItemState = "DONE"
	ItemFailed     ItemState = "FAILED"
	ItemSkipped    ItemState = "SKIPPED"
	ItemStopped    ItemState = "STOPPED" // the rollout was stopped before its turn
)

// Final says whether nothing more happens to the desktop.
func (s ItemState) Final() bool {
	switch s {
	case ItemDone, ItemFailed, ItemSkipped, ItemStopped:
		return true
	default:
		return false
	}
}

// Kind is what an Action does.
type Kind string

// The kinds.
const (
	Warn    Kind = "WARN"    // show the message with a countdown to Deadline; the item becomes WARNED
	Rebuild Kind = "REBUILD" // replace the system disk; the item becomes REBUILDING
	Skip    Kind = "SKIP"    // leave the desktop as it is; the item becomes SKIPPED
	Recall  Kind = "RECALL"  // take the countdown back: this desktop is not rebuilt; the item becomes STOPPED
	Stop    Kind = "STOP"    // give up what has not begun; WAITING items become STOPPED
)

// Action is one thing to do.
type Action struct {
	Kind      Kind      `json:"kind"`
	DesktopID string    `json:"desktop_id,omitempty"` // empty for STOP
	Deadline  time.Time `json:"deadline,omitzero"`    // of WARN
	Reason    string    `json:"reason"`
}

// Next decides what to do next about a rebuild. First a single desktop is rebuilt, the canary, if possible one in which nobody works; only
// when that has succeeded are the others. People in a session are warned first, all at once, and have until the deadline unless they
// leave earlier; then their desktops take their turn, Limits.Parallel at a time. When the canary or too many others fail, nothing more
// is begun. It looks at nothing but its arguments, so it goes on where it was after a crash; deciding again after applying yields nothing.
func Next(s State, now time.Time) []Action {
	items := slices.Clone(s.Items)
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.DesktopID, b.DesktopID) })
	tally := map[ItemState]int{}
	for _, i := range items {
		tally[i.State]++
	}
	if why := s.failure(tally); why != "" {
		return Halt(items, why)
	}
	actions, open := s.skips(items)
	if tally[ItemDone] == 0 {
		return append(actions, s.canary(open, tally, now)...)
	}
	return append(actions, s.wave(open, s.Parallel()-tally[ItemRebuilding], now)...)
}

// Ended says whether nothing more will happen in a rollout.
func (s State) Ended() bool {
	return !slices.ContainsFunc(s.Items, func(i Item) bool { return !i.State.Final() })
}

// Parallel returns how many desktops are rebuilt at a time.
func (s State) Parallel() int { return cmp.Or(max(s.Limits.Parallel, 0), DefaultParallel) }

// failure says why the rollout must stop, or nothing.
func (s State) failure(tally map[ItemState]int) string {
	failed := tally[ItemFailed]
	switch {
	case failed == 0 || tally[ItemWaiting]+tally[ItemWarned] == 0:
		return ""
	case tally[ItemDone] == 0:
		return "the first desktop failed, so the others were left as they are"
	case failed > s.Limits.MaxFailures:
		return fmt.Sprintf("%s failed, at most %d may; those that had not begun were left as they are", workspace.Plural(failed, "desktop"), s.Limits.MaxFailures)
	}
	return ""
}

// Halt takes the countdowns back and ends the rollout.
func Halt(items []Item, why string) []Action {
	var actions []Action
	for _, i := range items {
		if i.State == ItemWarned {
			actions = append(actions, Action{Kind: Recall, DesktopID: i.DesktopID, Reason: why})
		}
	}
	return append(actions, Action{Kind: Stop, Reason: why})
}

// skips leaves out the desktops that are not to be rebuilt any more. It returns the others that have not begun.
func (s State) skips(items []Item) (actions []Action, open []Item) {
	for _, i := range items {
		switch {
		case i.State != ItemWaiting && i.State != ItemWarned:
		case i.Gone:
			actions = append(actions, Action{Kind: Skip, DesktopID: i.DesktopID, Reason: "the desktop was deleted meanwhile"})
		case s.OnlyIdle && i.Bound:
			actions = append(actions, Action{Kind: Skip, DesktopID: i.DesktopID, Reason: "somebody got the desktop meanwhile, and only idle ones are rebuilt"})
		default:
			open = append(open, i)
		}
	}
	return actions, open
}

// canary moves the first desktop on. Once one has been warned or begun, it is that one.
func (s State) canary(open []Item, tally map[ItemState]int, now time.Time) []Action {
	if tally[ItemRebuilding] > 0 {
		return nil
	}
	free := slices.DeleteFunc(slices.Clone(open), func(i Item) bool { return i.Busy })
	warned := slices.DeleteFunc(slices.Clone(free), func(i Item) bool { return i.State != ItemWarned })
	if len(warned) > 0 {
		free = warned
	} else if slices.ContainsFunc(open, func(i Item) bool { return i.State == ItemWarned }) {
		return nil // the canary is busy; it was promised its deadline, and its turn comes
	}
	if len(free) == 0 {
		return nil
	}
	slices.SortStableFunc(free, func(a, b Item) int {
		return cmp.Or(before(s.ready(a, now), s.ready(b, now)), before(!a.Bound, !b.Bound))
	})
	return s.next(free[0], 1, "first, alone", now)
}

// wave warns all users who have to be warned and begins up to slots desktops, those without a user first.
func (s State) wave(open []Item, slots int, now time.Time) []Action {
	slices.SortStableFunc(open, func(a, b Item) int { return before(!a.Bound, !b.Bound) })
	var actions []Action
	for _, i := range open {
		next := s.next(i, slots, "its turn", now)
		for _, a := range next {
			if a.Kind == Rebuild {
				slots--
			}
		}
		actions = append(actions, next...)
	}
	return actions
}

// next returns the next action for a desktop that is not being rebuilt yet, or none if it has to wait.
func (s State) next(i Item, slots int, turn string, now time.Time) []Action {
	ready := s.ready(i, now)
	switch {
	case i.Busy:
		return nil
	case !ready && i.State == ItemWaiting:
		until := now.Add(s.Delay)
		return []Action{{Kind: Warn, DesktopID: i.DesktopID, Deadline: until, Reason: fmt.Sprintf("somebody works in it and may save for %v", s.Delay)}}
	case !ready || slots <= 0:
		return nil
	}
	why := turn
	switch {
	case i.Left:
		why += ", its person is ready"
	case i.Session:
		why += ", the time to save is over"
	default:
		why += ", nobody works in it"
	}
	return []Action{{Kind: Rebuild, DesktopID: i.DesktopID, Reason: why}}
}

// ready says whether a desktop may be rebuilt without taking away time that its person was given. A session that nobody looks at
// has unsaved work as well.
func (s State) ready(i Item, now time.Time) bool {
	return !i.Session || i.Left || s.Delay == 0 || i.State == ItemWarned && !now.Before(i.Deadline)
}

// before orders what is true first.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
