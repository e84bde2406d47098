package workspace

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"
)

// Capacity is one thing that desktops share and that can run out: a storage pool, or the memory of all hosts. Amounts are MiB.
type Capacity struct {
	ID       string   // MemoryCapacity, or the storage pool's name
	Classes  []string // the volume types that the pool serves; none of memory
	Size     int64    // 0: without a limit
	Used     int64    // when the engine was asked last; 0 of memory
	Promised int64    // to desktops in every state; of memory: to those that are not off. Never less than the truth
	Bound    int64    // the most that may be promised
	Observed time.Time
}

// MemoryCapacity is the ID of the memory of all hosts.
const MemoryCapacity = "memory"

// FullPercent is how much of a storage pool may be used before nothing new is put on it: who works there needs the rest.
const FullPercent = 90

// Overcommit says how many times of what there is may be promised: desktops seldom use all that they were promised.
type Overcommit struct {
	Disk   float64 `yaml:"disk"`
	Memory float64 `yaml:"memory"`
}

// CapacityRows is what the domain asks of the store about capacities.
type CapacityRows interface {
	Capacities(ctx context.Context) ([]Capacity, error)
	// LockCapacities reads them all, in the order of their ids, and holds them until the transaction ends. It comes after the locks
	// of pools and desktops and before those of names and addresses.
	LockCapacities(ctx context.Context) ([]Capacity, error)
	// PutCapacities inserts capacities or replaces those of the same id.
	PutCapacities(ctx context.Context, all []Capacity) error
	// DeleteCapacities forgets all but those with these ids.
	DeleteCapacities(ctx context.Context, but []string) error
	// PromisedDisks sums the disks of all desktops by volume type, in MiB.
	PromisedDisks(ctx context.Context) (map[string]int64, error)
	// PromisedMemory sums the memory of all desktops that are not off, in MiB.
	PromisedMemory(ctx context.Context) (int64, error)
}

// Full says why nothing new may be put on the capacity; empty: something may.
func (c Capacity) Full() string {
	if c.Size == 0 || c.Used*100 < c.Size*FullPercent {
		return ""
	}
	return Errorf(CodeNoRoom, "storage pool %s is full: %d of %d GiB are used, and from %d %% on nothing new is put there; delete what is no longer needed, or enlarge the pool",
		c.ID, c.Used>>10, c.Size>>10, FullPercent).Message
}

// admit decides whether so many MiB more may be promised. CodeNoRoom.
func (c Capacity) admit(wanted int64) error {
	if c.Size == 0 || wanted == 0 {
		return nil
	}
	if why := c.Full(); why != "" {
		return Errorf(CodeNoRoom, "%s", why)
	}
	left := max(c.Bound-c.Promised, 0)
	switch {
	case wanted <= left:
		return nil
	case c.ID == MemoryCapacity:
		return Errorf(CodeNoRoom, "the hosts' memory is promised to the desktops that run: %d MiB are asked for, %d of %d MiB are left; stop desktops, or choose a smaller product",
			wanted, left, c.Bound)
	}
	return Errorf(CodeNoRoom, "storage pool %s is promised to other desktops: %d GiB are asked for, %d of %d GiB are left; delete desktops, or choose smaller disks or another volume type",
		c.ID, wanted>>10, left>>10, c.Bound>>10)
}

// demand is what desktops are about to be promised, in MiB.
type demand struct {
	disks  map[string]int64 // by volume type
	memory int64
}

// demandOf is the demand of n desktops with these disks and this product.
func demandOf(n int, p Product, disks ...VolumeSpec) demand {
	d := demand{disks: map[string]int64{}, memory: int64(n) * int64(p.MemoryMiB)}
	for _, v := range disks {
		d.disks[v.Type] += int64(n) * int64(v.GB) << 10
	}
	return d
}

// times is n times the demand.
func (d demand) times(n int) demand {
	all := demand{disks: make(map[string]int64, len(d.disks)), memory: int64(n) * d.memory}
	for class, mib := range d.disks {
		all.disks[class] = int64(n) * mib
	}
	return all
}

// of is what the demand takes of a capacity.
func (d demand) of(c Capacity) (wanted int64) {
	if c.ID == MemoryCapacity {
		return d.memory
	}
	for _, class := range c.Classes {
		wanted += d.disks[class]
	}
	return wanted
}

// promise adds the demand to what is promised of each capacity, or says of which there is not enough. CodeNoRoom.
func promise(all []Capacity, d demand) ([]Capacity, error) {
	all = slices.Clone(all)
	for i, c := range all {
		wanted := d.of(c)
		if err := c.admit(wanted); err != nil {
			return nil, err
		}
		all[i].Promised += wanted
	}
	return all, nil
}

// promiseUpTo promises to as many of n desktops with this demand each as there is room for. It says how many those are, and, if
// they are fewer, why. CodeNoRoom.
func promiseUpTo(all []Capacity, each demand, n int) (promised []Capacity, fit int, short error) {
	if promised, short = promise(all, each.times(n)); short == nil {
		return promised, n, nil
	}
	fit = sort.Search(n, func(i int) bool {
		_, err := promise(all, each.times(i+1))
		return err != nil
	})
	if fit > 0 {
		promised, _ = promise(all, each.times(fit))
	}
	return promised, fit, short
}

// reserve promises capacity to desktops within the transaction that orders or starts them. The rows of the capacities are held,
// so two orders at once cannot both get the last of it. CodeNoRoom.
func reserve(ctx context.Context, tx Tx, d demand) error {
	fit, short, err := reserveUpTo(ctx, tx, d, 1)
	if err == nil && fit == 0 {
		err = short
	}
	return err
}

// reserveUpTo is reserve for as many of n desktops with this demand each as there is room for. It says how many those are, and, if
// they are fewer, why. What was given back since it was counted is found before it says so.
func reserveUpTo(ctx context.Context, tx Tx, each demand, n int) (fit int, short, err error) {
	all, err := tx.LockCapacities(ctx)
	if err != nil || len(all) == 0 {
		return n, nil, err
	}
	promised, fit, short := promiseUpTo(all, each, n)
	if short != nil {
		if all, err = recount(ctx, tx, all); err != nil {
			return 0, nil, err
		}
		promised, fit, short = promiseUpTo(all, each, n)
	}
	if fit == 0 {
		return 0, short, nil
	}
	return fit, short, tx.PutCapacities(ctx, promised)
}

// recount replaces what is said to be promised by what is. The caller holds the rows.
func recount(ctx context.Context, tx Tx, all []Capacity) ([]Capacity, error) {
	disks, err := tx.PromisedDisks(ctx)
	if err != nil {
		return nil, err
	}
	memory, err := tx.PromisedMemory(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	for i, c := range all {
		all[i].Promised = demand{disks: disks, memory: memory}.of(c)
	}
	return all, nil
}

// RecordCapacity keeps what the engine says there is, with what is promised of it, and returns it.
func RecordCapacity(ctx context.Context, s Store, found []Capacity) ([]Capacity, error) {
	return update(ctx, s, func(tx Tx) ([]Capacity, error) {
		if _, err := tx.LockCapacities(ctx); err != nil {
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
		if err := tx.PutCapacities(ctx, all); err != nil {
			return nil, err
		}
		return all, tx.DeleteCapacities(ctx, ids)
	})
}
