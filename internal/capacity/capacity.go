package capacity

import (
	"context"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Capacity is something that desktops share and that can run out: a storage pool, or the memory of all hosts. Amounts are MiB.
type Capacity struct {
	ID       string   // MemoryCapacity, or the storage pool's name
	Classes  []string // the volume types that the pool serves; none for memory
	Size     int64    // 0: no limit
	Used     int64    // as last reported by the engine; 0 for memory
	Promised int64    // to desktops in every state; for memory, to those that are not off. Never less than the actual sum
	Bound    int64    // the maximum of Promised
	Observed time.Time
}

// MemoryCapacity is the ID of the memory of all hosts.
const MemoryCapacity = "memory"

// FullPercent is the used share of a storage pool, in percent, above which nothing new is created on it: existing desktops need
// the rest.
const FullPercent = 90

// Overcommit is how many times the existing amount may be promised: desktops rarely use all that they were promised.
type Overcommit struct {
	Disk   float64 `yaml:"disk"`
	Memory float64 `yaml:"memory"`
}

// Growth is the additional capacity that a sub-job's desktop will need: it is in the desktop's row once the sub-job is done.
type Growth struct {
	SubJobID string
	Type     string // volume type; empty: memory
	MiB      int64
}

// Full returns why nothing new may be created on the capacity, or "".
func (c Capacity) Full() string {
	if c.Size == 0 || c.Used*100 < c.Size*FullPercent {
		return ""
	}
	return workspace.Errorf(workspace.CodeCapacityExceeded, "storage pool %s is full: %d of %d GiB are used, and from %d %% on nothing new is put there; delete what is no longer needed, or enlarge the pool",
		c.ID, c.Used>>10, c.Size>>10, FullPercent).Message
}

// admit returns CodeCapacityExceeded if wanted more MiB must not be promised.
func (c Capacity) admit(wanted int64) error {
	if c.Size == 0 || wanted == 0 {
		return nil
	}
	if why := c.Full(); why != "" {
		return workspace.Errorf(workspace.CodeCapacityExceeded, "%s", why)
	}
	left := max(c.Bound-c.Promised, 0)
	switch {
	case wanted <= left:
		return nil
	case c.ID == MemoryCapacity:
		return workspace.Errorf(workspace.CodeCapacityExceeded, "the hosts' memory is promised to the desktops that run: %d MiB are asked for, %d of %d MiB are left; stop desktops, or choose a smaller product",
			wanted, left, c.Bound)
	}
	return workspace.Errorf(workspace.CodeCapacityExceeded, "storage pool %s is promised to other desktops: %d GiB are asked for, %d of %d GiB are left; delete desktops, or choose smaller disks or another volume type",
		c.ID, wanted>>10, left>>10, c.Bound>>10)
}

// Demand is an amount of capacity that desktops need, in MiB.
type Demand struct {
	Disks  map[string]int64 // by volume type
	Memory int64
}

// Growths returns the demand as the growths of a sub-job.
func (d Demand) Growths(subJobID string) (all []Growth) {
	for _, class := range slices.Sorted(maps.Keys(d.Disks)) {
		all = append(all, Growth{subJobID, class, d.Disks[class]})
	}
	all = append(all, Growth{subJobID, "", d.Memory})
	return slices.DeleteFunc(all, func(g Growth) bool { return g.MiB == 0 })
}

// DemandOfGrowths returns the sum of growths.
func DemandOfGrowths(all []Growth) Demand {
	d := Demand{Disks: map[string]int64{}}
	for _, g := range all {
		if g.Type == "" {
			d.Memory += g.MiB
		} else {
			d.Disks[g.Type] += g.MiB
		}
	}
	return d
}

// Times returns n times the demand.
func (d Demand) Times(n int) Demand {
	all := Demand{Disks: make(map[string]int64, len(d.Disks)), Memory: int64(n) * d.Memory}
	for class, mib := range d.Disks {
		all.Disks[class] = int64(n) * mib
	}
	return all
}

// And returns the sum of both demands.
func (d Demand) And(other Demand) Demand {
	both := Demand{Disks: map[string]int64{}, Memory: d.Memory + other.Memory}
	for _, one := range []Demand{d, other} {
		for class, mib := range one.Disks {
			both.Disks[class] += mib
		}
	}
	return both
}

// None reports whether the demand is zero.
func (d Demand) None() bool {
	for _, mib := range d.Disks {
		if mib != 0 {
			return false
		}
	}
	return d.Memory == 0
}

// of returns the part of the demand that concerns a capacity.
func (d Demand) of(c Capacity) (wanted int64) {
	if c.ID == MemoryCapacity {
		return d.Memory
	}
	for _, class := range c.Classes {
		wanted += d.Disks[class]
	}
	return wanted
}

// promise adds the demand to what is promised of each capacity. CodeCapacityExceeded, with the capacity that is short.
func promise(all []Capacity, d Demand) ([]Capacity, error) {
	for _, c := range all {
		if err := c.admit(d.of(c)); err != nil {
			return nil, err
		}
	}
	return add(all, d), nil
}

// promiseUpTo promises capacity to as many of n desktops with this demand as it suffices for. It returns how many and, if fewer
// than n, why. CodeCapacityExceeded.
func promiseUpTo(all []Capacity, each Demand, n int) (promised []Capacity, fit int, short error) {
	if promised, short = promise(all, each.Times(n)); short == nil {
		return promised, n, nil
	}
	fit = sort.Search(n, func(i int) bool {
		_, err := promise(all, each.Times(i+1))
		return err != nil
	})
	if fit > 0 {
		promised, _ = promise(all, each.Times(fit))
	}
	return promised, fit, short
}

// Reserve promises the capacity that the transaction's writes need: orders, starts, growths. Call it last: it locks the rows of
// the capacities, which all orders share, until the commit. Two concurrent orders cannot both get the last of it. It counts anew
// before it returns an error, since something may have been freed since. CodeCapacityExceeded.
func Reserve(ctx context.Context, tx *store.Tx, d Demand) error {
	if d.None() {
		return nil
	}
	all, err := LockCapacities(ctx, tx)
	if err != nil || len(all) == 0 {
		return err
	}
	promised, short := promise(all, d)
	if short != nil {
		if all, err = recount(ctx, tx, all); err != nil {
			return err
		}
		if promised, short = promise(add(all, d.Times(-1)), d); short != nil {
			return short
		}
	}
	return PutCapacities(ctx, tx, promised)
}

// Free is what can be promised, read without locks, for callers who do as much as it suffices for. They take from it before
// they write anything, and reserve what they took at the end.
type Free struct {
	Taken   Demand
	all     []Capacity
	counted bool
}

// ReadFree reads the free capacity.
func ReadFree(ctx context.Context, tx *store.Tx) (*Free, error) {
	all, err := Capacities(ctx, tx)
	return &Free{all: all}, err
}

// Take takes the demand up to n times, as far as the capacity suffices. It returns how many times and, if fewer than n, why.
func (r *Free) Take(ctx context.Context, tx *store.Tx, each Demand, n int) (fit int, short, err error) {
	promised, fit, short := promiseUpTo(r.all, each, n)
	if short != nil && !r.counted {
		counted, err := recount(ctx, tx, r.all)
		if err != nil {
			return 0, nil, err
		}
		r.all, r.counted = add(counted, r.Taken), true
		promised, fit, short = promiseUpTo(r.all, each, n)
	}
	if fit > 0 {
		r.all, r.Taken = promised, r.Taken.And(each.Times(fit))
	}
	return fit, short, nil
}

// add adds the demand to what is promised of each capacity, without checking whether it suffices.
func add(all []Capacity, d Demand) []Capacity {
	all = slices.Clone(all)
	for i, c := range all {
		all[i].Promised += d.of(c)
	}
	return all
}

// recount sets what is promised from the rows of desktops and growths. The caller has locked the rows of the capacities.
func recount(ctx context.Context, tx *store.Tx, all []Capacity) ([]Capacity, error) {
	disks, err := PromisedDisks(ctx, tx)
	if err != nil {
		return nil, err
	}
	memory, err := PromisedMemory(ctx, tx)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	for i, c := range all {
		all[i].Promised = Demand{Disks: disks, Memory: memory}.of(c)
	}
	return all, nil
}

// RecordCapacity stores the capacities that the engine reports, with what is promised of them, and returns them.
func RecordCapacity(ctx context.Context, s store.Transactions, found []Capacity) ([]Capacity, error) {
	return store.Update(ctx, s, func(tx *store.Tx) ([]Capacity, error) {
		if _, err := LockCapacities(ctx, tx); err != nil {
			return nil, err
		}
		all, err := recount(ctx, tx, found)
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(all))
		for i := range all {
			all[i].Observed, ids[i] = tx.Now(), all[i].ID
		}
		slices.SortFunc(all, func(a, b Capacity) int { return strings.Compare(a.ID, b.ID) })
		if err := PutCapacities(ctx, tx, all); err != nil {
			return nil, err
		}
		return all, DeleteCapacities(ctx, tx, ids)
	})
}
