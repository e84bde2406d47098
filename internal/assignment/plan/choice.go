package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"carrel/internal/workspace"
)

// choosePairs makes the plan for the strategies that choose.
func choosePairs(s Snapshot) (Plan, error) {
	c := newChoice(s)
	m := match{apart: c.apart, limit: MaxAssignments}
	if c.fillsDesktops() {
		m.seekers, m.offers = slices.Clone(c.capacity), offers{capacity: slices.Clone(c.wants), load: c.owned()}
		m.pair = func(seeker, offer int) edge { return edge{desktop: seeker, person: offer} }
		m.run(ascending(len(s.Desktops)), false)
	} else {
		m.seekers, m.offers = slices.Clone(c.wants), offers{capacity: slices.Clone(c.capacity), load: slices.Clone(c.present)}
		m.pair = func(seeker, offer int) edge { return edge{desktop: offer, person: seeker} }
		m.run(c.peopleInTurn(), s.Model.Strategy != StrategyFixedDesktops)
	}
	if len(m.made) > MaxAssignments {
		return Plan{}, tooMany()
	}
	return c.plan(m.made)
}

// choice is a snapshot in numbers; places are indexes in the snapshot.
type choice struct {
	s        Snapshot
	wants    []int         // how many more desktops each person may get
	held     []int         // how many of the snapshot's desktops each person has
	capacity []int         // how many more people each desktop may get
	present  []int         // how many people each desktop has
	apart    map[edge]bool // pairs that exist already or are not allowed
}

func newChoice(s Snapshot) *choice {
	c := &choice{
		s: s, wants: make([]int, len(s.People)), held: make([]int, len(s.People)),
		capacity: make([]int, len(s.Desktops)), present: make([]int, len(s.Desktops)), apart: map[edge]bool{},
	}
	byKey, byName := make(map[HolderID]int, len(s.People)), make(map[string]int, len(s.People))
	for i, p := range s.People {
		byKey[p.Key()] = i
		byName[strings.ToLower(p.Name)] = i
	}
	for i := range s.Desktops {
		d := &s.Desktops[i]
		for _, h := range d.Holders {
			if p, ok := byKey[h.Key()]; ok {
				c.apart[edge{i, p}] = true
				c.held[p]++
			}
		}
		if p, ok := byName[strings.ToLower(d.Name)]; ok && d.bearsNameOf(s.People[p].Holder) {
			c.apart[edge{i, p}] = true
		}
		c.present[i] = d.people()
		if d.closed() == "" {
			c.capacity[i] = max(0, c.usersPerDesktop(d)-c.present[i])
		}
	}
	for i, p := range s.People {
		c.wants[i] = max(0, s.Model.DesktopsPerUser-c.counted(i))
		if s.Model.Strategy == StrategyNoDesktop && p.Desktops > 0 {
			c.wants[i] = 0
		}
	}
	return c
}

// fillsDesktops reports whether the strategy goes through desktops; the others go through people.
func (c *choice) fillsDesktops() bool { return c.s.Model.Strategy == StrategyFixedUsers }

// usersPerDesktop returns the maximum number of people of desktop d.
func (c *choice) usersPerDesktop(d *Desktop) int {
	return min(userLimit(d.Type), cmp.Or(c.s.Model.UsersPerDesktop, MaxPeoplePerDesktop))
}

// counted returns how many desktops of person i count: all of them in the dimension of people, those of the request in that of
// desktops.
func (c *choice) counted(i int) int {
	if c.s.Model.Dimension == DimensionUser {
		return c.s.People[i].Desktops
	}
	return c.held[i]
}

// owned returns how many desktops each person has.
func (c *choice) owned() []int {
	n := make([]int, len(c.s.People))
	for i, p := range c.s.People {
		n[i] = p.Desktops
	}
	return n
}

// peopleInTurn returns the order in which people are served: that of the request or, where people have priority, by the number of
// their desktops.
func (c *choice) peopleInTurn() []int {
	order := ascending(len(c.s.People))
	if c.s.Model.Strategy == StrategyUserPriority {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.s.People[a].Desktops, c.s.People[b].Desktops) })
	}
	return order
}

func ascending(n int) []int {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return places
}

// plan returns the pairs and what is left over; it returns an error if there are no pairs although somebody lacks a desktop.
func (c *choice) plan(made []edge) (Plan, error) {
	slices.SortFunc(made, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.desktop, b.desktop), cmp.Compare(a.person, b.person))
	})
	p := Plan{Dimension: c.s.Model.Dimension}
	gets, given := make([]int, len(c.s.People)), make([]int, len(c.s.Desktops))
	for _, e := range made {
		p.Pairs = append(p.Pairs, c.s.Desktops[e.desktop].pair(c.s.People[e.person].Holder))
		gets[e.person]++
		given[e.desktop]++
	}
	for i := range c.s.People {
		if left, ok := c.personLeft(i, gets[i]); ok {
			p.LeftPeople = append(p.LeftPeople, left)
		}
	}
	for i := range c.s.Desktops {
		if left, ok := c.desktopLeft(i, given[i]); ok {
			p.LeftDesktops = append(p.LeftDesktops, left)
		}
	}
	if len(p.Pairs) == 0 {
		if err := c.refuseNothing(p); err != nil {
			return Plan{}, err
		}
	}
	return p, nil
}

// personLeft returns whether and why person i, who gets that many desktops, is left over. Where the strategy fills desktops, only
// people who get none are: the number of desktops of a person is a limit there, not a goal.
func (c *choice) personLeft(i, gets int) (Left, bool) {
	id := c.s.People[i].ID
	switch {
	case c.wants[i] == 0 && c.counted(i) > 0:
		return Left{id, LeftServed, "has " + workspace.Plural(c.counted(i), c.thisDesktop()) + " already"}, true
	case gets == 0:
		return Left{id, LeftPartner, "gets no desktop: no remaining desktop can be assigned to them"}, true
	case gets < c.wants[i] && !c.fillsDesktops():
		return Left{id, LeftPartner, fmt.Sprintf("gets %d of %s: no other remaining desktop can be assigned to them", gets, workspace.Plural(c.wants[i], "desktop"))}, true
	}
	return Left{}, false
}

func (c *choice) thisDesktop() string {
	if c.s.Model.Dimension == DimensionUser {
		return "desktop"
	}
	return "requested desktop"
}

// desktopLeft returns whether and why desktop i, which gets that many people, is left over. A desktop that gets somebody can be
// left over only where the strategy fills desktops.
func (c *choice) desktopLeft(i, given int) (Left, bool) {
	d := &c.s.Desktops[i]
	switch {
	case d.closed() != "":
		return Left{d.ID, LeftClosed, d.closed()}, true
	case c.capacity[i] == 0 && d.Type == workspace.Dedicated:
		return Left{d.ID, LeftServed, "belongs to " + cmp.Or(d.Holders[0].Name, "somebody") + " already"}, true
	case c.capacity[i] == 0:
		return Left{d.ID, LeftServed, fmt.Sprintf("has %d users already, the limit is %d", c.present[i], c.usersPerDesktop(d))}, true
	case given == 0:
		return Left{d.ID, LeftPartner, "no remaining user can be assigned to it"}, true
	case given < c.capacity[i] && c.fillsDesktops():
		return Left{d.ID, LeftPartner, fmt.Sprintf("gets %d of %d users: no other remaining user can be assigned to it", given, c.capacity[i])}, true
	}
	return Left{}, false
}

// refuseNothing returns CodeConflict for a plan without pairs, unless everybody, or every desktop, has what was requested
// already.
func (c *choice) refuseNothing(p Plan) error {
	unserved := func(l Left) bool { return l.Why != LeftServed }
	person, desktop := slices.IndexFunc(p.LeftPeople, unserved), slices.IndexFunc(p.LeftDesktops, unserved)
	if c.fillsDesktops() && desktop < 0 || !c.fillsDesktops() && person < 0 {
		return nil
	}
	// Without pairs, everybody and all desktops are left over, so the places are those of the snapshot.
	person, desktop = max(person, 0), max(desktop, 0)
	return workspace.Errorf(workspace.CodeConflict, "nothing can be assigned: desktop %s: %s; %s: %s",
		c.s.Desktops[desktop].Name, p.LeftDesktops[desktop].Reason, c.s.People[person].Name, p.LeftPeople[person].Reason)
}
