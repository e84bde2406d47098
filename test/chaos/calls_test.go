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
	"carrel/internal/pool/autoscale"
	"carrel/internal/rollout"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The sizes of a run: large enough for calls to meet, small enough for many runs.
const (
	mostPools       = 3
	mostDesktops    = 14
	mostPeople      = 10
	mostIdleMinutes = 4 // after which a pool deletes what nobody uses
)

// call makes a call that was drawn. What it is about is chosen now; it goes on beside those that follow.
func (e *env) call() {
	calls := []struct {
		weight int
		make   func()
	}{
		{10, e.openPool}, {4, e.openDesktop}, {4, e.leave}, {3, e.workOn}, {1, e.signOut},
		{1, e.createPool}, {1, e.deletePool}, {2, e.expand}, {2, e.shrink}, {2, e.update}, {2, e.operatePool}, {2, e.operate},
		{4, e.rebuild}, {2, e.revert}, {3, e.grant}, {1, e.lock}, {1, e.deleteUser}, {1, e.takeBack}, {1, e.remove}, {1, e.createDesktops},
		{2, e.resize}, {3, e.changeDisks}, {3, e.regroup}, {2, e.attach}, {2, e.detach}, {2, e.retry}, {1, e.notify}, {2, e.runScript}, {1, e.forget}, {2, e.resetOwnDesktop}, {1, e.ready}, {1, e.wait},
	}
	total := 0
	for _, c := range calls {
		total += c.weight
	}
	n := e.draw.IntN(total)
	for _, c := range calls {
		if n -= c.weight; n < 0 {
			c.make()
			return
		}
	}
}

// async makes a call beside everything else, and tells what came of it.
func (e *env) async(what string, do func(ctx context.Context) (string, error)) {
	e.note("%s", what)
	e.callers.Go(func() {
		outcome, err := do(context.Background())
		if err != nil {
			e.unexpected(what, err)
			outcome = err.Error()
		}
		e.note("    %s: %s", what, outcome)
	})
}

// ask is async for a call that answers with a job.
func (e *env) ask(what string, do func(ctx context.Context) (string, error)) { e.async(what, do) }

// do is async for a call that answers nothing.
func (e *env) do(what string, do func(ctx context.Context) error) {
	e.async(what, func(ctx context.Context) (string, error) { return "done", do(ctx) })
}

// unexpected notes an error that is no answer to whoever asked.
func (e *env) unexpected(what string, err error) {
	if err != nil && workspace.CodeOf(err) == workspace.CodeInternal && !errors.Is(err, context.Canceled) {
		e.violation("%s: %v", what, err)
	}
}

func pick[T any](e *env, all []T) (T, bool) {
	if len(all) == 0 {
		var none T
		return none, false
	}
	return all[e.draw.IntN(len(all))], true
}

func (e *env) anyPool() (pool.Pool, bool) { return pick(e, e.pools()) }

// anyDesktop chooses a desktop of a pool, or of any kind if the pool is empty.
func (e *env) anyDesktop(poolID string) (desktop.Desktop, bool) {
	return pick(e, slices.DeleteFunc(e.desktops(), func(d desktop.Desktop) bool { return poolID != "" && d.PoolID != poolID }))
}

// ordinary are the desktops outside pools.
func (e *env) ordinary() []desktop.Desktop {
	return slices.DeleteFunc(e.desktops(), func(d desktop.Desktop) bool { return d.PoolID != "" })
}

func (e *env) anyPerson() *person { return e.people[e.draw.IntN(len(e.people))] }

func (e *env) chance(in int) bool { return e.draw.IntN(in) == 0 }

func (e *env) spareDesktops() int { return mostDesktops - len(e.desktops()) }

// grants lets some people, and groups of them, use a pool.
func (e *env) grants(one int) []pool.Grant {
	var all []pool.Grant
	for _, g := range e.groups() {
		if e.draw.IntN(4) < one {
			all = append(all, pool.Grant{Type: pool.GrantGroup, ObjectID: g.ID, Name: g.Name, Group: e.group()})
		}
	}
	for _, p := range e.people {
		if e.draw.IntN(3) < one {
			all = append(all, pool.Grant{Type: pool.GrantUser, ObjectID: p.visitor.ID, Name: p.name, Group: e.group()})
		}
	}
	return all
}

func (e *env) group() workspace.UserGroup {
	if e.chance(3) {
		return workspace.GroupSudo
	}
	return workspace.GroupDefault
}

// policy draws how a pool keeps itself.
func (e *env) policy() *pool.PolicyChange {
	way := autoscale.AutoCreated
	if e.chance(2) {
		way = autoscale.AccessCreated
	}
	p := &pool.PolicyChange{
		Type: &way, MaxAutoCreated: new(1 + e.draw.IntN(4)), OnceCreated: new(1 + e.draw.IntN(3)), MinRetention: new(e.draw.IntN(3)),
		AutoIsolation: new(e.chance(2)),
	}
	if way == autoscale.AutoCreated {
		p.MinIdle = new(e.draw.IntN(3))
	}
	if e.chance(2) {
		p.IdleMinutes = new(e.draw.IntN(mostIdleMinutes + 1))
	}
	return p
}

func (e *env) createPool() {
	if len(e.pools()) >= mostPools || e.spareDesktops() < 3 {
		return
	}
	e.serial++
	r := pool.CreatePool{
		Caller: caller(), Name: fmt.Sprintf("pool-%d", e.serial), Type: pool.Dynamic, Size: 1 + e.draw.IntN(3), ProductID: product,
		ImageType: catalog.ImageGold, ImageID: oldImage, Root: desktop.VolumeSpec{Type: "SAS", GB: 80},
		People: e.grants(2), Retention: new(10 + e.draw.IntN(10)), Reset: &pool.ResetChange{Enabled: new(e.chance(2)), PerDay: new(3)},
	}
	for range e.draw.IntN(3) {
		r.Data = append(r.Data, desktop.VolumeSpec{Type: "SSD", GB: 10})
	}
	if e.chance(3) {
		r.Type, r.Retention = pool.Static, nil
	}
	if e.draw.IntN(3) > 0 {
		r.Autoscaling, r.Policy = true, e.policy()
	}
	subnets, err := e.service.Catalog.Subnets(context.Background(), project)
	e.must(err)
	for _, s := range subnets[e.draw.IntN(2):] {
		r.SubnetIDs = append(r.SubnetIDs, s.ID)
	}
	e.ask(fmt.Sprintf("create %s %s of %d, policy %s", r.Type, r.Name, r.Size, describe(r.Policy)), func(ctx context.Context) (string, error) {
		return e.service.Pools.CreatePool(ctx, r)
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

func (e *env) deletePool() {
	if p, ok := e.anyPool(); ok {
		e.do("delete "+p.Name, func(ctx context.Context) error { return e.service.Pools.DeletePool(ctx, caller(), p.ID) })
	}
}

func (e *env) expand() {
	p, ok := e.anyPool()
	if !ok || e.spareDesktops() < 2 {
		return
	}
	r := pool.ExpandPool{Caller: caller(), PoolID: p.ID, Size: 1 + e.draw.IntN(2)}
	e.ask(fmt.Sprintf("expand %s by %d", p.Name, r.Size), func(ctx context.Context) (string, error) { return e.service.Pools.ExpandPool(ctx, r) })
}

func (e *env) shrink() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := pool.ShrinkPool{Caller: caller(), PoolID: p.ID, Size: 1 + e.draw.IntN(2)}
	e.ask(fmt.Sprintf("shrink %s by %d", p.Name, r.Size), func(ctx context.Context) (string, error) { return e.service.Pools.ShrinkPool(ctx, r) })
}

func (e *env) update() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	var c pool.PoolChange
	what := ""
	switch e.draw.IntN(4) {
	case 0:
		c.Autoscaling, c.Policy = new(!e.chance(4)), e.policy()
		what = fmt.Sprintf("autoscaling %v, policy %s", *c.Autoscaling, describe(c.Policy))
	case 1:
		c.InMaintenance = new(e.chance(2))
		what = fmt.Sprintf("maintenance %v", *c.InMaintenance)
	case 2:
		c.Retention = new(10 + e.draw.IntN(20))
		what = fmt.Sprintf("retention %d", *c.Retention)
	default:
		c.Reset = &pool.ResetChange{Enabled: new(e.chance(2)), PerDay: new(1 + e.draw.IntN(3))}
		what = fmt.Sprintf("resets %v", *c.Reset.Enabled)
	}
	e.do(fmt.Sprintf("update %s: %s", p.Name, what), func(ctx context.Context) error { return e.service.Pools.UpdatePool(ctx, caller(), p.ID, c) })
}

func (e *env) operatePool() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	op := []string{"os-start", "os-start", "os-stop", "reboot", "hibernate"}[e.draw.IntN(5)]
	r := pool.RunPoolPowerAction{Caller: caller(), PoolID: p.ID, Action: op, How: []string{"SOFT", "HARD"}[e.draw.IntN(2)]}
	e.ask(fmt.Sprintf("%s %s %s", r.Action, r.How, p.Name), func(ctx context.Context) (string, error) { return e.service.Pools.RunPoolPowerAction(ctx, r) })
}

func (e *env) operate() {
	d, ok := e.anyDesktop("")
	if !ok {
		return
	}
	ops := []desktop.PowerAction{desktop.PowerStart, desktop.PowerStart, desktop.PowerStop, desktop.PowerReboot, desktop.PowerHibernate}
	r := desktop.RunPowerAction{Caller: caller(), IDs: []string{d.ID}, Action: ops[e.draw.IntN(len(ops))], Force: e.chance(2)}
	e.ask(fmt.Sprintf("%s %s", r.Action, d.Name), func(ctx context.Context) (string, error) {
		o, err := e.service.Desktops.RunPowerAction(ctx, r)
		return fmt.Sprintf("%s %v", o.JobID, o.Refused), err
	})
}

func (e *env) rebuild() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := rollout.RebuildPool{
		Caller: caller(), PoolID: p.ID, ImageID: []string{oldImage, newImage, newImage}[e.draw.IntN(3)], DelayMinutes: e.draw.IntN(4),
		Message: "A new system comes.", Fix: e.chance(3),
		Handle: []pool.HandleType{"", pool.OnlyNew, pool.NewAndIdle, pool.NewAndAll}[e.draw.IntN(4)],
	}
	if d, ok := e.anyDesktop(p.ID); ok && e.chance(4) {
		r.DesktopIDs = []string{d.ID}
	}
	e.ask(fmt.Sprintf("rebuild %s with %.1s after %d minutes, fix %v, %s, %d named", p.Name, r.ImageID, r.DelayMinutes, r.Fix, r.Handle, len(r.DesktopIDs)),
		func(ctx context.Context) (string, error) { return e.service.Rollouts.RebuildPool(ctx, r) })
}

func (e *env) revert() {
	if p, ok := e.anyPool(); ok {
		e.ask("go back with "+p.Name, func(ctx context.Context) (string, error) { return e.service.Rollouts.RevertPool(ctx, caller(), p.ID) })
	}
}

func (e *env) grant() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := pool.ChangeGrants{Caller: caller(), PoolID: p.ID, Objects: e.grants(1)}
	r.Action = []pool.GrantAction{pool.GrantAdd, pool.GrantAdd, pool.GrantRemove, pool.GrantChange}[e.draw.IntN(4)]
	if len(r.Objects) == 0 {
		return
	}
	var names []string
	for _, g := range r.Objects {
		names = append(names, g.Name)
	}
	e.do(fmt.Sprintf("%s %v in %s", r.Action, names, p.Name), func(ctx context.Context) error { return e.service.Pools.ChangeGrants(ctx, r) })
}

func (e *env) takeBack() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := pool.TakeBack{Caller: caller(), PoolID: p.ID}
	for _, d := range e.desktops() {
		if d.PoolID == p.ID && d.Isolated {
			r.DesktopIDs = append(r.DesktopIDs, d.ID)
		}
	}
	if len(r.DesktopIDs) > 0 {
		e.do(fmt.Sprintf("take back %d in %s", len(r.DesktopIDs), p.Name), func(ctx context.Context) error { return e.service.Pools.TakeBack(ctx, r) })
	}
}

// remove deletes a desktop, or all of a pool.
func (e *env) remove() {
	d, ok := e.anyDesktop("")
	if !ok {
		return
	}
	r := desktop.DeleteDesktops{Caller: caller(), IDs: []string{d.ID}, DeleteUsers: e.chance(6)}
	if d.PoolID != "" && e.chance(4) {
		r.IDs = nil
		for _, o := range e.desktops() {
			if o.PoolID == d.PoolID {
				r.IDs = append(r.IDs, o.ID)
			}
		}
	}
	e.ask(fmt.Sprintf("delete %d desktops, %s among them", len(r.IDs), d.Name), func(ctx context.Context) (string, error) {
		return e.service.Desktops.DeleteDesktops(ctx, r)
	})
}

func (e *env) createDesktops() {
	if e.spareDesktops() < 2 {
		return
	}
	p := e.anyPerson()
	r := desktop.CreateDesktops{
		Caller: caller(), Type: workspace.Dedicated, ProductID: product, ImageType: catalog.ImageGold, ImageID: oldImage,
		Root: desktop.VolumeSpec{Type: "SAS", GB: 80}, Desktops: []desktop.NewDesktop{{UserName: p.name}},
	}
	e.ask("create a desktop for "+p.name, func(ctx context.Context) (string, error) { return e.service.Desktops.CreateDesktops(ctx, r) })
}

func (e *env) attach() {
	d, ok := pick(e, e.ordinary())
	if e.chance(5) {
		d, ok = e.anyDesktop("") // those of pools are refused
	}
	if !ok {
		return
	}
	p := e.anyPerson()
	r := assignment.AttachDesktops{Caller: caller(), Desktops: []assignment.AttachDesktop{{DesktopID: d.ID, UserName: p.name, ClearData: e.chance(2)}}}
	e.ask(fmt.Sprintf("attach %s to %s", d.Name, p.name), func(ctx context.Context) (string, error) { return e.service.Assignments.AttachDesktops(ctx, r) })
}

func (e *env) detach() {
	d, ok := pick(e, e.ordinary())
	if e.chance(5) {
		d, ok = e.anyDesktop("")
	}
	if !ok {
		return
	}
	r := assignment.DetachDesktops{Caller: caller(), ShutOff: e.chance(3), Desktops: []assignment.DetachDesktop{{DesktopID: d.ID, All: true, ClearData: e.chance(2)}}}
	e.ask("detach "+d.Name, func(ctx context.Context) (string, error) {
		o, err := e.service.Assignments.DetachDesktops(ctx, r, "desktops")
		return fmt.Sprintf("%s %v", o.JobID, o.Refused), err
	})
}

func (e *env) notify() {
	if p, ok := e.anyPool(); ok {
		r := pool.NotifyPool{Caller: caller(), PoolID: p.ID, Text: "Lunch is ready."}
		e.ask("notify "+p.Name, func(ctx context.Context) (string, error) { return e.service.Pools.NotifyPool(ctx, r) })
	}
}

// runScript runs a command in a pool, in one desktop first, and stops or retries it now and then: its end is an invariant of all jobs.
func (e *env) runScript() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := script.Execute{
		Caller: caller(), Noun: "desktop", PoolID: p.ID, Command: fmt.Sprintf("sleep %d; exit %d", e.draw.IntN(90), e.draw.IntN(4)/3), FirstCount: e.draw.IntN(2),
	}
	then := e.draw.IntN(4)
	e.async("run a script in "+p.Name, func(ctx context.Context) (string, error) {
		id, err := e.service.Scripts.Execute(ctx, r)
		if err != nil {
			return "", err
		}
		switch choice := (script.Choice{Caller: caller(), TaskID: id}); then {
		case 0:
			err = e.service.Scripts.Stop(ctx, choice)
		case 1:
			_, err = e.service.Scripts.Retry(ctx, choice)
		}
		return id, err
	})
}

// failed lists the sub-jobs that have failed, oldest job first.
func (e *env) failed() []workspace.SubJob {
	return view(e, func(ctx context.Context, tx *store.Tx) ([]workspace.SubJob, error) {
		all, _, err := tx.SubJobs(ctx, workspace.SubJobQuery{ProjectID: project, State: workspace.SubJobFailed, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

func (e *env) retry() {
	if s, ok := pick(e, e.failed()); ok {
		e.ask(fmt.Sprintf("retry the %s of %s", s.Type, s.DesktopName), func(ctx context.Context) (string, error) {
			return e.service.Work.RetryJob(ctx, workspace.Caller{ProjectID: project}, s.JobID)
		})
	}
}

// forget deletes the records of what has ended.
func (e *env) forget() {
	state := []workspace.SubJobState{workspace.SubJobSuccess, workspace.SubJobFailed}[e.draw.IntN(2)]
	e.do(fmt.Sprintf("delete all records of %s", state), func(ctx context.Context) error {
		return e.service.Work.DeleteSubJobs(ctx, workspace.Caller{ProjectID: project}, nil, state)
	})
}
