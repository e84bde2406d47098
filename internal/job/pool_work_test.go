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
func (w *world) orderPool(size int, people ...signin.Visitor) string {
	w.t.Helper()
	subnets, err := w.service.Catalog.Subnets(w.t.Context(), project)
	w.must(err)
	r := pool.CreatePool{
		Caller: workspace.Caller{ProjectID: project}, Name: "POOL01", Type: pool.Dynamic, Size: size, ProductID: product,
		ImageType: catalog.ImageGold, ImageID: image, Root: desktop.VolumeSpec{Type: "SAS", GB: 80},
		Data: []desktop.VolumeSpec{{Type: "SSD", GB: 10}}, SubnetIDs: []string{subnets[0].ID},
	}
	for _, v := range people {
		r.People = append(r.People, pool.Grant{Type: pool.GrantUser, ObjectID: v.ID, Group: workspace.GroupDefault})
	}
	id, err := w.service.Pools.CreatePool(w.t.Context(), r)
	w.must(err)
	return id
}

// onlyPool reads the one pool there is.
func (w *world) onlyPool() pool.Pool {
	w.t.Helper()
	pools, _, err := w.service.Pools.ListPools(w.t.Context(), pool.PoolQuery{ProjectID: project, Page: workspace.Page{Limit: 2}})
	w.must(err)
	if len(pools) != 1 {
		w.t.Fatalf("%d pools", len(pools))
	}
	return pools[0].Pool
}

func TestAPoolIsTemporaryUntilItsDesktopsAreMade(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		id := w.orderPool(5)
		if got := w.onlyPool().Status(); got != pool.PoolTemporary {
			w.t.Errorf("an ordered pool is %s", got)
		}
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		if j := w.finished(id); j.Counts.Succeeded != 5 {
			w.t.Errorf("the job: %+v", j.Counts)
		}
		if got := w.onlyPool().Status(); got != pool.PoolSteady {
			w.t.Errorf("a finished pool is %s", got)
		}
		w.checkWhole(5, desktop.StatusActive)
	})
}

func TestADesktopOfAPoolThatCannotBeMadeIsAnErrorUntilTheJobIsRetried(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		id := w.orderPool(3)
		bad := w.desktops()[1].ID
		var mended atomic.Bool
		p := w.start("replica", w.store, enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Launch" && c.ID == bad && !mended.Load() {
				return engine.ErrInvalid
			}
			return do()
		}))
		defer p.kill()
		if j := w.finished(id); j.Counts.Failed != 1 || j.Counts.Status() != workspace.JobFail {
			w.t.Errorf("the job: %+v", j.Counts)
		}
		for _, d := range w.desktops() {
			if (d.Status == desktop.StatusError) != (d.ID == bad) {
				w.t.Errorf("desktop %s is %s: %s", d.Name, d.Status, d.Fault)
			}
		}
		if got := w.onlyPool().Status(); got != pool.PoolSteady {
			w.t.Errorf("the pool is %s", got)
		}
		mended.Store(true)
		_, err := w.service.Work.RetryJob(w.t.Context(), project, id)
		w.must(err)
		w.finished(id)
		w.checkWhole(3, desktop.StatusActive)
	})
}

func TestAMessageReachesThoseWhoAreConnectedInTheirLanguage(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		people := w.visitors(2)
		w.must(w.service.SignIn.SetLanguage(w.t.Context(), people[1], "zh"))
		w.finished(w.orderPool(3, people...))
		ours := w.onlyPool()
		var theirs []string
		for _, v := range people {
			opened, err := w.service.Connections.OpenPool(w.t.Context(), v, ours.ID, "")
			w.must(err)
			theirs = append(theirs, opened.DesktopID)
			defer w.connect(v, opened.Ticket)()
		}
		id, err := w.service.Pools.NotifyPool(w.t.Context(), pool.NotifyPool{Caller: workspace.Caller{ProjectID: project}, PoolID: ours.ID, Text: "Lunch!"})
		w.must(err)
		if j := w.finished(id); j.Counts.Succeeded != 2 {
			w.t.Errorf("the job: %+v", j.Counts)
		}
		for _, d := range w.desktops() {
			messages := w.sim.Messages(d.ID)
			switch at := slices.Index(theirs, d.ID); {
			case at < 0 && len(messages) > 0:
				w.t.Errorf("nobody is told %v", messages)
			case at >= 0 && (len(messages) != 1 || messages[0].Text != "Lunch!" || strings.Contains(messages[0].Title, "administrator") != (at == 0)):
				w.t.Errorf("person %d is told %v", at, messages)
			}
		}
	})
}

func TestAChangedPrivilegeComesIntoTheDesktopThatThePersonHas(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		inside := &witness{Engine: w.sim}
		p := w.start("replica", w.store, inside)
		defer p.kill()
		ann := w.visitors(1)[0]
		w.finished(w.orderPool(1, ann))
		ours := w.onlyPool()
		opened, err := w.service.Connections.OpenPool(w.t.Context(), ann, ours.ID, "")
		w.must(err)
		w.must(w.service.Pools.ChangeGrants(w.t.Context(), pool.ChangeGrants{
			Caller: workspace.Caller{ProjectID: project}, PoolID: ours.ID, Action: pool.GrantChange,
			Objects: []pool.Grant{{Type: pool.GrantUser, ObjectID: ann.ID, Group: workspace.GroupSudo}},
		}))
		admin := func() bool {
			last := inside.last(opened.DesktopID)
			return len(last.Accounts) == 1 && last.Accounts[0].Group == guest.GroupAdmin
		}
		if admin() {
			w.t.Error("ann was an administrator before")
		}
		w.until("the new privilege inside", admin)
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
