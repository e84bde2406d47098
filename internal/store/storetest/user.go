package storetest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) person() directory.User {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
		return directory.ReadUser(ctx, tx, project, personOf(project))
	})
}

func (w *world) addUsers(users ...directory.User) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return directory.InsertUsers(w.Context(), tx, users) })
}

var users = []behaviour{
	{"a user is read as inserted and as saved", func(w *world) {
		u := directory.User{
			ID: "u", ProjectID: project, Name: "Alice_1", Account: "alice_1", Email: "alice@example.com", Phone: "+49 30 1", Alias: "爱丽丝", Description: `it's "fine" \`,
			Activation: directory.ActivateByUser, PasswordHash: "$argon2id$", Expires: w.clock.Now().Add(time.Hour), Locked: true, Disabled: true,
			MayChangePassword: true, MustChangePassword: true, PasswordNeverExpires: true, EnterpriseID: "0", Language: "zh",
			Created: w.clock.Now(), Updated: w.clock.Now(),
		}
		read := func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.ReadUser(ctx, tx, project, "u")
		}
		w.addUsers(u)
		w.same(get(w, read), u)

		saved := directory.User{ID: "u", ProjectID: project, Name: "Bob", Account: "bob", Created: u.Created, Updated: w.clock.Now().Add(time.Second)}
		w.update(func(tx *store.Tx) error { return directory.SaveUser(w.Context(), tx, saved) })
		w.same(get(w, read), saved)
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.LockUser(ctx, tx, project, "u")
		}), saved)
	}},
	{"people whose names come to the same login get different ones, however many come at once", func(w *world) {
		w.all(together(4, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return directory.InsertUsers(w.Context(), tx, []directory.User{
					{ID: fmt.Sprint("a", i), ProjectID: project, Name: fmt.Sprintf("anna@d%d.example", i)}, {ID: fmt.Sprint("b", i), ProjectID: project, Name: fmt.Sprintf("Anna@e%d.example", i)},
				})
			})
		}))
		w.addUsers(directory.User{ID: "other", ProjectID: otherProject, Name: "anna"}, directory.User{ID: "mail", ProjectID: project, Name: "mail@example.org"})
		byAccount := map[string]bool{}
		for _, u := range get(w, func(ctx context.Context, tx *store.Tx) ([]directory.User, error) {
			users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: project, Page: workspace.Page{Limit: 100}})
			return users, err
		}) {
			if byAccount[u.Account] || !strings.HasPrefix(u.Account, "anna") && u.Account != "person" && u.Account != "mail1" {
				w.Errorf("%s has the account %q", u.Name, u.Account)
			}
			byAccount[u.Account] = true
		}
		if len(byAccount) != 10 || !byAccount["anna"] || !byAccount["anna7"] {
			w.Errorf("accounts: %v", byAccount)
		}
		free := do(w, func(ctx context.Context, tx *store.Tx) (string, error) {
			return directory.FreeAccount(ctx, tx, project, "anna")
		})
		if other := get(w, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.ReadUser(ctx, tx, otherProject, "other")
		}); free != "anna8" || other.Account != "anna" {
			w.Errorf("the next is %q, in the other project %q", free, other.Account)
		}
	}},
	{"a user of another project is not found", func(w *world) {
		for _, read := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error {
				_, err := directory.ReadUser(w.Context(), tx, otherProject, personOf(project))
				return err
			},
			func(tx *store.Tx) error {
				_, err := directory.LockUser(w.Context(), tx, otherProject, personOf(project))
				return err
			},
			func(tx *store.Tx) error { return directory.SaveUser(w.Context(), tx, directory.User{ID: "missing"}) },
		} {
			w.refuses(workspace.CodeUserNotFound, read)
		}
	}},
	{"a name is taken whatever its case, but not in another project", func(w *world) {
		message := w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return directory.InsertUsers(w.Context(), tx, []directory.User{{ID: "a", ProjectID: project, Name: "fresh"}, {ID: "b", ProjectID: project, Name: "PerSon"}})
		})
		if !strings.Contains(message, "PerSon") {
			w.Errorf("the message %q does not name the name", message)
		}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return directory.InsertUsers(w.Context(), tx, []directory.User{{ID: "a", ProjectID: project, Name: "twice"}, {ID: "b", ProjectID: project, Name: "Twice"}})
		})
		w.addUsers(directory.User{ID: "c", ProjectID: "project-3", Name: "person"})
	}},
	{"a user cannot be renamed to a name that is taken", func(w *world) {
		w.addUsers(directory.User{ID: "a", ProjectID: project, Name: "Äpfel"})
		for _, name := range []string{"äpfel", "ÄPFEL"} {
			u := w.person()
			u.Name = name
			w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.SaveUser(w.Context(), tx, u) })
		}
		u := w.person()
		u.Name = "PERSON"
		w.update(func(tx *store.Tx) error { return directory.SaveUser(w.Context(), tx, u) })
	}},
	{"of 20 callers at once one gets a name", func(w *world) {
		w.one(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return directory.InsertUsers(w.Context(), tx, []directory.User{{ID: fmt.Sprint("u", i), ProjectID: project, Name: "wanted"}})
			})
		}), workspace.CodeNameTaken)
	}},
	{"a user is found by name whatever its case", func(w *world) {
		byName := func(project, name string) func(*store.Tx) error {
			return func(tx *store.Tx) error { _, err := directory.UserByName(w.Context(), tx, project, name); return err }
		}
		w.view(byName(project, "PERSON"))
		w.refuses(workspace.CodeUserNotFound, byName(project, "perso_"))
		w.refuses(workspace.CodeUserNotFound, byName("", "person")) // there are two
		w.addUsers(directory.User{ID: "u", ProjectID: project, Name: "Unique"})
		w.view(byName("", "uNIQUE"))
	}},
	{"users are filtered and paged", func(w *world) {
		yes, no := true, false
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) })
		now := w.clock.Now()
		w.addUsers(
			directory.User{ID: "1", ProjectID: project, Name: "ann_a", Description: "Sales 100%", Activation: directory.ActivateByUser, EnterpriseID: "0", Created: now},
			directory.User{ID: "2", ProjectID: project, Name: "annXa", Description: "sales", Activation: directory.ActivateByAdmin, EnterpriseID: "0", Created: now},
			directory.User{ID: "3", ProjectID: project, Name: "Bob", Description: `a\b`, EnterpriseID: "e", Disabled: true, Created: now.Add(-time.Second)},
		)
		for _, c := range []struct {
			query directory.UserQuery
			want  []string
		}{
			{directory.UserQuery{}, []string{"3", "1", "2"}},
			{directory.UserQuery{Name: "ANN"}, []string{"1", "2"}},
			{directory.UserQuery{Name: "N_A"}, []string{"1"}},
			{directory.UserQuery{Name: "%"}, nil},
			{directory.UserQuery{Names: []string{"BOB", "ann_A", "nobody"}}, []string{"3", "1"}},
			{directory.UserQuery{Description: "0%"}, []string{"1"}},
			{directory.UserQuery{Description: `\`}, []string{"3"}},
			{directory.UserQuery{Description: "SALES"}, []string{"1", "2"}},
			{directory.UserQuery{Activation: directory.ActivateByAdmin}, []string{"2"}},
			{directory.UserQuery{EnterpriseID: "e"}, []string{"3"}},
			{directory.UserQuery{Disabled: &yes}, []string{"3"}},
			{directory.UserQuery{Disabled: &no}, []string{"1", "2"}},
		} {
			c.query.ProjectID, c.query.Page = project, everything
			w.view(func(tx *store.Tx) error {
				got, total, err := directory.Users(w.Context(), tx, c.query)
				w.same(ids(got, func(u directory.User) string { return u.ID }), c.want)
				w.same(total, len(c.want))
				return err
			})
		}
		w.view(func(tx *store.Tx) error {
			got, total, err := directory.Users(w.Context(), tx, directory.UserQuery{ProjectID: project, Page: workspace.Page{Offset: 1, Limit: 1}})
			w.same(ids(got, func(u directory.User) string { return u.ID }), []string{"1"})
			w.same(total, 3)
			return err
		})
	}},
	{"a user knows how many desktops are assigned", func(w *world) {
		w.addDesktop("pc1", assignedTo(personOf(project)))
		w.addDesktop("pc2", assignedTo(personOf(project)))
		w.addDesktop("pc3")
		w.same(w.person().Desktops, 2)
	}},
	{"a deleted user takes along assignments, sign-ins, tickets, tokens and connections", func(w *world) {
		d := w.addDesktop("pc", assignedTo(personOf(project)))
		w.addSessions(d.ID)
		for range 2 {
			w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) })
		}
		w.same(len(w.desktop(d.ID).Assignments), 0)
		w.noSessions(d.ID)
	}},
}
