package plan_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

func TestAPlanKeepsToItsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything.draw(t)
		p, err := plan.Make(s)
		if err != nil {
			if len(p.Pairs)+len(p.LeftDesktops)+len(p.LeftPeople) > 0 {
				t.Fatal("a refusal comes with a plan")
			}
			return
		}
		o := newOracle(s, p)
		if len(o.pairs) != len(p.Pairs) {
			t.Fatal("a pair is listed twice")
		}
		for _, c := range s.People {
			if n := o.gets(c); n > o.deserves(c) {
				t.Fatalf("%s gets %d desktops, at most %d are due", c.Name, n, o.deserves(c))
			}
		}
		seen := 0
		for _, d := range s.Desktops {
			people := o.newcomers(d)
			seen += len(people)
			if n := Count(people); n > o.takes(d) {
				t.Fatalf("%s is given to %d people, it takes %d", d.ID, n, o.takes(d))
			}
			for _, h := range people {
				if o.has(d, h) {
					t.Fatalf("%s is given %s again", h.Name, d.ID)
				}
				if strings.EqualFold(d.Name, h.Name) {
					t.Fatalf("%s is given a desktop of the same name", h.Name)
				}
			}
		}
		if seen != len(p.Pairs) {
			t.Fatalf("%d of %d pairs are of desktops and people of the request", seen, len(p.Pairs))
		}
	})
}

func TestAPlanLeavesNoFreePair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generator{strategies: Choosing}.draw(t)
		p, err := plan.Make(s)
		o := newOracle(s, p)
		for _, d := range s.Desktops {
			for _, c := range s.People {
				if o.free(d, c) {
					t.Fatalf("%s could get %s (refusal: %v)", c.Name, d.ID, err)
				}
			}
		}
	})
}

func TestAPlanSpeaksOfEverybodyAndEveryDesktop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything.draw(t)
		p, err := plan.Make(s)
		if err != nil {
			return
		}
		o := newOracle(s, p)
		people, desktops := reasons(t, p.LeftPeople), reasons(t, p.LeftDesktops)
		for _, c := range s.People {
			short := o.gets(c) < o.deserves(c) && o.model.Strategy.Chooses() && o.model.Strategy != plan.StrategyFixedUsers
			if want := o.gets(c) == 0 && !o.isMoved(c.ID) || short; want != (people[c.ID] != "") {
				t.Fatalf("%s gets %d of %d desktops and is left over: %v (%s)", c.Name, o.gets(c), o.deserves(c), !want, people[c.ID])
			}
			if served := people[c.ID] == plan.LeftServed; served && o.model.Strategy.Chooses() && o.deserves(c) > 0 {
				t.Fatalf("%s is called served, %d desktops are due", c.Name, o.deserves(c))
			}
			delete(people, c.ID)
		}
		for _, d := range s.Desktops {
			n := len(o.newcomers(d))
			short := n < o.takes(d) && o.model.Strategy == plan.StrategyFixedUsers
			if want := n == 0 && !o.isMoved(d.ID) || short; want != (desktops[d.ID] != "") {
				t.Fatalf("%s is given to %d of %d people and is left over: %v (%s)", d.ID, n, o.takes(d), !want, desktops[d.ID])
			}
			delete(desktops, d.ID)
		}
		if len(people)+len(desktops) > 0 {
			t.Fatalf("left over but not in the request: %v, %v", people, desktops)
		}
	})
}

func reasons(t *rapid.T, list []plan.Left) map[string]plan.LeftWhy {
	why := map[string]plan.LeftWhy{}
	for _, l := range list {
		if why[l.ID] != "" || l.Why == "" || l.Reason == "" {
			t.Fatalf("left over twice or without a reason: %+v", l)
		}
		why[l.ID] = l.Why
	}
	return why
}

func TestAPlanDependsOnItsSnapshotOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything.draw(t)
		before := text(t, s)
		p, err := plan.Make(s)
		if text(t, s) != before {
			t.Fatal("planning changed the snapshot")
		}
		for i := range s.Desktops { // who came first to a desktop is of no account
			s.Desktops[i].Holders = rapid.Permutation(s.Desktops[i].Holders).Draw(t, "holders")
		}
		again, errAgain := plan.Make(s)
		if text(t, p) != text(t, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("planned differently:\n%s %v\n%s %v", text(t, p), err, text(t, again), errAgain)
		}
	})
}

func text(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPlanningAgainAfterAPlanIsDoneAddsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything.draw(t)
		p, err := plan.Make(s)
		if err != nil {
			return
		}
		done := apply(s, p)
		again, err := plan.Make(done)
		if len(again.Pairs)+len(again.Regroups) > 0 {
			t.Fatalf("added %v and %v to %v", again.Pairs, again.Regroups, p.Pairs)
		}
		if !s.Model.Strategy.Chooses() && err != nil {
			t.Fatalf("refused what is done: %v", err)
		}
	})
}

// apply returns the snapshot after the plan is done.
func apply(s plan.Snapshot, p plan.Plan) plan.Snapshot {
	o := newOracle(s, p)
	s.Desktops, s.People = slices.Clone(s.Desktops), slices.Clone(s.People)
	for i, d := range s.Desktops {
		s.Desktops[i].Holders = slices.Concat(d.Holders, o.newcomers(d))
		for n, h := range s.Desktops[i].Holders {
			s.Desktops[i].Holders[n].Group = cmp.Or(o.moved[[2]string{d.ID, h.ID}], o.groups[[2]string{d.ID, h.ID}], h.Group)
		}
	}
	for i, c := range s.People {
		s.People[i].Desktops += o.gets(c)
	}
	return s
}

func TestHowManyAreServedWithOneEachDoesNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generator{strategies: Choosing, empty: true}.draw(t)
		s.Model.UsersPerDesktop, s.Model.DesktopsPerUser = 1, 1
		want := min(len(s.Desktops), len(s.People))
		if p := mustPlan(t, shuffled(t, s)); len(p.Pairs) != want {
			t.Fatalf("%d pairs, want %d", len(p.Pairs), want)
		}
	})
}

func shuffled(t *rapid.T, s plan.Snapshot) plan.Snapshot {
	s.Desktops = rapid.Permutation(s.Desktops).Draw(t, "order of desktops")
	s.People = rapid.Permutation(s.People).Draw(t, "order of people")
	return s
}

func sorted(pairs []plan.Pair) []plan.Pair {
	return slices.SortedFunc(slices.Values(pairs), func(a, b plan.Pair) int {
		return cmp.Or(cmp.Compare(a.DesktopID, b.DesktopID), cmp.Compare(a.HolderID, b.HolderID))
	})
}

func TestWhoIsServedFirst(t *testing.T) {
	either := []workspace.DesktopType{workspace.Dedicated, workspace.Shared}
	// With empty desktops of one type nothing but the numbers keeps two apart who have nothing yet, so the order alone decides.
	draw := func(t *rapid.T, strategy plan.Strategy, types ...workspace.DesktopType) (plan.Snapshot, oracle) {
		s := generator{strategies: []plan.Strategy{strategy}, empty: true, only: rapid.SampledFrom(types).Draw(t, "only")}.draw(t)
		if strategy == plan.StrategyUserPriority {
			for i := range s.People {
				s.People[i].Desktops = rapid.IntRange(0, 3).Draw(t, "desktops elsewhere")
			}
		}
		return s, newOracle(s, mustPlan(t, s))
	}
	for _, strategy := range []plan.Strategy{plan.StrategyNoDesktop, plan.StrategyUserPriority} {
		t.Run(string(strategy)+" gives nobody a second before everybody has a first", rapid.MakeCheck(func(t *rapid.T) {
			s, o := draw(t, strategy, "", workspace.Dedicated, workspace.Shared)
			for _, a := range s.People {
				for _, b := range s.People {
					if o.gets(a) == 0 && o.gets(b) > 1 {
						t.Fatalf("%s gets none, %s gets %d", a.Name, b.Name, o.gets(b))
					}
				}
			}
		}))
	}
	t.Run("USER_NO_DESKTOP gives the earlier no less, and one more at most", rapid.MakeCheck(func(t *rapid.T) {
		s, o := draw(t, plan.StrategyNoDesktop, workspace.Dedicated)
		for i, c := range s.People[1:] {
			if a, b := o.gets(s.People[i]), o.gets(c); a < b || a > b+1 {
				t.Fatalf("%d and %d desktops", a, b)
			}
		}
	}))
	t.Run("USER_FIXED_DESKTOP_NUM gives nobody any before the earlier have their number or every desktop", rapid.MakeCheck(func(t *rapid.T) {
		s, o := draw(t, plan.StrategyFixedDesktops, either...)
		for i, c := range s.People[1:] {
			if a, b := o.gets(s.People[i]), o.gets(c); b > 0 && a < min(o.deserves(s.People[i]), len(s.Desktops)) {
				t.Fatalf("%d and %d desktops", a, b)
			}
		}
	}))
	t.Run("DESKTOP_ASSIGN_USER_PRIORITY gives to those first who have the fewest", rapid.MakeCheck(func(t *rapid.T) {
		s, o := draw(t, plan.StrategyUserPriority, "", workspace.Dedicated, workspace.Shared)
		for _, a := range s.People {
			for _, b := range s.People {
				if a.Desktops < b.Desktops && o.gets(a) == 0 && o.gets(b) > 0 {
					t.Fatalf("%s has %d and gets none, %s has %d and gets %d", a.Name, a.Desktops, b.Name, b.Desktops, o.gets(b))
				}
			}
		}
	}))
	t.Run("DESKTOP_ASSIGN_USER_PRIORITY leaves nobody out where desktops are shared", rapid.MakeCheck(func(t *rapid.T) {
		s := generator{strategies: []plan.Strategy{plan.StrategyUserPriority}, empty: true}.draw(t)
		s.Model.UsersPerDesktop = 0
		s.Desktops[0].Type = workspace.Shared
		o := newOracle(s, mustPlan(t, s))
		for _, c := range s.People {
			if o.gets(c) == 0 {
				t.Fatalf("%s gets nothing", c.Name)
			}
		}
	}))
	t.Run("DESKTOP_ASSIGN_FIXED_USER gives no desktop to anybody before the earlier are full or have everybody", rapid.MakeCheck(func(t *rapid.T) {
		s, o := draw(t, plan.StrategyFixedUsers, either...)
		for i, d := range s.Desktops[1:] {
			earlier := s.Desktops[i]
			if a, b := len(o.newcomers(earlier)), len(o.newcomers(d)); b > 0 && a < min(o.takes(earlier), len(s.People)) {
				t.Fatalf("%d and %d people", a, b)
			}
		}
	}))
}

func TestTheLeastComesFirst(t *testing.T) {
	both := []plan.Desktop{shared("lab1", "fred"), shared("lab2")}
	for _, strategy := range []plan.Strategy{plan.StrategyNoDesktop, plan.StrategyFixedDesktops, plan.StrategyUserPriority} {
		t.Run(string(strategy)+" gives the desktop with the fewest people", func(t *testing.T) {
			s := snapshot(plan.Model{Strategy: strategy, UsersPerDesktop: 5}, both, "anna")
			if p := mustPlan(t, s); len(p.Pairs) != 1 || p.Pairs[0].DesktopID != "lab2" {
				t.Errorf("got %v", p.Pairs)
			}
		})
	}
	t.Run("DESKTOP_ASSIGN_FIXED_USER gives to the person with the fewest desktops", func(t *testing.T) {
		s := snapshot(plan.Model{Strategy: plan.StrategyFixedUsers}, []plan.Desktop{shared("lab")}, "anna", "ben")
		s.People[0].Desktops = 1
		if p := mustPlan(t, s); len(p.Pairs) != 1 || p.Pairs[0].HolderID != "ben" {
			t.Errorf("got %v", p.Pairs)
		}
	})
}

func TestPlanAssignmentRefuses(t *testing.T) {
	type desktops = []plan.Desktop
	relation := plan.Model{Strategy: plan.StrategyRelation}
	all := plan.Model{Strategy: plan.StrategyUsersOrGroups}
	one := plan.Model{Strategy: plan.StrategyNoDesktop}
	deleting := dedicated("ws1")
	deleting.Closed = "is being deleted"
	pooled := dedicated("ws1")
	pooled.Type = workspace.Pooled
	crowd := plan.Holder{Type: plan.HolderGroup, ID: "all", Name: "all", People: 501}
	full := shared("lab")
	full.Holders = []plan.Holder{{Type: plan.HolderGroup, ID: "staff", Name: "staff", People: 499}}
	crowded := shared("lab")
	crowded.Wanted = []plan.Holder{crowd}
	many := make(desktops, 101)
	for i := range many {
		many[i] = shared(fmt.Sprintf("lab%d", i))
	}
	tenfold := make(desktops, 1000)
	for i := range tenfold {
		tenfold[i] = shared(fmt.Sprintf("lab%d", i))
	}
	var people []string
	for i := range 501 {
		people = append(people, fmt.Sprintf("p%d", i))
	}
	cases := []struct {
		name string
		s    plan.Snapshot
		code workspace.Code
		why  string
	}{
		{"two people for a desktop for one", snapshot(relation, desktops{wanted(dedicated("ws1"), "anna", "ben")}), workspace.CodeInvalid, "desktops[0].attach_user_infos: 2 users for desktop ws1, which is DEDICATED: at most 1"},
		{"a group for a desktop for one", snapshot(relation, desktops{wanted(dedicated("ws1"), "@g")}), workspace.CodeInvalid, "desktop ws1 is DEDICATED: it can have one user, not group @g"},
		{"a desktop that belongs to another", snapshot(relation, desktops{wanted(dedicated("ws1", "anna"), "ben")}), workspace.CodeConflict, "desktops[0].desktop_id: desktop ws1 belongs to anna: detach it first"},
		{"a desktop that is going", snapshot(relation, desktops{wanted(deleting, "ben")}), workspace.CodeConflict, "desktops[0].desktop_id: desktop ws1 is being deleted"},
		{"a pool's desktop", snapshot(relation, desktops{wanted(pooled, "ben")}), workspace.CodeConflict, "desktop ws1 is a pool desktop"},
		{"a person of the desktop's name", snapshot(relation, desktops{wanted(dedicated("Anna"), "anna")}), workspace.CodeInvalid, `"anna" is the name of the desktop`},
		{"a group of 501", snapshot(relation, desktops{crowded}), workspace.CodeInvalid, "501 users for desktop lab, which is SHARED: at most 500"},
		{"two more where one fits", snapshot(all, desktops{full}, "anna", "ben"), workspace.CodeConflict, "desktop lab has 499 users already; with 2 more it would exceed the limit of 500"},
		{"a person twice at a desktop", snapshot(relation, desktops{wanted(shared("lab"), "anna", "anna")}), workspace.CodeInvalid, "desktops[0].attach_user_infos[1]: anna is listed twice"},
		{"a person twice", snapshot(one, desktops{dedicated("ws1")}, "anna", "anna"), workspace.CodeInvalid, "users[1]: anna is listed twice"},
		{"a desktop twice", snapshot(one, desktops{dedicated("ws1"), dedicated("ws1")}, "anna"), workspace.CodeInvalid, "desktops[1].desktop_id: ws1 is listed twice"},
		{"no desktops", snapshot(one, nil, "anna"), workspace.CodeInvalid, "desktops: must hold 1 to 10000"},
		{"nobody to choose", snapshot(one, desktops{dedicated("ws1")}), workspace.CodeInvalid, "users: must list 1 to 10000 users with USER_NO_DESKTOP"},
		{"an unknown strategy", snapshot(plan.Model{Strategy: "X"}, desktops{dedicated("ws1")}, "anna"), workspace.CodeInvalid, "assign_model.priority_strategy: "},
		{"more than 50,000 given pairs", snapshot(all, many, people[:500]...), workspace.CodeInvalid, "a request may make at most 50000 assignments"},
		{"more than 50,000 chosen pairs", snapshot(plan.Model{Strategy: plan.StrategyFixedDesktops, UsersPerDesktop: 100, DesktopsPerUser: 100}, tenfold, people...), workspace.CodeInvalid, "a request may make at most 50000 assignments"},
		{"desktops that are all taken", snapshot(one, desktops{dedicated("ws1", "anna")}, "anna", "ben"), workspace.CodeConflict, "nothing can be assigned: desktop ws1: belongs to anna already; ben: gets no desktop"},
		{"desktops to fill when nobody is left", snapshot(plan.Model{Strategy: plan.StrategyFixedUsers}, desktops{shared("lab1", "anna"), shared("lab2")}, "anna"), workspace.CodeConflict, "nothing can be assigned: desktop lab2: no remaining user can be assigned to it; anna: has 1 requested desktop already"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := plan.Make(c.s)
			workspacetest.Refused(t, err, c.code, c.why)
		})
	}
}

func TestWhatIsThereAlreadyIsAPlanWithoutPairs(t *testing.T) {
	type desktops = []plan.Desktop
	for name, s := range map[string]plan.Snapshot{
		"everybody has a desktop":      snapshot(plan.Model{Strategy: plan.StrategyNoDesktop}, desktops{dedicated("ws1", "anna"), dedicated("ws2")}, "anna"),
		"every desktop has its people": snapshot(plan.Model{Strategy: plan.StrategyFixedUsers}, desktops{shared("lab", "anna")}, "ben"),
		"the pairs are there":          snapshot(plan.Model{}, desktops{wanted(dedicated("ws1", "anna"), "anna")}),
	} {
		t.Run(name, func(t *testing.T) {
			if p := mustPlan(t, s); len(p.Pairs) != 0 {
				t.Errorf("pairs: %v", p.Pairs)
			}
		})
	}
}

func TestAPersonsOwnPrivilegeWinsOverTheDesktops(t *testing.T) {
	for _, c := range []struct{ person, desktop, want workspace.UserGroup }{
		{"", "", workspace.GroupDefault},
		{"", workspace.GroupSudo, workspace.GroupSudo},
		{workspace.GroupUsers, workspace.GroupSudo, workspace.GroupUsers},
	} {
		for _, strategy := range slices.Concat(Choosing, given) {
			d := wanted(dedicated("ws1"), "anna")
			d.Group, d.Wanted[0].Group = c.desktop, c.person
			s := snapshot(plan.Model{Strategy: strategy}, []plan.Desktop{d}, "anna")
			s.People[0].Group = c.person
			if p := mustPlan(t, s); len(p.Pairs) != 1 || p.Pairs[0].Group != c.want {
				t.Errorf("%s: %q at a desktop with %q: got %v, want %q", strategy, c.person, c.desktop, p.Pairs, c.want)
			}
		}
	}
}
