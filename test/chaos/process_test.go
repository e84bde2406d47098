package chaos

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/core"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/job"
	"carrel/internal/store"
)

// process is a replica of the control plane: what it runs dies at once when it is killed, and begins again under the same name.
type process struct {
	e    *env
	name string
	over chan struct{}
	done sync.WaitGroup

	mu   sync.Mutex // guards what follows
	life *life
}

// life is a process from its start to its death. After that none of its calls reaches the database or the engine.
type life struct {
	fatal    atomic.Int64 // the call at which it dies, counted from 1; 0 while none is chosen
	after    atomic.Bool  // whether that call does its work
	downtime atomic.Int64
	calls    atomic.Int64
	dead     atomic.Bool
	died     chan struct{}
	stop     []func(context.Context)
}

// pass is what every call goes through that the process makes.
func (l *life) pass(do func() error) error {
	if l.dead.Load() {
		return enginetest.ErrStopped
	}
	if n := l.calls.Add(1); n != l.fatal.Load() {
		return do()
	}
	if l.dead.Swap(true) {
		return enginetest.ErrStopped
	}
	defer close(l.died)
	if l.after.Load() {
		_ = do() // nobody is left who could learn how it went
	}
	return enginetest.ErrStopped
}

// killableStore is the store of a process.
type killableStore struct {
	store.Transactions
	life *life
}

func (s killableStore) Update(ctx context.Context, f func(*store.Tx) error) error {
	return s.life.pass(func() error { return s.Transactions.Update(ctx, f) })
}

func (s killableStore) View(ctx context.Context, f func(*store.Tx) error) error {
	return s.life.pass(func() error { return s.Transactions.View(ctx, f) })
}

// begin starts a process, which is started again whenever it dies.
func (e *env) begin(name string) *process {
	p := &process{e: e, name: name, over: make(chan struct{})}
	p.live()
	p.done.Go(p.watch)
	return p
}

// live starts what a process runs.
func (p *process) live() {
	e := p.e
	l := &life{died: make(chan struct{})}
	log := slog.New(panics{e: e, Handler: slog.DiscardHandler})
	s := killableStore{e.shared, l}
	machines := enginetest.Around(e.sim, func(_ enginetest.Call, do func() error) error { return l.pass(do) })
	registry := prometheus.NewRegistry()
	meter, err := job.NewMetrics(registry)
	e.must(err)
	service := core.NewServices(core.Config{Store: s, Rollout: e.service.Rollouts.Limits})
	poolMeter, err := job.NewPoolMetrics(registry, service.Pools, log)
	e.must(err)
	runner := job.NewRunner(s, machines, log, meter, job.Config{Replica: p.name, Poll: time.Minute, Coordinate: 20 * time.Second})
	reconciler := &job.Reconciler{Pools: service.Reconciler, Log: log, Meter: poolMeter}
	observer := &job.Observer{Store: s, Engine: engine.Engine(machines), Log: log, Every: time.Minute}
	ctx := context.Background()
	for _, start := range []func(context.Context) error{runner.Start, reconciler.Start, observer.Start} {
		e.must(start(ctx))
	}
	l.stop = []func(context.Context){observer.Stop, reconciler.Stop, runner.Stop}
	p.mu.Lock()
	p.life = l
	p.mu.Unlock()
}

// stopAll stops what a dead process still runs, which can no longer do anything.
func (l *life) stopAll() {
	killed, cancel := context.WithCancel(context.Background())
	cancel()
	for _, stop := range l.stop {
		stop(killed)
	}
}

// watch starts the process again some time after it has died.
func (p *process) watch() {
	for {
		l := p.now()
		select {
		case <-l.died:
		case <-p.over:
			l.dead.Store(true)
			l.stopAll()
			return
		}
		l.stopAll()
		p.e.note("%s is dead", p.name)
		select {
		case <-time.After(time.Duration(l.downtime.Load())):
		case <-p.over:
			return
		}
		p.live()
		p.e.note("%s is back", p.name)
	}
}

func (p *process) now() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// kill has the process die at one of its next calls, before or after that has done its work.
func (p *process) kill(calls int, after bool, downtime time.Duration) {
	l := p.now()
	l.downtime.Store(int64(downtime))
	l.after.Store(after)
	l.fatal.Store(l.calls.Load() + int64(calls))
}

// spare lets a process live on that was to die.
func (p *process) spare() { p.now().fatal.Store(0) }

func (p *process) end() {
	close(p.over)
	p.done.Wait()
}

// panics is a log in which a panic is wrong.
type panics struct {
	slog.Handler
	e *env
}

func (panics) Enabled(context.Context, slog.Level) bool { return true }

func (p panics) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panic") {
		p.e.violation("a process says: %s", r.Message)
	}
	return nil
}

func (p panics) WithAttrs([]slog.Attr) slog.Handler { return p }
func (p panics) WithGroup(string) slog.Handler      { return p }
