package signin_test

import (
	"fmt"

	"carrel/internal/assignment"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// otpService is the room's service, in a project whose service is open.
func (e *env) otpService() *signin.Service {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		for _, p := range []string{storetest.Project, storetest.OtherProject} {
			if _, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "of-" + p, ProjectID: p, Opened: tx.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	return &signin.Service{Store: e.Store, SecondFactor: signin.SecondFactorOptional}
}

var administrator = workspace.Caller{ProjectID: storetest.Project, Actor: workspace.Actor{Kind: workspace.ActorAdministrator}}

func (e *env) objects(s *signin.Service, q signin.OTPObjectQuery) (texts []string, total int) {
	e.Helper()
	if q.ProjectID == "" {
		q.ProjectID = storetest.Project
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	objects, total, err := s.OTPObjects(e.Context(), q)
	if err != nil {
		e.Fatal(err)
	}
	for _, o := range objects {
		texts = append(texts, fmt.Sprint(o.Type, " ", o.ID, " ", o.Name))
	}
	return texts, total
}

func user(id string) signin.OTPObject  { return signin.OTPObject{Type: signin.OTPUser, ID: id} }
func group(id string) signin.OTPObject { return signin.OTPObject{Type: signin.OTPGroup, ID: id} }

var otpConfigs = map[string]func(*env){
	"a config is read as it was changed, in its project only": func(e *env) {
		s := e.otpService()
		read := func(project string) signin.OTPConfig {
			c, err := s.OTPConfig(e.Context(), project)
			if err != nil {
				e.Fatal(err)
			}
			return c
		}
		e.Same(read(storetest.Project), signin.OTPConfig{ProjectID: storetest.Project, Enabled: true})
		change := func(c signin.OTPConfigChange) { e.All([]error{s.UpdateOTPConfig(e.Context(), administrator, c)}) }
		change(signin.OTPConfigChange{Origin: new(signin.FromPrivate)})
		change(signin.OTPConfigChange{Enabled: new(false)})
		c := read(storetest.Project)
		e.Same([]any{c.Enabled, c.Origin, c.Updated}, []any{false, signin.FromPrivate, e.Clock.Now()})
		e.Same(read(storetest.OtherProject), signin.OTPConfig{ProjectID: storetest.OtherProject, Enabled: true})
		change(signin.OTPConfigChange{Origin: new(signin.FromAnywhere)})
		e.Same(read(storetest.Project).Origin, signin.FromAnywhere)
	},
	"of twenty changes at once none is lost": func(e *env) {
		s := e.otpService()
		e.All(storetest.Together(20, func(i int) error {
			if i%2 == 0 {
				return s.UpdateOTPConfig(e.Context(), administrator, signin.OTPConfigChange{Enabled: new(false)})
			}
			return s.UpdateOTPConfig(e.Context(), administrator, signin.OTPConfigChange{Origin: new(signin.FromInternet)})
		}))
		c, err := s.OTPConfig(e.Context(), storetest.Project)
		e.Same([]any{c.Enabled, c.Origin, err}, []any{false, signin.FromInternet, nil})
	},
	"a project without the service, and what is no config, are refused": func(e *env) {
		s := e.otpService()
		closed := workspace.Caller{ProjectID: "closed"}
		for _, err := range []error{
			s.UpdateOTPConfig(e.Context(), closed, signin.OTPConfigChange{Enabled: new(false)}),
			s.ChangeOTPObjects(e.Context(), closed, []signin.OTPObject{{Type: signin.OTPAll}}, nil),
		} {
			e.Same(workspace.CodeOf(err), workspace.CodeNotSubscribed)
		}
		err := s.UpdateOTPConfig(e.Context(), administrator, signin.OTPConfigChange{Origin: new(signin.OTPOrigin("MOON"))})
		e.Same(workspace.CodeOf(err), workspace.CodeInvalid)
	},
	"objects are listed by page, type and part of the name": func(e *env) {
		s := e.otpService()
		e.AddUsers(directory.User{ID: "ann", ProjectID: storetest.Project, Name: "Ann"})
		e.AddGroups(desktoptest.NewGroup("g1", "Annual"), desktoptest.NewGroup("g2", "Staff"))
		for _, add := range [][]signin.OTPObject{{user("ann"), user("ann")}, {group("g1"), group("g2"), user("ann")}, {{Type: signin.OTPAll}}} {
			e.All([]error{s.ChangeOTPObjects(e.Context(), administrator, add, nil)})
			e.Clock.Advance(1000)
		}
		all := []string{"USER ann Ann", "USER_GROUP g1 Annual", "USER_GROUP g2 Staff", "ALL default-apply-all-targets All-Targets"}
		for _, c := range []struct {
			q    signin.OTPObjectQuery
			want []string
			all  int
		}{
			{signin.OTPObjectQuery{}, all, 4},
			{signin.OTPObjectQuery{Type: signin.OTPGroup}, all[1:3], 2},
			{signin.OTPObjectQuery{Name: "ANN"}, all[:2], 2},
			{signin.OTPObjectQuery{Name: "-targets"}, all[3:], 1},
			{signin.OTPObjectQuery{Name: "_"}, nil, 0},
			{signin.OTPObjectQuery{Page: workspace.Page{Offset: 1, Limit: 2}}, all[1:3], 4},
			{signin.OTPObjectQuery{ProjectID: storetest.OtherProject}, nil, 0},
		} {
			got, total := e.objects(s, c.q)
			e.Same(got, c.want)
			e.Same(total, c.all)
		}
		e.All([]error{
			s.ChangeOTPObjects(e.Context(), administrator, nil, []signin.OTPObject{group("g2"), {Type: signin.OTPAll, Name: signin.AllTargetsName}, user("none")}),
			s.ChangeOTPObjects(e.Context(), administrator, nil, []signin.OTPObject{group("g2")}),
		})
		got, _ := e.objects(s, signin.OTPObjectQuery{})
		e.Same(got, all[:2])
	},
	"an object goes with its user and its group": func(e *env) {
		s := e.otpService()
		e.AddGroups(desktoptest.NewGroup("g1", "Staff"))
		e.All([]error{s.ChangeOTPObjects(e.Context(), administrator, []signin.OTPObject{user(storetest.UserOf(storetest.Project)), group("g1")}, nil)})
		groups := &assignment.Service{Store: e.Store}
		e.All([]error{groups.DeleteGroups(e.Context(), administrator, []string{"g1"})})
		got, _ := e.objects(s, signin.OTPObjectQuery{})
		e.Same(got, []string{"USER " + storetest.UserOf(storetest.Project) + " person"})
		e.Update(func(tx *store.Tx) error {
			return directory.DeleteUser(e.Context(), tx, storetest.UserOf(storetest.Project))
		})
		_, total := e.objects(s, signin.OTPObjectQuery{})
		e.Same(total, 0)
	},
	"whoever adds a group while it is deleted gets no object of nothing": func(e *env) {
		s := e.otpService()
		groups := &assignment.Service{Store: e.Store}
		for i := range 5 {
			id := fmt.Sprint("g", i)
			e.AddGroups(desktoptest.NewGroup(id, id))
			for _, err := range storetest.Together(2, func(i int) error {
				if i == 0 {
					return groups.DeleteGroups(e.Context(), administrator, []string{id})
				}
				return s.ChangeOTPObjects(e.Context(), administrator, []signin.OTPObject{group(id)}, nil)
			}) {
				if code := workspace.CodeOf(err); err != nil && code != workspace.CodeGroupNotFound && code != workspace.CodeConflict {
					e.Error(err)
				}
			}
		}
		_, total := e.objects(s, signin.OTPObjectQuery{})
		e.Same(total, 0)
	},
	"objects that are not of the project, or are called otherwise, are refused by name and nothing changes": func(e *env) {
		s := e.otpService()
		e.AddGroups(desktoptest.NewGroup("g1", "Staff"))
		named := func(o signin.OTPObject, name string) signin.OTPObject { o.Name = name; return o }
		many := make([]signin.OTPObject, signin.MaxOTPObjects+1)
		for i := range many {
			many[i] = user(fmt.Sprint(i))
		}
		for _, c := range []struct {
			add, remove []signin.OTPObject
			code        workspace.Code
			message     string
		}{
			{nil, nil, workspace.CodeInvalid, "add: name at least one object here or in delete"},
			{[]signin.OTPObject{group("g1"), user(storetest.UserOf(storetest.OtherProject))}, nil, workspace.CodeUserNotFound, `add[1].object_id: user "user-of-project-2" does not exist`},
			{[]signin.OTPObject{group("x")}, nil, workspace.CodeGroupNotFound, `add[0].object_id: group "x" does not exist`},
			{[]signin.OTPObject{user("g1")}, nil, workspace.CodeUserNotFound, `add[0].object_id: user "g1" does not exist`},
			{[]signin.OTPObject{named(group("g1"), "Stuff")}, nil, workspace.CodeInvalid, `add[0].object_name: "Stuff" is not the name of "g1", which is "Staff"`},
			{[]signin.OTPObject{{Type: signin.OTPUser}}, nil, workspace.CodeInvalid, "add[0].object_id: must be given"},
			{[]signin.OTPObject{{Type: "OU", ID: "x"}}, nil, workspace.CodeInvalid, `add[0].object_type: "OU" is unknown, use USER, USER_GROUP or ALL`},
			{[]signin.OTPObject{{Type: signin.OTPAll, ID: "x"}}, nil, workspace.CodeInvalid, `add[0].object_id: "x" is not all users: with object_type ALL use "default-apply-all-targets"`},
			{nil, []signin.OTPObject{{Type: signin.OTPAll, Name: "x"}}, workspace.CodeInvalid, `delete[0].object_name: "x" is not all users: with object_type ALL use "All-Targets"`},
			{[]signin.OTPObject{group("g1")}, []signin.OTPObject{user("x"), group("g1")}, workspace.CodeInvalid, `delete[1]: USER_GROUP "g1" is in add, too`},
			{many, nil, workspace.CodeInvalid, "add: 101 objects, at most 100 are allowed"},
			{nil, many, workspace.CodeInvalid, "delete: 101 objects, at most 100 are allowed"},
		} {
			err := s.ChangeOTPObjects(e.Context(), administrator, c.add, c.remove)
			if workspace.CodeOf(err) != c.code || workspace.MessageOf(err) != c.message {
				e.Errorf("got %v, want %s %s", err, c.code, c.message)
			}
		}
		_, total := e.objects(s, signin.OTPObjectQuery{})
		e.Same(total, 0)
	},
}
