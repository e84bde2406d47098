package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/pool"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const (
	project  = "0123456789abcdef0123456789abcdef"
	oldImage = "11111111-1111-4111-8111-111111111111"
	newImage = "22222222-2222-4222-8222-222222222222"
	product  = "workspace.c2.large.linux"
	larger   = "workspace.c4.large.linux"
)

// env is everything that outlives the processes in it: the database, the machines and the people. It lives in a synctest bubble.
type env struct {
	t     *testing.T
	seed  uint64
	begun time.Time
	draw  *rand.Rand // for the one goroutine that plays
	store *store.Store

	postgres bool               // the database is not SQLite
	shared   store.Transactions // the store as services use it, those of the processes and those that people call
	sim      *sim.Engine
	images   map[string]string // the engine's, by their ids in the catalogue
	service  *core.Services
	people   []*person
	serial   int // of names

	processes []*process
	gateway   *gateway
	callers   sync.WaitGroup

	mu         sync.Mutex // guards what follows
	history    []string   // what was called, and what came of it
	violations []string   // what must not be
	caps       map[string]*capWatch
}

// newEnv populates an env on an empty database and starts its processes.
func newEnv(t *testing.T, seed uint64, database string) *env {
	t.Helper()
	e := &env{t: t, seed: seed, begun: time.Now(), draw: rand.New(rand.NewPCG(seed, 1)), caps: map[string]*capWatch{}}
	e.postgres = strings.HasPrefix(database, "postgres://")
	var err error
	e.store, err = store.Open(t.Context(), database)
	e.must(err)
	e.shared = e.store
	latency := sim.Realistic()
	if e.postgres {
		e.shared = pollingStore{e.store}
		latency.Read = 0 // a look within a transaction lets no time pass: who waits for its locks keeps time from passing
	}
	e.sim, err = sim.Open(sim.Config{
		Seed: seed, Latency: latency, Images: []sim.Image{{Alias: "debian"}, {Alias: "debian-next"}},
	})
	e.must(err)
	e.service = core.NewServices(core.Config{
		Store:   e.shared,
		Rollout: progress.Limits{Parallel: 1 + e.draw.IntN(3), MaxFailures: e.draw.IntN(3)},
	})
	e.populate()
	e.gateway = openGateway(e)
	for i := range 1 + e.draw.IntN(2) {
		e.processes = append(e.processes, e.begin(fmt.Sprintf("replica-%d", i)))
	}
	for range 2 {
		e.createPool()
	}
	return e
}

// pollingStore is a store whose Work only ticks: a connection that listens to PostgreSQL would keep time from passing in a bubble.
type pollingStore struct{ store.Transactions }

func (s pollingStore) Work(ctx context.Context) <-chan struct{} {
	work := make(chan struct{}, 1)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			select {
			case work <- struct{}{}:
			default:
			}
		}
	}()
	return work
}

// populate makes a catalogue, a project with the service open, and people.
func (e *env) populate() {
	ctx := e.t.Context()
	images, err := e.sim.Images(ctx)
	e.must(err)
	e.images = map[string]string{oldImage: images[0].ID, newImage: images[1].ID}
	e.must(e.sim.EnsureNetwork(ctx, engine.Network{ID: "net0", CIDR: "10.1.0.0/24", Gateway: "10.1.0.1"}))
	e.must(e.sim.EnsureNetwork(ctx, engine.Network{ID: "net1", CIDR: "10.1.1.0/24", Gateway: "10.1.1.1"}))
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		for _, err := range []error{
			catalog.PutZones(ctx, tx, []catalog.Zone{{ID: "default", Default: true}}),
			catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}}),
			catalog.PutProducts(ctx, tx, []catalog.Product{
				{ID: product, CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Linux", Status: "normal"},
				{ID: larger, CPUs: 4, MemoryMiB: 8192, Architecture: "x86", OSType: "Linux", Status: "normal"},
			}),
			catalog.PutImages(ctx, tx, []catalog.Image{
				{ID: oldImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: e.images[oldImage]},
				{ID: newImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: e.images[newImage]},
			}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
	e.must(e.service.Catalog.Subscribe(ctx, project, "", "10.1.0.0/16", []catalog.NewSubnet{
		{Name: "net0", CIDR: "10.1.0.0/24", Gateway: "10.1.0.1", Network: "net0"},
		{Name: "net1", CIDR: "10.1.1.0/24", Gateway: "10.1.1.1", Network: "net1"},
	}))
	for range 4 + e.draw.IntN(5) {
		e.hire()
	}
}

// end stops what runs, and tells the whole story if something was wrong.
func (e *env) end() {
	for _, p := range e.processes {
		p.end()
	}
	e.gateway.stop()
	e.must(e.sim.Close())
	e.must(e.store.Close())
	e.mu.Lock()
	defer e.mu.Unlock()
	e.t.Logf("simulated %v, %d calls of the first replica", time.Since(e.begun), e.processes[0].now().calls.Load())
	if len(e.violations) > 0 {
		e.t.Errorf("seed %d:\n%s\nthe calls:\n%s", e.seed, strings.Join(e.violations, "\n"), strings.Join(e.history, "\n"))
	}
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// pass lets time pass, which in a bubble is what sleeping does.
func (e *env) pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place
	synctest.Wait()
}

// note adds to the history.
func (e *env) note(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.history = append(e.history, fmt.Sprintf("%12.6f ", time.Since(e.begun).Seconds())+fmt.Sprintf(format, args...))
}

// wrong notes something that must not be.
func (e *env) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	e.note("WRONG: %s", text)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.violations = append(e.violations, text)
}

// view reads from the database.
func view[T any](e *env, read func(ctx context.Context, tx *store.Tx) (T, error)) T {
	e.t.Helper()
	var got T
	ctx := context.Background()
	e.must(e.store.View(ctx, func(tx *store.Tx) (err error) {
		got, err = read(ctx, tx)
		return err
	}))
	return got
}

// desktops reads all rows, by name.
func (e *env) desktops() []desktop.Desktop {
	return view(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
		all, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

// pools reads all pools, oldest first.
func (e *env) pools() []pool.Pool {
	return view(e, func(ctx context.Context, tx *store.Tx) ([]pool.Pool, error) {
		all, _, err := pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

func caller() workspace.Caller { return workspace.Caller{ProjectID: project} }
