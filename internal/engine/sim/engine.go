// Package sim is an engine whose desktops exist only in this process. They take time, fail and draw themselves as configured, so
// that everything above the engine runs, and can be tested, where no real desktop can.
//
// Machines survive the process if Config.File is set; what is only in their memory (typed text, viewers, messages) does not. All
// time comes from package time, so an engine that is opened and closed inside a testing/synctest bubble follows the bubble's
// clock.
package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"carrel/internal/engine"
)

var _ engine.Engine = (*Engine)(nil)

// Engine is the simulation. As with a real one, a change continues when its caller has stopped waiting for it.
type Engine struct {
	config  Config
	chance  *chance
	journal *journal // nil stores nothing
	turns   turns
	life    context.Context // ends with Close
	end     context.CancelFunc
	work    sync.WaitGroup // changes in progress and displays being served

	mu       sync.RWMutex // guards what follows; a machine is replaced, never changed
	closed   bool
	networks map[string]engine.Network
	rules    map[string]engine.Rules // by network
	machines map[string]*machine
	owners   map[address]string // machine ids
	load     map[string]int     // machines per host
	filled   map[string]int64   // bytes written, per class
	launches int
	deleted  map[string]bool // images

	published map[string]published // images of machines, by id
}

type address struct{ network, ip string }

// Open starts a simulation with the machines in the configuration's file. The file belongs to this engine until Close; Open
// returns an error if another process has it.
func Open(c Config) (*Engine, error) {
	c, err := c.completed()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config: c, chance: newChance(c),
		networks: map[string]engine.Network{}, rules: map[string]engine.Rules{}, machines: map[string]*machine{},
		owners: map[address]string{}, load: map[string]int{}, filled: map[string]int64{},
		deleted: map[string]bool{}, published: map[string]published{},
	}
	e.life, e.end = context.WithCancel(context.Background())
	if c.File == "" {
		return e, nil
	}
	if e.journal, err = openJournal(c.File, e.restore, e.everything); err != nil {
		e.end()
		return nil, err
	}
	e.awaken()
	return e, nil
}

// Close ends every call, display and change in progress and waits for them. The machines are stored as they are.
func (e *Engine) Close() error {
	e.mu.Lock()
	already := e.closed
	e.closed = true
	e.mu.Unlock()
	e.end()
	e.work.Wait()
	if already || e.journal == nil {
		return nil
	}
	return e.journal.close()
}

// Inject makes a fault happen from now on, as if it had been configured; the zero Fault ends it. It returns an error for an
// unknown name.
func (e *Engine) Inject(name string, f Fault) error {
	if err := f.check(name); err != nil {
		return err
	}
	e.chance.set(name, f)
	return nil
}

// Describe implements engine.Engine.
func (e *Engine) Describe(ctx context.Context) (engine.Description, error) {
	if err := e.look(ctx, ""); err != nil {
		return engine.Description{}, fmt.Errorf("describing the engine: %w", err)
	}
	d := engine.Description{Name: "sim", Version: "1", Classes: slices.Clone(e.config.Classes), VMs: e.config.VMs}
	for _, h := range e.config.Hosts {
		if !slices.Contains(d.Zones, h.Zone) {
			d.Zones = append(d.Zones, h.Zone)
		}
		d.Hosts = append(d.Hosts, engine.Host{
			Name: h.Name, Zone: h.Zone, CPUs: h.CPUs, MemoryMiB: h.MemoryMiB, Online: !h.Offline,
		})
	}
	return d, nil
}

// Images implements engine.Engine.
func (e *Engine) Images(ctx context.Context) ([]engine.Image, error) {
	if err := e.look(ctx, ""); err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	var all []engine.Image
	for _, image := range e.config.Images {
		if !e.deleted[image.ID] {
			all = append(all, image.described())
		}
	}
	for _, image := range e.published {
		all = append(all, image.Image)
	}
	return all, nil
}

// DeleteImage implements engine.Engine. An image of the configuration is back when the simulation is opened again.
func (e *Engine) DeleteImage(ctx context.Context, id string) error {
	if err := e.look(ctx, ""); err != nil {
		return fmt.Errorf("deleting the image %s: %w", id, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, made := e.published[id]; made {
		if e.journal != nil {
			if err := e.journal.append(entry{ImageGone: id}); err != nil {
				return fmt.Errorf("recording that the image %s is gone: %w", id, err)
			}
		}
		delete(e.published, id)
		return nil
	}
	e.deleted[id] = true
	return nil
}

// Find implements engine.Engine.
func (e *Engine) Find(ctx context.Context, id string) (engine.Machine, error) {
	m, err := e.find(ctx, id)
	if err != nil {
		return engine.Machine{}, fmt.Errorf("finding machine %s: %w", id, err)
	}
	return m.described(), nil
}

// List implements engine.Engine.
func (e *Engine) List(ctx context.Context) ([]engine.Machine, error) {
	if err := e.look(ctx, ""); err != nil {
		return nil, fmt.Errorf("listing machines: %w", err)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	all := make([]engine.Machine, 0, len(e.machines))
	for _, m := range e.machines {
		all = append(all, m.described())
	}
	return all, nil
}

// find reads one machine, with the delay and faults of a read.
func (e *Engine) find(ctx context.Context, id string) (*machine, error) {
	if err := e.look(ctx, id); err != nil {
		return nil, err
	}
	return e.machine(id)
}

// machine returns the machine in memory.
func (e *Engine) machine(id string) (*machine, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if m := e.machines[id]; m != nil {
		return m, nil
	}
	return nil, engine.ErrNotFound
}

var (
	errClosed = fmt.Errorf("the simulation is closed: %w", engine.ErrUnavailable)
	errSim    = errors.New("simulated fault")
)

// enter begins every call.
func (e *Engine) enter(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.life.Err() != nil {
		return errClosed
	}
	if _, yes := e.chance.strikes(Unavailable, id); yes {
		return fmt.Errorf("%w: %w", errSim, engine.ErrUnavailable)
	}
	return nil
}

// look begins a call that only reads, and waits as long as reading takes.
func (e *Engine) look(ctx context.Context, id string) error {
	if err := e.enter(ctx, id); err != nil {
		return err
	}
	return e.pause(ctx, e.config.Latency.Read, "read", "")
}

// pause waits for d, varied by the jitter, or until the context or the engine ends.
func (e *Engine) pause(ctx context.Context, d time.Duration, what, id string) error {
	return e.pauseExactly(ctx, e.chance.spread(d, what, id))
}

func (e *Engine) pauseExactly(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-e.life.Done():
		return errClosed
	}
}

// hang blocks until the caller gives up.
func (e *Engine) hang(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-e.life.Done():
		return errClosed
	}
}

// change waits for the machine's turn and then runs do. If the caller stops waiting, do continues with the engine's own context:
// the caller may use variables that do sets only if there is no error.
func (e *Engine) change(ctx context.Context, id string, do func(context.Context) error) error {
	if err := e.enter(ctx, id); err != nil {
		return err
	}
	release, err := e.turns.take(ctx, id)
	if err != nil {
		return err
	}
	if !e.begin() {
		release()
		return errClosed
	}
	done := make(chan error, 1)
	go func() {
		defer e.work.Done()
		defer release()
		done <- do(e.life)
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, yes := e.chance.strikes(ReplyLost, id); yes && err == nil {
		return fmt.Errorf("%w: the reply was lost", errSim)
	}
	return err
}

// begin counts one more piece of work that Close waits for, unless the engine is closed.
func (e *Engine) begin() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if !e.closed {
		e.work.Add(1)
	}
	return !e.closed
}
