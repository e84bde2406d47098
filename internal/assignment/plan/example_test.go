package plan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
)

// dedicated and shared make desktops whose id is their name, and that these people have.
func dedicated(name string, of ...string) plan.Desktop {
	return plan.Desktop{ID: name, Name: name, Type: workspace.Dedicated, Holders: holders(of...)}
}

func shared(name string, of ...string) plan.Desktop {
	d := dedicated(name, of...)
	d.Type = workspace.Shared
	return d
}

// wanted is d, named for these people.
func wanted(d plan.Desktop, people ...string) plan.Desktop {
	d.Wanted = holders(people...)
	return d
}

func holders(names ...string) []plan.Holder {
	var people []plan.Holder
	for _, n := range names {
		people = append(people, holder(n))
	}
	return people
}

// holder is a person, or the group of three people whose name starts with @.
func holder(name string) plan.Holder {
	if strings.HasPrefix(name, "@") {
		return plan.Holder{Type: plan.HolderGroup, ID: name, Name: name, People: 3}
	}
	return plan.Holder{Type: plan.HolderUser, ID: name, Name: name}
}

// snapshot puts desktops and people together and counts what the people have.
func snapshot(model plan.Model, desktops []plan.Desktop, people ...string) plan.Snapshot {
	s := plan.Snapshot{Model: model, Desktops: desktops}
	for _, name := range people {
		c := plan.Candidate{Holder: holder(name)}
		for _, d := range desktops {
			for _, h := range d.Holders {
				if h.ID == c.ID {
					c.Desktops++
				}
			}
		}
		s.People = append(s.People, c)
	}
	return s
}

// story writes a snapshot and what is planned for it in the form of the examples in docs/assignment.md.
func story(s plan.Snapshot) string {
	var b strings.Builder
	line := func(head string, parts []string) {
		if len(parts) > 0 {
			fmt.Fprintf(&b, "%-9s %s\n", head, strings.Join(parts, "\n"+strings.Repeat(" ", 10)))
		}
	}
	var desktops, people, gets, left []string
	for _, d := range s.Desktops {
		text := d.Name + " " + string(d.Type)
		if len(d.Holders) > 0 {
			text += " of " + names(d.Holders)
		}
		if len(d.Wanted) > 0 {
			text += ", for " + names(d.Wanted)
		}
		desktops = append(desktops, text)
	}
	for _, c := range s.People {
		people = append(people, c.Name)
	}
	line("desktops", desktops)
	if len(people) > 0 {
		line("people", []string{strings.Join(people, ", ")})
	}
	p, err := plan.Make(s)
	if err != nil {
		line("refused", []string{workspace.MessageOf(err)})
		return b.String()
	}
	for _, d := range s.Desktops {
		var to []string
		for _, pair := range p.Pairs {
			if pair.DesktopID == d.ID {
				to = append(to, pair.HolderID)
			}
		}
		if len(to) > 0 {
			gets = append(gets, d.ID+" to "+strings.Join(to, ", "))
		}
	}
	for _, l := range append(p.LeftDesktops, p.LeftPeople...) {
		left = append(left, l.ID+" "+l.Reason)
	}
	line("plan", gets)
	line("left over", left)
	return b.String()
}

func names(holders []plan.Holder) string {
	var list []string
	for _, h := range holders {
		list = append(list, h.Name)
	}
	return strings.Join(list, ", ")
}

func TestTheDocumentedExamplesAreWhatIsPlanned(t *testing.T) {
	type desktops = []plan.Desktop
	examples := []struct {
		name string
		s    plan.Snapshot
	}{
		{"USER_NO_DESKTOP gives to those who have none", snapshot(plan.Model{Strategy: plan.StrategyNoDesktop},
			desktops{dedicated("ws1"), dedicated("ws2", "anna"), shared("lab")}, "anna", "ben", "cara", "dora")},
		{"USER_NO_DESKTOP gives everybody one before anybody gets two", snapshot(plan.Model{Strategy: plan.StrategyNoDesktop, DesktopsPerUser: 2},
			desktops{dedicated("ws1"), dedicated("ws2"), dedicated("ws3")}, "ben", "cara")},
		{"USER_FIXED_DESKTOP_NUM serves one person after the other", snapshot(plan.Model{Strategy: plan.StrategyFixedDesktops, DesktopsPerUser: 2},
			desktops{dedicated("ws1"), dedicated("ws2", "anna"), dedicated("ws3"), dedicated("ws4")}, "anna", "ben", "cara")},
		{"DESKTOP_ASSIGN_USER_PRIORITY leaves no person out", snapshot(plan.Model{Strategy: plan.StrategyUserPriority},
			desktops{shared("lab1"), shared("lab2"), dedicated("ws1")}, "anna", "ben", "cara", "dora", "emil")},
		{"DESKTOP_ASSIGN_FIXED_USER fills one desktop after the other", snapshot(plan.Model{Strategy: plan.StrategyFixedUsers, UsersPerDesktop: 2},
			desktops{shared("lab1"), shared("lab2", "fred"), shared("lab3")}, "anna", "ben", "cara", "dora")},
		{"DESKTOP_ASSIGN_USERS_OR_GROUPS gives everything to everybody", snapshot(plan.Model{Strategy: plan.StrategyUsersOrGroups},
			desktops{shared("lab1", "anna"), shared("lab2")}, "anna", "@students")},
		{"DESKTOP_ASSIGN_USERS_OR_GROUPS refuses a desktop for one", snapshot(plan.Model{Strategy: plan.StrategyUsersOrGroups},
			desktops{shared("lab1"), dedicated("ws1")}, "anna", "ben")},
		{"FIXED_RELATION makes the pairs as sent", snapshot(plan.Model{Strategy: plan.StrategyRelation},
			desktops{wanted(dedicated("ws1"), "ben"), wanted(shared("lab", "anna"), "anna", "ben")})},
		{"FIXED_RELATION takes nothing away", snapshot(plan.Model{Strategy: plan.StrategyRelation},
			desktops{wanted(dedicated("ws1"), "ben"), wanted(dedicated("ws2", "anna"), "cara")})},
		{"nothing to choose from", snapshot(plan.Model{Strategy: plan.StrategyNoDesktop},
			desktops{dedicated("ws2", "anna")}, "ben")},
	}
	doc, err := os.ReadFile("../../../docs/assignment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			if text := "```\n" + story(e.s) + "```\n"; !strings.Contains(string(doc), text) {
				t.Errorf("docs/assignment.md does not show this:\n%s", text)
			}
		})
	}
}

// referenceExample is the request of the public reference, word for word.
const referenceExample = `{
"desktops" : [ {
"desktop_id" : "b41a8cc1-4813-47a0-bf3a-7800fcd5b581"
}, {
"desktop_id" : "5f4ed564-14eb-44fd-8ff7-0483725a532b"
}, {
"desktop_id" : "dfdddcf4-f943-43b4-987b-e5785022d6c5"
} ],
"users" : [ {
"user_id" : "3f6cc4c5d1ff4a79ab826b7964e9ff5d",
"user_name" : "user1"
}, {
"user_id" : "21bb9f13e6ff42fb96cd62489c446935",
"user_name" : "user2"
} ],
"assign_model" : {
"assign_dimension" : "USER",
"priority_strategy" : "USER_NO_DESKTOP",
"desktop_assigin_user_num" : 2
}
}`

func TestTheReferencesOwnExample(t *testing.T) {
	var wire struct {
		Desktops []struct {
			DesktopID string `json:"desktop_id"`
		} `json:"desktops"`
		Users []struct {
			UserID   string `json:"user_id"`
			UserName string `json:"user_name"`
		} `json:"users"`
		Model struct {
			Dimension       plan.Dimension `json:"assign_dimension"`
			Strategy        plan.Strategy  `json:"priority_strategy"`
			UsersPerDesktop int            `json:"desktop_assigin_user_num"`
			DesktopsPerUser int            `json:"user_assigin_desktop_num"`
		} `json:"assign_model"`
	}
	if err := json.Unmarshal([]byte(referenceExample), &wire); err != nil {
		t.Fatal(err)
	}
	m := wire.Model
	r := assignment.AttachDesktops{Model: plan.Model{
		Dimension: m.Dimension, Strategy: m.Strategy, UsersPerDesktop: m.UsersPerDesktop, DesktopsPerUser: m.DesktopsPerUser,
	}}
	for _, d := range wire.Desktops {
		r.Desktops = append(r.Desktops, assignment.AttachDesktop{DesktopID: d.DesktopID})
	}
	for _, u := range wire.Users {
		r.Users = append(r.Users, assignment.AttachPerson{ID: u.UserID, Name: u.UserName})
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []workspace.DesktopType{workspace.Dedicated, workspace.Shared} {
		t.Run("gives each of two people one of three "+string(kind)+" desktops and leaves the third over", func(t *testing.T) {
			s := plan.Snapshot{Model: r.Model}
			for i, d := range r.Desktops {
				s.Desktops = append(s.Desktops, plan.Desktop{ID: d.DesktopID, Name: fmt.Sprintf("ws-%d", i+1), Type: kind})
			}
			for _, u := range r.Users {
				s.People = append(s.People, plan.Candidate{Holder: plan.Holder{Type: plan.HolderUser, ID: u.ID, Name: u.Name}})
			}
			p := mustPlan(t, s)
			want := []plan.Pair{
				{DesktopID: r.Desktops[0].DesktopID, Type: plan.HolderUser, HolderID: r.Users[0].ID, Group: workspace.GroupDefault},
				{DesktopID: r.Desktops[1].DesktopID, Type: plan.HolderUser, HolderID: r.Users[1].ID, Group: workspace.GroupDefault},
			}
			if fmt.Sprint(p.Pairs) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", p.Pairs, want)
			}
			if len(p.LeftDesktops) != 1 || p.LeftDesktops[0].ID != r.Desktops[2].DesktopID || len(p.LeftPeople) != 0 {
				t.Errorf("left over: %v, %v", p.LeftDesktops, p.LeftPeople)
			}
		})
	}
}

func mustPlan(t interface {
	Helper()
	Fatalf(string, ...any)
}, s plan.Snapshot) plan.Plan {
	t.Helper()
	p, err := plan.Make(s)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return p
}
