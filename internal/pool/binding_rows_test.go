package pool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// due lists the pools that are to be looked after now.
func (e *env) due() (pools []string, seen []desktop.PoolDue) {
	e.Helper()
	seen = storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.PoolDue, error) {
		return desktop.DuePools(ctx, tx, 100)
	})
	pools = storetest.IDs(seen, func(d desktop.PoolDue) string { return d.PoolID })
	slices.Sort(pools)
	return slices.Compact(pools), seen
}

func (e *env) settle(seen []desktop.PoolDue, next map[string]time.Time) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return desktop.SettlePools(e.Context(), tx, seen, next) })
}

var bindings = map[string]func(*env){
	"one desktop of a pool is read, and none outside pools": func(e *env) {
		m := e.PoolWith("p", 2)[1]
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (desktop.Member, error) {
			return desktop.ReadMember(ctx, tx, m.DesktopID)
		}), m)
		for _, id := range []string{e.AddDesktop("elsewhere").ID, "missing"} {
			e.Refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error { _, err := desktop.ReadMember(e.Context(), tx, id); return err })
		}
	},
	"a pool's desktops are counted by what their prospects depend on": func(e *env) {
		all := e.PoolWith("p", 4)
		e.PoolWith("q", 1)
		e.Bind(all[0], storetest.UserOf(storetest.Project))
		all[1].Isolated = true
		e.Put(all[1], desktop.Binding{})
		kinds := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.MemberKind, error) {
			return pool.MemberKinds(ctx, tx, "p")
		})
		got := storetest.IDs(kinds, func(k desktop.MemberKind) string {
			return fmt.Sprint(k.Count, " bound ", k.Bound(), " used ", k.Used, " isolated ", k.Isolated)
		})
		slices.Sort(got)
		e.Same(got, []string{
			"1 bound false used false isolated true", "1 bound true used true isolated false", "2 bound false used false isolated false",
		})
	},
	"desktops are found whose person may no longer use the pool": func(e *env) {
		e.people()
		all := e.PoolWith("p", 3)
		e.PoolWith("q", 1)
		e.Join("g", "v")
		e.Grant("p", pooltest.ToUser("u", ""), pooltest.ToGroup("g", ""))
		for i, id := range []string{"u", "v", storetest.UserOf(storetest.Project)} {
			e.Bind(all[i], id)
		}
		unentitled := func() []string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return pool.UnauthorizedBindings(ctx, tx, "p", "q")
			})
		}
		e.Same(unentitled(), []string{all[2].DesktopID})
		e.Update(func(tx *store.Tx) error { return directory.RemoveMembers(e.Context(), tx, "g", []string{"v"}) })
		e.Update(func(tx *store.Tx) error {
			return pool.DeleteGrants(e.Context(), tx, "p", []pool.Grant{pooltest.ToUser("u", "")})
		})
		e.Same(len(unentitled()), 3)
	},
	"the grants of several people are those of each of them": func(e *env) {
		e.people()
		e.AddPool("p")
		e.AddPool("q")
		e.Join("g", "u")
		e.Grant("p", pooltest.ToUser("u", workspace.GroupSudo), pooltest.ToGroup("g", workspace.GroupDefault), pooltest.ToUser("v", workspace.GroupDefault))
		e.Grant("q", pooltest.ToGroup("g", workspace.GroupDefault))
		all := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string][]pool.Grant, error) {
			return pool.GrantsOf(ctx, tx, []string{"u", "v", "missing"})
		})
		for _, id := range []string{"u", "v", "missing"} {
			key := func(g pool.Grant) string { return fmt.Sprint(g.PoolID, g.Type, g.ObjectID, g.Group) }
			got := storetest.IDs(all[id], key)
			slices.Sort(got)
			want := storetest.IDs(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) { return pool.GrantsFor(ctx, tx, id) }), key)
			slices.Sort(want)
			e.Same(got, want)
		}
	},
	"places are kept for people who are there, and lost ones do not come back": func(e *env) {
		e.people()
		e.AddPool("p")
		e.wait("p", "u", time.Second)
		e.wait("p", "v", time.Minute)
		e.Clock.Advance(2 * time.Second)
		until := e.Clock.Now().Add(time.Hour)
		e.Update(func(tx *store.Tx) error { return pool.RenewWaiting(e.Context(), tx, []string{"u", "v"}, until) })
		e.Clock.Advance(30 * time.Minute)
		e.Same(e.waiting("p"), "v")
		e.Update(func(tx *store.Tx) error { return pool.RenewWaiting(e.Context(), tx, []string{"v"}, e.Clock.Now()) })
		e.Clock.Advance(time.Second)
		e.Same(e.waiting("p"), "v") // a renewal never shortens
	},
	"resets are told by person and pool, and forgotten when they no longer count": func(e *env) {
		e.people()
		e.AddPool("p")
		e.AddPool("q")
		reset := func(poolID, userID string) time.Time {
			e.Update(func(tx *store.Tx) error { return pool.InsertPoolReset(e.Context(), tx, poolID, userID, time.Hour) })
			e.Clock.Advance(40 * time.Minute)
			return e.Clock.Now().Add(-40 * time.Minute)
		}
		resets := func(since time.Time) map[string]map[string][]time.Time {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string]map[string][]time.Time, error) {
				return pool.PoolResets(ctx, tx, []string{"u", "v"}, since)
			})
		}
		first, other, second := reset("p", "u"), reset("q", "u"), reset("p", "u")
		e.Same(resets(first), map[string]map[string][]time.Time{"u": {"p": {second}, "q": {other}}})
		third := reset("p", "u")
		e.Same(resets(time.Time{}), map[string]map[string][]time.Time{"u": {"p": {second, third}, "q": {other}}})
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.InsertPoolReset(e.Context(), tx, "p", "gone", time.Hour) })
		e.Update(func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "p") })
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, "u") })
		e.Same(len(resets(time.Time{})), 0)
	},
	"the reasons of the newest decision of a kind are told for each pool": func(e *env) {
		for _, id := range []string{"p", "q", "r"} {
			e.AddPool(id)
		}
		for i, d := range []struct {
			pool string
			kind pool.DecisionKind
		}{{"p", pool.DecideScale}, {"p", pool.DecideScale}, {"p", pool.DecideBind}, {"q", pool.DecideScale}, {"r", pool.DecideBind}} {
			e.Update(func(tx *store.Tx) error {
				return pool.InsertDecision(e.Context(), tx, pool.PoolDecision{
					ID: fmt.Sprint(i), PoolID: d.pool, Kind: d.kind, At: tx.Now(), Reasons: []workspace.Reason{{Rule: fmt.Sprint(i)}},
				}, 10)
			})
			e.Clock.Advance(time.Second)
		}
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string][]workspace.Reason, error) {
			return pool.LastReasons(ctx, tx, pool.DecideScale, "p", "q", "r")
		}), map[string][]workspace.Reason{"p": {{Rule: "1"}}, "q": {{Rule: "3"}}})
	},
	"whatever changes a pool, its desktops, its people or its waiting list makes it due": func(e *env) {
		e.people()
		m := e.PoolWith("p", 1)[0]
		e.AddPool("q")
		bound := m.AfterBinding("u", e.Clock.Now())
		for name, change := range map[string]func(context.Context, *store.Tx) error{
			"pool": func(ctx context.Context, tx *store.Tx) error { return pool.SavePool(ctx, tx, pooltest.NewPool("p")) },
			"desktop": func(ctx context.Context, tx *store.Tx) error {
				d, err := desktop.ReadDesktop(ctx, tx, storetest.Project, m.DesktopID)
				if err != nil {
					return err
				}
				d.Status = desktop.StatusActive
				return desktop.SaveDesktop(ctx, tx, d)
			},
			"new desktop": func(ctx context.Context, tx *store.Tx) error {
				d := desktoptest.NewDesktop("new")
				pooltest.In("p")(&d)
				return desktop.InsertDesktops(ctx, tx, []desktop.Desktop{d})
			},
			"waiting": func(ctx context.Context, tx *store.Tx) error {
				return pool.PutWaiting(ctx, tx, pool.Waiting{PoolID: "p", UserID: "v", Until: tx.Now().Add(time.Hour)})
			},
			"binding": func(ctx context.Context, tx *store.Tx) error {
				_, err := desktop.SaveMember(ctx, tx, bound, m.Binding, "")
				return err
			},
		} {
			_, seen := e.due()
			e.settle(seen, nil)
			e.Update(func(tx *store.Tx) error { return change(e.Context(), tx) })
			if pools, _ := e.due(); strings.Join(pools, " ") != "p" {
				e.Errorf("after a change of the %s the pools %v are due", name, pools)
			}
		}
		_, seen := e.due()
		e.settle(seen, nil)
		e.Update(func(tx *store.Tx) error { return desktop.EndBindings(e.Context(), tx, "u") })
		pools, _ := e.due()
		e.Same(pools, []string{"p"})
	},
	"a pool stays due when it changes while it is looked after, and is due again when that is asked for": func(e *env) {
		e.AddPool("p")
		_, seen := e.due()
		e.Update(func(tx *store.Tx) error { return pool.SavePool(e.Context(), tx, pooltest.NewPool("p")) })
		e.settle(seen, nil)
		pools, seen := e.due()
		e.Same(pools, []string{"p"})
		later := e.Clock.Now().Add(time.Minute)
		e.settle(seen, map[string]time.Time{"p": later, "q": {}})
		pools, _ = e.due()
		e.Same(len(pools), 0)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return desktop.NextPoolDue(ctx, tx) }), later)
		e.Clock.Advance(time.Minute)
		pools, seen = e.due()
		e.Same(pools, []string{"p"})
		e.settle(seen, nil)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return desktop.NextPoolDue(ctx, tx) }), time.Time{})
	},
}
