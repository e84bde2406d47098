package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/job"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// capWatch is what a pool's max_auto_created is held against: the cap may be lowered below what is there, but then nothing is added.
type capWatch struct{ most, had int }

// snapshot is the database at one moment.
type snapshot struct {
	desktops []desktop.Desktop
	pools    []pool.Pool
	members  []desktop.Member
	open     []workspace.SubJob // unfinished
	rollouts []rollout.PoolRollout
	now      time.Time
}

func (e *env) snapshot() snapshot {
	return view(e, func(ctx context.Context, tx *store.Tx) (s snapshot, err error) { return readAll(ctx, tx) })
}

func readAll(ctx context.Context, tx *store.Tx) (s snapshot, err error) {
	all := workspace.Page{Limit: 1000}
	s.now = tx.Now()
	if s.desktops, _, err = desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: project, Page: all}); err != nil {
		return s, err
	}
	if s.pools, _, err = pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: project, Page: all}); err != nil {
		return s, err
	}
	var ids []string
	for _, p := range s.pools {
		ids = append(ids, p.ID)
	}
	if len(ids) > 0 {
		if s.members, err = desktop.Members(ctx, tx, ids...); err != nil {
			return s, err
		}
	}
	for _, state := range []workspace.SubJobState{workspace.SubJobWaiting, workspace.SubJobRunning} {
		some, _, err := tx.SubJobs(ctx, workspace.SubJobQuery{ProjectID: project, State: state, Page: all})
		if err != nil {
			return s, err
		}
		s.open = append(s.open, some...)
	}
	s.rollouts, err = rollout.OpenRollouts(ctx, tx, "")
	return s, err
}

// checkAlways checks what holds at every moment, whatever is under way. The transaction keeps everybody else from changing anything
// meanwhile.
func (e *env) checkAlways() {
	ctx := context.Background()
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		s, err := readAll(ctx, tx)
		if err != nil {
			return err
		}
		e.checkBindings(s)
		e.checkCaps(s)
		for _, m := range s.members {
			if m.Idle() {
				e.checkFresh(m)
			}
		}
		return nil
	}))
}

// checkBindings: no desktop has two people, nobody has two desktops of a pool, and who has a desktop may use it.
func (e *env) checkBindings(s snapshot) {
	byID := map[string]desktop.Desktop{}
	for _, d := range s.desktops {
		byID[d.ID] = d
	}
	type binding struct{ pool, user string }
	bindings := map[binding]string{}
	for _, m := range s.members {
		d := byID[m.DesktopID]
		switch {
		case len(d.Assignments) > 1 || len(d.GroupAssignments) > 0:
			e.violation("%s of a pool has several holders: %+v %+v", d.Name, d.Assignments, d.GroupAssignments)
		case m.Bound() && (len(d.Assignments) != 1 || d.Assignments[0].UserID != m.UserID):
			e.violation("%s is bound to %s and assigned to %+v", d.Name, m.UserID, d.Assignments)
		case !m.Bound() && len(d.Assignments) > 0:
			e.violation("%s is bound to nobody and assigned to %+v", d.Name, d.Assignments)
		}
		if !m.Bound() {
			continue
		}
		if !m.Used {
			e.violation("%s is bound and not used", d.Name)
		}
		if other, taken := bindings[binding{m.PoolID, m.UserID}]; taken {
			e.violation("%s has %s and %s of one pool", m.UserID, other, d.Name)
		}
		bindings[binding{m.PoolID, m.UserID}] = d.Name
	}
}

// checkCaps: max_auto_created holds in whatever state desktops are. A cap that an administrator lowers lets nothing be added.
func (e *env) checkCaps(s snapshot) {
	for _, p := range s.pools {
		auto := 0
		for _, m := range s.members {
			if m.PoolID == p.ID && m.AutoCreated {
				auto++
			}
		}
		was := e.caps[p.ID]
		if was == nil {
			was = &capWatch{most: p.Policy.MaxAutoCreated}
		}
		// Between two looks the cap may have been changed once or twice by calls that were drawn; each of them is seen here, since
		// a look follows every step.
		if most := max(was.most, p.Policy.MaxAutoCreated, was.had); auto > most {
			e.violation("%s has %d desktops that autoscaling made, at most %d are allowed", p.Name, auto, most)
		}
		e.caps[p.ID] = &capWatch{most: p.Policy.MaxAutoCreated, had: auto}
	}
}

// checkFresh: a desktop that can be given to anybody holds nothing of anybody.
func (e *env) checkFresh(m desktop.Member) {
	for disk, path := range e.paths(m.DesktopID) {
		if content, there := e.sim.ReadFile(m.DesktopID, path); there {
			e.violation("%s is idle, and %s holds a file of %s", m.Name, disk, content)
		}
	}
}

// unrest lists what is still going on.
func (e *env) unrest() []string {
	s := e.snapshot()
	var what []string
	for _, j := range s.open {
		what = append(what, fmt.Sprintf("%s of %s is %s in step %q, runs at %s, tries %d, leased by %q", j.Type, j.DesktopName, j.State, j.Step, j.RunAt, j.Tries, j.LeaseOwner))
	}
	for _, d := range s.desktops {
		if d.Task != workspace.NoTask || d.TaskOwner != "" {
			what = append(what, fmt.Sprintf("%s is %s with task %q of %q", d.Name, d.Status, d.Task, d.TaskOwner))
		}
		if d.Login == desktop.LoginConnected {
			what = append(what, d.Name+" has somebody connected")
		}
	}
	for _, r := range s.rollouts {
		what = append(what, fmt.Sprintf("the rebuild %s has not ended", r.JobID))
	}
	pools := map[string]pool.Pool{}
	for _, p := range s.pools {
		pools[p.ID] = p
	}
	for _, m := range s.members {
		p := pools[m.PoolID]
		if end := p.BindingEnd(m); !end.IsZero() {
			what = append(what, fmt.Sprintf("%s is bound to %s until %s", m.Name, m.UserID, end))
		}
		if m.NeedsReset() && !m.InMaintenance {
			what = append(what, fmt.Sprintf("%s needs its reset: %+v", m.Name, m))
		}
	}
	return what
}

// checkRest checks what holds once everything has come to rest.
func (e *env) checkRest() {
	e.checkAlways()
	s := e.snapshot()
	e.checkAudit(s)
	e.checkMachines(s)
	e.checkEnded()
	for _, p := range s.pools {
		if n := len(p.History); n == 0 || p.History[n-1].ImageID != p.ImageID {
			e.violation("%s has image %s and history %+v", p.Name, p.ImageID, p.History)
		}
		if p.Status() != pool.PoolSteady {
			e.violation("%s is %s at rest", p.Name, p.Status())
		}
	}
	unentitled := view(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		var ids []string
		for _, p := range s.pools {
			ids = append(ids, p.ID)
		}
		if len(ids) == 0 {
			return nil, nil
		}
		return pool.UnauthorizedBindings(ctx, tx, ids...)
	})
	if len(unentitled) > 0 {
		e.violation("people have desktops of pools that they may not use: %v", unentitled)
	}
}

// checkAudit: no machine without a row; a row without a machine says so.
func (e *env) checkAudit(s snapshot) {
	report, err := (&job.Auditor{Store: e.store, Engine: e.sim}).Audit(context.Background())
	e.must(err)
	for _, f := range report.Findings {
		at := slices.IndexFunc(s.desktops, func(d desktop.Desktop) bool { return d.ID == f.DesktopID })
		if f.Missing && at >= 0 && s.desktops[at].Status == desktop.StatusError && s.desktops[at].Fault != "" {
			continue // it vanished, as machines do in these runs, and its administrator sees that
		}
		e.violation("audit: %+v", f)
	}
}

// checkMachines: what runs is what the row says, and nobody is inside who does not have the desktop.
func (e *env) checkMachines(s snapshot) {
	ctx := context.Background()
	troubled := map[string]bool{}
	for _, f := range e.failed() {
		troubled[f.DesktopID] = true
	}
	for _, d := range s.desktops {
		m, err := e.sim.Find(ctx, d.ID)
		if err != nil || d.Status == desktop.StatusError {
			continue // the audit looks at those
		}
		if got := job.StatusOf(m.State); got != d.Status {
			e.violation("%s is %s and its machine %s", d.Name, d.Status, m.State)
		}
		if m.State == engine.Running {
			e.checkInside(d)
		}
		if d.Fault != "" || troubled[d.ID] {
			continue // what failed half-way is as it says
		}
		if cpus := map[string]int{product: 2, larger: 4}; m.CPUs != cpus[d.ProductID] {
			e.violation("%s has product %s, its machine %d processors", d.Name, d.ProductID, m.CPUs)
		}
		if m.Image != e.images[d.ImageID] {
			e.violation("%s has image %s, its machine another", d.Name, d.ImageID)
		}
		disks, want := map[string]int{}, map[string]int{}
		for _, disk := range m.Data {
			disks[disk.ID] = disk.GiB
		}
		for _, v := range d.Data {
			want[v.ID] = v.GB
		}
		if !maps.Equal(disks, want) || m.Root.GiB != d.Root.GB {
			e.violation("%s has disks %d %v, its machine %d %v", d.Name, d.Root.GB, want, m.Root.GiB, disks)
		}
	}
}

// checkInside: the accounts with a session are those of the desktop's people.
func (e *env) checkInside(d desktop.Desktop) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	status, err := e.sim.Status(ctx, d.ID)
	if ctx.Err() != nil {
		return // a guest that a fault has silenced says nothing until its machine is off
	}
	if err != nil {
		e.violation("asking the guest of %s: %v", d.Name, err)
		return
	}
	for _, session := range status.Sessions {
		theirs := slices.ContainsFunc(d.Assignments, func(a desktop.Assignment) bool { return a.Account == session.Account })
		if !theirs {
			e.violation("%s has a session of %s, it is assigned to %+v", d.Name, session.Account, d.Assignments)
		}
	}
}

// checkEnded: what has failed says why, and every script task has ended in every desktop.
func (e *env) checkEnded() {
	for _, f := range e.failed() {
		if f.Code == "" || f.Reason == "" || f.Ended.IsZero() {
			e.violation("a %s of %s failed with code %q and reason %q", f.Type, f.DesktopName, f.Code, f.Reason)
		}
	}
	for _, t := range e.scriptTasks() {
		if t.Ended.IsZero() || t.Succeeded+t.Failed+t.Skipped != len(t.Desktops) {
			e.violation("script task %s is %s: %d succeeded, %d failed and %d were skipped of %d", t.ID, t.Status, t.Succeeded, t.Failed, t.Skipped, len(t.Desktops))
		}
	}
}

func (e *env) scriptTasks() []script.Task {
	return view(e, func(ctx context.Context, tx *store.Tx) ([]script.Task, error) {
		all, _, err := script.Tasks(ctx, tx, script.TaskQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}
