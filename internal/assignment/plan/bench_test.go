package plan_test

import (
	"fmt"
	"testing"

	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
)

// crowd is n desktops and n people, every third desktop taken by one of them. Names and ids are of the usual length.
func crowd(n int, kind workspace.DesktopType, model plan.Model) plan.Snapshot {
	s := plan.Snapshot{Model: model}
	for i := range n {
		s.People = append(s.People, plan.Candidate{Holder: plan.Holder{
			Type: plan.HolderUser, ID: fmt.Sprintf("3f6cc4c5-d1ff-4a79-ab82-%012d", i), Name: fmt.Sprintf("person-%d", i),
		}})
	}
	for i := range n {
		d := plan.Desktop{ID: fmt.Sprintf("b41a8cc1-4813-47a0-bf3a-%012d", i), Name: fmt.Sprintf("desktop-%d", i), Type: kind}
		if i%3 == 0 {
			p := &s.People[(i*7)%n]
			p.Desktops++
			d.Holders = []plan.Holder{p.Holder}
		}
		if model.Strategy == plan.StrategyRelation && len(d.Holders) == 0 {
			d.Wanted = []plan.Holder{s.People[(i*11)%n].Holder}
		} else {
			d.Wanted = d.Holders
		}
		s.Desktops = append(s.Desktops, d)
	}
	return s
}

// BenchmarkMake plans 10,000 desktops for 10,000 people.
func BenchmarkMake(b *testing.B) {
	const n = 10_000
	for _, c := range []struct {
		kind  workspace.DesktopType
		model plan.Model
	}{
		{workspace.Dedicated, plan.Model{Strategy: plan.StrategyNoDesktop}},
		{workspace.Dedicated, plan.Model{Strategy: plan.StrategyFixedDesktops, DesktopsPerUser: 2}},
		{workspace.Dedicated, plan.Model{Strategy: plan.StrategyUserPriority}},
		{workspace.Dedicated, plan.Model{Strategy: plan.StrategyFixedUsers}},
		{workspace.Dedicated, plan.Model{Strategy: plan.StrategyRelation}},
		{workspace.Shared, plan.Model{Strategy: plan.StrategyNoDesktop, UsersPerDesktop: 5, DesktopsPerUser: 5}},
		{workspace.Shared, plan.Model{Strategy: plan.StrategyFixedUsers, UsersPerDesktop: 5, DesktopsPerUser: 5}},
	} {
		s := crowd(n, c.kind, c.model)
		b.Run(fmt.Sprintf("%s/%s", c.model.Strategy, c.kind), func(b *testing.B) {
			b.ReportAllocs()
			var pairs int
			for b.Loop() {
				pairs = len(mustPlan(b, s).Pairs)
			}
			b.ReportMetric(float64(pairs), "pairs")
		})
	}
}
