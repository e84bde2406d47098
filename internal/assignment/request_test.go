package assignment_test

import (
	"fmt"
	"strings"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

// byStrategy asks to give two desktops to two people; byRelation names them at the desktops.
func byStrategy(s plan.Strategy) assignment.AttachDesktops {
	return assignment.AttachDesktops{
		Desktops: []assignment.AttachDesktop{{DesktopID: "d1"}, {DesktopID: "d2"}},
		Users:    []assignment.AttachPerson{{Name: "anna"}, {Name: "ben"}},
		Model:    plan.Model{Strategy: s},
	}
}

func byRelation() assignment.AttachDesktops {
	return assignment.AttachDesktops{Desktops: []assignment.AttachDesktop{
		{DesktopID: "d1", UserName: "anna"},
		{DesktopID: "d2", People: []assignment.AttachPerson{{Name: "ben"}, {ID: "g1", Type: plan.HolderGroup}}},
	}}
}

func TestAttachDesktopsCheck(t *testing.T) {
	strategies := []plan.Strategy{
		plan.StrategyNoDesktop, plan.StrategyFixedDesktops, plan.StrategyUserPriority, plan.StrategyFixedUsers, plan.StrategyUsersOrGroups,
	}
	for _, s := range strategies {
		t.Run("accepts "+string(s), func(t *testing.T) {
			r := byStrategy(s)
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("accepts people named by the desktops, without a model", func(t *testing.T) {
		r := byRelation()
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	})
	t.Run("accepts users beside FIXED_RELATION, and both dimensions", func(t *testing.T) {
		for _, d := range []plan.Dimension{"", plan.DimensionUser, plan.DimensionDesktop} {
			r := byRelation()
			r.Users, r.Model = []assignment.AttachPerson{{Name: "cara"}}, plan.Model{Dimension: d, Strategy: plan.StrategyRelation}
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		}
	})

	type request = assignment.AttachDesktops
	choice := func() request { return byStrategy(plan.StrategyNoDesktop) }
	cases := []struct {
		name   string
		from   func() request
		change func(*request)
		why    string
	}{
		{"an unknown dimension", choice, func(r *request) { r.Model.Dimension = "TEAM" }, `assign_model.assign_dimension: "TEAM" is unknown, use USER or DESKTOP`},
		{"an unknown strategy", choice, func(r *request) { r.Model.Strategy = "RANDOM" }, `assign_model.priority_strategy: "RANDOM" is unknown, use USER_NO_DESKTOP, `},
		{"a dimension without a strategy", choice, func(r *request) { r.Model = plan.Model{Dimension: "USER"} }, "assign_model.priority_strategy: must be given"},
		{"users without a strategy", choice, func(r *request) { r.Model = plan.Model{} }, "assign_model.priority_strategy: must be given"},
		{"USER_NO_DESKTOP by desktop", choice, func(r *request) { r.Model.Dimension = "DESKTOP" }, "assign_model.assign_dimension: DESKTOP cannot be used with USER_NO_DESKTOP, which requires USER"},
		{"101 people a desktop", choice, func(r *request) { r.Model.UsersPerDesktop = 101 }, "assign_model.desktop_assigin_user_num: 101 is out of range, use 0 to 100"},
		{"-1 people a desktop", choice, func(r *request) { r.Model.UsersPerDesktop = -1 }, "assign_model.desktop_assigin_user_num: -1 is out of range"},
		{"101 desktops a person", choice, func(r *request) { r.Model.DesktopsPerUser = 101 }, "assign_model.user_assigin_desktop_num: 101 is out of range, use 0 to 100"},
		{"a long policy id", choice, func(r *request) { r.Model.NamePolicyID = strings.Repeat("x", 37) }, "assign_model.desktop_name_policy_id: 37 bytes, at most 36"},
		{"no desktops", choice, func(r *request) { r.Desktops = nil }, "desktops: 0 desktops, give 1 to 10000"},
		{"10,001 desktops", choice, func(r *request) { r.Desktops = make([]assignment.AttachDesktop, 10_001) }, "desktops: 10001 desktops, give 1 to 10000"},
		{"a desktop without an id", choice, func(r *request) { r.Desktops[1].DesktopID = "" }, "desktops[1].desktop_id: must be an id of 1 to 255 characters"},
		{"a desktop twice", choice, func(r *request) { r.Desktops[1].DesktopID = "d1" }, "desktops[1].desktop_id: d1 is listed twice"},
		{"no users", choice, func(r *request) { r.Users = nil }, "users: must list 1 to 10000 users with USER_NO_DESKTOP"},
		{"10,001 users", choice, func(r *request) { r.Users = make([]assignment.AttachPerson, 10_001) }, "users: 10001 users and groups, at most 10000"},
		{"501 people for every desktop", choice, func(r *request) {
			r.Users, r.Model.Strategy = make([]assignment.AttachPerson, 501), plan.StrategyUsersOrGroups
		}, "users: 501 users and groups, at most 500 are allowed with DESKTOP_ASSIGN_USERS_OR_GROUPS"},
		{"a group where people are chosen", choice, func(r *request) { r.Users[1].Type = plan.HolderGroup }, "users[1].type: a group cannot be used with USER_NO_DESKTOP"},
		{"an unknown kind of user", choice, func(r *request) { r.Users[1].Type = "ROLE" }, `users[1].type: "ROLE" is unknown, use USER or GROUP`},
		{"a user without name and id", choice, func(r *request) { r.Users[1].Name = "" }, "users[1].user_name: must not be empty"},
		{"a user twice by name", choice, func(r *request) { r.Users[1].Name = "Anna" }, `users[1].user_name: "Anna" is listed twice`},
		{"a user twice by id", choice, func(r *request) { r.Users[0].ID, r.Users[1].ID = "u", "u" }, "users[1].user_id: u is listed twice"},
		{"a bad user name", choice, func(r *request) { r.Users[0].Name = "-anna" }, `users[0].user_name: "-anna" must start with a letter`},
		{"a user name of 33 characters", choice, func(r *request) { r.Users[0].Name = strings.Repeat("a", 33) }, "has 33 characters, at most 32"},
		{"an unknown privilege group", choice, func(r *request) { r.Users[0].Group = "wheel" }, `users[0].user_group: "wheel" is unknown`},
		{"an unknown directory", choice, func(r *request) { r.Users[0].Domain = "corp.example" }, "users[0].domain: "},
		{"a desktop's own user where people are chosen", choice, func(r *request) { r.Desktops[0].UserName = "anna" }, "desktops[0].user_name: USER_NO_DESKTOP takes its users from the field users"},
		{"a desktop's own people where people are chosen", choice, func(r *request) { r.Desktops[0].People = []assignment.AttachPerson{{Name: "anna"}} }, "desktops[0].attach_user_infos: USER_NO_DESKTOP takes its users from the field users"},
		{"a desktop without people in FIXED_RELATION", byRelation, func(r *request) { r.Desktops[0].UserName = "" }, "desktops[0].user_name: must be given, or attach_user_infos with 1 to 500 users"},
		{"501 people of a desktop", byRelation, func(r *request) { r.Desktops[1].People = attachPeople(501) }, "desktops[1].attach_user_infos: 501 users and groups, at most 500"},
		{"a person twice at a desktop", byRelation, func(r *request) { r.Desktops[1].People[1] = assignment.AttachPerson{Name: "BEN"} }, `desktops[1].attach_user_infos[1].user_name: "BEN" is listed twice`},
		{"a bad address", byRelation, func(r *request) { r.Desktops[0].UserEmail = "nowhere" }, "desktops[0].user_email: "},
		{"a bad privilege group of a desktop", byRelation, func(r *request) { r.Desktops[0].Group = "wheel" }, `desktops[0].user_group: "wheel" is unknown`},
		{"a computer name of 16 characters", byRelation, func(r *request) { r.Desktops[0].ComputerName = "abcdefghijklmnop" }, "desktops[0].computer_name: "},
		{"a computer name that starts with a digit", byRelation, func(r *request) { r.Desktops[0].ComputerName = "1ws" }, `desktops[0].computer_name: "1ws" must start with a letter`},
		{"a computer name that ends with a hyphen", byRelation, func(r *request) { r.Desktops[0].ComputerName = "ws-" }, "must not end with a hyphen"},
		{"a computer name with a dot", byRelation, func(r *request) { r.Desktops[0].ComputerName = "ws.1" }, "is not allowed"},
		{"a computer name twice", byRelation, func(r *request) { r.Desktops[0].ComputerName, r.Desktops[1].ComputerName = "ws", "WS" }, `desktops[1].computer_name: "WS" is listed twice`},
		{"a desktop named like its person", byRelation, func(r *request) { r.Desktops[0].ComputerName = "ANNA" }, "desktops[0].user_name: \"anna\" is the name of the desktop"},
		{"a desktop named like one of its people", byRelation, func(r *request) { r.Desktops[1].ComputerName = "ben" }, "desktops[1].attach_user_infos[0].user_name: \"ben\" is the name of the desktop"},
	}
	for _, c := range cases {
		t.Run("refuses "+c.name, func(t *testing.T) {
			r := c.from()
			c.change(&r)
			workspacetest.Refused(t, r.Check(), workspace.CodeInvalid, c.why)
		})
	}
	t.Run("accepts an underscore in a computer name", func(t *testing.T) {
		r := byRelation()
		r.Desktops[0].ComputerName = "ws_1"
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	})
}

func attachPeople(n int) []assignment.AttachPerson {
	people := make([]assignment.AttachPerson, n)
	for i := range people {
		people[i].Name = fmt.Sprintf("user-%03d", i)
	}
	return people
}

func TestAttachUserInfosWinOverTheDesktopsOwnUser(t *testing.T) {
	d := assignment.AttachDesktop{DesktopID: "d", UserName: "root", UserID: "u0", People: attachPeople(2)}
	if got := d.Named(); len(got) != 2 || got[0].Name != "user-000" {
		t.Errorf("got %v", got)
	}
	r := assignment.AttachDesktops{Desktops: []assignment.AttachDesktop{d}}
	if err := r.Check(); err != nil {
		t.Errorf("a user_name that does not count was looked at: %v", err)
	}
	d.People = nil
	if got := d.Named(); len(got) != 1 || got[0].ID != "u0" || got[0].Name != "root" {
		t.Errorf("got %v", got)
	}
}

func TestAssignModelResolve(t *testing.T) {
	cases := []struct {
		model, want plan.Model
	}{
		{plan.Model{}, plan.Model{Dimension: "DESKTOP", Strategy: "FIXED_RELATION"}},
		{plan.Model{Dimension: "USER", Strategy: "FIXED_RELATION"}, plan.Model{Dimension: "USER", Strategy: "FIXED_RELATION"}},
		{plan.Model{Strategy: "USER_NO_DESKTOP"}, plan.Model{Dimension: "USER", Strategy: "USER_NO_DESKTOP", UsersPerDesktop: 1, DesktopsPerUser: 1}},
		{plan.Model{Strategy: "USER_FIXED_DESKTOP_NUM", DesktopsPerUser: 3}, plan.Model{Dimension: "USER", Strategy: "USER_FIXED_DESKTOP_NUM", UsersPerDesktop: 1, DesktopsPerUser: 3}},
		{plan.Model{Strategy: "DESKTOP_ASSIGN_FIXED_USER"}, plan.Model{Dimension: "DESKTOP", Strategy: "DESKTOP_ASSIGN_FIXED_USER", UsersPerDesktop: 1, DesktopsPerUser: 1}},
		{plan.Model{Strategy: "DESKTOP_ASSIGN_USER_PRIORITY"}, plan.Model{Dimension: "DESKTOP", Strategy: "DESKTOP_ASSIGN_USER_PRIORITY", DesktopsPerUser: 1}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("of %+v", c.model), func(t *testing.T) {
			if got := c.model.Resolve(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
