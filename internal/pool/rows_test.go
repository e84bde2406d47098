package pool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// fullPool has something in every field.
func (e *env) fullPool() pool.Pool {
	now := e.Clock.Now()
	idle := 0
	return pool.Pool{
		ID: "full", ProjectID: storetest.Project, Name: "Sälé-销售", Type: pool.Static, Description: `it's "good" \ ?`,
		Zone: "az", ProductID: "product", ImageType: catalog.ImageGold, ImageID: "image",
		Root:  pool.PoolVolume{ID: "v0", Type: "SSD", GB: 80},
		Data:  []pool.PoolVolume{{ID: "v2", Type: "SAS", GB: 10}, {ID: "v1", Type: "SSD", GB: 20}},
		VPCID: "vpc", SubnetIDs: []string{"s2", "s1"}, SecurityGroups: []string{"g2", "g1"}, EnterpriseID: "e", OUID: e.AddUnit("ou"), OUName: "ou", Domain: "d",
		NamePolicyID: "policy", Tags: []workspace.Tag{{Key: "团队", Value: "销售"}, {Key: "a", Value: ""}},
		RetentionMinutes: 30, Autoscaling: true,
		Policy: autoscale.Policy{
			Type: autoscale.AutoCreated, MaxAutoCreated: 9, MinIdle: 2, OnceCreated: 3, MinRetention: 4, IdleMinutes: &idle,
			AutoIsolation: true, MaxIsolated: 5,
		},
		Reset: pool.UserResetPolicy{Enabled: true, PerDay: 2}, InMaintenance: true, Frozen: true,
		History: []pool.PoolImage{{ImageID: "i", Type: catalog.ImagePrivate, JobID: "j", Since: now}, {ImageID: "image", Type: catalog.ImageGold, Since: now.Add(time.Second)}},
		Scale:   autoscale.History{Created: now, Failures: 2, Failed: now.Add(time.Minute)},
		Created: now, Updated: now.Add(time.Microsecond),
	}
}

var pools = map[string]func(*env){
	"a pool is read as inserted and as saved": func(e *env) {
		p := e.fullPool()
		e.Update(func(tx *store.Tx) error { return pool.InsertPool(e.Context(), tx, p, nil) })
		e.Same(e.Pool(p.ID), p)
		e.Clock.Advance(time.Hour)
		saved := pooltest.NewPool(p.ID)
		saved.Created = e.Clock.Now() // which does not change
		e.Update(func(tx *store.Tx) error { return pool.SavePool(e.Context(), tx, saved) })
		saved.Created, saved.Updated = p.Created, e.Clock.Now()
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (pool.Pool, error) {
			return pool.LockPool(ctx, tx, storetest.Project, p.ID)
		}), saved)
	},
	"a pool of another project, or one that is missing, is not found": func(e *env) {
		e.AddPool("p")
		for _, read := range []func(context.Context, *store.Tx, string, string) (pool.Pool, error){
			func(ctx context.Context, tx *store.Tx, project, id string) (pool.Pool, error) {
				return pool.ReadPool(ctx, tx, project, id)
			},
			func(ctx context.Context, tx *store.Tx, project, id string) (pool.Pool, error) {
				return pool.LockPool(ctx, tx, project, id)
			},
		} {
			e.Refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := read(e.Context(), tx, storetest.OtherProject, "p"); return err })
			e.Refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := read(e.Context(), tx, storetest.Project, "missing"); return err })
			e.Update(func(tx *store.Tx) error { _, err := read(e.Context(), tx, "", "p"); return err })
		}
		e.Refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { return pool.SavePool(e.Context(), tx, pooltest.NewPool("missing")) })
	},
	"a pool's name is taken whatever its case, but not in another project": func(e *env) {
		e.AddPool("Äpfel")
		e.AddPool("other", func(p *pool.Pool) { p.ProjectID, p.Name = storetest.OtherProject, "Äpfel" })
		pears := e.AddPool("pears")
		taken := pooltest.NewPool("x")
		taken.Name = "äPFEL"
		message := e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return pool.InsertPool(e.Context(), tx, taken, nil) })
		if !strings.Contains(message, "äPFEL") {
			e.Errorf("the message %q does not name the name", message)
		}
		pears.Name = "äPFEL"
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return pool.SavePool(e.Context(), tx, pears) })
		e.One(storetest.Together(10, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				p := pooltest.NewPool(fmt.Sprint(i))
				p.Name = "wanted"
				return pool.InsertPool(e.Context(), tx, p, nil)
			})
		}), workspace.CodeNameTaken)
	},
	"pools are filtered and paged, oldest first": func(e *env) {
		now, yes, no := e.Clock.Now(), true, false
		berlin := e.AddUnit("Berlin")
		e.AddPool("1", func(p *pool.Pool) { p.Name, p.Type, p.OUID = "Sales_1", pool.Static, berlin })
		e.AddPool("2", func(p *pool.Pool) {
			p.Name, p.Autoscaling, p.EnterpriseID, p.NamePolicyID = "x2", true, "e", "policy"
		})
		e.AddPool("3", func(p *pool.Pool) { p.InMaintenance, p.Created = true, now.Add(-time.Second) })
		e.AddPool("4", func(p *pool.Pool) { p.ProjectID = storetest.OtherProject })
		for _, c := range []struct {
			q    pool.PoolQuery
			want string
		}{
			{pool.PoolQuery{ProjectID: storetest.Project}, "3 1 2"},
			{pool.PoolQuery{}, "3 1 2 4"},
			{pool.PoolQuery{ProjectID: storetest.Project, Name: "s_1"}, "1"},
			{pool.PoolQuery{ProjectID: storetest.Project, IDs: []string{"2", "4"}}, "2"},
			{pool.PoolQuery{ProjectID: storetest.Project, Type: pool.Static}, "1"},
			{pool.PoolQuery{ProjectID: storetest.Project, EnterpriseID: "e"}, "2"},
			{pool.PoolQuery{ProjectID: storetest.Project, OUID: berlin}, "1"},
			{pool.PoolQuery{ProjectID: storetest.Project, NamePolicyID: "policy"}, "2"},
			{pool.PoolQuery{ProjectID: storetest.Project, Autoscaling: &yes}, "2"},
			{pool.PoolQuery{ProjectID: storetest.Project, InMaintenance: &no}, "1 2"},
		} {
			e.View(func(tx *store.Tx) error {
				c.q.Page = storetest.Everything
				got, total, err := pool.Pools(e.Context(), tx, c.q)
				e.Same(strings.Join(storetest.IDs(got, poolID), " "), c.want)
				e.Same(total, len(got))
				return err
			})
		}
		e.View(func(tx *store.Tx) error {
			got, total, err := pool.Pools(e.Context(), tx, pool.PoolQuery{ProjectID: storetest.Project, Page: workspace.Page{Offset: 1, Limit: 1}})
			e.Same(storetest.IDs(got, poolID), []string{"1"})
			e.Same(total, 3)
			return err
		})
	},
	"a pool's desktops and the unfinished sub-jobs of its own jobs are counted": func(e *env) {
		e.AddPool("p")
		e.AddPool("q")
		for i := range 4 {
			e.AddDesktop(fmt.Sprint("pc", i), pooltest.In("p"))
		}
		e.AddDesktop("elsewhere")
		all := e.Members("p")
		e.Bind(all[0], storetest.UserOf(storetest.Project))
		all[1].Isolated = true
		e.Put(all[1], all[1].Binding)
		for i, j := range []struct {
			of    workspace.JobType
			pool  string
			state workspace.SubJobState
		}{
			{workspace.JobExpandPool, "p", workspace.SubJobWaiting}, {workspace.JobRebuildPool, "p", workspace.SubJobRunning},
			{workspace.JobExpandPool, "p", workspace.SubJobSuccess}, {workspace.JobExpandPool, "p", workspace.SubJobFailed},
			{workspace.JobExpandPool, "", workspace.SubJobWaiting}, {workspace.JobDeleteDesktops, "p", workspace.SubJobWaiting},
		} {
			e.Update(func(tx *store.Tx) error {
				id := fmt.Sprint("job", i)
				return tx.InsertJob(e.Context(), workspace.Job{ID: id, ProjectID: storetest.Project, Type: j.of, PoolID: j.pool, SubJobs: []workspace.SubJob{
					{ID: id, ProjectID: storetest.Project, Type: j.of, PoolID: j.pool, State: j.state},
				}})
			})
		}
		want := pool.PoolCounts{Desktops: 4, Bound: 1, Isolated: 1, Working: 2}
		e.Same(e.Pool("p").Counts, want)
		e.View(func(tx *store.Tx) error {
			got, _, err := pool.Pools(e.Context(), tx, pool.PoolQuery{ProjectID: storetest.Project, Page: storetest.Everything})
			e.Same(storetest.IDs(got, func(p pool.Pool) string { return fmt.Sprint(p.ID, p.Counts) }), []string{fmt.Sprint("p", want), fmt.Sprint("q", pool.PoolCounts{})})
			return err
		})
	},
	"whoever locks a pool sees what the one before did": func(e *env) {
		e.AddPool("p")
		e.All(storetest.Together(20, func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				p, err := pool.LockPool(e.Context(), tx, storetest.Project, "p")
				if err != nil {
					return err
				}
				p.RetentionMinutes++
				d := desktoptest.NewDesktop(fmt.Sprint("pc", p.Counts.Desktops)) // a name that two would collide on
				pooltest.In("p")(&d)
				if err := desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}); err != nil {
					return err
				}
				return pool.SavePool(e.Context(), tx, p)
			})
		}))
		p := e.Pool("p")
		e.Same([]int{p.RetentionMinutes, p.Counts.Desktops}, []int{20, 20})
	},
	"desktops that differ from their pool are found and counted, whatever the respect": func(e *env) {
		p := e.AddPool("p", func(p *pool.Pool) {
			p.ProductID, p.ImageID, p.Root = "product", "image", pool.PoolVolume{GB: 80}
			p.Data = []pool.PoolVolume{{GB: 10}, {GB: 20}}
		})
		like := func(d *desktop.Desktop) {
			d.ID, d.PoolID, d.ProductID, d.ImageID = d.Name, "p", p.ProductID, p.ImageID
			d.Root = desktop.Volume{ID: d.Name + "-root", GB: 80}
			d.Data = []desktop.Volume{{ID: d.Name + "-1", GB: 10}, {ID: d.Name + "-2", GB: 20}}
		}
		for name, change := range map[string]func(*desktop.Desktop){
			"like":    func(*desktop.Desktop) {},
			"aside":   func(d *desktop.Desktop) { d.Isolated = true },
			"product": func(d *desktop.Desktop) { d.ProductID = "larger" },
			"image":   func(d *desktop.Desktop) { d.ImageID = "older" },
			"root":    func(d *desktop.Desktop) { d.Root.GB = 79 },
			"data":    func(d *desktop.Desktop) { d.Data[1].GB = 21 },
			"fewer":   func(d *desktop.Desktop) { d.Data = d.Data[:1] },
			"more":    func(d *desktop.Desktop) { d.Data = append(d.Data, desktop.Volume{ID: d.Name + "-3", GB: 5}) },
			"none":    func(d *desktop.Desktop) { d.Data = nil },
			"all":     func(d *desktop.Desktop) { d.ProductID, d.ImageID, d.Root.GB, d.Data = "", "", 1, nil },
		} {
			e.AddDesktop(name, like, change)
		}
		e.AddDesktop("elsewhere", like, func(d *desktop.Desktop) { d.ID, d.PoolID, d.ImageID, d.Root.ID, d.Data = "x", "", "older", "x", nil })
		e.View(func(tx *store.Tx) error {
			counts, err := desktop.PoolDifferences(e.Context(), tx, p.Pattern())
			if err != nil {
				return err
			}
			all, _, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{PoolIDs: []string{"p"}, Page: storetest.Everything})
			if err != nil {
				return err
			}
			for _, in := range desktop.Differences {
				var want []string
				for _, d := range all {
					if slices.Contains(p.Differences(d), in) || d.Isolated && in == desktop.DiffersByIsolation {
						want = append(want, d.ID)
					}
				}
				got, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{
					ProjectID: storetest.Project, Unlike: &desktop.Unlike{Pattern: p.Pattern(), In: in}, Page: storetest.Everything,
				})
				if err != nil {
					return err
				}
				e.Same(storetest.IDs(got, desktopID), want)
				e.Same([]int{total, counts[in]}, []int{len(want), len(want)})
				if len(want) == 0 {
					e.Errorf("no desktop differs by %s", in)
				}
			}
			return nil
		})
		yes := true
		e.View(func(tx *store.Tx) error {
			got, _, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, Isolated: &yes, Page: storetest.Everything})
			e.Same(storetest.IDs(got, desktopID), []string{"aside"})
			return err
		})
	},
	"a pool that has a desktop is not deleted": func(e *env) {
		e.AddPool("p")
		d := e.AddDesktop("pc", pooltest.In("p"))
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "p") })
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, d.ID) })
		for range 2 {
			e.Update(func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "p") })
		}
		e.Refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := pool.ReadPool(e.Context(), tx, "", "p"); return err })
	},
	"a deleted pool takes along its people, waiting list, decisions and notices": func(e *env) {
		fill := func() {
			e.AddPool("p")
			e.Grant("p", pool.Grant{Type: pool.GrantUser, ObjectID: storetest.UserOf(storetest.Project)})
			e.wait("p", storetest.UserOf(storetest.Project), time.Minute)
			e.decide("p", "decision", 10)
			e.notify("p", "notice")
		}
		fill()
		e.Update(func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "p") })
		fill() // all of it can be there again
	},
	"of those who delete a pool and those who put a desktop into it, only one succeeds": func(e *env) {
		for i := range 10 {
			id := fmt.Sprint("p", i)
			e.AddPool(id)
			e.One(storetest.Together(2, func(n int) error {
				return e.Store.Update(e.Context(), func(tx *store.Tx) error {
					if n == 0 {
						return pool.DeletePool(e.Context(), tx, id)
					}
					d := desktoptest.NewDesktop("in-" + id)
					pooltest.In(id)(&d)
					return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
				})
			}), workspace.CodeConflict)
		}
	},
}

func poolID(p pool.Pool) string { return p.ID }

func desktopID(d desktop.Desktop) string { return d.ID }
