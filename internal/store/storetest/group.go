package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addGroups(groups ...workspace.Group) {
	w.Helper()
	for _, g := range groups {
		w.update(func(tx *store.Tx) error { return tx.InsertGroup(w.Context(), g) })
	}
}

func (w *world) join(groupID string, userIDs ...string) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return tx.AddMembers(w.Context(), groupID, userIDs) })
}

func (w *world) groups(q workspace.GroupQuery) []workspace.Group {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.Group, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := tx.Groups(ctx, q)
		w.same(total, len(got))
		return got, err
	})
}

var groups = []behaviour{
	{"a group is read as inserted and as saved", func(w *world) {
		g := workspace.Group{ID: "g", ProjectID: project, Name: "Sales Ä", Description: `100% "\`, Created: w.clock.Now(), Updated: w.clock.Now()}
		w.addGroups(g)
		w.same(w.groups(workspace.GroupQuery{}), []workspace.Group{g})
		g.Name, g.Description, g.Updated = "sales", "", w.clock.Now().Add(time.Second)
		w.update(func(tx *store.Tx) error { return tx.SaveGroup(w.Context(), g) })
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (workspace.Group, error) {
			return tx.LockGroup(ctx, project, "g")
		}), g)
		w.refuses(workspace.CodeGroupNotFound, func(tx *store.Tx) error { _, err := tx.LockGroup(w.Context(), otherProject, "g"); return err })
		w.refuses(workspace.CodeGroupNotFound, func(tx *store.Tx) error { return tx.SaveGroup(w.Context(), workspace.Group{ID: "missing"}) })
	}},
	{"a group's name is taken whatever its case, but not in another project", func(w *world) {
		w.addGroups(
			workspace.Group{ID: "a", ProjectID: project, Name: "Äpfel"}, workspace.Group{ID: "b", ProjectID: otherProject, Name: "Äpfel"},
			workspace.Group{ID: "c", ProjectID: project, Name: "pears"},
		)
		taken := workspace.Group{ID: "d", ProjectID: project, Name: "äPFEL"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.InsertGroup(w.Context(), taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.SaveGroup(w.Context(), taken) })
		w.one(together(10, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return tx.InsertGroup(w.Context(), workspace.Group{ID: fmt.Sprint(i), ProjectID: project, Name: "wanted"})
			})
		}), workspace.CodeNameTaken)
	}},
	{"groups are filtered and paged", func(w *world) {
		now := w.clock.Now()
		w.addGroups(
			workspace.Group{ID: "1", ProjectID: project, Name: "Sales_1", Created: now}, workspace.Group{ID: "2", ProjectID: project, Name: "x", Description: "SALES", Created: now},
			workspace.Group{ID: "3", ProjectID: project, Name: "z", Created: now.Add(-time.Second)}, workspace.Group{ID: "4", ProjectID: otherProject, Name: "Sales"},
		)
		id := func(g workspace.Group) string { return g.ID }
		w.same(ids(w.groups(workspace.GroupQuery{}), id), []string{"3", "1", "2"})
		w.same(ids(w.groups(workspace.GroupQuery{Keyword: "sALES"}), id), []string{"1", "2"})
		w.same(ids(w.groups(workspace.GroupQuery{Keyword: "s_1"}), id), []string{"1"})
		w.same(ids(w.groups(workspace.GroupQuery{IDs: []string{"2", "4"}}), id), []string{"2"})
		w.view(func(tx *store.Tx) error {
			got, total, err := tx.Groups(w.Context(), workspace.GroupQuery{ProjectID: project, Page: workspace.Page{Offset: 1, Limit: 1}})
			w.same(ids(got, id), []string{"1"})
			w.same(total, 3)
			return err
		})
	}},
	{"people are in groups until they leave, or one of both is deleted", func(w *world) {
		w.addGroups(workspace.Group{ID: "g", ProjectID: project, Name: "Zebras"}, workspace.Group{ID: "h", ProjectID: project, Name: "apes"})
		w.addUsers(workspace.User{ID: "u", ProjectID: project, Name: "u"}, workspace.User{ID: "v", ProjectID: project, Name: "v"})
		w.addDesktop("pc", assignedTo("u"))
		for range 2 {
			w.join("g", "u", "v")
		}
		w.join("h", "u")
		names := func() map[string][]string {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string][]string, error) {
				return tx.GroupNames(ctx, []string{"u", "v", personOf(project)})
			})
		}
		in := func(q workspace.UserQuery) []string {
			q.ProjectID, q.Page = project, everything
			return ids(get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.User, error) {
				users, _, err := tx.Users(ctx, q)
				return users, err
			}), func(u workspace.User) string { return u.ID })
		}
		w.same(names(), map[string][]string{"u": {"apes", "Zebras"}, "v": {"Zebras"}})
		g := w.groups(workspace.GroupQuery{IDs: []string{"g"}})[0]
		w.same([]int{g.People, g.Desktops}, []int{2, 1})
		w.same(in(workspace.UserQuery{GroupID: "g"}), []string{"u", "v"})
		w.same(in(workspace.UserQuery{GroupName: "APE"}), []string{"u"})
		w.same(len(in(workspace.UserQuery{GroupName: "none"})), 0)
		w.same(in(workspace.UserQuery{IDs: []string{"v", "missing"}}), []string{"v"})

		for range 2 {
			w.update(func(tx *store.Tx) error { return tx.RemoveMembers(w.Context(), "g", []string{"u", "missing"}) })
		}
		w.same(names(), map[string][]string{"u": {"apes"}, "v": {"Zebras"}})
		w.update(func(tx *store.Tx) error { return tx.DeleteUser(w.Context(), "v") })
		for range 2 {
			w.update(func(tx *store.Tx) error { return tx.DeleteGroup(w.Context(), "h") })
		}
		w.same(names(), map[string][]string{})
	}},
	{"a person who is gone cannot join, nor can a group that is gone be joined", func(w *world) {
		w.addGroups(workspace.Group{ID: "g", ProjectID: project, Name: "g"})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return tx.AddMembers(w.Context(), "g", []string{"gone"}) })
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return tx.AddMembers(w.Context(), "gone", []string{personOf(project)})
		})
	}},
}
