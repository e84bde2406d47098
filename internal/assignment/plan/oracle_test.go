package plan_test

import (
	"slices"
	"strings"

	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
)

// oracle knows the rules of docs/assignment.md and looks at a plan from outside.
type oracle struct {
	s      plan.Snapshot
	model  plan.Model
	pairs  map[[2]string]bool
	groups map[[2]string]workspace.UserGroup // those that the pairs bring
	moved  map[[2]string]workspace.UserGroup // who has the desktop and gets another privilege group
}

func newOracle(s plan.Snapshot, p plan.Plan) oracle {
	o := oracle{s: s, model: s.Model.Resolve(), pairs: map[[2]string]bool{}, groups: map[[2]string]workspace.UserGroup{}, moved: map[[2]string]workspace.UserGroup{}}
	for _, pair := range p.Regroups {
		o.moved[[2]string{pair.DesktopID, pair.HolderID}] = pair.Group
	}
	for _, pair := range p.Pairs {
		o.pairs[[2]string{pair.DesktopID, pair.HolderID}], o.groups[[2]string{pair.DesktopID, pair.HolderID}] = true, pair.Group
	}
	return o
}

func (o oracle) has(d plan.Desktop, h plan.Holder) bool {
	return slices.ContainsFunc(d.Holders, same(h))
}

// deserves is how many desktops the plan may give the person.
func (o oracle) deserves(c plan.Candidate) int {
	if !o.model.Strategy.Chooses() {
		return len(o.s.Desktops)
	}
	counted := c.Desktops
	if o.model.Dimension == plan.DimensionDesktop {
		counted = 0
		for _, d := range o.s.Desktops {
			if o.has(d, c.Holder) {
				counted++
			}
		}
	}
	if o.model.Strategy == plan.StrategyNoDesktop && counted > 0 {
		return 0
	}
	return max(0, o.model.DesktopsPerUser-counted)
}

// takes is how many people the plan may give the desktop to.
func (o oracle) takes(d plan.Desktop) int {
	limit := map[workspace.DesktopType]int{workspace.Dedicated: 1, workspace.Shared: plan.MaxPeoplePerDesktop}[d.Type]
	if o.model.UsersPerDesktop > 0 && o.model.Strategy.Chooses() {
		limit = min(limit, o.model.UsersPerDesktop)
	}
	if d.Closed != "" {
		return 0
	}
	return max(0, limit-Count(d.Holders))
}

// isMoved says whether anybody's privilege group changes in the desktop, or that of the person in any.
func (o oracle) isMoved(id string) bool {
	for pair := range o.moved {
		if pair[0] == id || pair[1] == id {
			return true
		}
	}
	return false
}

func (o oracle) gets(c plan.Candidate) int {
	n := 0
	for _, d := range o.s.Desktops {
		if o.pairs[[2]string{d.ID, c.ID}] {
			n++
		}
	}
	return n
}

func (o oracle) newcomers(d plan.Desktop) []plan.Holder {
	var list []plan.Holder
	for _, c := range o.s.People {
		if o.pairs[[2]string{d.ID, c.ID}] {
			list = append(list, c.Holder)
		}
	}
	return list
}

// free says whether the pair could be added to the plan.
func (o oracle) free(d plan.Desktop, c plan.Candidate) bool {
	return !o.has(d, c.Holder) && !o.pairs[[2]string{d.ID, c.ID}] && !strings.EqualFold(d.Name, c.Name) &&
		o.gets(c) < o.deserves(c) && len(o.newcomers(d)) < o.takes(d)
}
