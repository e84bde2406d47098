package directory_test

import (
	"context"
	"strings"
	"time"

	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) groups(q directory.GroupQuery) []directory.Group {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]directory.Group, error) {
		q.ProjectID, q.Page = storetest.Project, storetest.Everything
		got, total, err := directory.Groups(ctx, tx, q)
		e.Same(total, len(got))
		return got, err
	})
}

var groups = map[string]func(*env){
	"a group is read as inserted and as saved": func(e *env) {
		ctx, made := e.Context(), e.Clock.Now()
		g := desktoptest.NewGroup("g", "Sales Ä")
		g.Description = `100% "\`
		e.AddGroups(g)
		g.NameFolded, g.Created, g.Updated = "sales ä", made, made
		e.Same(e.groups(directory.GroupQuery{}), []directory.Group{g})
		e.Clock.Advance(time.Second)
		g.Name, g.Description = "sales", ""
		e.Update(func(tx *store.Tx) error { return directory.SaveGroup(ctx, tx, g) })
		g.NameFolded, g.Updated = "sales", e.Clock.Now()
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (directory.Group, error) {
			return directory.LockGroup(ctx, tx, storetest.Project, "g")
		}), g)
		e.Same(len(e.groups(directory.GroupQuery{Keyword: "%"})), 0)
	},
	"a group's name is taken whatever its case": func(e *env) {
		e.AddGroups(desktoptest.NewGroup("a", "Äpfel"), desktoptest.NewGroup("b", "pears"))
		for _, write := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error {
				return directory.InsertGroup(e.Context(), tx, desktoptest.NewGroup("c", "äPFEL"))
			},
			func(tx *store.Tx) error {
				return directory.SaveGroup(e.Context(), tx, desktoptest.NewGroup("b", "äPFEL"))
			},
		} {
			if message := e.Refuses(workspace.CodeNameTaken, write); !strings.Contains(message, `group_name: "äPFEL" is in use`) {
				e.Error(message)
			}
		}
	},
	"groups are filtered and paged": func(e *env) {
		elsewhere := desktoptest.NewGroup("4", "Sales")
		elsewhere.ProjectID = storetest.OtherProject
		second := desktoptest.NewGroup("2", "x")
		second.Description = "SALES"
		e.AddGroups(desktoptest.NewGroup("3", "z"))
		e.Clock.Advance(time.Second)
		e.AddGroups(desktoptest.NewGroup("1", "Sales_1"), second, elsewhere)
		id := func(g directory.Group) string { return g.ID }
		e.Same(storetest.IDs(e.groups(directory.GroupQuery{}), id), []string{"3", "1", "2"})
		e.Same(storetest.IDs(e.groups(directory.GroupQuery{Keyword: "sALES"}), id), []string{"1", "2"})
		e.Same(storetest.IDs(e.groups(directory.GroupQuery{Keyword: "s_1"}), id), []string{"1"})
		e.Same(storetest.IDs(e.groups(directory.GroupQuery{IDs: []string{"2", "4"}}), id), []string{"2"})
		e.View(func(tx *store.Tx) error {
			got, total, err := directory.Groups(e.Context(), tx, directory.GroupQuery{ProjectID: storetest.Project, Page: workspace.Page{Offset: 1, Limit: 1}})
			e.Same(storetest.IDs(got, id), []string{"1"})
			e.Same(total, 3)
			return err
		})
	},
	"people are in groups until they leave, or one of both is deleted": func(e *env) {
		e.AddGroups(desktoptest.NewGroup("g", "Zebras"), desktoptest.NewGroup("h", "apes"))
		e.AddUsers(directory.User{ID: "u", ProjectID: storetest.Project, Name: "u"}, directory.User{ID: "v", ProjectID: storetest.Project, Name: "v"})
		e.AddDesktop("pc", desktoptest.AssignedTo("u"))
		for range 2 {
			e.Join("g", "u", "v")
		}
		e.Join("h", "u")
		names := func() map[string][]string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string][]string, error) {
				return directory.GroupNames(ctx, tx, []string{"u", "v", storetest.UserOf(storetest.Project)})
			})
		}
		in := func(q directory.UserQuery) []string {
			q.ProjectID, q.Page = storetest.Project, storetest.Everything
			return storetest.IDs(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]directory.User, error) {
				users, _, err := directory.Users(ctx, tx, q)
				return users, err
			}), func(u directory.User) string { return u.ID })
		}
		e.Same(names(), map[string][]string{"u": {"apes", "Zebras"}, "v": {"Zebras"}})
		g := e.groups(directory.GroupQuery{IDs: []string{"g"}})[0]
		e.Same([]int{g.People, g.Desktops}, []int{2, 1})
		e.Same(in(directory.UserQuery{GroupID: "g"}), []string{"u", "v"})
		e.Same(in(directory.UserQuery{GroupName: "APE"}), []string{"u"})
		e.Same(len(in(directory.UserQuery{GroupName: "none"})), 0)
		e.Same(in(directory.UserQuery{IDs: []string{"v", "missing"}}), []string{"v"})

		for range 2 {
			e.Update(func(tx *store.Tx) error {
				return directory.RemoveMembers(e.Context(), tx, "g", []string{"u", "missing"})
			})
		}
		e.Same(names(), map[string][]string{"u": {"apes"}, "v": {"Zebras"}})
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, "v") })
		for range 2 {
			e.Update(func(tx *store.Tx) error {
				return directory.DeleteGroup(e.Context(), tx, desktoptest.NewGroup("h", "apes"))
			})
		}
		e.Same(names(), map[string][]string{})
	},
	"a person who is gone cannot join, nor can a group that is gone be joined": func(e *env) {
		e.AddGroups(desktoptest.NewGroup("g", "g"))
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return directory.AddMembers(e.Context(), tx, "g", []string{"gone"}) })
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return directory.AddMembers(e.Context(), tx, "gone", []string{storetest.UserOf(storetest.Project)})
		})
	},
}
