package assignment_test

import (
	"fmt"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/workspace"
)

// crowd is n desktops and n people, every third desktop taken by one of them. Names and ids are of the usual length.
func crowd(n int, kind workspace.DesktopType, model assignment.AssignModel) assignment.AssignmentSnapshot {
	s := assignment.AssignmentSnapshot{Model: model}
	for i := range n {
		s.People = append(s.People, assignment.Candidate{Holder: assignment.Holder{
			Type: assignment.HolderUser, ID: fmt.Sprintf("3f6cc4c5-d1ff-4a79-ab82-%012d", i), Name: fmt.Sprintf("person-%d", i),
		}})
	}
	for i := range n {
		d := assignment.AssignableDesktop{ID: fmt.Sprintf("b41a8cc1-4813-47a0-bf3a-%012d", i), Name: fmt.Sprintf("desktop-%d", i), Type: kind}
		if i%3 == 0 {
			p := &s.People[(i*7)%n]
			p.Desktops++
			d.Holders = []assignment.Holder{p.Holder}
		}
		if model.Strategy == assignment.StrategyRelation && len(d.Holders) == 0 {
			d.Wanted = []assignment.Holder{s.People[(i*11)%n].Holder}
		} else {
			d.Wanted = d.Holders
		}
		s.Desktops = append(s.Desktops, d)
	}
	return s
}

// BenchmarkPlanAssignment plans 10,000 desktops for 10,000 people.
func BenchmarkPlanAssignment(b *testing.B) {
	const n = 10_000
	for _, c := range []struct {
		kind  workspace.DesktopType
		model assignment.AssignModel
	}{
		{workspace.Dedicated, assignment.AssignModel{Strategy: assignment.StrategyNoDesktop}},
		{workspace.Dedicated, assignment.AssignModel{Strategy: assignment.StrategyFixedDesktops, DesktopsPerUser: 2}},
		{workspace.Dedicated, assignment.AssignModel{Strategy: assignment.StrategyUserPriority}},
		{workspace.Dedicated, assignment.AssignModel{Strategy: assignment.StrategyFixedUsers}},
		{workspace.Dedicated, assignment.AssignModel{Strategy: assignment.StrategyRelation}},
		{workspace.Shared, assignment.AssignModel{Strategy: assignment.StrategyNoDesktop, UsersPerDesktop: 5, DesktopsPerUser: 5}},
		{workspace.Shared, assignment.AssignModel{Strategy: assignment.StrategyFixedUsers, UsersPerDesktop: 5, DesktopsPerUser: 5}},
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
