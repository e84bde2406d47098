package plan_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
)

var Choosing = []plan.Strategy{
	plan.StrategyNoDesktop, plan.StrategyFixedDesktops, plan.StrategyUserPriority, plan.StrategyFixedUsers,
}

var given = []plan.Strategy{plan.StrategyUsersOrGroups, plan.StrategyRelation}

// generator says which snapshots are drawn.
type generator struct {
	strategies []plan.Strategy
	empty      bool                  // nobody has anything yet, every desktop can be given away, and no names are alike
	only       workspace.DesktopType // of all desktops; empty: any
}

var anything = generator{strategies: slices.Concat(Choosing, given)}

// draw makes a small snapshot that is whole: nobody has a desktop twice, no desktop has more people than its type allows, and
// people count their desktops. Some desktops have the name of a person, some people have desktops beside the request.
func (g generator) draw(t *rapid.T) plan.Snapshot {
	s := plan.Snapshot{Model: plan.Model{
		Strategy:        rapid.SampledFrom(g.strategies).Draw(t, "strategy"),
		UsersPerDesktop: rapid.IntRange(0, 4).Draw(t, "users per desktop"),
		DesktopsPerUser: rapid.IntRange(0, 4).Draw(t, "desktops per user"),
	}}
	for i := range rapid.IntRange(1, 8).Draw(t, "people") {
		c := plan.Candidate{Holder: holder(fmt.Sprintf("p%d", i))}
		if !s.Model.Strategy.Chooses() && rapid.IntRange(0, 4).Draw(t, "group") == 0 {
			c.Holder = holder(fmt.Sprintf("@p%d", i))
			c.People = rapid.IntRange(0, 300).Draw(t, "size")
		}
		c.Group = rapid.SampledFrom([]workspace.UserGroup{"", workspace.GroupSudo, workspace.GroupDefault}).Draw(t, "privilege")
		if !g.empty && c.Type == plan.HolderUser {
			c.Desktops = rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "desktops elsewhere")
		}
		s.People = append(s.People, c)
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "desktops") {
		s.Desktops = append(s.Desktops, g.desktop(t, i, &s))
	}
	return s
}

func (g generator) desktop(t *rapid.T, i int, s *plan.Snapshot) plan.Desktop {
	d := plan.Desktop{ID: fmt.Sprintf("d%d", i), Name: fmt.Sprintf("ws%d", i)}
	d.Type = rapid.SampledFrom([]workspace.DesktopType{workspace.Dedicated, workspace.Shared}).Draw(t, "type")
	if g.only != "" {
		d.Type = g.only
	}
	d.Group = rapid.SampledFrom([]workspace.UserGroup{"", workspace.GroupSudo, workspace.GroupDefault}).Draw(t, "desktop's privilege")
	if !g.empty {
		switch rapid.IntRange(0, 11).Draw(t, "kind") {
		case 0:
			d.Closed = "is being deleted"
		case 1:
			d.Type = workspace.Pooled
		case 2:
			d.Name = "P" + fmt.Sprint(rapid.IntRange(0, 7).Draw(t, "namesake"))
		}
		places := map[workspace.DesktopType]int{workspace.Dedicated: 1, workspace.Shared: 5, workspace.Pooled: 1}[d.Type]
		for n := rapid.IntRange(0, places).Draw(t, "holders"); len(d.Holders) < n; {
			p := rapid.IntRange(0, len(s.People)+2).Draw(t, "holder")
			h := holder(fmt.Sprintf("other%d-%d", p, len(d.Holders)))
			if p < len(s.People) {
				h = s.People[p].Holder
				if h.Type == plan.HolderGroup && d.Type != workspace.Shared || slices.ContainsFunc(d.Holders, same(h)) {
					h = holder(fmt.Sprintf("other%d-%d", p, len(d.Holders)))
				} else {
					s.People[p].Desktops++
				}
			}
			d.Holders = append(d.Holders, h)
		}
	}
	if s.Model.Strategy == plan.StrategyRelation {
		for _, c := range s.People {
			if rapid.IntRange(0, 3).Draw(t, "wanted") == 0 {
				d.Wanted = append(d.Wanted, c.Holder)
			}
		}
		if len(d.Wanted) == 0 {
			d.Wanted = append(d.Wanted, s.People[0].Holder)
		}
	}
	return d
}

func same(h plan.Holder) func(plan.Holder) bool {
	return func(o plan.Holder) bool { return o.Type == h.Type && o.ID == h.ID }
}

func weight(h plan.Holder) int {
	if h.Type == plan.HolderGroup {
		return max(1, h.People)
	}
	return 1
}

func Count(holders []plan.Holder) int {
	n := 0
	for _, h := range holders {
		n += weight(h)
	}
	return n
}
