package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	"carrel/internal/rollout"
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

// world is everything that outlives the processes in it: the database, the machines and the people. It lives in a synctest bubble.
type world struct {
	t     *testing.T
	seed  uint64
	begun time.Time
	draw  *rand.Rand // for the one goroutine that plays
	store *store.Store

	postgres bool // the database is not SQLite
	sim      *sim.Engine
	images   map[string]string // the engine's, by their ids in the catalogue
	service  *core.Services
	people   []*person
	serial   int // of names

	processes []*process
	gateway   *gateway
	callers   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	tale   []string   // what was called, and what came of it
	wrongs []string   // what must not be
	caps   map[string]*capWatch
}

// newWorld furnishes a world on an empty database and starts its processes.
func newWorld(t *testing.T, seed uint64, database string) *world {
	t.Helper()
	w := &world{t: t, seed: seed, begun: time.Now(), draw: rand.New(rand.NewPCG(seed, 1)), caps: map[string]*capWatch{}}
	w.postgres = strings.HasPrefix(database, "postgres://")
	var err error
	w.store, err = store.Open(t.Context(), database)
	w.must(err)
	latency := sim.Realistic()
	if w.postgres {
		latency.Read = 0 // a look within a transaction lets no time pass: who waits for its locks keeps time from passing
	}
	w.sim, err = sim.Open(sim.Config{
		Seed: seed, Latency: latency, Images: []sim.Image{{Alias: "debian"}, {Alias: "debian-next"}},
	})
	w.must(err)
	w.service = core.NewServices(core.Config{
		Store:   w.store,
		Rollout: rollout.RolloutLimits{Parallel: 1 + w.draw.IntN(3), MaxFailures: w.draw.IntN(3)},
	})
	w.furnish()
	w.gateway = openGateway(w)
	for i := range 1 + w.draw.IntN(2) {
		w.processes = append(w.processes, w.begin(fmt.Sprintf("replica-%d", i)))
	}
	for range 2 {
		w.createPool()
	}
	return w
}

// emptyDatabase is a new SQLite database with all its tables, which are made once.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	emptied.Do(func() {
		path := filepath.Join(t.TempDir(), "empty.db")
		s, err := store.Open(context.Background(), path)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if emptyBody, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	})
	path := filepath.Join(t.TempDir(), "carrel.db")
	if err := os.WriteFile(path, emptyBody, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	emptied   sync.Once
	emptyBody []byte
)

// furnish makes a catalogue, a project with the service open, and people.
func (w *world) furnish() {
	ctx := w.t.Context()
	images, err := w.sim.Images(ctx)
	w.must(err)
	w.images = map[string]string{oldImage: images[0].ID, newImage: images[1].ID}
	w.must(w.sim.EnsureNetwork(ctx, engine.Network{ID: "net0", CIDR: "10.1.0.0/24", Gateway: "10.1.0.1"}))
	w.must(w.sim.EnsureNetwork(ctx, engine.Network{ID: "net1", CIDR: "10.1.1.0/24", Gateway: "10.1.1.1"}))
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		for _, err := range []error{
			catalog.PutZones(ctx, tx, []catalog.Zone{{ID: "default", Default: true}}),
			catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}}),
			catalog.PutProducts(ctx, tx, []catalog.Product{
				{ID: product, CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Linux", Status: "normal"},
				{ID: larger, CPUs: 4, MemoryMiB: 8192, Architecture: "x86", OSType: "Linux", Status: "normal"},
			}),
			catalog.PutImages(ctx, tx, []catalog.Image{
				{ID: oldImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: w.images[oldImage]},
				{ID: newImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: w.images[newImage]},
			}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.must(w.service.Catalog.Subscribe(ctx, project, "10.1.0.0/16", []catalog.NewSubnet{
		{Name: "net0", CIDR: "10.1.0.0/24", Gateway: "10.1.0.1", Network: "net0"},
		{Name: "net1", CIDR: "10.1.1.0/24", Gateway: "10.1.1.1", Network: "net1"},
	}))
	for range 4 + w.draw.IntN(5) {
		w.hire()
	}
}

// end stops what runs, and tells the whole story if something was wrong.
func (w *world) end() {
	for _, p := range w.processes {
		p.end()
	}
	w.gateway.stop()
	w.must(w.sim.Close())
	w.must(w.store.Close())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Logf("simulated %v, %d calls of the first replica", time.Since(w.begun), w.processes[0].now().calls.Load())
	if len(w.wrongs) > 0 {
		w.t.Errorf("seed %d:\n%s\nthe calls:\n%s", w.seed, strings.Join(w.wrongs, "\n"), strings.Join(w.tale, "\n"))
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass, which in a bubble is what sleeping does.
func (w *world) pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place
	synctest.Wait()
}

// note adds to the tale.
func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tale = append(w.tale, fmt.Sprintf("%12.6f ", time.Since(w.begun).Seconds())+fmt.Sprintf(format, args...))
}

// wrong notes something that must not be.
func (w *world) wrong(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("WRONG: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrongs = append(w.wrongs, text)
}

// view reads from the database.
func view[T any](w *world, read func(ctx context.Context, tx *store.Tx) (T, error)) T {
	w.t.Helper()
	var got T
	ctx := context.Background()
	w.must(w.store.View(ctx, func(tx *store.Tx) (err error) {
		got, err = read(ctx, tx)
		return err
	}))
	return got
}

// desktops reads all rows, by name.
func (w *world) desktops() []desktop.Desktop {
	return view(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
		all, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

// pools reads all pools, oldest first.
func (w *world) pools() []pool.Pool {
	return view(w, func(ctx context.Context, tx *store.Tx) ([]pool.Pool, error) {
		all, _, err := pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

func caller() workspace.Caller { return workspace.Caller{ProjectID: project} }
