package job_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

const (
	project = "0123456789abcdef0123456789abcdef"
	image   = "11111111-1111-4111-8111-111111111111"
	product = "workspace.c2.large.linux"
)

// env is a control plane's data and machines, which outlive the processes that a test starts and kills. It lives in a
// synctest bubble: time moves only when the test sleeps.
type env struct {
	t          *testing.T
	store      *store.Store
	sim        *sim.Engine
	service    *core.Services
	statements *statements

	read   workspace.Job // by job
	readAt int64         // how many commits there were before it read that
	busyAt int64         // how many there were before quiet last found a task
}

// inEnv runs a test in a bubble with a fresh env.
func inEnv(t *testing.T, c sim.Config, test func(e *env)) {
	t.Helper()
	path := storetest.SQLitePath(t)
	synctest.Test(t, func(t *testing.T) {
		watched := &statements{}
		s, err := store.Open(t.Context(), path, store.WithQueryHook(watched))
		if err != nil {
			t.Fatal(err)
		}
		machines, err := sim.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		e := &env{t: t, store: s, sim: machines, statements: watched, service: core.NewServices(core.Config{Store: s})}
		e.populate()
		test(e)
		if err := machines.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// populate makes a catalogue and a project with the service open.
func (e *env) populate() {
	e.t.Helper()
	ctx := e.t.Context()
	e.must(e.sim.EnsureNetwork(ctx, engine.Network{ID: "net0", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1"}))
	images, err := e.sim.Images(ctx)
	e.must(err)
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		for _, err := range []error{
			catalog.PutZones(ctx, tx, []catalog.Zone{{ID: "default", Default: true}}),
			catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}, {ID: "GPSSD2"}}),
			catalog.PutProducts(ctx, tx, []catalog.Product{{ID: product, CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Linux", Status: "normal"}}),
			catalog.PutImages(ctx, tx, []catalog.Image{{ID: image, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: images[0].ID}}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
	e.must(e.service.Catalog.Subscribe(ctx, project, "", "10.1.0.0/16", []catalog.NewSubnet{{Name: "net0", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "net0"}}))
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// process is one life of a control plane's job runner.
type process struct {
	*job.Runner
	e *env
}

// start runs a process with the given name on an engine and a store, which may have faults.
func (e *env) start(name string, s store.Transactions, machines engine.Engine) *process {
	e.t.Helper()
	meter, err := job.NewMetrics(prometheus.NewRegistry())
	e.must(err)
	r := job.NewRunner(s, machines, slog.New(slog.DiscardHandler), meter, job.Config{Replica: name})
	e.must(r.Start(e.t.Context()))
	return &process{r, e}
}

// kill ends the process without a chance to finish anything.
func (p *process) kill() {
	if p == nil {
		return // it died at its very start
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.Stop(ctx)
}

// create asks for n desktops of n new people.
func (e *env) create(n int) string {
	e.t.Helper()
	id, err := e.tryCreate(n)
	e.must(err)
	return id
}

// tryCreate is create where it may be refused.
func (e *env) tryCreate(n int) (string, error) {
	r := desktop.CreateDesktops{
		Caller: workspace.Caller{ProjectID: project}, Type: workspace.Dedicated, ProductID: product,
		ImageType: catalog.ImageGold, ImageID: image, Root: desktop.VolumeSpec{Type: "SAS", GB: 80},
		Data: []desktop.VolumeSpec{{Type: "SSD", GB: 10}},
	}
	for i := range n {
		r.Desktops = append(r.Desktops, desktop.NewDesktop{UserName: fmt.Sprintf("user-%d", i)})
	}
	return e.service.Desktops.CreateDesktops(e.t.Context(), r)
}

// desktops reads all rows.
func (e *env) desktops() []desktop.Desktop {
	e.t.Helper()
	details, _, err := e.service.Desktops.ListDesktopDetails(e.t.Context(), desktop.DesktopQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
	e.must(err)
	var rows []desktop.Desktop
	for _, d := range details {
		rows = append(rows, d.Desktop)
	}
	return rows
}

func (e *env) ids() []string {
	var ids []string
	for _, d := range e.desktops() {
		ids = append(ids, d.ID)
	}
	return ids
}

// pass lets time pass, which in a bubble is what sleeping does.
func (e *env) pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place
	synctest.Wait()
}

// until lets time pass until the condition holds, at most for an hour of the bubble's time. It looks less often the longer it waits.
func (e *env) until(what string, holds func() bool) {
	e.t.Helper()
	for waited, step := time.Duration(0), time.Duration(0); waited < time.Hour; waited += step {
		if holds() {
			return
		}
		step = min(max(waited/100, 100*time.Millisecond), time.Second)
		e.pass(step)
	}
	e.t.Fatalf("an hour has passed without %s", what)
}

// finished waits for a job's end and returns it.
func (e *env) finished(jobID string) workspace.Job {
	e.t.Helper()
	e.until("the end of job "+jobID, func() bool { return e.over(jobID) })
	return e.job(jobID)
}

// checkWhole fails unless every desktop is at rest in the given state with one running machine, and every machine has a
// desktop.
func (e *env) checkWhole(want int, status desktop.DesktopStatus) {
	e.t.Helper()
	rows := e.desktops()
	if len(rows) != want {
		e.t.Errorf("%d desktops, want %d", len(rows), want)
	}
	for _, d := range rows {
		if d.Status != status || d.Task != workspace.NoTask || d.TaskOwner != "" {
			e.t.Errorf("desktop %s is %q with task %q (fault %q), want %s at rest", d.Name, d.Status, d.Task, d.Fault, status)
		}
	}
	findings := e.audit()
	for _, f := range findings {
		e.t.Errorf("audit: %+v", f)
	}
	machines, err := e.sim.List(e.t.Context())
	e.must(err)
	if len(machines) != want {
		e.t.Errorf("%d machines, want %d", len(machines), want)
	}
}

// audit compares rows and machines.
func (e *env) audit() []job.Finding {
	e.t.Helper()
	r, err := (&job.Auditor{Store: e.store, Engine: e.sim}).Audit(e.t.Context())
	e.must(err)
	return r.Findings
}

// killable is what a process can be killed at: the n-th call of its store or its engine, before or after the call has done its
// work.
type killable struct {
	at    int64
	after bool
	calls atomic.Int64
	died  chan struct{}
}

func newKillable(at int, after bool) *killable {
	return &killable{at: int64(at), after: after, died: make(chan struct{})}
}

func (m *killable) pass(do func() error) error {
	switch n := m.calls.Add(1); {
	case n < m.at:
		return do()
	case n == m.at:
		defer close(m.died)
		if m.after {
			_ = do() // nobody is left who could learn how it went
		}
	}
	return enginetest.ErrStopped
}

func (m *killable) dead() bool {
	select {
	case <-m.died:
		return true
	default:
		return false
	}
}

func (m *killable) engine(e engine.Engine) engine.Engine {
	return enginetest.Around(e, func(_ enginetest.Call, do func() error) error { return m.pass(do) })
}

// statements are those that an env's store sends. A test may look at each, or refuse it.
type statements struct {
	mu     sync.Mutex                  // guards what follows, and calls of it
	refuse func(statement string) bool // nil: none
	seen   func(statement string)      // nil: nobody looks

	commits atomic.Int64
}

// watch has f see each statement from now on, in the place of who saw them before.
func (s *statements) watch(f func(statement string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = f
}

func (s *statements) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen != nil {
		s.seen(e.Query)
	}
	if s.refuse != nil && s.refuse(e.Query) {
		refused, cancel := context.WithCancel(ctx)
		cancel()
		return refused
	}
	return ctx
}

func (s *statements) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if e.Query == "COMMIT" {
		s.commits.Add(1)
	}
}

// killableStore is a store of a killable process.
type killableStore struct {
	store.Transactions
	m *killable
}

func (s killableStore) Update(ctx context.Context, f func(*store.Tx) error) error {
	return s.m.pass(func() error { return s.Transactions.Update(ctx, f) })
}

func (s killableStore) View(ctx context.Context, f func(*store.Tx) error) error {
	return s.m.pass(func() error { return s.Transactions.View(ctx, f) })
}

// startKillable runs a process that dies where m says. One that dies at its very start counts as started.
func (e *env) startKillable(m *killable) *process {
	e.t.Helper()
	meter, err := job.NewMetrics(prometheus.NewRegistry())
	e.must(err)
	r := job.NewRunner(killableStore{e.store, m}, m.engine(e.sim), slog.New(slog.DiscardHandler), meter, job.Config{Replica: "replica"})
	if err := r.Start(e.t.Context()); err != nil {
		if m.dead() {
			return nil
		}
		e.t.Fatal(err)
	}
	return &process{r, e}
}

func (e *env) over(jobID string) bool {
	j := e.job(jobID)
	return j.Counts.Waiting+j.Counts.Running == 0
}

// job reads a job, unless nothing was written since it was last read: tests ask again and again.
func (e *env) job(id string) workspace.Job {
	if now := e.statements.commits.Load(); now != e.readAt || id != e.read.ID {
		j, err := e.service.Work.Job(e.t.Context(), project, id)
		e.must(err)
		e.read, e.readAt = j, now
	}
	return e.read
}

// quiet says whether no desktop has a task. Like job it reads again only what may have changed.
func (e *env) quiet() bool {
	now := e.statements.commits.Load()
	if now == e.busyAt {
		return false
	}
	for _, d := range e.desktops() {
		if d.Task != workspace.NoTask {
			e.busyAt = now
			return false
		}
	}
	return true
}
