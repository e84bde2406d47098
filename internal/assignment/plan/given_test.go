package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
)

func TestGivenPairsAreMadeAllOrNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generator{strategies: given}.draw(t)
		p, err := plan.Make(s)
		done := apply(s, p)
		possible := true
		for i, d := range s.Desktops {
			asked := askedFor(s, d)
			var fresh []plan.Holder
			for _, h := range asked {
				if !newOracle(s, p).has(d, h) {
					fresh = append(fresh, h)
				}
				if err == nil && !newOracle(s, p).has(done.Desktops[i], h) {
					t.Fatalf("%s does not get %s", h.Name, d.ID)
				}
			}
			if len(fresh) == 0 && !asksForMore(d, asked) {
				continue
			}
			o := newOracle(s, p)
			if len(fresh) == 0 {
				possible = possible && d.Closed == "" && d.Type != workspace.Pooled
				continue
			}
			alone := func(h plan.Holder) bool {
				return h.Type == plan.HolderGroup && d.Type == workspace.Dedicated || strings.EqualFold(h.Name, d.Name)
			}
			if Count(fresh) > o.takes(d) || d.Type == workspace.Shared && Count(asked) > plan.MaxPeoplePerDesktop || slices.ContainsFunc(asked, alone) {
				possible = false
			}
		}
		if possible != (err == nil) {
			t.Fatalf("possible: %v, refusal: %v", possible, err)
		}
		if code := workspace.CodeOf(err); err != nil && code != workspace.CodeConflict && code != workspace.CodeInvalid {
			t.Fatalf("code %s", code)
		}
	})
}

// askedFor is who shall have a desktop by the strategies that do not choose.
func askedFor(s plan.Snapshot, d plan.Desktop) []plan.Holder {
	if s.Model.Strategy != plan.StrategyUsersOrGroups {
		return d.Wanted
	}
	var all []plan.Holder
	for _, c := range s.People {
		all = append(all, c.Holder)
	}
	return all
}

// asksForMore says whether somebody is named with another privilege group than they have.
func asksForMore(d plan.Desktop, asked []plan.Holder) bool {
	return slices.ContainsFunc(asked, func(h plan.Holder) bool {
		at := slices.IndexFunc(d.Holders, same(h))
		return at >= 0 && cmp.Or(h.Group, d.Group, d.Holders[at].Group, workspace.GroupDefault) != cmp.Or(d.Holders[at].Group, workspace.GroupDefault)
	})
}

func TestAPrivilegeGroupChangesOnlyWhereTheRequestNamesAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anything.draw(t)
		p, err := plan.Make(s)
		if err != nil {
			return
		}
		o := newOracle(s, p)
		for _, d := range s.Desktops {
			for _, h := range d.Holders {
				asked := askedFor(s, d)
				at := slices.IndexFunc(asked, same(h))
				want := workspace.UserGroup("")
				if at >= 0 && !s.Model.Strategy.Chooses() && asksForMore(d, asked[at:at+1]) {
					want = cmp.Or(asked[at].Group, d.Group)
				}
				if got := o.moved[[2]string{d.ID, h.ID}]; got != want {
					t.Fatalf("%s, who has %s as %q, becomes %q there, want %q", h.Name, d.ID, h.Group, got, want)
				}
			}
		}
		if len(o.moved) != len(p.Regroups) {
			t.Fatal("somebody is listed twice")
		}
	})
}

func TestGivenPairsDoNotDependOnTheOrderOfTheRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := generator{strategies: given}.draw(t)
		p, err := plan.Make(s)
		q, errToo := plan.Make(shuffled(t, s))
		if (err == nil) != (errToo == nil) || fmt.Sprint(sorted(p.Pairs), sorted(p.Regroups)) != fmt.Sprint(sorted(q.Pairs), sorted(q.Regroups)) {
			t.Fatalf("%v %v\n%v %v", p, err, q, errToo)
		}
	})
}
