package plan

import (
	"cmp"
	"fmt"

	"carrel/internal/workspace"
)

// relatePairs makes the pairs of the request: those that each desktop names with FIXED_RELATION, everybody with every desktop
// with DESKTOP_ASSIGN_USERS_OR_GROUPS. All or none.
func relatePairs(s Snapshot) (Plan, error) {
	r := relation{s: s, plan: Plan{Dimension: s.Model.Dimension}, named: map[HolderID]bool{}, given: map[HolderID]bool{}}
	for _, c := range s.People {
		r.order = append(r.order, c.Key())
	}
	for i, wanted := range s.Wanted() {
		field := "users"
		if s.Model.Strategy == StrategyRelation {
			field = fmt.Sprintf("desktops[%d].attach_user_infos", i)
		}
		if err := r.relate(i, wanted, field); err != nil {
			return Plan{}, err
		}
	}
	r.leavePeople()
	return r.plan, nil
}

// Wanted returns who is to get each of the desktops. It has no meaning for strategies that choose.
func (s *Snapshot) Wanted() [][]Holder {
	all := make([]Holder, len(s.People))
	for i, c := range s.People {
		all[i] = c.Holder
	}
	wanted := make([][]Holder, len(s.Desktops))
	for i, d := range s.Desktops {
		wanted[i] = all
		if s.Model.Resolve().Strategy == StrategyRelation {
			wanted[i] = d.Wanted
		}
	}
	return wanted
}

// relation is a plan that is being made.
type relation struct {
	s     Snapshot
	plan  Plan
	order []HolderID        // all people, in the order of the request
	named map[HolderID]bool // those who are to get a desktop
	given map[HolderID]bool // those who get one, or another privilege in one
}

// relate assigns desktop i to those of wanted who do not have it, and gives those who have it the privilege that the request
// names for them, if any. field is where the request names them.
func (r *relation) relate(i int, wanted []Holder, field string) error {
	d := &r.s.Desktops[i]
	has := make(map[HolderID]workspace.UserGroup, len(d.Holders))
	for _, h := range d.Holders {
		has[h.Key()] = cmp.Or(h.Group, workspace.GroupDefault)
	}
	var fresh []Holder
	var regroups []Pair
	for _, h := range wanted {
		k := h.Key()
		if r.s.Model.Strategy == StrategyRelation && !r.named[k] {
			r.order = append(r.order, k)
		}
		r.named[k] = true
		switch group, there := has[k]; {
		case !there:
			fresh = append(fresh, h)
			r.given[k] = true
		case group != cmp.Or(h.Group, d.Group, group):
			regroups = append(regroups, d.pair(h))
			r.given[k] = true
		}
	}
	if len(fresh)+len(regroups) == 0 {
		r.plan.LeftDesktops = append(r.plan.LeftDesktops, Left{d.ID, LeftServed, "is already assigned like this"})
		return nil
	}
	if err := d.admit(fmt.Sprintf("desktops[%d].desktop_id", i), field, wanted, fresh); err != nil {
		return err
	}
	if len(r.plan.Pairs)+len(r.plan.Regroups)+len(fresh)+len(regroups) > MaxAssignments {
		return tooMany()
	}
	for _, h := range fresh {
		r.plan.Pairs = append(r.plan.Pairs, d.pair(h))
	}
	r.plan.Regroups = append(r.plan.Regroups, regroups...)
	return nil
}

// admit returns an error if the desktop cannot take the people in wanted; fresh are those who do not have it yet, none if only
// privileges change.
func (d *Desktop) admit(at, field string, wanted, fresh []Holder) error {
	if why := d.closed(); why != "" {
		return workspace.InField(at, workspace.Errorf(workspace.CodeConflict, "desktop %s %s", d.title(), why))
	}
	if len(fresh) == 0 {
		return nil
	}
	asked, added := 0, 0
	for _, h := range wanted {
		asked += h.weight()
		if d.bearsNameOf(h) {
			return workspace.Invalid(field, "%q is the name of the desktop, which must differ from its user's name", h.Name)
		}
		if h.Type == HolderGroup && d.Type == workspace.Dedicated {
			return workspace.Invalid(field, "desktop %s is DEDICATED: it can have one user, not group %s", d.title(), h.Name)
		}
	}
	for _, h := range fresh {
		added += h.weight()
	}
	limit, present := userLimit(d.Type), d.people()
	switch {
	case asked > limit:
		return workspace.Invalid(field, "%d users for desktop %s, which is %s: at most %d are allowed", asked, d.title(), d.Type, limit)
	case present+added <= limit:
		return nil
	case d.Type == workspace.Dedicated:
		return workspace.InField(at, workspace.Errorf(workspace.CodeConflict, "desktop %s belongs to %s: detach it first", d.title(), d.Holders[0].Name))
	default:
		return workspace.InField(at, workspace.Errorf(workspace.CodeConflict, "desktop %s has %d users already; with %d more it would exceed the limit of %d", d.title(), present, added, limit))
	}
}

// leavePeople reports the people who get nothing.
func (r *relation) leavePeople() {
	told := make(map[HolderID]bool, len(r.order))
	for _, k := range r.order {
		switch {
		case told[k] || r.given[k]:
		case r.named[k]:
			r.plan.LeftPeople = append(r.plan.LeftPeople, Left{k.id, LeftServed, "already has all desktops of the request"})
		default:
			r.plan.LeftPeople = append(r.plan.LeftPeople, Left{k.id, LeftUnnamed, "is not listed for any desktop of the request"})
		}
		told[k] = true
	}
}
