// Package plan decides who gets which desktop of a request: a pure function, Make. docs/assignment.md says what each strategy
// does.
package plan

import (
	"cmp"
	"fmt"
	"strings"

	"carrel/internal/workspace"
)

// HolderType says whether a desktop is given to a person or to a group, in the attach calls' own words.
type HolderType string

// The kinds of holder.
const (
	HolderUser  HolderType = "USER"
	HolderGroup HolderType = "GROUP"
)

// Holder is a person or group that has a desktop or shall have one.
type Holder struct {
	Type   HolderType
	ID     string
	Name   string
	Group  workspace.UserGroup // as groupFor reads it; empty: the desktop's, or default, or for those who have the desktop already the one they have
	People int                 // of a group: how many are in it. A group counts as its people, and as one at least
}

func (h Holder) weight() int {
	if h.Type == HolderGroup {
		return max(h.People, 1)
	}
	return 1
}

// Candidate is a person or group of the request's list.
type Candidate struct {
	Holder
	Desktops int // how many the person has in their own name, in the request or not
}

// Desktop is a desktop of the request as it is now.
type Desktop struct {
	ID      string
	Name    string // the one that it will have
	Called  string // the one that it has, for people to know it by; empty: Name
	Type    workspace.DesktopType
	Closed  string              // why it cannot be given to anybody now, such as "is being deleted"; empty: it can
	Group   workspace.UserGroup // of those who are given none of their own; empty: default
	Holders []Holder            // who has it, with the group that they have
	Wanted  []Holder            // who shall have it, with FIXED_RELATION
}

// Snapshot is what a plan rests on. Make changes nothing in it. Desktops and People are in the order of
// the request, by which the strategies that choose decide between equals; the order of Holders is of no account.
type Snapshot struct {
	Model    Model
	Desktops []Desktop
	People   []Candidate // groups among them only with strategies that do not choose, as AttachDesktops.Check sees to
}

// Pair is an assignment that a plan makes.
type Pair struct {
	DesktopID string
	Type      HolderType
	HolderID  string
	Group     workspace.UserGroup
}

// LeftWhy is the kind of reason for which somebody or something is left over.
type LeftWhy string

// The kinds.
const (
	LeftServed  LeftWhy = "served"   // has what was asked for already
	LeftPartner LeftWhy = "unpaired" // nothing is left, or nobody, to be paired with
	LeftClosed  LeftWhy = "closed"   // the desktop cannot be given to anybody now
	LeftUnnamed LeftWhy = "unnamed"  // FIXED_RELATION: no desktop names the person
)

// Left is a person, group or desktop of the request that a plan gives nothing, or less than was asked for.
type Left struct {
	ID     string
	Why    LeftWhy
	Reason string // for people: reads on from the name
}

// Plan is what an assignment will do. Everybody and every desktop of the request is in Pairs or Regroups, among the left over, or,
// if they get less than was asked for, in both. All lists are in the order of the request, Pairs by desktop, then by person.
type Plan struct {
	Dimension    Dimension
	Pairs        []Pair
	Regroups     []Pair // who has the desktop already, and is given another privilege group in it by name of that; as Pairs
	LeftDesktops []Left
	LeftPeople   []Left
}

// seats is how many people may have a desktop of this type at once. A pool's desktops are given out by the pool.
func seats(t workspace.DesktopType) int {
	switch t {
	case workspace.Dedicated:
		return 1
	case workspace.Shared:
		return MaxPeoplePerDesktop
	default:
		return 0
	}
}

// title is what people know the desktop by.
func (d *Desktop) title() string { return cmp.Or(d.Called, d.Name) }

// Make decides who gets which desktop. It ends no assignment, and the same snapshot always gives the same plan.
// docs/assignment.md says what each strategy does.
//
// The strategies that choose take what there is and report the rest; CodeConflict when nobody gets anything though somebody
// lacks it. The others do all or nothing: CodeConflict when the state of a desktop forbids a pair, CodeInvalid when the
// request contradicts itself. They also change the privilege group of people who have the desktop that they name, where the
// request names another one. A snapshot in which everything asked for is there already gives a plan without pairs.
// CodeInvalid also when there are more than MaxAssignments pairs, or when somebody is there twice.
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
		return Plan{}, workspace.Invalid("users", "must hold 1 to %d people with %s", MaxAttachedPeople, s.Model.Strategy)
	case s.Model.Strategy.Chooses():
		return choosePairs(s)
	default:
		return relatePairs(s)
	}
}

// checkDistinct refuses who or what is there twice. Names have become ids since AttachDesktops.Check, so it may be new.
func (s *Snapshot) checkDistinct() error {
	desktops := make(map[string]bool, len(s.Desktops))
	for i, d := range s.Desktops {
		if desktops[d.ID] {
			return workspace.Invalid(fmt.Sprintf("desktops[%d].desktop_id", i), "%s is there twice", d.ID)
		}
		desktops[d.ID] = true
		if at, ok := repeated(len(d.Wanted), func(j int) Holder { return d.Wanted[j] }); ok {
			return workspace.Invalid(fmt.Sprintf("desktops[%d].attach_user_infos[%d]", i, at), "%s is there twice", d.Wanted[at].Name)
		}
	}
	if at, ok := repeated(len(s.People), func(j int) Holder { return s.People[j].Holder }); ok {
		return workspace.Invalid(fmt.Sprintf("users[%d]", at), "%s is there twice", s.People[at].Name)
	}
	return nil
}

// repeated finds the first of n holders that an earlier one equals.
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

// HolderID tells holders apart.
type HolderID struct {
	of HolderType
	id string
}

// Key returns what tells the holder from others.
func (h Holder) Key() HolderID { return HolderID{h.Type, h.ID} }

// people counts who has the desktop.
func (d *Desktop) people() int {
	n := 0
	for _, h := range d.Holders {
		n += h.weight()
	}
	return n
}

// closed says why the desktop cannot be given to anybody, or nothing.
func (d *Desktop) closed() string {
	if d.Closed == "" && seats(d.Type) == 0 {
		return "is a pool's desktop: add people to the pool instead"
	}
	return d.Closed
}

// pair gives the desktop to h. The person's own privilege group wins over the desktop's.
func (d *Desktop) pair(h Holder) Pair {
	return Pair{DesktopID: d.ID, Type: h.Type, HolderID: h.ID, Group: cmp.Or(h.Group, d.Group, workspace.GroupDefault)}
}

// bearsNameOf says whether the desktop has the person's name, which the account inside rules out.
func (d *Desktop) bearsNameOf(h Holder) bool {
	return h.Type == HolderUser && h.Name != "" && strings.EqualFold(d.Name, h.Name)
}

// tooMany refuses a plan that one request may not make.
func tooMany() error {
	return workspace.Invalid("desktops", "more than %d assignments would be made at once, which is the limit: split the request", MaxAssignments)
}
