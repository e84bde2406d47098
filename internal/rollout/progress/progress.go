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

// Limits limit the risk of a rollout. The zero value means the defaults.
type Limits struct {
	Parallel    int `json:"parallel" yaml:"parallel"`         // desktops that are rebuilt at the same time; 0 means DefaultParallel
	MaxFailures int `json:"max_failures" yaml:"max_failures"` // more failures than this stop the rollout; 0 means the first
}

// DefaultParallel is the number of desktops that are rebuilt at the same time.
const DefaultParallel = 5

// State is the input of a decision about a rollout. Next does not modify it.
type State struct {
	Delay    time.Duration
	OnlyIdle bool // NewAndIdle: skip desktops that got a user meanwhile
	Limits   Limits
	Items    []Item // in any order
}

// Item is a desktop of a rollout.
type Item struct {
	DesktopID string    `json:"desktop_id"`
	State     ItemState `json:"state"`
	Deadline  time.Time `json:"deadline,omitzero"` // for WARNED: the end of the countdown

	Gone    bool `json:"gone"`    // it is deleted or being deleted
	Busy    bool `json:"busy"`    // another job works on it
	Bound   bool `json:"bound"`   // has a user
	Session bool `json:"session"` // a user's session runs in it, with or without a display
	Left    bool `json:"left"`    // its user said that they are ready
}

// ItemState is the progress of a desktop in a rollout.
type ItemState string

// The states: the last four are final.
const (
	ItemWaiting    ItemState = "WAITING"
	ItemWarned     ItemState = "WARNED" // its user has the message, and the countdown runs
	ItemRebuilding ItemState = "REBUILDING"
	ItemDone       ItemState = "DONE"
	ItemFailed     ItemState = "FAILED"
	ItemSkipped    ItemState = "SKIPPED"
	ItemStopped    ItemState = "STOPPED" // the rollout was stopped before its turn
)

// Final reports whether nothing more happens to the desktop.
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
	Skip    Kind = "SKIP"    // do not rebuild the desktop; the item becomes SKIPPED
	Recall  Kind = "RECALL"  // withdraw the countdown and do not rebuild the desktop; the item becomes STOPPED
	Stop    Kind = "STOP"    // end the rollout; WAITING items become STOPPED
)

// Action is one thing to do.
type Action struct {
	Kind      Kind      `json:"kind"`
	DesktopID string    `json:"desktop_id,omitempty"` // empty for STOP
	Deadline  time.Time `json:"deadline,omitzero"`    // for WARN
	Reason    string    `json:"reason"`
}

// Next decides the next actions of a rebuild. First a single desktop is rebuilt, the canary, if possible one without a session;
// the others follow only when it has succeeded. Users with a session are warned first, all at once, and have time until the
// deadline unless they say that they are ready; then their desktops are rebuilt, Limits.Parallel at a time. If the canary or too
// many others fail, nothing more begins. It depends only on its arguments, so it continues after a crash; a second call after
// applying the actions returns none.
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

// Ended reports whether nothing more will happen in a rollout.
func (s State) Ended() bool {
	return !slices.ContainsFunc(s.Items, func(i Item) bool { return !i.State.Final() })
}

// Parallel returns the number of desktops that are rebuilt at the same time.
func (s State) Parallel() int { return cmp.Or(max(s.Limits.Parallel, 0), DefaultParallel) }

// failure returns why the rollout must stop, or "".
func (s State) failure(tally map[ItemState]int) string {
	failed := tally[ItemFailed]
	switch {
	case failed == 0 || tally[ItemWaiting]+tally[ItemWarned] == 0:
		return ""
	case tally[ItemDone] == 0:
		return "the first desktop failed, so the others were left as they are"
	case failed > s.Limits.MaxFailures:
		return fmt.Sprintf("%s failed, at most %d may; the rebuilds that had not begun were cancelled", workspace.Plural(failed, "desktop"), s.Limits.MaxFailures)
	}
	return ""
}

// Halt withdraws the countdowns and ends the rollout.
func Halt(items []Item, why string) []Action {
	var actions []Action
	for _, i := range items {
		if i.State == ItemWarned {
			actions = append(actions, Action{Kind: Recall, DesktopID: i.DesktopID, Reason: why})
		}
	}
	return append(actions, Action{Kind: Stop, Reason: why})
}

// skips returns actions for the desktops that must not be rebuilt any more, and the other items that have not begun.
func (s State) skips(items []Item) (actions []Action, open []Item) {
	for _, i := range items {
		switch {
		case i.State != ItemWaiting && i.State != ItemWarned:
		case i.Gone:
			actions = append(actions, Action{Kind: Skip, DesktopID: i.DesktopID, Reason: "the desktop was deleted in the meantime"})
		case s.OnlyIdle && i.Bound:
			actions = append(actions, Action{Kind: Skip, DesktopID: i.DesktopID, Reason: "the desktop was assigned in the meantime; only idle desktops are rebuilt"})
		default:
			open = append(open, i)
		}
	}
	return actions, open
}

// canary advances the first desktop. Once one has been warned or begun, it is that one.
func (s State) canary(open []Item, tally map[ItemState]int, now time.Time) []Action {
	if tally[ItemRebuilding] > 0 {
		return nil
	}
	free := slices.DeleteFunc(slices.Clone(open), func(i Item) bool { return i.Busy })
	warned := slices.DeleteFunc(slices.Clone(free), func(i Item) bool { return i.State != ItemWarned })
	if len(warned) > 0 {
		free = warned
	} else if slices.ContainsFunc(open, func(i Item) bool { return i.State == ItemWarned }) {
		return nil // the canary is busy: it keeps its deadline and its turn
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
		return []Action{{Kind: Warn, DesktopID: i.DesktopID, Deadline: until, Reason: fmt.Sprintf("a user is working in it and has %v to save", s.Delay)}}
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

// ready reports whether a desktop may be rebuilt without shortening the time that its user was given. A session without a display
// can have unsaved work as well.
func (s State) ready(i Item, now time.Time) bool {
	return !i.Session || i.Left || s.Delay == 0 || i.State == ItemWarned && !now.Before(i.Deadline)
}

// before orders true first.
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
