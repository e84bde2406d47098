package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// newPool is a pool of the project's.
func newPool(id string) pool.Pool {
	return pool.Pool{ID: id, ProjectID: project, Name: id, Type: pool.Dynamic, EnterpriseID: "0"}
}

func (w *world) addPool(id string, changes ...func(*pool.Pool)) pool.Pool {
	w.Helper()
	p := newPool(id)
	p.Created, p.Updated = w.clock.Now(), w.clock.Now()
	for _, change := range changes {
		change(&p)
	}
	w.update(func(tx *store.Tx) error { return pool.InsertPool(w.Context(), tx, p, nil) })
	return p
}

func (w *world) pool(id string) pool.Pool {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (pool.Pool, error) {
		return pool.ReadPool(ctx, tx, project, id)
	})
}

// in makes a new desktop one of a pool's.
func in(poolID string) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) { d.PoolID, d.Type = poolID, desktop.Pooled }
}

// fullPool has something in every field.
func fullPool(now time.Time) pool.Pool {
	idle := 0
	return pool.Pool{
		ID: "full", ProjectID: project, Name: "Sälé-销售", Type: pool.Static, Description: `it's "good" \ ?`,
		Zone: "az", ProductID: "product", ImageType: catalog.ImageGold, ImageID: "image",
		Root:  pool.PoolVolume{ID: "v0", Type: "SSD", GB: 80},
		Data:  []pool.PoolVolume{{ID: "v2", Type: "SAS", GB: 10}, {ID: "v1", Type: "SSD", GB: 20}},
		VPCID: "vpc", SubnetIDs: []string{"s2", "s1"}, SecurityGroups: []string{"g2", "g1"}, EnterpriseID: "e", OUName: "ou", Domain: "d",
		NamePolicyID: "policy", Tags: []workspace.Tag{{Key: "团队", Value: "销售"}, {Key: "a", Value: ""}},
		RetentionMinutes: 30, Autoscaling: true,
		Policy: pool.AutoscalePolicy{
			Type: pool.AutoCreated, MaxAutoCreated: 9, MinIdle: 2, OnceCreated: 3, MinRetention: 4, IdleMinutes: &idle,
			AutoIsolation: true, MaxIsolated: 5,
		},
		Reset: pool.UserResetPolicy{Enabled: true, PerDay: 2}, InMaintenance: true, Frozen: true,
		History: []pool.PoolImage{{ImageID: "i", Type: catalog.ImagePrivate, JobID: "j", Since: now}, {ImageID: "image", Type: catalog.ImageGold, Since: now.Add(time.Second)}},
		Scale:   pool.ScaleHistory{Created: now, Failures: 2, Failed: now.Add(time.Minute)},
		Created: now, Updated: now.Add(time.Microsecond),
	}
}

var pools = []behaviour{
	{"a pool is read as inserted and as saved", func(w *world) {
		p := fullPool(w.clock.Now())
		w.update(func(tx *store.Tx) error { return pool.InsertPool(w.Context(), tx, p, nil) })
		w.same(w.pool(p.ID), p)
		w.clock.Advance(time.Hour)
		saved := newPool(p.ID)
		saved.Created = w.clock.Now() // which does not change
		w.update(func(tx *store.Tx) error { return pool.SavePool(w.Context(), tx, saved) })
		saved.Created, saved.Updated = p.Created, w.clock.Now()
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (pool.Pool, error) {
			return pool.LockPool(ctx, tx, project, p.ID)
		}), saved)
	}},
	{"a pool of another project, or one that is missing, is not found", func(w *world) {
		w.addPool("p")
		for _, read := range []func(context.Context, *store.Tx, string, string) (pool.Pool, error){
			func(ctx context.Context, tx *store.Tx, project, id string) (pool.Pool, error) {
				return pool.ReadPool(ctx, tx, project, id)
			},
			func(ctx context.Context, tx *store.Tx, project, id string) (pool.Pool, error) {
				return pool.LockPool(ctx, tx, project, id)
			},
		} {
			w.refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := read(w.Context(), tx, otherProject, "p"); return err })
			w.refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := read(w.Context(), tx, project, "missing"); return err })
			w.update(func(tx *store.Tx) error { _, err := read(w.Context(), tx, "", "p"); return err })
		}
		w.refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { return pool.SavePool(w.Context(), tx, newPool("missing")) })
	}},
	{"a pool's name is taken whatever its case, but not in another project", func(w *world) {
		w.addPool("Äpfel")
		w.addPool("other", func(p *pool.Pool) { p.ProjectID, p.Name = otherProject, "Äpfel" })
		pears := w.addPool("pears")
		taken := newPool("x")
		taken.Name = "äPFEL"
		message := w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return pool.InsertPool(w.Context(), tx, taken, nil) })
		if !strings.Contains(message, "äPFEL") {
			w.Errorf("the message %q does not name the name", message)
		}
		pears.Name = "äPFEL"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return pool.SavePool(w.Context(), tx, pears) })
		w.one(together(10, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				p := newPool(fmt.Sprint(i))
				p.Name = "wanted"
				return pool.InsertPool(w.Context(), tx, p, nil)
			})
		}), workspace.CodeNameTaken)
	}},
	{"pools are filtered and paged, oldest first", func(w *world) {
		now, yes, no := w.clock.Now(), true, false
		w.addPool("1", func(p *pool.Pool) { p.Name, p.Type, p.OUName = "Sales_1", pool.Static, "Berlin" })
		w.addPool("2", func(p *pool.Pool) {
			p.Name, p.Autoscaling, p.EnterpriseID, p.NamePolicyID = "x2", true, "e", "policy"
		})
		w.addPool("3", func(p *pool.Pool) { p.InMaintenance, p.Created = true, now.Add(-time.Second) })
		w.addPool("4", func(p *pool.Pool) { p.ProjectID = otherProject })
		for _, c := range []struct {
			q    pool.PoolQuery
			want string
		}{
			{pool.PoolQuery{ProjectID: project}, "3 1 2"},
			{pool.PoolQuery{}, "3 1 2 4"},
			{pool.PoolQuery{ProjectID: project, Name: "s_1"}, "1"},
			{pool.PoolQuery{ProjectID: project, IDs: []string{"2", "4"}}, "2"},
			{pool.PoolQuery{ProjectID: project, Type: pool.Static}, "1"},
			{pool.PoolQuery{ProjectID: project, EnterpriseID: "e"}, "2"},
			{pool.PoolQuery{ProjectID: project, OUName: "Berlin"}, "1"},
			{pool.PoolQuery{ProjectID: project, NamePolicyID: "policy"}, "2"},
			{pool.PoolQuery{ProjectID: project, Autoscaling: &yes}, "2"},
			{pool.PoolQuery{ProjectID: project, InMaintenance: &no}, "1 2"},
		} {
			w.view(func(tx *store.Tx) error {
				c.q.Page = everything
				got, total, err := pool.Pools(w.Context(), tx, c.q)
				w.same(strings.Join(ids(got, poolID), " "), c.want)
				w.same(total, len(got))
				return err
			})
		}
		w.view(func(tx *store.Tx) error {
			got, total, err := pool.Pools(w.Context(), tx, pool.PoolQuery{ProjectID: project, Page: workspace.Page{Offset: 1, Limit: 1}})
			w.same(ids(got, poolID), []string{"1"})
			w.same(total, 3)
			return err
		})
	}},
	{"a pool's desktops and the unfinished sub-jobs of its own jobs are counted", func(w *world) {
		w.addPool("p")
		w.addPool("q")
		for i := range 4 {
			w.addDesktop(fmt.Sprint("pc", i), in("p"))
		}
		w.addDesktop("elsewhere")
		all := w.members("p")
		w.bind(all[0], personOf(project))
		all[1].Isolated = true
		w.put(all[1], all[1].Binding)
		for i, j := range []struct {
			of    workspace.JobType
			pool  string
			state workspace.SubJobState
		}{
			{workspace.JobExpandPool, "p", workspace.SubJobWaiting}, {workspace.JobRebuildPool, "p", workspace.SubJobRunning},
			{workspace.JobExpandPool, "p", workspace.SubJobSuccess}, {workspace.JobExpandPool, "p", workspace.SubJobFailed},
			{workspace.JobExpandPool, "", workspace.SubJobWaiting}, {workspace.JobDeleteDesktops, "p", workspace.SubJobWaiting},
		} {
			w.update(func(tx *store.Tx) error {
				id := fmt.Sprint("job", i)
				return tx.InsertJob(w.Context(), workspace.Job{ID: id, ProjectID: project, Type: j.of, PoolID: j.pool, SubJobs: []workspace.SubJob{
					{ID: id, ProjectID: project, Type: j.of, PoolID: j.pool, State: j.state},
				}})
			})
		}
		want := pool.PoolCounts{Desktops: 4, Bound: 1, Isolated: 1, Working: 2}
		w.same(w.pool("p").Counts, want)
		w.view(func(tx *store.Tx) error {
			got, _, err := pool.Pools(w.Context(), tx, pool.PoolQuery{ProjectID: project, Page: everything})
			w.same(ids(got, func(p pool.Pool) string { return fmt.Sprint(p.ID, p.Counts) }), []string{fmt.Sprint("p", want), fmt.Sprint("q", pool.PoolCounts{})})
			return err
		})
	}},
	{"whoever locks a pool sees what the one before did", func(w *world) {
		w.addPool("p")
		w.all(together(20, func(int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				p, err := pool.LockPool(w.Context(), tx, project, "p")
				if err != nil {
					return err
				}
				p.RetentionMinutes++
				d := newDesktop(fmt.Sprint("pc", p.Counts.Desktops)) // a name that two would collide on
				in("p")(&d)
				if err := desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}); err != nil {
					return err
				}
				return pool.SavePool(w.Context(), tx, p)
			})
		}))
		p := w.pool("p")
		w.same([]int{p.RetentionMinutes, p.Counts.Desktops}, []int{20, 20})
	}},
	{"desktops that differ from their pool are found and counted, whatever the respect", func(w *world) {
		p := w.addPool("p", func(p *pool.Pool) {
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
			w.addDesktop(name, like, change)
		}
		w.addDesktop("elsewhere", like, func(d *desktop.Desktop) { d.ID, d.PoolID, d.ImageID, d.Root.ID, d.Data = "x", "", "older", "x", nil })
		w.view(func(tx *store.Tx) error {
			counts, err := desktop.PoolDifferences(w.Context(), tx, p.Pattern())
			if err != nil {
				return err
			}
			all, _, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{PoolIDs: []string{"p"}, Page: everything})
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
				got, total, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{
					ProjectID: project, Unlike: &desktop.Unlike{Pattern: p.Pattern(), In: in}, Page: everything,
				})
				if err != nil {
					return err
				}
				w.same(ids(got, desktopID), want)
				w.same([]int{total, counts[in]}, []int{len(want), len(want)})
				if len(want) == 0 {
					w.Errorf("no desktop differs by %s", in)
				}
			}
			return nil
		})
		yes := true
		w.view(func(tx *store.Tx) error {
			got, _, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{ProjectID: project, Isolated: &yes, Page: everything})
			w.same(ids(got, desktopID), []string{"aside"})
			return err
		})
	}},
	{"a pool that has a desktop is not deleted", func(w *world) {
		w.addPool("p")
		d := w.addDesktop("pc", in("p"))
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return pool.DeletePool(w.Context(), tx, "p") })
		w.update(func(tx *store.Tx) error { return desktop.DeleteDesktop(w.Context(), tx, d.ID) })
		for range 2 {
			w.update(func(tx *store.Tx) error { return pool.DeletePool(w.Context(), tx, "p") })
		}
		w.refuses(workspace.CodePoolNotFound, func(tx *store.Tx) error { _, err := pool.ReadPool(w.Context(), tx, "", "p"); return err })
	}},
	{"a deleted pool takes along its people, waiting list, decisions and notices", func(w *world) {
		fill := func() {
			w.addPool("p")
			w.grant("p", pool.Grant{Type: pool.GrantUser, ObjectID: personOf(project)})
			w.wait("p", personOf(project), time.Minute)
			w.decide("p", "decision", 10)
			w.notify("p", "notice")
		}
		fill()
		w.update(func(tx *store.Tx) error { return pool.DeletePool(w.Context(), tx, "p") })
		fill() // all of it can be there again
	}},
	{"of those who delete a pool and those who put a desktop into it, only one succeeds", func(w *world) {
		for i := range 10 {
			id := fmt.Sprint("p", i)
			w.addPool(id)
			w.one(together(2, func(n int) error {
				return w.store.Update(w.Context(), func(tx *store.Tx) error {
					if n == 0 {
						return pool.DeletePool(w.Context(), tx, id)
					}
					d := newDesktop("in-" + id)
					in(id)(&d)
					return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d})
				})
			}), workspace.CodeConflict)
		}
	}},
}

func poolID(p pool.Pool) string { return p.ID }

func desktopID(d desktop.Desktop) string { return d.ID }
