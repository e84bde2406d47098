package directory_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var users = map[string]func(*env){
	"a user is read as inserted and as saved": func(e *env) {
		u := directory.User{
			ID: "u", ProjectID: storetest.Project, Name: "Alice_1", Account: "alice_1", Email: "alice@example.com", Phone: "+49 30 1", Alias: "爱丽丝", Description: `it's "fine" \`,
			Activation: directory.ActivateByUser, PasswordHash: "$argon2id$", Expires: e.Clock.Now().Add(time.Hour), Locked: true, Disabled: true,
			MayChangePassword: true, MustChangePassword: true, PasswordNeverExpires: true, EnterpriseID: "0", Language: "zh",
			Created: e.Clock.Now(), Updated: e.Clock.Now(),
		}
		read := func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.ReadUser(ctx, tx, storetest.Project, "u")
		}
		e.AddUsers(u)
		e.Same(storetest.Get(e, read), u)

		saved := directory.User{ID: "u", ProjectID: storetest.Project, Name: "Bob", Account: "bob", Created: u.Created, Updated: e.Clock.Now().Add(time.Second)}
		e.Update(func(tx *store.Tx) error { return directory.SaveUser(e.Context(), tx, saved) })
		e.Same(storetest.Get(e, read), saved)
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.LockUser(ctx, tx, storetest.Project, "u")
		}), saved)
	},
	"people whose names come to the same login get different ones, however many come at once": func(e *env) {
		e.All(storetest.Together(4, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				return directory.InsertUsers(e.Context(), tx, []directory.User{
					{ID: fmt.Sprint("a", i), ProjectID: storetest.Project, Name: fmt.Sprintf("anna@d%d.example", i)}, {ID: fmt.Sprint("b", i), ProjectID: storetest.Project, Name: fmt.Sprintf("Anna@e%d.example", i)},
				})
			})
		}))
		e.AddUsers(directory.User{ID: "other", ProjectID: storetest.OtherProject, Name: "anna"}, directory.User{ID: "mail", ProjectID: storetest.Project, Name: "mail@example.org"})
		byAccount := map[string]bool{}
		for _, u := range storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]directory.User, error) {
			users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: storetest.Project, Page: workspace.Page{Limit: 100}})
			return users, err
		}) {
			if byAccount[u.Account] || !strings.HasPrefix(u.Account, "anna") && u.Account != "person" && u.Account != "mail1" {
				e.Errorf("%s has the account %q", u.Name, u.Account)
			}
			byAccount[u.Account] = true
		}
		if len(byAccount) != 10 || !byAccount["anna"] || !byAccount["anna7"] {
			e.Errorf("accounts: %v", byAccount)
		}
		free := storetest.Do(e, func(ctx context.Context, tx *store.Tx) (string, error) {
			return directory.FreeAccount(ctx, tx, storetest.Project, "anna")
		})
		if other := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
			return directory.ReadUser(ctx, tx, storetest.OtherProject, "other")
		}); free != "anna8" || other.Account != "anna" {
			e.Errorf("the next is %q, in the other project %q", free, other.Account)
		}
	},
	"a user of another project is not found": func(e *env) {
		for _, read := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error {
				_, err := directory.ReadUser(e.Context(), tx, storetest.OtherProject, storetest.UserOf(storetest.Project))
				return err
			},
			func(tx *store.Tx) error {
				_, err := directory.LockUser(e.Context(), tx, storetest.OtherProject, storetest.UserOf(storetest.Project))
				return err
			},
			func(tx *store.Tx) error { return directory.SaveUser(e.Context(), tx, directory.User{ID: "missing"}) },
		} {
			e.Refuses(workspace.CodeUserNotFound, read)
		}
	},
	"a name is taken whatever its case, but not in another project": func(e *env) {
		message := e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return directory.InsertUsers(e.Context(), tx, []directory.User{{ID: "a", ProjectID: storetest.Project, Name: "fresh"}, {ID: "b", ProjectID: storetest.Project, Name: "PerSon"}})
		})
		if !strings.Contains(message, "PerSon") {
			e.Errorf("the message %q does not name the name", message)
		}
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return directory.InsertUsers(e.Context(), tx, []directory.User{{ID: "a", ProjectID: storetest.Project, Name: "twice"}, {ID: "b", ProjectID: storetest.Project, Name: "Twice"}})
		})
		e.AddUsers(directory.User{ID: "c", ProjectID: "project-3", Name: "person"})
	},
	"a user cannot be renamed to a name that is taken": func(e *env) {
		e.AddUsers(directory.User{ID: "a", ProjectID: storetest.Project, Name: "Äpfel"})
		for _, name := range []string{"äpfel", "ÄPFEL"} {
			u := e.ReadUser()
			u.Name = name
			e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.SaveUser(e.Context(), tx, u) })
		}
		u := e.ReadUser()
		u.Name = "PERSON"
		e.Update(func(tx *store.Tx) error { return directory.SaveUser(e.Context(), tx, u) })
	},
	"of 20 callers at once one gets a name": func(e *env) {
		e.One(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				return directory.InsertUsers(e.Context(), tx, []directory.User{{ID: fmt.Sprint("u", i), ProjectID: storetest.Project, Name: "wanted"}})
			})
		}), workspace.CodeNameTaken)
	},
	"a user is found by name whatever its case": func(e *env) {
		byName := func(project, name string) func(*store.Tx) error {
			return func(tx *store.Tx) error { _, err := directory.UserByName(e.Context(), tx, project, name); return err }
		}
		e.View(byName(storetest.Project, "PERSON"))
		e.Refuses(workspace.CodeUserNotFound, byName(storetest.Project, "perso_"))
		e.Refuses(workspace.CodeUserNotFound, byName("", "person")) // there are two
		e.AddUsers(directory.User{ID: "u", ProjectID: storetest.Project, Name: "Unique"})
		e.View(byName("", "uNIQUE"))
	},
	"users are filtered and paged": func(e *env) {
		yes, no := true, false
		e.Update(func(tx *store.Tx) error {
			return directory.DeleteUser(e.Context(), tx, storetest.UserOf(storetest.Project))
		})
		now := e.Clock.Now()
		e.AddUsers(
			directory.User{ID: "1", ProjectID: storetest.Project, Name: "ann_a", Description: "Sales 100%", Activation: directory.ActivateByUser, EnterpriseID: "0", Created: now},
			directory.User{ID: "2", ProjectID: storetest.Project, Name: "annXa", Description: "sales", Activation: directory.ActivateByAdmin, EnterpriseID: "0", Created: now},
			directory.User{ID: "3", ProjectID: storetest.Project, Name: "Bob", Description: `a\b`, EnterpriseID: "e", Disabled: true, Created: now.Add(-time.Second)},
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
			c.query.ProjectID, c.query.Page = storetest.Project, storetest.Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := directory.Users(e.Context(), tx, c.query)
				e.Same(storetest.IDs(got, func(u directory.User) string { return u.ID }), c.want)
				e.Same(total, len(c.want))
				return err
			})
		}
		e.View(func(tx *store.Tx) error {
			got, total, err := directory.Users(e.Context(), tx, directory.UserQuery{ProjectID: storetest.Project, Page: workspace.Page{Offset: 1, Limit: 1}})
			e.Same(storetest.IDs(got, func(u directory.User) string { return u.ID }), []string{"1"})
			e.Same(total, 3)
			return err
		})
	},
	"a user knows how many desktops are assigned": func(e *env) {
		e.AddDesktop("pc1", desktoptest.AssignedTo(storetest.UserOf(storetest.Project)))
		e.AddDesktop("pc2", desktoptest.AssignedTo(storetest.UserOf(storetest.Project)))
		e.AddDesktop("pc3")
		e.Same(e.ReadUser().Desktops, 2)
	},
	"a deleted user takes along assignments, sign-ins, tickets, tokens and connections": func(e *env) {
		d := e.AddDesktop("pc", desktoptest.AssignedTo(storetest.UserOf(storetest.Project)))
		e.AddSessions(d.ID)
		for range 2 {
			e.Update(func(tx *store.Tx) error {
				return directory.DeleteUser(e.Context(), tx, storetest.UserOf(storetest.Project))
			})
		}
		e.Same(len(e.Desktop(d.ID).Assignments), 0)
		e.NoSessions(d.ID)
	},
}
