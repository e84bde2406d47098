package storetest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) grant(poolID string, grants ...pool.Grant) {
	w.Helper()
	for i := range grants {
		grants[i].Created = w.clock.Now()
	}
	w.update(func(tx *store.Tx) error { return pool.PutGrants(w.Context(), tx, poolID, grants) })
}

func toUser(id string, in desktop.UserGroup) pool.Grant {
	return pool.Grant{Type: pool.GrantUser, ObjectID: id, Group: in}
}

func toGroup(id string, in desktop.UserGroup) pool.Grant {
	return pool.Grant{Type: pool.GrantGroup, ObjectID: id, Group: in}
}

// granted lists a pool's people by name.
func (w *world) granted(poolID string) string {
	w.Helper()
	return strings.Join(ids(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) {
		got, total, err := pool.Grants(ctx, tx, poolID, everything)
		w.same(total, len(got))
		return got, err
	}), func(g pool.Grant) string { return fmt.Sprint(g.Name, " ", g.Group) }), ", ")
}

// people makes two people and two groups.
func (w *world) people() {
	w.Helper()
	w.addUsers(directory.User{ID: "u", ProjectID: project, Name: "Ute"}, directory.User{ID: "v", ProjectID: project, Name: "Vera"})
	w.addGroups(directory.Group{ID: "g", ProjectID: project, Name: "Zebras"}, directory.Group{ID: "h", ProjectID: project, Name: "apes"})
}

var grants = []behaviour{
	{"a pool is inserted with its people, who are read in that order with their present names", func(w *world) {
		w.people()
		now := w.clock.Now()
		people := []pool.Grant{toUser("v", desktop.GroupSudo), toGroup("g", desktop.GroupDefault), toUser("u", desktop.GroupDefault)}
		for i := range people {
			people[i].Created = now
		}
		w.update(func(tx *store.Tx) error { return pool.InsertPool(w.Context(), tx, newPool("p"), people) })
		w.same(w.granted("p"), "Vera sudo, Zebras default, Ute default")
		w.update(func(tx *store.Tx) error {
			return directory.SaveGroup(w.Context(), tx, directory.Group{ID: "g", ProjectID: project, Name: "Tigers"})
		})
		w.view(func(tx *store.Tx) error {
			got, total, err := pool.Grants(w.Context(), tx, "p", workspace.Page{Offset: 1, Limit: 1})
			w.same(total, 3)
			w.same(got, []pool.Grant{{PoolID: "p", Type: pool.GrantGroup, ObjectID: "g", Name: "Tigers", Group: desktop.GroupDefault, Created: now}})
			return err
		})
	}},
	{"people are added, change their privilege and go", func(w *world) {
		w.people()
		w.addPool("p")
		w.grant("p", toUser("u", desktop.GroupDefault))
		w.clock.Advance(time.Second)
		w.grant("p", toGroup("h", desktop.GroupDefault), toUser("u", desktop.GroupSudo))
		w.same(w.granted("p"), "Ute sudo, apes default")
		for range 2 {
			w.update(func(tx *store.Tx) error {
				return pool.DeleteGrants(w.Context(), tx, "p", []pool.Grant{toUser("u", ""), toUser("h", ""), toGroup("missing", "")})
			})
		}
		w.same(w.granted("p"), "apes default")
	}},
	{"grants end with the person or group", func(w *world) {
		w.people()
		w.addPool("p")
		w.grant("p", toUser("u", desktop.GroupSudo), toGroup("g", desktop.GroupSudo), toUser("v", desktop.GroupSudo))
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, "u") })
		w.update(func(tx *store.Tx) error { return directory.DeleteGroup(w.Context(), tx, "g") })
		w.same(w.granted("p"), "Vera sudo")
	}},
	{"whoever is gone cannot be let into a pool, nor anybody into a pool that is gone", func(w *world) {
		w.addPool("p")
		for _, g := range []pool.Grant{toUser("gone", ""), toGroup("gone", "")} {
			w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.PutGrants(w.Context(), tx, "p", []pool.Grant{g}) })
		}
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.PutGrants(w.Context(), tx, "gone", []pool.Grant{toUser(personOf(project), "")})
		})
	}},
	{"a person's grants are their own and those of their groups", func(w *world) {
		w.people()
		for _, id := range []string{"p", "q", "r"} {
			w.addPool(id)
		}
		w.join("g", "u", "v")
		w.join("h", "v")
		w.grant("p", toUser("u", desktop.GroupSudo), toGroup("g", desktop.GroupDefault), toGroup("h", desktop.GroupDefault))
		w.grant("q", toGroup("g", desktop.GroupDefault), toUser("v", desktop.GroupDefault))
		w.grant("r", toUser("v", desktop.GroupDefault))
		of := func(userID string) string {
			return strings.Join(ids(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) {
				return pool.GrantsFor(ctx, tx, userID)
			}), func(g pool.Grant) string { return g.PoolID + " " + g.Name }), ", ")
		}
		w.same(of("u"), "p Ute, p Zebras, q Zebras")
		w.same(of("v"), "p Zebras, p apes, q Vera, q Zebras, r Vera")
		w.same(of("missing"), "")
	}},
	{"the pools that people may use or have a desktop of are told by person and name", func(w *world) {
		w.people()
		for _, id := range []string{"p", "Q", "r"} {
			w.addPool(id)
		}
		w.addDesktop("pc", in("r"))
		w.bind(w.members("r")[0], "u")
		w.join("g", "u", "v")
		w.grant("p", toUser("u", desktop.GroupSudo), toGroup("g", desktop.GroupDefault))
		w.grant("Q", toUser("u", desktop.GroupSudo))
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.PoolUse, error) {
			return pool.PoolUses(ctx, tx, []string{"v", "missing", "u", personOf(project), "v"})
		}), []pool.PoolUse{
			{UserID: "u", PoolID: "p", PoolName: "p"}, {UserID: "u", PoolID: "Q", PoolName: "Q"},
			{UserID: "u", PoolID: "r", PoolName: "r", Bound: true}, {UserID: "v", PoolID: "p", PoolName: "p"},
		})
	}},
}
