package desktop

import (
	"testing"

	"carrel/internal/catalog"
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
	small := catalog.Product{MemoryMiB: 2 * gib}
	for _, c := range []struct {
		name string
		all  []Capacity
		ask  Demand
		fits bool
	}{
		{"an empty pool", pool(0, 0), DemandOf(1, small, VolumeSpec{"SSD", 80}), true},
		{"up to the last", pool(50, 120), DemandOf(1, small, VolumeSpec{"SSD", 40}, VolumeSpec{"GPSSD", 40}), true},
		{"one too many", pool(50, 120), DemandOf(1, small, VolumeSpec{"SSD", 50}, VolumeSpec{"GPSSD", 40}), false},
		{"many at once", pool(0, 0), DemandOf(3, small, VolumeSpec{"SSD", 80}), false},
		{"another volume type", pool(0, 200), DemandOf(1, small, VolumeSpec{"SAS", 80}), true},
		{"a pool that is full", pool(90, 0), DemandOf(1, small, VolumeSpec{"SSD", 10}), false},
		{"a pool that is nearly full", pool(89, 0), DemandOf(1, small, VolumeSpec{"SSD", 10}), true},
		{"a start on a full pool", pool(99, 300), DemandOf(1, small), true},
		{"more memory than may be promised", pool(0, 0), DemandOf(17, small), false},
		{"all the memory", pool(0, 0), DemandOf(16, small), true},
		{"what has no limit", []Capacity{{ID: "wide", Classes: []string{"SSD"}}}, DemandOf(1000, small, VolumeSpec{"SSD", 1000}), true},
	} {
		after, err := promise(c.all, c.ask)
		if (err == nil) != c.fits || err != nil && workspace.CodeOf(err) != workspace.CodeNoRoom {
			t.Errorf("%s: %v", c.name, err)
		}
		for i := range after {
			if after[i].Promised != c.all[i].Promised+c.ask.of(c.all[i]) {
				t.Errorf("%s: %+v is promised of %+v", c.name, after[i], c.all[i])
			}
		}
	}
}
