package job_test

import (
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
)

// poolScenarios is the work on pools that a process is killed in.
var poolScenarios = []scenario{
	{name: "resetting", setUp: poolOfTwo, ask: func(w *world) string { return w.reset() }, want: 2, state: desktop.StatusActive},
	{
		name: "rebuilding a pool", setUp: poolOfTwo, want: 2, state: desktop.StatusActive, check: poolHasNextImage,
		ask: func(w *world) string { return w.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 1 }) },
	},
	{
		name: "resizing a pool", setUp: func(w *world) { w.addPool(2); w.addProduct() }, want: 2, state: desktop.StatusActive,
		ask: func(w *world) string { return w.resize("STOP_DESKTOP") },
		check: func(w *world) {
			for _, d := range w.desktops() {
				if m, err := w.sim.Find(w.t.Context(), d.ID); err != nil || m.CPUs != 4 || d.ProductID != w.pool().ProductID {
					w.t.Errorf("desktop %+v has machine %+v, %v", d, m, err)
				}
			}
		},
	},
	{
		name: "adding disks", setUp: func(w *world) { w.addPool(2) }, want: 2, state: desktop.StatusActive,
		ask: func(w *world) string {
			id, err := w.service.Pools.AddPoolVolumes(w.t.Context(), pool.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 20}},
			})
			w.must(err)
			return id
		},
		check: func(w *world) { w.wantDisks("/data/disk1 10", "/data/disk2 20") },
	},
	{
		name: "deleting disks", setUp: func(w *world) { w.addPool(2) }, want: 2, state: desktop.StatusActive,
		ask: func(w *world) string {
			id, err := w.service.Pools.DeletePoolVolumes(w.t.Context(), pool.DeletePoolVolumes{ChangePoolDesktops: reach(), IDs: []string{w.pool().Data[0].ID}})
			w.must(err)
			return id
		},
		check: func(w *world) { w.wantDisks() },
	},
}

// poolOfTwo makes a pool with a desktop in which somebody works and one that nobody has.
func poolOfTwo(w *world) {
	w.addPool(2)
	w.seat(0)
}

func poolHasNextImage(w *world) {
	w.t.Helper()
	if n := w.withImage(nextImage); n != 2 || w.pool().ImageID != nextImage || w.pool().Status() != pool.PoolSteady {
		w.t.Errorf("%d desktops have the image, the pool has %s and is %s", n, w.pool().ImageID, w.pool().Status())
	}
	for _, d := range w.desktops() {
		m, err := w.sim.Find(w.t.Context(), d.ID)
		w.must(err)
		if m.Data[0].ID != d.Data[0].ID || m.Address != d.Address {
			w.t.Errorf("desktop %+v has machine %+v", d, m)
		}
	}
	if people := len(w.desktops()[0].Assignments); people != 1 {
		w.t.Errorf("%d people have the desktop that one had", people)
	}
}
