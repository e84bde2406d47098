package job

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/capacity"
	"carrel/internal/engine"
	"carrel/internal/store"
)

// capacityRound is the interval between reading the engine's capacity.
const capacityRound = 15 * time.Second

// warnPercent is the used or promised share of a capacity, in percent, above which there is a warning.
const warnPercent = 80

// CapacityKeeper stores the engine's capacity, so that orders can be refused before it is exhausted, and warns if little is left:
// in the log, in metrics and in Low. Create it with NewCapacityKeeper; call Start once.
type CapacityKeeper struct {
	store      store.Transactions
	engine     engine.Engine
	log        *slog.Logger
	overcommit capacity.Overcommit
	bytes      *prometheus.GaugeVec

	mu  sync.Mutex
	low map[string]string // by capacity, the warning

	rounds rounds
}

// NewCapacityKeeper creates the metrics and registers them.
func NewCapacityKeeper(registry prometheus.Registerer, s store.Transactions, e engine.Engine, log *slog.Logger, o capacity.Overcommit) (*CapacityKeeper, error) {
	k := &CapacityKeeper{store: s, engine: e, log: log, overcommit: o, low: map[string]string{}}
	k.bytes = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carrel_capacity_bytes",
		Help: "Storage pools and memory: their size, what is used, what is promised to desktops and the most that may be. Size 0 is without a limit.",
	}, []string{"capacity", "kind"})
	return k, registry.Register(k.bytes)
}

// Start reads the capacity once and then at intervals, in the background.
func (k *CapacityKeeper) Start(ctx context.Context) error {
	k.rounds.start(ctx, capacityRound, func(ctx context.Context) {
		if err := k.Look(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "reading the engine's capacity", "error", err)
		}
	})
	return nil
}

// Stop ends the background work and waits for it.
func (k *CapacityKeeper) Stop(context.Context) { k.rounds.stop() }

// Look reads the engine's capacity once and stores it.
func (k *CapacityKeeper) Look(ctx context.Context) error {
	c, err := k.engine.Capacity(ctx)
	if err != nil {
		return err
	}
	all, err := capacity.RecordCapacity(ctx, k.store, CapacitiesOf(c, k.overcommit))
	if err != nil {
		return err
	}
	k.bytes.Reset()
	low := map[string]string{}
	for _, c := range all {
		for kind, mib := range map[string]int64{"size": c.Size, "used": c.Used, "promised": c.Promised, "bound": c.Bound} {
			k.bytes.WithLabelValues(c.ID, kind).Set(float64(mib) * (1 << 20))
		}
		if why := LowCapacity(c); why != "" {
			low[c.ID] = why
		}
	}
	k.tell(ctx, low)
	return nil
}

// tell logs what has changed since the last round.
func (k *CapacityKeeper) tell(ctx context.Context, low map[string]string) {
	k.mu.Lock()
	before := k.low
	k.low = low
	k.mu.Unlock()
	for id, why := range low {
		if before[id] != why {
			k.log.WarnContext(ctx, "capacity is low", "capacity", id, "why", why)
		}
	}
	for id := range before {
		if low[id] == "" {
			k.log.InfoContext(ctx, "capacity is no longer low", "capacity", id)
		}
	}
}

// Low names the capacities that are nearly exhausted; empty: there are none.
func (k *CapacityKeeper) Low() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.low) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of the storage pools and memory are nearly used up or promised; the log says which", len(k.low))
}

// CapacitiesOf converts an engine's capacity, with the maximum that may be promised of it.
func CapacitiesOf(c engine.Capacity, o capacity.Overcommit) []capacity.Capacity {
	all := []capacity.Capacity{{ID: capacity.MemoryCapacity, Classes: []string{}, Size: c.Memory >> 20, Bound: int64(float64(c.Memory>>20) * o.Memory)}}
	for _, p := range c.Pools {
		all = append(all, capacity.Capacity{
			ID: p.Name, Classes: p.Classes, Size: p.Size >> 20, Used: p.Used >> 20, Bound: int64(float64(p.Size>>20) * o.Disk),
		})
	}
	return all
}

// LowCapacity returns why a capacity is low, or "", in rounded figures, which do not change every round.
func LowCapacity(c capacity.Capacity) string {
	if c.Size == 0 {
		return ""
	}
	var why []string
	if used := c.Used * 100 / c.Size; used >= capacity.FullPercent {
		why = append(why, fmt.Sprintf("%d %% or more are used: nothing new is put there", capacity.FullPercent))
	} else if used >= warnPercent {
		why = append(why, fmt.Sprintf("%d %% or more are used", warnPercent))
	}
	if c.Promised*100 >= c.Bound*warnPercent {
		why = append(why, fmt.Sprintf("%d %% or more of what may be promised are", warnPercent))
	}
	return strings.Join(why, "; ")
}

// hasSpace returns engine.ErrNoCapacity if a machine's disks would be created in a storage pool that is full by now: what was
// promised at the time of the order does not include what others have written since.
func (r *Runner) hasSpace(ctx context.Context, s engine.Spec) error {
	var all []capacity.Capacity
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = capacity.Capacities(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		for _, class := range c.Classes {
			if why := c.Full(); why != "" && usesClass(s, class) {
				return fmt.Errorf("%w: %s", engine.ErrNoCapacity, why)
			}
		}
	}
	return nil
}

func usesClass(s engine.Spec, class string) bool {
	for _, d := range s.Data {
		if d.Class == class {
			return true
		}
	}
	return s.Root.Class == class
}
