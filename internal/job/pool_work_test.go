package job_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// orderPool asks for a pool and returns the job.
func (e *env) orderPool(size int, people ...signin.Visitor) string {
	e.t.Helper()
	subnets, err := e.service.Catalog.Subnets(e.t.Context(), project)
	e.must(err)
	r := pool.CreatePool{
		Caller: workspace.Caller{ProjectID: project}, Name: "POOL01", Type: pool.Dynamic, Size: size, ProductID: product,
		ImageType: catalog.ImageGold, ImageID: image, Root: desktop.VolumeSpec{Type: "SAS", GB: 80},
		Data: []desktop.VolumeSpec{{Type: "SSD", GB: 10}}, SubnetIDs: []string{subnets[0].ID},
	}
	for _, v := range people {
		r.People = append(r.People, pool.Grant{Type: pool.GrantUser, ObjectID: v.ID, Group: workspace.GroupDefault})
	}
	id, err := e.service.Pools.CreatePool(e.t.Context(), r)
	e.must(err)
	return id
}

// onlyPool reads the one pool there is.
func (e *env) onlyPool() pool.Pool {
	e.t.Helper()
	pools, _, err := e.service.Pools.ListPools(e.t.Context(), pool.PoolQuery{ProjectID: project, Page: workspace.Page{Limit: 2}})
	e.must(err)
	if len(pools) != 1 {
		e.t.Fatalf("%d pools", len(pools))
	}
	return pools[0].Pool
}

func TestAPoolIsTemporaryUntilItsDesktopsAreMade(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		id := e.orderPool(5)
		if got := e.onlyPool().Status(); got != pool.PoolTemporary {
			e.t.Errorf("an ordered pool is %s", got)
		}
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		if j := e.finished(id); j.Counts.Succeeded != 5 {
			e.t.Errorf("the job: %+v", j.Counts)
		}
		if got := e.onlyPool().Status(); got != pool.PoolSteady {
			e.t.Errorf("a finished pool is %s", got)
		}
		e.checkWhole(5, desktop.StatusActive)
	})
}

func TestADesktopOfAPoolThatCannotBeMadeIsAnErrorUntilTheJobIsRetried(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		id := e.orderPool(3)
		bad := e.desktops()[1].ID
		var mended atomic.Bool
		p := e.start("replica", e.store, enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" && c.ID == bad && !mended.Load() {
				return engine.ErrInvalid
			}
			return do()
		}))
		defer p.kill()
		if j := e.finished(id); j.Counts.Failed != 1 || j.Counts.Status() != workspace.JobFail {
			e.t.Errorf("the job: %+v", j.Counts)
		}
		for _, d := range e.desktops() {
			if (d.Status == desktop.StatusError) != (d.ID == bad) {
				e.t.Errorf("desktop %s is %s: %s", d.Name, d.Status, d.Fault)
			}
		}
		if got := e.onlyPool().Status(); got != pool.PoolSteady {
			e.t.Errorf("the pool is %s", got)
		}
		mended.Store(true)
		_, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, id)
		e.must(err)
		e.finished(id)
		e.checkWhole(3, desktop.StatusActive)
	})
}

func TestAMessageReachesThoseWhoAreConnectedInTheirLanguage(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		people := e.visitors(2)
		e.must(e.service.SignIn.SetLanguage(e.t.Context(), people[1], "zh"))
		e.finished(e.orderPool(3, people...))
		ours := e.onlyPool()
		var theirs []string
		for _, v := range people {
			opened, err := e.service.Connections.OpenPool(e.t.Context(), v, ours.ID)
			e.must(err)
			theirs = append(theirs, opened.DesktopID)
			defer e.connect(v, opened.Ticket)()
		}
		id, err := e.service.Pools.NotifyPool(e.t.Context(), pool.NotifyPool{Caller: workspace.Caller{ProjectID: project}, PoolID: ours.ID, Text: "Lunch!"})
		e.must(err)
		if j := e.finished(id); j.Counts.Succeeded != 2 {
			e.t.Errorf("the job: %+v", j.Counts)
		}
		for _, d := range e.desktops() {
			messages := e.sim.Messages(d.ID)
			switch at := slices.Index(theirs, d.ID); {
			case at < 0 && len(messages) > 0:
				e.t.Errorf("nobody is told %v", messages)
			case at >= 0 && (len(messages) != 1 || messages[0].Text != "Lunch!" || strings.Contains(messages[0].Title, "administrator") != (at == 0)):
				e.t.Errorf("person %d is told %v", at, messages)
			}
		}
	})
}

func TestAChangedPrivilegeComesIntoTheDesktopThatThePersonHas(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		inside := &witness{Engine: e.sim}
		p := e.start("replica", e.store, inside)
		defer p.kill()
		ann := e.visitors(1)[0]
		e.finished(e.orderPool(1, ann))
		ours := e.onlyPool()
		opened, err := e.service.Connections.OpenPool(e.t.Context(), ann, ours.ID)
		e.must(err)
		e.must(e.service.Pools.ChangeGrants(e.t.Context(), pool.ChangeGrants{
			Caller: workspace.Caller{ProjectID: project}, PoolID: ours.ID, Action: pool.GrantChange,
			Objects: []pool.Grant{{Type: pool.GrantUser, ObjectID: ann.ID, Group: workspace.GroupSudo}},
		}))
		admin := func() bool {
			last := inside.last(opened.DesktopID)
			return len(last.Accounts) == 1 && last.Accounts[0].Group == guest.GroupAdmin
		}
		if admin() {
			e.t.Error("ann was an administrator before")
		}
		e.until("the new privilege inside", admin)
	})
}

// witness remembers what the inside of each machine was last told to be.
type witness struct {
	engine.Engine
	mu   sync.Mutex
	told map[string]guest.Desktop
}

func (w *witness) Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error) {
	w.mu.Lock()
	if w.told == nil {
		w.told = map[string]guest.Desktop{}
	}
	w.told[id] = d
	w.mu.Unlock()
	return w.Engine.Configure(ctx, id, d)
}

func (w *witness) last(id string) guest.Desktop {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[id]
}
