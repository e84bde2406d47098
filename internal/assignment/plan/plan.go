// Package plan decides who gets which desktop of a request: a pure function, Make. docs/assignment.md defines each strategy.
package plan

import (
	"cmp"
	"fmt"
	"strings"

	"carrel/internal/workspace"
)

// HolderType says whether a holder is a user or a group, in the words of the attach calls.
type HolderType string

// The holder types.
const (
	HolderUser  HolderType = "USER"
	HolderGroup HolderType = "GROUP"
)

// Holder is a user or group that has a desktop or is to get one.
type Holder struct {
	Type   HolderType
	ID     string
	Name   string
	Group  workspace.UserGroup // as groupFor reads it; empty: the current one if they have the desktop, otherwise the desktop's, otherwise default
	People int                 // for a group: the number of its members, counted as 1 if it has none
}

func (h Holder) weight() int {
	if h.Type == HolderGroup {
		return max(h.People, 1)
	}
	return 1
}

// Candidate is a user or group of the request's list.
type Candidate struct {
	Holder
	Desktops int // all desktops assigned to the user, in the request or not
}

// Desktop is a desktop of the request in its current state.
type Desktop struct {
	ID      string
	Name    string // its name after the request
	Called  string // its current name, for texts; empty: Name
	Type    workspace.DesktopType
	Closed  string              // why it cannot be assigned now, such as "is being deleted"; empty: it can
	Group   workspace.UserGroup // for those without one of their own; empty: default
	Holders []Holder            // who has it, with their privileges
	Wanted  []Holder            // who is to get it, with FIXED_RELATION
}

// Snapshot is the input of a plan. Make does not modify it. Desktops and People are in the order of the request, by which the
// strategies that choose decide between equals; the order of Holders does not matter.
type Snapshot struct {
	Model    Model
	Desktops []Desktop
	People   []Candidate // groups only with strategies that do not choose; AttachDesktops.Check ensures that
}

// Pair is an assignment that a plan makes.
type Pair struct {
	DesktopID string
	Type      HolderType
	HolderID  string
	Group     workspace.UserGroup
}

// LeftWhy is the kind of reason why somebody or a desktop is left over.
type LeftWhy string

// The kinds of reason.
const (
	LeftServed  LeftWhy = "served"   // has what was requested already
	LeftPartner LeftWhy = "unpaired" // no desktop, or nobody, is left to be paired with
	LeftClosed  LeftWhy = "closed"   // the desktop cannot be assigned now
	LeftUnnamed LeftWhy = "unnamed"  // FIXED_RELATION: no desktop names the person
)

// Left is a user, group or desktop of the request that gets nothing, or less than requested.
type Left struct {
	ID     string
	Why    LeftWhy
	Reason string // for texts: continues a sentence that begins with the name
}

// Plan is what an assignment will do. Every user, group and desktop of the request is in Pairs or Regroups, in Left, or, if they
// get less than requested, in both. All lists are in the order of the request, Pairs by desktop, then by person.
type Plan struct {
	Dimension    Dimension
	Pairs        []Pair
	Regroups     []Pair // existing holders whose privilege changes to the pair's; ordered as Pairs
	LeftDesktops []Left
	LeftPeople   []Left
}

// userLimit returns how many people may have a desktop of this type at once. The desktops of a pool are given out by the pool.
func userLimit(t workspace.DesktopType) int {
	switch t {
	case workspace.Dedicated:
		return 1
	case workspace.Shared:
		return MaxPeoplePerDesktop
	default:
		return 0
	}
}

// title returns the name by which people know the desktop.
func (d *Desktop) title() string { return cmp.Or(d.Called, d.Name) }

// Make decides who gets which desktop. It ends no assignment, and the same snapshot always gives the same plan.
// docs/assignment.md defines each strategy.
//
// The strategies that choose assign what is available and report the rest; CodeConflict if nobody gets anything although somebody
// lacks a desktop. The others make all pairs or none: CodeConflict if the state of a desktop does not allow a pair, CodeInvalid
// if the request contradicts itself. They also change the privilege of people who have the desktop already, if the request names
// another one. If everything requested exists already, the plan has no pairs. CodeInvalid also if there are more than
// MaxAssignments pairs, or duplicates in the request.
//
// For n desktops, m people, e existing and p planned assignments it takes about (n + m + k(e + p)) log(n + m) steps, where k is
// DesktopsPerUser for the strategies that serve people in turns and 1 for the others.
func Make(s Snapshot) (Plan, error) {
	if err := s.Model.Check(); err != nil {
		return Plan{}, err
	}
	if err := s.checkDistinct(); err != nil {
		return Plan{}, err
	}
	s.Model = s.Model.Resolve()
	switch {
	case len(s.Desktops) == 0:
		return Plan{}, workspace.Invalid("desktops", "must hold 1 to %d desktops", MaxAttachedDesktops)
	case s.Model.Strategy.Chooses() && len(s.People) == 0:
		return Plan{}, workspace.Invalid("users", "must list 1 to %d users with %s", MaxAttachedPeople, s.Model.Strategy)
	case s.Model.Strategy.Chooses():
		return choosePairs(s)
	default:
		return relatePairs(s)
	}
}

// checkDistinct returns an error for duplicate desktops or people. AttachDesktops.Check could not find all: names have become ids
// since.
func (s *Snapshot) checkDistinct() error {
	desktops := make(map[string]bool, len(s.Desktops))
	for i, d := range s.Desktops {
		if desktops[d.ID] {
			return workspace.Invalid(fmt.Sprintf("desktops[%d].desktop_id", i), "%s is listed twice", d.ID)
		}
		desktops[d.ID] = true
		if at, ok := repeated(len(d.Wanted), func(j int) Holder { return d.Wanted[j] }); ok {
			return workspace.Invalid(fmt.Sprintf("desktops[%d].attach_user_infos[%d]", i, at), "%s is listed twice", d.Wanted[at].Name)
		}
	}
	if at, ok := repeated(len(s.People), func(j int) Holder { return s.People[j].Holder }); ok {
		return workspace.Invalid(fmt.Sprintf("users[%d]", at), "%s is listed twice", s.People[at].Name)
	}
	return nil
}

// repeated returns the first of n holders that equals an earlier one.
func repeated(n int, holder func(int) Holder) (at int, found bool) {
	if n < 2 {
		return 0, false
	}
	seen := make(map[HolderID]bool, n)
	for i := range n {
		k := holder(i).Key()
		if seen[k] {
			return i, true
		}
		seen[k] = true
	}
	return 0, false
}

// HolderID identifies a holder.
type HolderID struct {
	of HolderType
	id string
}

// Key returns the identity of the holder.
func (h Holder) Key() HolderID { return HolderID{h.Type, h.ID} }

// people returns the number of people who have the desktop.
func (d *Desktop) people() int {
	n := 0
	for _, h := range d.Holders {
		n += h.weight()
	}
	return n
}

// closed returns why the desktop cannot be assigned to anybody, or "".
func (d *Desktop) closed() string {
	if d.Closed == "" && userLimit(d.Type) == 0 {
		return "is a pool desktop: add users to the pool instead"
	}
	return d.Closed
}

// pair assigns the desktop to h. The person's own privilege has precedence over the desktop's.
func (d *Desktop) pair(h Holder) Pair {
	return Pair{DesktopID: d.ID, Type: h.Type, HolderID: h.ID, Group: cmp.Or(h.Group, d.Group, workspace.GroupDefault)}
}

// bearsNameOf reports whether the desktop has the person's name, which their account inside does not allow.
func (d *Desktop) bearsNameOf(h Holder) bool {
	return h.Type == HolderUser && h.Name != "" && strings.EqualFold(d.Name, h.Name)
}

// tooMany is the error for more pairs than one request may make.
func tooMany() error {
	return workspace.Invalid("desktops", "a request may make at most %d assignments: split it", MaxAssignments)
}
