package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addGroups(groups ...directory.Group) {
	w.Helper()
	for _, g := range groups {
		w.update(func(tx *store.Tx) error { return directory.InsertGroup(w.Context(), tx, g) })
	}
}

func (w *world) join(groupID string, userIDs ...string) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return directory.AddMembers(w.Context(), tx, groupID, userIDs) })
}

func (w *world) groups(q directory.GroupQuery) []directory.Group {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]directory.Group, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := directory.Groups(ctx, tx, q)
		w.same(total, len(got))
		return got, err
	})
}

var groups = []behaviour{
	{"a group is read as inserted and as saved", func(w *world) {
		g := directory.Group{ID: "g", ProjectID: project, Name: "Sales Ä", Description: `100% "\`, Created: w.clock.Now(), Updated: w.clock.Now()}
		w.addGroups(g)
		w.same(w.groups(directory.GroupQuery{}), []directory.Group{g})
		g.Name, g.Description, g.Updated = "sales", "", w.clock.Now().Add(time.Second)
		w.update(func(tx *store.Tx) error { return directory.SaveGroup(w.Context(), tx, g) })
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (directory.Group, error) {
			return directory.LockGroup(ctx, tx, project, "g")
		}), g)
		w.refuses(workspace.CodeGroupNotFound, func(tx *store.Tx) error {
			_, err := directory.LockGroup(w.Context(), tx, otherProject, "g")
			return err
		})
		w.refuses(workspace.CodeGroupNotFound, func(tx *store.Tx) error { return directory.SaveGroup(w.Context(), tx, directory.Group{ID: "missing"}) })
	}},
	{"a group's name is taken whatever its case, but not in another project", func(w *world) {
		w.addGroups(
			directory.Group{ID: "a", ProjectID: project, Name: "Äpfel"}, directory.Group{ID: "b", ProjectID: otherProject, Name: "Äpfel"},
			directory.Group{ID: "c", ProjectID: project, Name: "pears"},
		)
		taken := directory.Group{ID: "d", ProjectID: project, Name: "äPFEL"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.InsertGroup(w.Context(), tx, taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.SaveGroup(w.Context(), tx, taken) })
		w.one(together(10, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return directory.InsertGroup(w.Context(), tx, directory.Group{ID: fmt.Sprint(i), ProjectID: project, Name: "wanted"})
			})
		}), workspace.CodeNameTaken)
	}},
	{"groups are filtered and paged", func(w *world) {
		now := w.clock.Now()
		w.addGroups(
			directory.Group{ID: "1", ProjectID: project, Name: "Sales_1", Created: now}, directory.Group{ID: "2", ProjectID: project, Name: "x", Description: "SALES", Created: now},
			directory.Group{ID: "3", ProjectID: project, Name: "z", Created: now.Add(-time.Second)}, directory.Group{ID: "4", ProjectID: otherProject, Name: "Sales"},
		)
		id := func(g directory.Group) string { return g.ID }
		w.same(ids(w.groups(directory.GroupQuery{}), id), []string{"3", "1", "2"})
		w.same(ids(w.groups(directory.GroupQuery{Keyword: "sALES"}), id), []string{"1", "2"})
		w.same(ids(w.groups(directory.GroupQuery{Keyword: "s_1"}), id), []string{"1"})
		w.same(ids(w.groups(directory.GroupQuery{IDs: []string{"2", "4"}}), id), []string{"2"})
		w.view(func(tx *store.Tx) error {
			got, total, err := directory.Groups(w.Context(), tx, directory.GroupQuery{ProjectID: project, Page: workspace.Page{Offset: 1, Limit: 1}})
			w.same(ids(got, id), []string{"1"})
			w.same(total, 3)
			return err
		})
	}},
	{"people are in groups until they leave, or one of both is deleted", func(w *world) {
		w.addGroups(directory.Group{ID: "g", ProjectID: project, Name: "Zebras"}, directory.Group{ID: "h", ProjectID: project, Name: "apes"})
		w.addUsers(directory.User{ID: "u", ProjectID: project, Name: "u"}, directory.User{ID: "v", ProjectID: project, Name: "v"})
		w.addDesktop("pc", assignedTo("u"))
		for range 2 {
			w.join("g", "u", "v")
		}
		w.join("h", "u")
		names := func() map[string][]string {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string][]string, error) {
				return directory.GroupNames(ctx, tx, []string{"u", "v", personOf(project)})
			})
		}
		in := func(q directory.UserQuery) []string {
			q.ProjectID, q.Page = project, everything
			return ids(get(w, func(ctx context.Context, tx *store.Tx) ([]directory.User, error) {
				users, _, err := directory.Users(ctx, tx, q)
				return users, err
			}), func(u directory.User) string { return u.ID })
		}
		w.same(names(), map[string][]string{"u": {"apes", "Zebras"}, "v": {"Zebras"}})
		g := w.groups(directory.GroupQuery{IDs: []string{"g"}})[0]
		w.same([]int{g.People, g.Desktops}, []int{2, 1})
		w.same(in(directory.UserQuery{GroupID: "g"}), []string{"u", "v"})
		w.same(in(directory.UserQuery{GroupName: "APE"}), []string{"u"})
		w.same(len(in(directory.UserQuery{GroupName: "none"})), 0)
		w.same(in(directory.UserQuery{IDs: []string{"v", "missing"}}), []string{"v"})

		for range 2 {
			w.update(func(tx *store.Tx) error {
				return directory.RemoveMembers(w.Context(), tx, "g", []string{"u", "missing"})
			})
		}
		w.same(names(), map[string][]string{"u": {"apes"}, "v": {"Zebras"}})
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, "v") })
		for range 2 {
			w.update(func(tx *store.Tx) error { return directory.DeleteGroup(w.Context(), tx, "h") })
		}
		w.same(names(), map[string][]string{})
	}},
	{"a person who is gone cannot join, nor can a group that is gone be joined", func(w *world) {
		w.addGroups(directory.Group{ID: "g", ProjectID: project, Name: "g"})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return directory.AddMembers(w.Context(), tx, "g", []string{"gone"}) })
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return directory.AddMembers(w.Context(), tx, "gone", []string{personOf(project)})
		})
	}},
}
