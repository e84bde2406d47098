package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// due lists the pools that are to be looked after now.
func (w *world) due() (pools []string, seen []desktop.PoolDue) {
	w.Helper()
	seen = get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.PoolDue, error) {
		return desktop.DuePools(ctx, tx, 100)
	})
	pools = ids(seen, func(d desktop.PoolDue) string { return d.PoolID })
	slices.Sort(pools)
	return slices.Compact(pools), seen
}

func (w *world) settle(seen []desktop.PoolDue, next map[string]time.Time) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return desktop.SettlePools(w.Context(), tx, seen, next) })
}

var seats = []behaviour{
	{"one desktop of a pool is read, and none outside pools", func(w *world) {
		m := w.pooled("p", 2)[1]
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (desktop.Member, error) {
			return desktop.ReadMember(ctx, tx, m.DesktopID)
		}), m)
		for _, id := range []string{w.addDesktop("elsewhere").ID, "missing"} {
			w.refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error { _, err := desktop.ReadMember(w.Context(), tx, id); return err })
		}
	}},
	{"a pool's desktops are counted by what their prospects depend on", func(w *world) {
		all := w.pooled("p", 4)
		w.pooled("q", 1)
		w.bind(all[0], personOf(project))
		all[1].Isolated = true
		w.put(all[1], desktop.Binding{})
		kinds := get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.MemberKind, error) {
			return pool.MemberKinds(ctx, tx, "p")
		})
		got := ids(kinds, func(k desktop.MemberKind) string {
			return fmt.Sprint(k.Count, " bound ", k.Bound(), " used ", k.Used, " isolated ", k.Isolated)
		})
		slices.Sort(got)
		w.same(got, []string{
			"1 bound false used false isolated true", "1 bound true used true isolated false", "2 bound false used false isolated false",
		})
	}},
	{"desktops are found whose person may no longer use the pool", func(w *world) {
		w.people()
		all := w.pooled("p", 3)
		w.pooled("q", 1)
		w.join("g", "v")
		w.grant("p", toUser("u", ""), toGroup("g", ""))
		for i, id := range []string{"u", "v", personOf(project)} {
			w.bind(all[i], id)
		}
		strangers := func() []string {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]string, error) { return pool.Strangers(ctx, tx, "p", "q") })
		}
		w.same(strangers(), []string{all[2].DesktopID})
		w.update(func(tx *store.Tx) error { return directory.RemoveMembers(w.Context(), tx, "g", []string{"v"}) })
		w.update(func(tx *store.Tx) error {
			return pool.DeleteGrants(w.Context(), tx, "p", []pool.Grant{toUser("u", "")})
		})
		w.same(len(strangers()), 3)
	}},
	{"the grants of several people are those of each of them", func(w *world) {
		w.people()
		w.addPool("p")
		w.addPool("q")
		w.join("g", "u")
		w.grant("p", toUser("u", desktop.GroupSudo), toGroup("g", desktop.GroupDefault), toUser("v", desktop.GroupDefault))
		w.grant("q", toGroup("g", desktop.GroupDefault))
		all := get(w, func(ctx context.Context, tx *store.Tx) (map[string][]pool.Grant, error) {
			return pool.GrantsOf(ctx, tx, []string{"u", "v", "missing"})
		})
		for _, id := range []string{"u", "v", "missing"} {
			key := func(g pool.Grant) string { return fmt.Sprint(g.PoolID, g.Type, g.ObjectID, g.Group) }
			got := ids(all[id], key)
			slices.Sort(got)
			want := ids(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.Grant, error) { return pool.GrantsFor(ctx, tx, id) }), key)
			slices.Sort(want)
			w.same(got, want)
		}
	}},
	{"places are kept for people who are there, and lost ones do not come back", func(w *world) {
		w.people()
		w.addPool("p")
		w.wait("p", "u", time.Second)
		w.wait("p", "v", time.Minute)
		w.clock.Advance(2 * time.Second)
		until := w.clock.Now().Add(time.Hour)
		w.update(func(tx *store.Tx) error { return pool.RenewWaiting(w.Context(), tx, []string{"u", "v"}, until) })
		w.clock.Advance(30 * time.Minute)
		w.same(w.waiting("p"), "v")
		w.update(func(tx *store.Tx) error { return pool.RenewWaiting(w.Context(), tx, []string{"v"}, w.clock.Now()) })
		w.clock.Advance(time.Second)
		w.same(w.waiting("p"), "v") // a renewal never shortens
	}},
	{"resets are told by person and pool, and forgotten when they no longer count", func(w *world) {
		w.people()
		w.addPool("p")
		w.addPool("q")
		reset := func(poolID, userID string) time.Time {
			w.update(func(tx *store.Tx) error { return pool.InsertPoolReset(w.Context(), tx, poolID, userID, time.Hour) })
			w.clock.Advance(40 * time.Minute)
			return w.clock.Now().Add(-40 * time.Minute)
		}
		resets := func(since time.Time) map[string]map[string][]time.Time {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string]map[string][]time.Time, error) {
				return pool.PoolResets(ctx, tx, []string{"u", "v"}, since)
			})
		}
		first, other, second := reset("p", "u"), reset("q", "u"), reset("p", "u")
		w.same(resets(first), map[string]map[string][]time.Time{"u": {"p": {second}, "q": {other}}})
		third := reset("p", "u")
		w.same(resets(time.Time{}), map[string]map[string][]time.Time{"u": {"p": {second, third}, "q": {other}}})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.InsertPoolReset(w.Context(), tx, "p", "gone", time.Hour) })
		w.update(func(tx *store.Tx) error { return pool.DeletePool(w.Context(), tx, "p") })
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, "u") })
		w.same(len(resets(time.Time{})), 0)
	}},
	{"the reasons of the newest decision of a kind are told for each pool", func(w *world) {
		for _, id := range []string{"p", "q", "r"} {
			w.addPool(id)
		}
		for i, d := range []struct {
			pool string
			kind pool.DecisionKind
		}{{"p", pool.DecideScale}, {"p", pool.DecideScale}, {"p", pool.DecideBind}, {"q", pool.DecideScale}, {"r", pool.DecideBind}} {
			w.update(func(tx *store.Tx) error {
				return pool.InsertDecision(w.Context(), tx, pool.PoolDecision{
					ID: fmt.Sprint(i), PoolID: d.pool, Kind: d.kind, At: tx.Now(), Reasons: []pool.Reason{{Rule: fmt.Sprint(i)}},
				}, 10)
			})
			w.clock.Advance(time.Second)
		}
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (map[string][]pool.Reason, error) {
			return pool.LastReasons(ctx, tx, pool.DecideScale, "p", "q", "r")
		}), map[string][]pool.Reason{"p": {{Rule: "1"}}, "q": {{Rule: "3"}}})
	}},
	{"whatever changes a pool, its desktops, its people or its waiting list makes it due", func(w *world) {
		w.people()
		m := w.pooled("p", 1)[0]
		w.addPool("q")
		bound := m.AfterBinding("u", w.clock.Now())
		for name, change := range map[string]func(context.Context, *store.Tx) error{
			"pool": func(ctx context.Context, tx *store.Tx) error { return pool.SavePool(ctx, tx, newPool("p")) },
			"desktop": func(ctx context.Context, tx *store.Tx) error {
				d, err := desktop.ReadDesktop(ctx, tx, project, m.DesktopID)
				if err != nil {
					return err
				}
				d.Status = desktop.StatusActive
				return desktop.SaveDesktop(ctx, tx, d)
			},
			"new desktop": func(ctx context.Context, tx *store.Tx) error {
				d := newDesktop("new")
				in("p")(&d)
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
			_, seen := w.due()
			w.settle(seen, nil)
			w.update(func(tx *store.Tx) error { return change(w.Context(), tx) })
			if pools, _ := w.due(); strings.Join(pools, " ") != "p" {
				w.Errorf("after a change of the %s the pools %v are due", name, pools)
			}
		}
		_, seen := w.due()
		w.settle(seen, nil)
		w.update(func(tx *store.Tx) error { return desktop.EndBindings(w.Context(), tx, "u") })
		pools, _ := w.due()
		w.same(pools, []string{"p"})
	}},
	{"a pool stays due when it changes while it is looked after, and is due again when that is asked for", func(w *world) {
		w.addPool("p")
		_, seen := w.due()
		w.update(func(tx *store.Tx) error { return pool.SavePool(w.Context(), tx, newPool("p")) })
		w.settle(seen, nil)
		pools, seen := w.due()
		w.same(pools, []string{"p"})
		later := w.clock.Now().Add(time.Minute)
		w.settle(seen, map[string]time.Time{"p": later, "q": {}})
		pools, _ = w.due()
		w.same(len(pools), 0)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return desktop.NextPoolDue(ctx, tx) }), later)
		w.clock.Advance(time.Minute)
		pools, seen = w.due()
		w.same(pools, []string{"p"})
		w.settle(seen, nil)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return desktop.NextPoolDue(ctx, tx) }), time.Time{})
	}},
}
