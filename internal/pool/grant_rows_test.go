package pool_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// granted lists a pool's people by name.
func (e *env) granted(poolID string) string {
	e.Helper()
	return strings.Join(storetest.IDs(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) {
		got, total, err := pool.Grants(ctx, tx, poolID, storetest.Everything)
		e.Same(total, len(got))
		return got, err
	}), func(g pool.Grant) string { return fmt.Sprint(g.Name, " ", g.Group) }), ", ")
}

// people makes two people and two groups.
func (e *env) people() {
	e.Helper()
	e.AddUsers(directory.User{ID: "u", ProjectID: storetest.Project, Name: "Ute"}, directory.User{ID: "v", ProjectID: storetest.Project, Name: "Vera"})
	e.AddGroups(desktoptest.NewGroup("g", "Zebras"), desktoptest.NewGroup("h", "apes"))
}

var grants = map[string]func(*env){
	"a pool is inserted with its people, who are read in that order with their present names": func(e *env) {
		e.people()
		now := e.Clock.Now()
		people := []pool.Grant{pooltest.ToUser("v", workspace.GroupSudo), pooltest.ToGroup("g", workspace.GroupDefault), pooltest.ToUser("u", workspace.GroupDefault)}
		for i := range people {
			people[i].Created = now
		}
		e.Update(func(tx *store.Tx) error { return pool.InsertPool(e.Context(), tx, pooltest.NewPool("p"), people) })
		e.Same(e.granted("p"), "Vera sudo, Zebras default, Ute default")
		e.Update(func(tx *store.Tx) error {
			return directory.SaveGroup(e.Context(), tx, desktoptest.NewGroup("g", "Tigers"))
		})
		e.View(func(tx *store.Tx) error {
			got, total, err := pool.Grants(e.Context(), tx, "p", workspace.Page{Offset: 1, Limit: 1})
			e.Same(total, 3)
			e.Same(got, []pool.Grant{{PoolID: "p", Type: pool.GrantGroup, ObjectID: "g", Name: "Tigers", Group: workspace.GroupDefault, Created: now}})
			return err
		})
	},
	"people are added, change their privilege and go": func(e *env) {
		e.people()
		e.AddPool("p")
		e.Grant("p", pooltest.ToUser("u", workspace.GroupDefault))
		e.Clock.Advance(time.Second)
		e.Grant("p", pooltest.ToGroup("h", workspace.GroupDefault), pooltest.ToUser("u", workspace.GroupSudo))
		e.Same(e.granted("p"), "Ute sudo, apes default")
		for range 2 {
			e.Update(func(tx *store.Tx) error {
				return pool.DeleteGrants(e.Context(), tx, "p", []pool.Grant{pooltest.ToUser("u", ""), pooltest.ToUser("h", ""), pooltest.ToGroup("missing", "")})
			})
		}
		e.Same(e.granted("p"), "apes default")
	},
	"grants end with the person or group": func(e *env) {
		e.people()
		e.AddPool("p")
		e.Grant("p", pooltest.ToUser("u", workspace.GroupSudo), pooltest.ToGroup("g", workspace.GroupSudo), pooltest.ToUser("v", workspace.GroupSudo))
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, "u") })
		e.Update(func(tx *store.Tx) error { return directory.DeleteGroup(e.Context(), tx, desktoptest.NewGroup("g", "")) })
		e.Same(e.granted("p"), "Vera sudo")
	},
	"whoever is gone cannot be let into a pool, nor anybody into a pool that is gone": func(e *env) {
		e.AddPool("p")
		for _, g := range []pool.Grant{pooltest.ToUser("gone", ""), pooltest.ToGroup("gone", "")} {
			e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.PutGrants(e.Context(), tx, "p", []pool.Grant{g}) })
		}
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return pool.PutGrants(e.Context(), tx, "gone", []pool.Grant{pooltest.ToUser(storetest.UserOf(storetest.Project), "")})
		})
	},
	"a person's grants are their own and those of their groups": func(e *env) {
		e.people()
		for _, id := range []string{"p", "q", "r"} {
			e.AddPool(id)
		}
		e.Join("g", "u", "v")
		e.Join("h", "v")
		e.Grant("p", pooltest.ToUser("u", workspace.GroupSudo), pooltest.ToGroup("g", workspace.GroupDefault), pooltest.ToGroup("h", workspace.GroupDefault))
		e.Grant("q", pooltest.ToGroup("g", workspace.GroupDefault), pooltest.ToUser("v", workspace.GroupDefault))
		e.Grant("r", pooltest.ToUser("v", workspace.GroupDefault))
		of := func(userID string) string {
			return strings.Join(storetest.IDs(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) {
				return pool.GrantsFor(ctx, tx, userID)
			}), func(g pool.Grant) string { return g.PoolID + " " + g.Name }), ", ")
		}
		e.Same(of("u"), "p Ute, p Zebras, q Zebras")
		e.Same(of("v"), "p Zebras, p apes, q Vera, q Zebras, r Vera")
		e.Same(of("missing"), "")
	},
	"the pools that people may use or have a desktop of are told by person and name": func(e *env) {
		e.people()
		for _, id := range []string{"p", "Q", "r"} {
			e.AddPool(id)
		}
		e.AddDesktop("pc", pooltest.In("r"))
		e.Bind(e.Members("r")[0], "u")
		e.Join("g", "u", "v")
		e.Grant("p", pooltest.ToUser("u", workspace.GroupSudo), pooltest.ToGroup("g", workspace.GroupDefault))
		e.Grant("Q", pooltest.ToUser("u", workspace.GroupSudo))
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.PoolUse, error) {
			return pool.PoolUses(ctx, tx, []string{"v", "missing", "u", storetest.UserOf(storetest.Project), "v"})
		}), []pool.PoolUse{
			{UserID: "u", PoolID: "p", PoolName: "p"}, {UserID: "u", PoolID: "Q", PoolName: "Q"},
			{UserID: "u", PoolID: "r", PoolName: "r", Bound: true}, {UserID: "v", PoolID: "p", PoolName: "p"},
		})
	},
}
