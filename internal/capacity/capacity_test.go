package capacity

import (
	"testing"

	"carrel/internal/workspace"
)

func TestCapacityIsPromisedUpToItsBound(t *testing.T) {
	const gib = 1 << 10
	pool := func(used, promised int64) []Capacity {
		return []Capacity{
			{ID: MemoryCapacity, Size: 16 * gib, Bound: 32 * gib},
			{ID: "fast", Classes: []string{"SSD", "GPSSD"}, Size: 100 * gib, Bound: 200 * gib, Used: used * gib, Promised: promised * gib},
		}
	}
	// ask is for n desktops of 2 GiB with disks, each of a type and so many GiB.
	ask := func(n int64, disks ...any) Demand {
		d := Demand{Disks: map[string]int64{}, Memory: n * 2 * gib}
		for i := 0; i < len(disks); i += 2 {
			d.Disks[disks[i].(string)] = n * int64(disks[i+1].(int)) * gib
		}
		return d
	}
	for _, c := range []struct {
		name string
		all  []Capacity
		ask  Demand
		fits bool
	}{
		{"an empty pool", pool(0, 0), ask(1, "SSD", 80), true},
		{"up to the last", pool(50, 120), ask(1, "SSD", 40, "GPSSD", 40), true},
		{"one too many", pool(50, 120), ask(1, "SSD", 50, "GPSSD", 40), false},
		{"many at once", pool(0, 0), ask(3, "SSD", 80), false},
		{"another volume type", pool(0, 200), ask(1, "SAS", 80), true},
		{"a pool that is full", pool(90, 0), ask(1, "SSD", 10), false},
		{"a pool that is nearly full", pool(89, 0), ask(1, "SSD", 10), true},
		{"a start on a full pool", pool(99, 300), ask(1), true},
		{"more memory than may be promised", pool(0, 0), ask(17), false},
		{"all the memory", pool(0, 0), ask(16), true},
		{"what has no limit", []Capacity{{ID: "wide", Classes: []string{"SSD"}}}, ask(1000, "SSD", 1000), true},
	} {
		after, err := promise(c.all, c.ask)
		if (err == nil) != c.fits || err != nil && workspace.CodeOf(err) != workspace.CodeCapacityExceeded {
			t.Errorf("%s: %v", c.name, err)
		}
		for i := range after {
			if after[i].Promised != c.all[i].Promised+c.ask.of(c.all[i]) {
				t.Errorf("%s: %+v is promised of %+v", c.name, after[i], c.all[i])
			}
		}
	}
}
