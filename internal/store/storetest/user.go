package storetest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) person() workspace.User {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (workspace.User, error) {
		return tx.ReadUser(ctx, project, personOf(project))
	})
}

func (w *world) addUsers(users ...workspace.User) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return tx.InsertUsers(w.Context(), users) })
}

var users = []behaviour{
	{"a user is read as inserted and as saved", func(w *world) {
		u := workspace.User{
			ID: "u", ProjectID: project, Name: "Alice_1", Account: "alice_1", Email: "alice@example.com", Phone: "+49 30 1", Alias: "爱丽丝", Description: `it's "fine" \`,
			Activation: workspace.ActivateByUser, PasswordHash: "$argon2id$", Expires: w.clock.Now().Add(time.Hour), Locked: true, Disabled: true,
			MayChangePassword: true, MustChangePassword: true, PasswordNeverExpires: true, EnterpriseID: "0", Language: "zh",
			Created: w.clock.Now(), Updated: w.clock.Now(),
		}
		read := func(ctx context.Context, tx *store.Tx) (workspace.User, error) {
			return tx.ReadUser(ctx, project, "u")
		}
		w.addUsers(u)
		w.same(get(w, read), u)

		saved := workspace.User{ID: "u", ProjectID: project, Name: "Bob", Account: "bob", Created: u.Created, Updated: w.clock.Now().Add(time.Second)}
		w.update(func(tx *store.Tx) error { return tx.SaveUser(w.Context(), saved) })
		w.same(get(w, read), saved)
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (workspace.User, error) {
			return tx.LockUser(ctx, project, "u")
		}), saved)
	}},
	{"people whose names come to the same login get different ones, however many come at once", func(w *world) {
		w.all(together(4, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return tx.InsertUsers(w.Context(), []workspace.User{
					{ID: fmt.Sprint("a", i), ProjectID: project, Name: fmt.Sprintf("anna@d%d.example", i)}, {ID: fmt.Sprint("b", i), ProjectID: project, Name: fmt.Sprintf("Anna@e%d.example", i)},
				})
			})
		}))
		w.addUsers(workspace.User{ID: "other", ProjectID: otherProject, Name: "anna"}, workspace.User{ID: "mail", ProjectID: project, Name: "mail@example.org"})
		byAccount := map[string]bool{}
		for _, u := range get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.User, error) {
			users, _, err := tx.Users(ctx, workspace.UserQuery{ProjectID: project, Page: workspace.Page{Limit: 100}})
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
			return tx.FreeAccount(ctx, project, "anna")
		})
		if other := get(w, func(ctx context.Context, tx *store.Tx) (workspace.User, error) {
			return tx.ReadUser(ctx, otherProject, "other")
		}); free != "anna8" || other.Account != "anna" {
			w.Errorf("the next is %q, in the other project %q", free, other.Account)
		}
	}},
	{"a user of another project is not found", func(w *world) {
		for _, read := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error {
				_, err := tx.ReadUser(w.Context(), otherProject, personOf(project))
				return err
			},
			func(tx *store.Tx) error {
				_, err := tx.LockUser(w.Context(), otherProject, personOf(project))
				return err
			},
			func(tx *store.Tx) error { return tx.SaveUser(w.Context(), workspace.User{ID: "missing"}) },
		} {
			w.refuses(workspace.CodeUserNotFound, read)
		}
	}},
	{"a name is taken whatever its case, but not in another project", func(w *world) {
		message := w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return tx.InsertUsers(w.Context(), []workspace.User{{ID: "a", ProjectID: project, Name: "fresh"}, {ID: "b", ProjectID: project, Name: "PerSon"}})
		})
		if !strings.Contains(message, "PerSon") {
			w.Errorf("the message %q does not name the name", message)
		}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return tx.InsertUsers(w.Context(), []workspace.User{{ID: "a", ProjectID: project, Name: "twice"}, {ID: "b", ProjectID: project, Name: "Twice"}})
		})
		w.addUsers(workspace.User{ID: "c", ProjectID: "project-3", Name: "person"})
	}},
	{"a user cannot be renamed to a name that is taken", func(w *world) {
		w.addUsers(workspace.User{ID: "a", ProjectID: project, Name: "Äpfel"})
		for _, name := range []string{"äpfel", "ÄPFEL"} {
			u := w.person()
			u.Name = name
			w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.SaveUser(w.Context(), u) })
		}
		u := w.person()
		u.Name = "PERSON"
		w.update(func(tx *store.Tx) error { return tx.SaveUser(w.Context(), u) })
	}},
	{"of 20 callers at once one gets a name", func(w *world) {
		w.one(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return tx.InsertUsers(w.Context(), []workspace.User{{ID: fmt.Sprint("u", i), ProjectID: project, Name: "wanted"}})
			})
		}), workspace.CodeNameTaken)
	}},
	{"a user is found by name whatever its case", func(w *world) {
		byName := func(project, name string) func(*store.Tx) error {
			return func(tx *store.Tx) error { _, err := tx.UserByName(w.Context(), project, name); return err }
		}
		w.view(byName(project, "PERSON"))
		w.refuses(workspace.CodeUserNotFound, byName(project, "perso_"))
		w.refuses(workspace.CodeUserNotFound, byName("", "person")) // there are two
		w.addUsers(workspace.User{ID: "u", ProjectID: project, Name: "Unique"})
		w.view(byName("", "uNIQUE"))
	}},
	{"users are filtered and paged", func(w *world) {
		yes, no := true, false
		w.update(func(tx *store.Tx) error { return tx.DeleteUser(w.Context(), personOf(project)) })
		now := w.clock.Now()
		w.addUsers(
			workspace.User{ID: "1", ProjectID: project, Name: "ann_a", Description: "Sales 100%", Activation: workspace.ActivateByUser, EnterpriseID: "0", Created: now},
			workspace.User{ID: "2", ProjectID: project, Name: "annXa", Description: "sales", Activation: workspace.ActivateByAdmin, EnterpriseID: "0", Created: now},
			workspace.User{ID: "3", ProjectID: project, Name: "Bob", Description: `a\b`, EnterpriseID: "e", Disabled: true, Created: now.Add(-time.Second)},
		)
		for _, c := range []struct {
			query workspace.UserQuery
			want  []string
		}{
			{workspace.UserQuery{}, []string{"3", "1", "2"}},
			{workspace.UserQuery{Name: "ANN"}, []string{"1", "2"}},
			{workspace.UserQuery{Name: "N_A"}, []string{"1"}},
			{workspace.UserQuery{Name: "%"}, nil},
			{workspace.UserQuery{Names: []string{"BOB", "ann_A", "nobody"}}, []string{"3", "1"}},
			{workspace.UserQuery{Description: "0%"}, []string{"1"}},
			{workspace.UserQuery{Description: `\`}, []string{"3"}},
			{workspace.UserQuery{Description: "SALES"}, []string{"1", "2"}},
			{workspace.UserQuery{Activation: workspace.ActivateByAdmin}, []string{"2"}},
			{workspace.UserQuery{EnterpriseID: "e"}, []string{"3"}},
			{workspace.UserQuery{Disabled: &yes}, []string{"3"}},
			{workspace.UserQuery{Disabled: &no}, []string{"1", "2"}},
		} {
			c.query.ProjectID, c.query.Page = project, everything
			w.view(func(tx *store.Tx) error {
				got, total, err := tx.Users(w.Context(), c.query)
				w.same(ids(got, func(u workspace.User) string { return u.ID }), c.want)
				w.same(total, len(c.want))
				return err
			})
		}
		w.view(func(tx *store.Tx) error {
			got, total, err := tx.Users(w.Context(), workspace.UserQuery{ProjectID: project, Page: workspace.Page{Offset: 1, Limit: 1}})
			w.same(ids(got, func(u workspace.User) string { return u.ID }), []string{"1"})
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
			w.update(func(tx *store.Tx) error { return tx.DeleteUser(w.Context(), personOf(project)) })
		}
		w.same(len(w.desktop(d.ID).Assignments), 0)
		w.noSessions(d.ID)
	}},
}
