package desktop_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
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

var members = map[string]func(*env){
	"a member is read with what its desktop has and what it has in the pool": func(e *env) {
		e.AddPool("p")
		now := e.Clock.Now()
		d := e.AddDesktop("pc", pooltest.In("p"), func(d *desktop.Desktop) {
			d.AutoCreated, d.ProductID, d.ImageID, d.Status, d.Task = true, "product", "image", desktop.StatusActive, desktop.TaskRebuilding
			d.Login, d.InMaintenance, d.Fault, d.Created, d.Updated = desktop.LoginConnected, true, "?", now, now.Add(time.Second)
		})
		e.AddDesktop("elsewhere")
		want := desktop.Member{
			DesktopID: d.ID, PoolID: "p", Name: "pc", ProductID: "product", ImageID: "image", Status: desktop.StatusActive,
			Task: desktop.TaskRebuilding, Login: desktop.LoginConnected, InMaintenance: true, Troubled: true, Created: now, Updated: now.Add(time.Second),
			AutoCreated: true,
		}
		e.Same(e.Members("p"), []desktop.Member{want})
		want.Isolated, want.Used, want.IdleSince = true, true, now.Add(time.Minute)
		want.Binding = desktop.Binding{UserID: storetest.UserOf(storetest.Project), BoundAt: now.Add(2 * time.Minute), Disconnected: now.Add(3 * time.Minute)}
		e.Put(want, desktop.Binding{})
		e.Same(e.Members("p"), []desktop.Member{want})
	},
	"members are read of some pools, or of all with autoscaling in any project": func(e *env) {
		for _, id := range []string{"a", "b", "c"} {
			e.PoolWith(id, 2)
		}
		e.AddPool("d", func(p *pool.Pool) { p.ProjectID, p.Autoscaling = storetest.OtherProject, true })
		e.AddDesktop("d-0", pooltest.In("d"), func(d *desktop.Desktop) {
			d.ProjectID, d.SubnetID = storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
		})
		e.Update(func(tx *store.Tx) error {
			p, err := pool.LockPool(e.Context(), tx, storetest.Project, "b")
			if err != nil {
				return err
			}
			p.Autoscaling = true
			return pool.SavePool(e.Context(), tx, p)
		})
		of := func(poolIDs ...string) string {
			return strings.Join(storetest.IDs(e.Members(poolIDs...), func(m desktop.Member) string { return m.PoolID }), " ")
		}
		e.Same(of("c", "a"), "a a c c")
		e.Same(of("missing"), "")
		e.Same(of(), "b b d")
	},
	"a person's desktops in all pools are found": func(e *env) {
		a, b := e.PoolWith("a", 2), e.PoolWith("b", 1)
		e.AddUsers(directory.User{ID: "other", ProjectID: storetest.Project, Name: "other"})
		e.Bind(a[0], "other")
		bound := []desktop.Member{e.Bind(a[1], storetest.UserOf(storetest.Project)), e.Bind(b[0], storetest.UserOf(storetest.Project))}
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Member, error) {
			return desktop.MembersOf(ctx, tx, storetest.UserOf(storetest.Project))
		}), bound)
	},
	"an assignment comes and goes with a binding": func(e *env) {
		m := e.PoolWith("p", 1)[0]
		e.AddUsers(directory.User{ID: "next", ProjectID: storetest.Project, Name: "next"})
		bound := e.Bind(m, storetest.UserOf(storetest.Project))
		e.Same(e.Assigned(m.DesktopID), "person sudo")
		again := bound
		again.Disconnected = e.Clock.Now()
		e.Update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(e.Context(), tx, again, bound.Binding, "")
			return err
		})
		e.Same(e.Assigned(m.DesktopID), "person sudo")
		e.Update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(e.Context(), tx, again, again.Binding, workspace.GroupDefault)
			return err
		})
		e.Same(e.Assigned(m.DesktopID), "person default")
		released := e.Put(again.AfterRelease(), again.Binding)
		e.Same(e.Assigned(m.DesktopID), "")
		e.Same(e.Member(m), released)
		next := released.AfterBinding("next", e.Clock.Now())
		e.Update(func(tx *store.Tx) error {
			_, err := desktop.SaveMember(e.Context(), tx, next, released.Binding, "")
			return err
		})
		e.Same(e.Assigned(m.DesktopID), "next default")
		e.Bind(next, storetest.UserOf(storetest.Project))
		e.Same(e.Assigned(m.DesktopID), "person sudo")
	},
	"saving a desktop leaves what it has in the pool, and the other way round": func(e *env) {
		m := e.Bind(e.PoolWith("p", 1)[0], storetest.UserOf(storetest.Project))
		e.Clock.Advance(time.Hour)
		e.Update(func(tx *store.Tx) error {
			d, err := desktop.LockDesktops(e.Context(), tx, storetest.Project, []string{m.DesktopID})
			if err != nil {
				return err
			}
			d[0].Status, d[0].Updated, d[0].AutoCreated = desktop.StatusError, tx.Now(), true
			return desktop.SaveDesktop(e.Context(), tx, d[0])
		})
		want := m
		want.Status, want.Updated = desktop.StatusError, e.Clock.Now()
		e.Same(e.Member(m), want)
		e.Clock.Advance(time.Hour)
		stale := m // its status is from before
		stale.Isolated = true
		e.Put(stale, m.Binding)
		want.Isolated = true
		e.Same(e.Member(m), want)
	},
	"a member is not saved when its binding is no longer what was read": func(e *env) {
		m := e.PoolWith("p", 1)[0]
		e.AddUsers(directory.User{ID: "faster", ProjectID: storetest.Project, Name: "faster"})
		bound := e.Bind(m, "faster")
		e.Same(e.TryPut(m.AfterBinding(storetest.UserOf(storetest.Project), e.Clock.Now()), m.Binding), false)
		left := bound
		left.Disconnected = e.Clock.Now()
		e.Put(left, bound.Binding)
		e.Same(e.TryPut(bound.AfterRelease(), bound.Binding), false) // they left and came back meanwhile, for all we know
		e.Same(e.Member(m), left)
		e.Same(e.Assigned(m.DesktopID), "faster sudo")
	},
	"a member is not saved when the desktop is gone or in another pool": func(e *env) {
		m := e.PoolWith("p", 1)[0]
		e.AddPool("q")
		elsewhere := m
		elsewhere.PoolID = "q"
		e.Same(e.TryPut(elsewhere, m.Binding), false)
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, m.DesktopID) })
		e.Same(e.TryPut(m.AfterBinding(storetest.UserOf(storetest.Project), e.Clock.Now()), m.Binding), false)
	},
	"a person gets one desktop of a pool, and the refusal does not end the transaction": func(e *env) {
		p, q := e.PoolWith("p", 2), e.PoolWith("q", 1)
		e.Bind(p[0], storetest.UserOf(storetest.Project))
		e.Update(func(tx *store.Tx) error {
			saved, err := desktop.SaveMember(e.Context(), tx, p[1].AfterBinding(storetest.UserOf(storetest.Project), tx.Now()), desktop.Binding{}, workspace.GroupSudo)
			e.Same(saved, false)
			if err != nil {
				return err
			}
			saved, err = desktop.SaveMember(e.Context(), tx, q[0].AfterBinding(storetest.UserOf(storetest.Project), tx.Now()), desktop.Binding{}, workspace.GroupSudo)
			e.Same(saved, true)
			return err
		})
		e.Same(e.Member(p[1]), p[1])
		e.Same(e.Assigned(p[1].DesktopID), "")
		e.Same(e.Assigned(q[0].DesktopID), "person sudo")
	},
	"of 20 callers at once one gives a person a desktop of the pool": func(e *env) {
		all := e.PoolWith("p", 20)
		var gave atomic.Int32
		e.All(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				saved, err := desktop.SaveMember(e.Context(), tx, all[i].AfterBinding(storetest.UserOf(storetest.Project), tx.Now()), all[i].Binding, workspace.GroupSudo)
				if saved {
					gave.Add(1)
				}
				return err
			})
		}))
		e.Same([]int{int(gave.Load()), e.Pool("p").Counts.Bound, e.ReadUser().Desktops}, []int{1, 1, 1})
	},
	"of 20 callers at once one gets a desktop": func(e *env) {
		m := e.PoolWith("p", 1)[0]
		for i := range 20 {
			e.AddUsers(directory.User{ID: fmt.Sprint("u", i), ProjectID: storetest.Project, Name: fmt.Sprint("u", i)})
		}
		var got atomic.Int32
		e.All(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				saved, err := desktop.SaveMember(e.Context(), tx, m.AfterBinding(fmt.Sprint("u", i), tx.Now()), m.Binding, workspace.GroupSudo)
				if saved {
					got.Add(1)
				}
				return err
			})
		}))
		e.Same([]int{int(got.Load()), len(e.Desktop(m.DesktopID).Assignments)}, []int{1, 1})
	},
	"nobody who is gone gets a desktop": func(e *env) {
		m := e.PoolWith("p", 1)[0]
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			_, err := desktop.SaveMember(e.Context(), tx, m.AfterBinding("gone", tx.Now()), m.Binding, workspace.GroupSudo)
			return err
		})
		e.Same(e.Member(m), m)
	},
	"a deleted person's bindings end, and the desktops stay used": func(e *env) {
		e.AddUsers(directory.User{ID: "u", ProjectID: storetest.Project, Name: "u"})
		a, b := e.Bind(e.PoolWith("a", 1)[0], "u"), e.Bind(e.PoolWith("b", 1)[0], "u")
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, "u") })
		for _, m := range []desktop.Member{a, b} {
			e.Same(e.Member(m), m.AfterRelease())
			e.Same(e.Assigned(m.DesktopID), "")
			if !e.Member(m).Used {
				e.Error("the desktop counts as fresh")
			}
		}
		e.Same(e.Pool("a").Counts.Bound, 0)
	},
	"of those who delete a person and those who give them a desktop, nobody leaves a binding behind": func(e *env) {
		all := e.PoolWith("p", 10)
		for i, m := range all {
			id := fmt.Sprint("u", i)
			e.AddUsers(directory.User{ID: id, ProjectID: storetest.Project, Name: id})
			for _, err := range storetest.Together(2, func(n int) error {
				return e.Store.Update(e.Context(), func(tx *store.Tx) error {
					if n == 0 {
						return directory.DeleteUser(e.Context(), tx, id)
					}
					_, err := desktop.SaveMember(e.Context(), tx, m.AfterBinding(id, tx.Now()), m.Binding, workspace.GroupSudo)
					return err
				})
			}) {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					e.Error(err)
				}
			}
			e.Same(e.Member(m).Binding, desktop.Binding{})
		}
	},
	"a desktop is not put into a pool that is not there": func(e *env) {
		d := desktoptest.NewDesktop("pc")
		pooltest.In("gone")(&d)
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
	},
}
