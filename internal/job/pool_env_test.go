package job_test

import (
	"encoding/json"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// twoImages is a simulation with the image that pools start from and the one that they are rebuilt to.
func twoImages() sim.Config {
	return sim.Config{Latency: sim.Realistic(), Images: []sim.Image{{Alias: "debian"}, {Alias: "debian-next"}}}
}

// nextImage is the image that pools are rebuilt to in tests: the same system under another id.
const nextImage = "22222222-2222-4222-8222-222222222222"

const poolID = "33333333-3333-4333-8333-333333333333"

// addPool makes a pool of n desktops with a data disk each, which run in the end, and the image that it is to take.
func (e *env) addPool(n int) {
	e.t.Helper()
	ctx := e.t.Context()
	images, err := e.sim.Images(ctx)
	e.must(err)
	subnets, err := e.service.Catalog.Subnets(ctx, project)
	e.must(err)
	job := workspace.Job{ID: workspace.NewID(), ProjectID: project, Type: workspace.JobCreatePool, PoolID: poolID}
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		job.Created, job.SubJobs = tx.Now(), nil
		if err := catalog.PutImages(ctx, tx, []catalog.Image{{
			ID: nextImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: images[len(images)-1].ID,
		}}); err != nil {
			return err
		}
		p := pool.Pool{
			ID: poolID, ProjectID: project, Name: "pool", Type: pool.Dynamic, ProductID: product, ImageType: catalog.ImageGold,
			ImageID: image, Root: pool.PoolVolume{ID: workspace.NewID(), Type: "SAS", GB: 80},
			Data:      []pool.PoolVolume{{ID: workspace.NewID(), Type: "SSD", GB: 10}},
			SubnetIDs: []string{subnets[0].ID}, EnterpriseID: "0", RetentionMinutes: 30, Created: tx.Now(), Updated: tx.Now(),
			History: []pool.PoolImage{{ImageID: image, Type: catalog.ImageGold, Since: tx.Now()}},
		}
		if err := pool.InsertPool(ctx, tx, p, nil); err != nil {
			return err
		}
		addresses, err := catalog.FreeAddresses(ctx, tx, subnets[0].ID, n)
		if err != nil {
			return err
		}
		var desktops []desktop.Desktop
		for i := range n {
			d := desktop.Desktop{
				ID: workspace.NewID(), ProjectID: project, PoolID: poolID, Type: workspace.Pooled, Name: fmt.Sprintf("pool-%d", i),
				HostName: fmt.Sprintf("pool-%d", i), ProductID: product, ImageID: image, SubnetID: subnets[0].ID, Address: addresses[i],
				EnterpriseID: "0", Status: desktop.StatusCreating, Task: workspace.TaskCreating, Login: desktop.LoginUnregistered,
				Root:    desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Device: "/dev/sda", Name: "system", Created: tx.Now()},
				Data:    []desktop.Volume{{ID: workspace.NewID(), Type: "SSD", GB: 10, Device: "/dev/sdb", Name: "data-1", Created: tx.Now(), PoolVolumeID: p.Data[0].ID}},
				Created: tx.Now(), Updated: tx.Now(),
			}
			params, err := json.Marshal(desktop.CreateParams{})
			if err != nil {
				return err
			}
			sub := workspace.SubJob{
				ID: workspace.NewID(), JobID: job.ID, ProjectID: project, Type: job.Type, PoolID: poolID, Position: i, DesktopID: d.ID, Params: params,
				DesktopName: d.Name, State: workspace.SubJobWaiting, RunAt: tx.Now(), Created: tx.Now(),
			}
			d.TaskOwner = sub.ID
			desktops = append(desktops, d)
			job.SubJobs = append(job.SubJobs, sub)
		}
		if err := desktop.InsertDesktops(ctx, tx, desktops); err != nil {
			return err
		}
		return tx.InsertJob(ctx, job)
	}))
	p := e.start("setup", e.store, e.sim)
	e.finished(job.ID)
	p.kill()
}

// bind gives the i-th desktop by name to a new person, who is connected.
func (e *env) bind(i int) desktop.Member {
	e.t.Helper()
	ctx := e.t.Context()
	name := fmt.Sprintf("person-%d", i)
	userID, err := e.service.Users.CreateUser(ctx, user.CreateUser{Caller: workspace.Caller{ProjectID: project}, Name: name, Email: name + "@example.com"})
	e.must(err)
	d := e.desktops()[i]
	var m desktop.Member
	e.must(e.store.Update(ctx, func(tx *store.Tx) (err error) {
		if m, err = desktop.ReadMember(ctx, tx, d.ID); err != nil {
			return err
		}
		d.Login = desktop.LoginConnected
		if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
			return err
		}
		m = m.AfterBinding(userID, tx.Now())
		_, err = desktop.SaveMember(ctx, tx, m, desktop.Binding{}, workspace.GroupDefault)
		return err
	}))
	_, err = e.sim.Configure(ctx, d.ID, guest.Desktop{Hostname: d.HostName, Accounts: []guest.Account{{Name: name, Group: guest.GroupUser}}})
	e.must(err)
	e.must(e.sim.Await(ctx, d.ID, name))
	return m
}

// pool reads the pool.
func (e *env) pool() pool.Pool {
	e.t.Helper()
	var p pool.Pool
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		p, err = pool.ReadPool(e.t.Context(), tx, project, poolID)
		return err
	}))
	return p
}

func (e *env) poolMembers() []desktop.Member {
	e.t.Helper()
	var all []desktop.Member
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		all, err = desktop.Members(e.t.Context(), tx, poolID)
		return err
	}))
	return all
}

// rebuild asks for the pool's desktops to have the next image.
func (e *env) rebuild(changes ...func(*rollout.RebuildPool)) string {
	e.t.Helper()
	r := rollout.RebuildPool{Caller: workspace.Caller{ProjectID: project}, PoolID: poolID, ImageID: nextImage}
	for _, change := range changes {
		change(&r)
	}
	id, err := e.service.Rollouts.RebuildPool(e.t.Context(), r)
	e.must(err)
	return id
}

// reset has every desktop of the pool reset, as the pool does when somebody's binding is over.
func (e *env) reset() string {
	e.t.Helper()
	members := map[string]desktop.Member{}
	for _, m := range e.poolMembers() {
		members[m.DesktopID] = m
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: project, Type: workspace.JobRebuildDesktops, PoolID: poolID}
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		job.Created, job.SubJobs = tx.Now(), nil
		for i, d := range e.desktops() {
			params, err := json.Marshal(pool.ResetParams{ImageID: image, Wipe: !members[d.ID].Bound(), Why: "a test"})
			if err != nil {
				return err
			}
			sub := workspace.SubJob{
				ID: workspace.NewID(), JobID: job.ID, ProjectID: project, Type: job.Type, PoolID: poolID, Position: i, DesktopID: d.ID, Params: params,
				DesktopName: d.Name, State: workspace.SubJobWaiting, RunAt: tx.Now(), Created: tx.Now(),
			}
			d.Task, d.TaskOwner, d.Login = desktop.TaskRebuilding, sub.ID, desktop.LoginUnregistered
			if err := desktop.SaveDesktop(e.t.Context(), tx, d); err != nil {
				return err
			}
			job.SubJobs = append(job.SubJobs, sub)
		}
		return tx.InsertJob(e.t.Context(), job)
	}))
	return job.ID
}
