package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The sizes of a world: large enough for calls to meet, small enough for many worlds.
const (
	mostPools    = 3
	mostDesktops = 14
	mostPeople   = 10
)

// call makes a call that was drawn. What it is about is chosen now; it goes on beside those that follow.
func (w *world) call() {
	calls := []struct {
		weight int
		make   func()
	}{
		{10, w.openPool}, {4, w.openDesktop}, {4, w.leave}, {3, w.workOn}, {1, w.signOut},
		{1, w.createPool}, {1, w.deletePool}, {2, w.expand}, {2, w.shrink}, {2, w.update}, {2, w.operatePool}, {2, w.operate},
		{4, w.rebuild}, {2, w.revert}, {3, w.grant}, {1, w.lock}, {1, w.dismiss}, {1, w.takeBack}, {1, w.remove}, {1, w.createDesktops},
		{2, w.resize}, {3, w.changeDisks}, {3, w.regroup}, {2, w.attach}, {2, w.detach}, {2, w.retry}, {1, w.notify}, {1, w.forget}, {2, w.resetMine}, {1, w.ready}, {1, w.wait},
	}
	total := 0
	for _, c := range calls {
		total += c.weight
	}
	n := w.draw.IntN(total)
	for _, c := range calls {
		if n -= c.weight; n < 0 {
			c.make()
			return
		}
	}
}

// async makes a call beside everything else, and tells what came of it.
func (w *world) async(what string, do func(ctx context.Context) (string, error)) {
	w.note("%s", what)
	w.callers.Go(func() {
		outcome, err := do(context.Background())
		if err != nil {
			w.unexpected(what, err)
			outcome = err.Error()
		}
		w.note("    %s: %s", what, outcome)
	})
}

// ask is async for a call that answers with a job.
func (w *world) ask(what string, do func(ctx context.Context) (string, error)) { w.async(what, do) }

// do is async for a call that answers nothing.
func (w *world) do(what string, do func(ctx context.Context) error) {
	w.async(what, func(ctx context.Context) (string, error) { return "done", do(ctx) })
}

// unexpected notes an error that is no answer to whoever asked.
func (w *world) unexpected(what string, err error) {
	if err != nil && workspace.CodeOf(err) == workspace.CodeInternal && !errors.Is(err, context.Canceled) {
		w.wrong("%s: %v", what, err)
	}
}

func pick[T any](w *world, all []T) (T, bool) {
	if len(all) == 0 {
		var none T
		return none, false
	}
	return all[w.draw.IntN(len(all))], true
}

func (w *world) anyPool() (pool.Pool, bool) { return pick(w, w.pools()) }

// anyDesktop chooses a desktop of a pool, or of any kind if the pool is empty.
func (w *world) anyDesktop(poolID string) (desktop.Desktop, bool) {
	return pick(w, slices.DeleteFunc(w.desktops(), func(d desktop.Desktop) bool { return poolID != "" && d.PoolID != poolID }))
}

// ordinary are the desktops outside pools.
func (w *world) ordinary() []desktop.Desktop {
	return slices.DeleteFunc(w.desktops(), func(d desktop.Desktop) bool { return d.PoolID != "" })
}

func (w *world) anyPerson() *person { return w.people[w.draw.IntN(len(w.people))] }

func (w *world) chance(in int) bool { return w.draw.IntN(in) == 0 }

func (w *world) room() int { return mostDesktops - len(w.desktops()) }

// grants lets some people, and groups of them, use a pool.
func (w *world) grants(one int) []pool.Grant {
	var all []pool.Grant
	for _, g := range w.groups() {
		if w.draw.IntN(4) < one {
			all = append(all, pool.Grant{Type: pool.GrantGroup, ObjectID: g.ID, Name: g.Name, Group: w.group()})
		}
	}
	for _, p := range w.people {
		if w.draw.IntN(3) < one {
			all = append(all, pool.Grant{Type: pool.GrantUser, ObjectID: p.visitor.ID, Name: p.name, Group: w.group()})
		}
	}
	return all
}

func (w *world) group() workspace.UserGroup {
	if w.chance(3) {
		return workspace.GroupSudo
	}
	return workspace.GroupDefault
}

// policy draws how a pool keeps itself.
func (w *world) policy() *pool.PolicyChange {
	way := pool.AutoCreated
	if w.chance(2) {
		way = pool.AccessCreated
	}
	p := &pool.PolicyChange{
		Type: &way, MaxAutoCreated: new(1 + w.draw.IntN(4)), OnceCreated: new(1 + w.draw.IntN(3)), MinRetention: new(w.draw.IntN(3)),
		AutoIsolation: new(w.chance(2)),
	}
	if way == pool.AutoCreated {
		p.MinIdle = new(w.draw.IntN(3))
	}
	if w.chance(2) {
		p.IdleMinutes = new(w.draw.IntN(10))
	}
	return p
}

func (w *world) createPool() {
	if len(w.pools()) >= mostPools || w.room() < 3 {
		return
	}
	w.serial++
	r := pool.CreatePool{
		Caller: caller(), Name: fmt.Sprintf("pool-%d", w.serial), Type: pool.Dynamic, Size: 1 + w.draw.IntN(3), ProductID: product,
		ImageType: catalog.ImageGold, ImageID: oldImage, Root: desktop.VolumeSpec{Type: "SAS", GB: 80},
		People: w.grants(2), Retention: new(10 + w.draw.IntN(10)), Reset: &pool.ResetChange{Enabled: new(w.chance(2)), PerDay: new(3)},
	}
	for range w.draw.IntN(3) {
		r.Data = append(r.Data, desktop.VolumeSpec{Type: "SSD", GB: 10})
	}
	if w.chance(3) {
		r.Type, r.Retention = pool.Static, nil
	}
	if w.draw.IntN(3) > 0 {
		r.Autoscaling, r.Policy = true, w.policy()
	}
	subnets, err := w.service.Catalog.Subnets(context.Background(), project)
	w.must(err)
	for _, s := range subnets[w.draw.IntN(2):] {
		r.SubnetIDs = append(r.SubnetIDs, s.ID)
	}
	w.ask(fmt.Sprintf("create %s %s of %d, policy %s", r.Type, r.Name, r.Size, describe(r.Policy)), func(ctx context.Context) (string, error) {
		return w.service.Pools.CreatePool(ctx, r)
	})
}

// describe tells a policy in few words.
func describe(p *pool.PolicyChange) string {
	if p == nil {
		return "none"
	}
	idle := -1
	if p.IdleMinutes != nil {
		idle = *p.IdleMinutes
	}
	least := 0
	if p.MinIdle != nil {
		least = *p.MinIdle
	}
	return fmt.Sprintf("%s at most %d, idle %d, at once %d, retain %d, idle minutes %d, isolation %v",
		*p.Type, *p.MaxAutoCreated, least, *p.OnceCreated, *p.MinRetention, idle, *p.AutoIsolation)
}

func (w *world) deletePool() {
	if p, ok := w.anyPool(); ok {
		w.do("delete "+p.Name, func(ctx context.Context) error { return w.service.Pools.DeletePool(ctx, caller(), p.ID) })
	}
}

func (w *world) expand() {
	p, ok := w.anyPool()
	if !ok || w.room() < 2 {
		return
	}
	r := pool.ExpandPool{Caller: caller(), PoolID: p.ID, Size: 1 + w.draw.IntN(2)}
	w.ask(fmt.Sprintf("expand %s by %d", p.Name, r.Size), func(ctx context.Context) (string, error) { return w.service.Pools.ExpandPool(ctx, r) })
}

func (w *world) shrink() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	r := pool.ShrinkPool{Caller: caller(), PoolID: p.ID, Size: 1 + w.draw.IntN(2)}
	w.ask(fmt.Sprintf("shrink %s by %d", p.Name, r.Size), func(ctx context.Context) (string, error) { return w.service.Pools.ShrinkPool(ctx, r) })
}

func (w *world) update() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	var c pool.PoolChange
	what := ""
	switch w.draw.IntN(4) {
	case 0:
		c.Autoscaling, c.Policy = new(!w.chance(4)), w.policy()
		what = fmt.Sprintf("autoscaling %v, policy %s", *c.Autoscaling, describe(c.Policy))
	case 1:
		c.InMaintenance = new(w.chance(2))
		what = fmt.Sprintf("maintenance %v", *c.InMaintenance)
	case 2:
		c.Retention = new(10 + w.draw.IntN(20))
		what = fmt.Sprintf("retention %d", *c.Retention)
	default:
		c.Reset = &pool.ResetChange{Enabled: new(w.chance(2)), PerDay: new(1 + w.draw.IntN(3))}
		what = fmt.Sprintf("resets %v", *c.Reset.Enabled)
	}
	w.do(fmt.Sprintf("update %s: %s", p.Name, what), func(ctx context.Context) error { return w.service.Pools.UpdatePool(ctx, caller(), p.ID, c) })
}

func (w *world) operatePool() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	op := []string{"os-start", "os-start", "os-stop", "reboot", "hibernate"}[w.draw.IntN(5)]
	r := pool.OperatePool{Caller: caller(), PoolID: p.ID, Op: op, How: []string{"SOFT", "HARD"}[w.draw.IntN(2)]}
	w.ask(fmt.Sprintf("%s %s %s", r.Op, r.How, p.Name), func(ctx context.Context) (string, error) { return w.service.Pools.OperatePool(ctx, r) })
}

func (w *world) operate() {
	d, ok := w.anyDesktop("")
	if !ok {
		return
	}
	ops := []desktop.Operation{desktop.OpStart, desktop.OpStart, desktop.OpStop, desktop.OpReboot, desktop.OpHibernate}
	r := desktop.OperateDesktops{Caller: caller(), IDs: []string{d.ID}, Op: ops[w.draw.IntN(len(ops))], Force: w.chance(2)}
	w.ask(fmt.Sprintf("%s %s", r.Op, d.Name), func(ctx context.Context) (string, error) {
		o, err := w.service.Desktops.OperateDesktops(ctx, r)
		return fmt.Sprintf("%s %v", o.JobID, o.Refused), err
	})
}

func (w *world) rebuild() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	r := rollout.RebuildPool{
		Caller: caller(), PoolID: p.ID, ImageID: []string{oldImage, newImage, newImage}[w.draw.IntN(3)], DelayMinutes: w.draw.IntN(4),
		Message: "A new system comes.", Fix: w.chance(3),
		Handle: []pool.HandleType{"", pool.OnlyNew, pool.NewAndIdle, pool.NewAndAll}[w.draw.IntN(4)],
	}
	if d, ok := w.anyDesktop(p.ID); ok && w.chance(4) {
		r.DesktopIDs = []string{d.ID}
	}
	w.ask(fmt.Sprintf("rebuild %s with %.1s after %d minutes, fix %v, %s, %d named", p.Name, r.ImageID, r.DelayMinutes, r.Fix, r.Handle, len(r.DesktopIDs)),
		func(ctx context.Context) (string, error) { return w.service.Rollouts.RebuildPool(ctx, r) })
}

func (w *world) revert() {
	if p, ok := w.anyPool(); ok {
		w.ask("go back with "+p.Name, func(ctx context.Context) (string, error) { return w.service.Rollouts.RevertPool(ctx, caller(), p.ID) })
	}
}

func (w *world) grant() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	r := pool.ChangeGrants{Caller: caller(), PoolID: p.ID, Objects: w.grants(1)}
	r.Action = []pool.GrantAction{pool.GrantAdd, pool.GrantAdd, pool.GrantRemove, pool.GrantChange}[w.draw.IntN(4)]
	if len(r.Objects) == 0 {
		return
	}
	var names []string
	for _, g := range r.Objects {
		names = append(names, g.Name)
	}
	w.do(fmt.Sprintf("%s %v in %s", r.Action, names, p.Name), func(ctx context.Context) error { return w.service.Pools.ChangeGrants(ctx, r) })
}

func (w *world) takeBack() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	r := pool.TakeBack{Caller: caller(), PoolID: p.ID}
	for _, d := range w.desktops() {
		if d.PoolID == p.ID && d.Isolated {
			r.DesktopIDs = append(r.DesktopIDs, d.ID)
		}
	}
	if len(r.DesktopIDs) > 0 {
		w.do(fmt.Sprintf("take back %d in %s", len(r.DesktopIDs), p.Name), func(ctx context.Context) error { return w.service.Pools.TakeBack(ctx, r) })
	}
}

// remove deletes a desktop, or all of a pool.
func (w *world) remove() {
	d, ok := w.anyDesktop("")
	if !ok {
		return
	}
	r := desktop.DeleteDesktops{Caller: caller(), IDs: []string{d.ID}, DeleteUsers: w.chance(6)}
	if d.PoolID != "" && w.chance(4) {
		r.IDs = nil
		for _, o := range w.desktops() {
			if o.PoolID == d.PoolID {
				r.IDs = append(r.IDs, o.ID)
			}
		}
	}
	w.ask(fmt.Sprintf("delete %d desktops, %s among them", len(r.IDs), d.Name), func(ctx context.Context) (string, error) {
		return w.service.Desktops.DeleteDesktops(ctx, r)
	})
}

func (w *world) createDesktops() {
	if w.room() < 2 {
		return
	}
	p := w.anyPerson()
	r := desktop.CreateDesktops{
		Caller: caller(), Type: workspace.Dedicated, ProductID: product, ImageType: catalog.ImageGold, ImageID: oldImage,
		Root: desktop.VolumeSpec{Type: "SAS", GB: 80}, Desktops: []desktop.NewDesktop{{UserName: p.name}},
	}
	w.ask("create a desktop for "+p.name, func(ctx context.Context) (string, error) { return w.service.Desktops.CreateDesktops(ctx, r) })
}

func (w *world) attach() {
	d, ok := pick(w, w.ordinary())
	if w.chance(5) {
		d, ok = w.anyDesktop("") // those of pools are refused
	}
	if !ok {
		return
	}
	p := w.anyPerson()
	r := assignment.AttachDesktops{Caller: caller(), Desktops: []assignment.AttachDesktop{{DesktopID: d.ID, UserName: p.name, ClearData: w.chance(2)}}}
	w.ask(fmt.Sprintf("attach %s to %s", d.Name, p.name), func(ctx context.Context) (string, error) { return w.service.Assignments.AttachDesktops(ctx, r) })
}

func (w *world) detach() {
	d, ok := pick(w, w.ordinary())
	if w.chance(5) {
		d, ok = w.anyDesktop("")
	}
	if !ok {
		return
	}
	r := assignment.DetachDesktops{Caller: caller(), ShutOff: w.chance(3), Desktops: []assignment.DetachDesktop{{DesktopID: d.ID, All: true, ClearData: w.chance(2)}}}
	w.ask("detach "+d.Name, func(ctx context.Context) (string, error) {
		o, err := w.service.Assignments.DetachDesktops(ctx, r, "desktops")
		return fmt.Sprintf("%s %v", o.JobID, o.Refused), err
	})
}

func (w *world) notify() {
	if p, ok := w.anyPool(); ok {
		r := pool.NotifyPool{Caller: caller(), PoolID: p.ID, Text: "Lunch is ready."}
		w.ask("notify "+p.Name, func(ctx context.Context) (string, error) { return w.service.Pools.NotifyPool(ctx, r) })
	}
}

// failed lists the sub-jobs that have failed, oldest job first.
func (w *world) failed() []workspace.SubJob {
	return view(w, func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
		all, _, err := tx.SubJobs(ctx, workspace.SubJobQuery{ProjectID: project, State: workspace.SubJobFailed, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

func (w *world) retry() {
	if s, ok := pick(w, w.failed()); ok {
		w.ask(fmt.Sprintf("retry the %s of %s", s.Type, s.DesktopName), func(ctx context.Context) (string, error) {
			return w.service.Work.RetryJob(ctx, project, s.JobID)
		})
	}
}

// forget deletes the records of what has ended.
func (w *world) forget() {
	state := []workspace.SubJobState{workspace.SubJobSuccess, workspace.SubJobFailed}[w.draw.IntN(2)]
	w.do(fmt.Sprintf("delete all records of %s", state), func(ctx context.Context) error { return w.service.Work.DeleteSubJobs(ctx, project, nil, state) })
}
