package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) members(poolIDs ...string) []desktop.Member {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Member, error) {
		return desktop.Members(ctx, tx, poolIDs...)
	})
}

// member reads one of a pool's desktops again.
func (w *world) member(m desktop.Member) desktop.Member {
	w.Helper()
	for _, again := range w.members(m.PoolID) {
		if again.DesktopID == m.DesktopID {
			return again
		}
	}
	w.Fatalf("desktop %s is not in pool %s", m.DesktopID, m.PoolID)
	return m
}

// put saves a member that nobody else has changed.
func (w *world) put(m desktop.Member, was desktop.Binding) desktop.Member {
	w.Helper()
	if !w.tryPut(m, was) {
		w.Fatalf("desktop %s was not saved", m.DesktopID)
	}
	return m
}

func (w *world) tryPut(m desktop.Member, was desktop.Binding) bool {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return desktop.SaveMember(ctx, tx, m, was, desktop.GroupSudo)
	})
}

// bind gives a member to a person.
func (w *world) bind(m desktop.Member, userID string) desktop.Member {
	w.Helper()
	return w.put(m.AfterBinding(userID, w.clock.Now()), m.Binding)
}

// pooled makes a pool with desktops.
func (w *world) pooled(id string, desktops int) []desktop.Member {
	w.Helper()
	w.addPool(id)
	for i := range desktops {
		w.addDesktop(fmt.Sprint(id, "-", i), in(id))
	}
	return w.members(id)
}

// names of the people whom a desktop is assigned to, with their privilege.
func (w *world) assigned(desktopID string) string {
	w.Helper()
	return strings.Join(ids(w.desktop(desktopID).Assignments, func(a desktop.Assignment) string {
		return a.UserName + " " + string(a.Group)
	}), ", ")
}

var members = []behaviour{
	{"a member is read with what its desktop has and what it has in the pool", func(w *world) {
		w.addPool("p")
		now := w.clock.Now()
		d := w.addDesktop("pc", in("p"), func(d *desktop.Desktop) {
			d.AutoCreated, d.ProductID, d.ImageID, d.Status, d.Task = true, "product", "image", desktop.StatusActive, desktop.TaskRebuilding
			d.Login, d.InMaintenance, d.Fault, d.Created, d.Updated = desktop.LoginConnected, true, "?", now, now.Add(time.Second)
		})
		w.addDesktop("elsewhere")
		want := desktop.Member{
			DesktopID: d.ID, PoolID: "p", Name: "pc", ProductID: "product", ImageID: "image", Status: desktop.StatusActive,
			Task: desktop.TaskRebuilding, Login: desktop.LoginConnected, InMaintenance: true, Troubled: true, Created: now, Updated: now.Add(time.Second),
			AutoCreated: true,
		}
		w.same(w.members("p"), []desktop.Member{want})
		want.Isolated, want.Used, want.IdleSince = true, true, now.Add(time.Minute)
		want.Binding = desktop.Binding{UserID: personOf(project), BoundAt: now.Add(2 * time.Minute), Disconnected: now.Add(3 * time.Minute)}
		w.put(want, desktop.Binding{})
		w.same(w.members("p"), []desktop.Member{want})
	}},
	{"members are read of some pools, or of all with autoscaling in any project", func(w *world) {
		for _, id := range []string{"a", "b", "c"} {
			w.pooled(id, 2)
		}
		w.addPool("d", func(p *pool.Pool) { p.ProjectID, p.Autoscaling = otherProject, true })
		w.addDesktop("d-0", in("d"), func(d *desktop.Desktop) { d.ProjectID, d.SubnetID = otherProject, subnetOf(otherProject) })
		w.update(func(tx *store.Tx) error {
			p, err := pool.LockPool(w.Context(), tx, project, "b")
			if err != nil {
				return err
			}
			p.Autoscaling = true
			return pool.SavePool(w.Context(), tx, p)
		})
		of := func(poolIDs ...string) string {
			return strings.Join(ids(w.members(poolIDs...), func(m desktop.Member) string { return m.PoolID }), " ")
		}
		w.same(of("c", "a"), "a a c c")
		w.same(of("missing"), "")
		w.same(of(), "b b d")
	}},
	{"a person's desktops in all pools are found", func(w *world) {
		a, b := w.pooled("a", 2), w.pooled("b", 1)
		w.addUsers(directory.User{ID: "other", ProjectID: project, Name: "other"})
		w.bind(a[0], "other")
		mine := []desktop.Member{w.bind(a[1], personOf(project)), w.bind(b[0], personOf(project))}
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Member, error) {
			return desktop.MembersOf(ctx, tx, personOf(project))
		}), mine)
	}},
	{"an assignment comes and goes with a binding", func(w *world) {
		m := w.pooled("p", 1)[0]
		w.addUsers(directory.User{ID: "next", ProjectID: project, Name: "next"})
		bound := w.bind(m, personOf(project))
		w.same(w.assigned(m.DesktopID), "person sudo")
		again := bound
		again.Disconnected = w.clock.Now()
		w.update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(w.Context(), tx, again, bound.Binding, "")
			return err
		})
		w.same(w.assigned(m.DesktopID), "person sudo")
		w.update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(w.Context(), tx, again, again.Binding, desktop.GroupDefault)
			return err
		})
		w.same(w.assigned(m.DesktopID), "person default")
		released := w.put(again.AfterRelease(), again.Binding)
		w.same(w.assigned(m.DesktopID), "")
		w.same(w.member(m), released)
		next := released.AfterBinding("next", w.clock.Now())
		w.update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(w.Context(), tx, next, released.Binding, "")
			return err
		})
		w.same(w.assigned(m.DesktopID), "next default")
		w.bind(next, personOf(project))
		w.same(w.assigned(m.DesktopID), "person sudo")
	}},
	{"saving a desktop leaves what it has in the pool, and the other way round", func(w *world) {
		m := w.bind(w.pooled("p", 1)[0], personOf(project))
		w.clock.Advance(time.Hour)
		w.update(func(tx *store.Tx) error {
			d, err := desktop.LockDesktops(w.Context(), tx, project, []string{m.DesktopID})
			if err != nil {
				return err
			}
			d[0].Status, d[0].Updated, d[0].AutoCreated = desktop.StatusError, tx.Now(), true
			return desktop.SaveDesktop(w.Context(), tx, d[0])
		})
		want := m
		want.Status, want.Updated = desktop.StatusError, w.clock.Now()
		w.same(w.member(m), want)
		w.clock.Advance(time.Hour)
		stale := m // its status is from before
		stale.Isolated = true
		w.put(stale, m.Binding)
		want.Isolated = true
		w.same(w.member(m), want)
	}},
	{"a member is not saved when its binding is no longer what was read", func(w *world) {
		m := w.pooled("p", 1)[0]
		w.addUsers(directory.User{ID: "faster", ProjectID: project, Name: "faster"})
		bound := w.bind(m, "faster")
		w.same(w.tryPut(m.AfterBinding(personOf(project), w.clock.Now()), m.Binding), false)
		left := bound
		left.Disconnected = w.clock.Now()
		w.put(left, bound.Binding)
		w.same(w.tryPut(bound.AfterRelease(), bound.Binding), false) // they left and came back meanwhile, for all we know
		w.same(w.member(m), left)
		w.same(w.assigned(m.DesktopID), "faster sudo")
	}},
	{"a member is not saved when the desktop is gone or in another pool", func(w *world) {
		m := w.pooled("p", 1)[0]
		w.addPool("q")
		elsewhere := m
		elsewhere.PoolID = "q"
		w.same(w.tryPut(elsewhere, m.Binding), false)
		w.update(func(tx *store.Tx) error { return desktop.DeleteDesktop(w.Context(), tx, m.DesktopID) })
		w.same(w.tryPut(m.AfterBinding(personOf(project), w.clock.Now()), m.Binding), false)
	}},
	{"a person gets one desktop of a pool, and the refusal does not end the transaction", func(w *world) {
		p, q := w.pooled("p", 2), w.pooled("q", 1)
		w.bind(p[0], personOf(project))
		w.update(func(tx *store.Tx) error {
			saved, err := desktop.SaveMember(w.Context(), tx, p[1].AfterBinding(personOf(project), tx.Now()), desktop.Binding{}, desktop.GroupSudo)
			w.same(saved, false)
			if err != nil {
				return err
			}
			saved, err = desktop.SaveMember(w.Context(), tx, q[0].AfterBinding(personOf(project), tx.Now()), desktop.Binding{}, desktop.GroupSudo)
			w.same(saved, true)
			return err
		})
		w.same(w.member(p[1]), p[1])
		w.same(w.assigned(p[1].DesktopID), "")
		w.same(w.assigned(q[0].DesktopID), "person sudo")
	}},
	{"of 20 callers at once one gives a person a desktop of the pool", func(w *world) {
		all := w.pooled("p", 20)
		var gave atomic.Int32
		w.all(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				saved, err := desktop.SaveMember(w.Context(), tx, all[i].AfterBinding(personOf(project), tx.Now()), all[i].Binding, desktop.GroupSudo)
				if saved {
					gave.Add(1)
				}
				return err
			})
		}))
		w.same([]int{int(gave.Load()), w.pool("p").Counts.Bound, w.person().Desktops}, []int{1, 1, 1})
	}},
	{"of 20 callers at once one gets a desktop", func(w *world) {
		m := w.pooled("p", 1)[0]
		for i := range 20 {
			w.addUsers(directory.User{ID: fmt.Sprint("u", i), ProjectID: project, Name: fmt.Sprint("u", i)})
		}
		var got atomic.Int32
		w.all(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				saved, err := desktop.SaveMember(w.Context(), tx, m.AfterBinding(fmt.Sprint("u", i), tx.Now()), m.Binding, desktop.GroupSudo)
				if saved {
					got.Add(1)
				}
				return err
			})
		}))
		w.same([]int{int(got.Load()), len(w.desktop(m.DesktopID).Assignments)}, []int{1, 1})
	}},
	{"nobody who is gone gets a desktop", func(w *world) {
		m := w.pooled("p", 1)[0]
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			_, err := desktop.SaveMember(w.Context(), tx, m.AfterBinding("gone", tx.Now()), m.Binding, desktop.GroupSudo)
			return err
		})
		w.same(w.member(m), m)
	}},
	{"a deleted person's bindings end, and the desktops stay used", func(w *world) {
		w.addUsers(directory.User{ID: "u", ProjectID: project, Name: "u"})
		a, b := w.bind(w.pooled("a", 1)[0], "u"), w.bind(w.pooled("b", 1)[0], "u")
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, "u") })
		for _, m := range []desktop.Member{a, b} {
			w.same(w.member(m), m.AfterRelease())
			w.same(w.assigned(m.DesktopID), "")
			if !w.member(m).Used {
				w.Error("the desktop counts as fresh")
			}
		}
		w.same(w.pool("a").Counts.Bound, 0)
	}},
	{"of those who delete a person and those who give them a desktop, nobody leaves a binding behind", func(w *world) {
		all := w.pooled("p", 10)
		for i, m := range all {
			id := fmt.Sprint("u", i)
			w.addUsers(directory.User{ID: id, ProjectID: project, Name: id})
			for _, err := range together(2, func(n int) error {
				return w.store.Update(w.Context(), func(tx *store.Tx) error {
					if n == 0 {
						return directory.DeleteUser(w.Context(), tx, id)
					}
					_, err := desktop.SaveMember(w.Context(), tx, m.AfterBinding(id, tx.Now()), m.Binding, desktop.GroupSudo)
					return err
				})
			}) {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					w.Error(err)
				}
			}
			w.same(w.member(m).Binding, desktop.Binding{})
		}
	}},
	{"a desktop is not put into a pool that is not there", func(w *world) {
		d := newDesktop("pc")
		in("gone")(&d)
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
	}},
}

func (w *world) wait(poolID, userID string, patience time.Duration) {
	w.Helper()
	now := w.clock.Now()
	w.update(func(tx *store.Tx) error {
		return pool.PutWaiting(w.Context(), tx, pool.Waiting{PoolID: poolID, UserID: userID, Since: now, Until: now.Add(patience)})
	})
}

func (w *world) waiting(poolID string) string {
	w.Helper()
	return strings.Join(ids(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.Waiting, error) {
		return pool.ReadWaiting(ctx, tx, poolID)
	}), func(o pool.Waiting) string { return o.UserID }), " ")
}

var waiting = []behaviour{
	{"people wait in the order in which they came, and keep their place as long as they ask", func(w *world) {
		w.addPool("p")
		w.addPool("q")
		w.addUsers(directory.User{ID: "a", ProjectID: project, Name: "a"}, directory.User{ID: "b", ProjectID: project, Name: "b"})
		start := w.clock.Now()
		w.wait("p", "b", time.Minute)
		w.clock.Advance(50 * time.Second)
		w.wait("p", "a", time.Minute)
		w.wait("p", "b", time.Minute)
		w.wait("q", "a", time.Minute)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]pool.Waiting, error) {
			return pool.ReadWaiting(ctx, tx, "p")
		})[0],
			pool.Waiting{PoolID: "p", UserID: "b", Since: start, Until: start.Add(110 * time.Second)})
		w.same(w.waiting("p"), "b a")
		w.clock.Advance(55 * time.Second)
		w.wait("p", "a", time.Minute)
		w.clock.Advance(5 * time.Second) // and b has not asked again
		w.same(w.waiting("p"), "a")
		w.wait("p", "b", time.Minute)
		w.same(w.waiting("p"), "a b")
		for range 2 {
			w.update(func(tx *store.Tx) error { return pool.DropWaiting(w.Context(), tx, "p", "a") })
		}
		w.same(w.waiting("p"), "b")
		w.same(w.waiting("missing"), "")
	}},
	{"deleted people wait no longer, and nobody waits who is gone or for a pool that is", func(w *world) {
		w.addPool("p")
		w.addUsers(directory.User{ID: "a", ProjectID: project, Name: "a"})
		w.wait("p", "a", time.Minute)
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, "a") })
		w.same(w.waiting("p"), "")
		for _, o := range []pool.Waiting{{PoolID: "p", UserID: "a"}, {PoolID: "gone", UserID: personOf(project)}} {
			w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.PutWaiting(w.Context(), tx, o) })
		}
	}},
}
