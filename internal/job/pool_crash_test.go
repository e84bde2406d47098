package job_test

import (
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/rollout"
)

// poolScenarios is the work on pools that a process is killed in.
var poolScenarios = []scenario{
	{name: "resetting", setUp: poolOfTwo, ask: func(e *env) string { return e.reset() }, want: 2, state: desktop.StatusActive},
	{
		name: "rebuilding a pool", setUp: poolOfTwo, want: 2, state: desktop.StatusActive, check: poolHasNextImage,
		ask: func(e *env) string { return e.rebuild(func(r *rollout.RebuildPool) { r.DelayMinutes = 1 }) },
	},
	{
		name: "resizing a pool", setUp: func(e *env) { e.addPool(2); e.addProduct() }, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string { return e.resize("STOP_DESKTOP") },
		check: func(e *env) {
			for _, d := range e.desktops() {
				if m, err := e.sim.Find(e.t.Context(), d.ID); err != nil || m.CPUs != 4 || d.ProductID != e.pool().ProductID {
					e.t.Errorf("desktop %+v has machine %+v, %v", d, m, err)
				}
			}
		},
	},
	{
		name: "adding disks", setUp: func(e *env) { e.addPool(2) }, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string {
			id, err := e.service.Reshaper.AddPoolVolumes(e.t.Context(), reshape.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 20}},
			})
			e.must(err)
			return id
		},
		check: func(e *env) { e.wantDisks("/data/disk1 10", "/data/disk2 20") },
	},
	{
		name: "deleting disks", setUp: func(e *env) { e.addPool(2) }, want: 2, state: desktop.StatusActive,
		ask: func(e *env) string {
			id, err := e.service.Reshaper.DeletePoolVolumes(e.t.Context(), reshape.DeletePoolVolumes{ChangePoolDesktops: reach(), IDs: []string{e.pool().Data[0].ID}})
			e.must(err)
			return id
		},
		check: func(e *env) { e.wantDisks() },
	},
}

// poolOfTwo makes a pool with a desktop in which somebody works and one that nobody has.
func poolOfTwo(e *env) {
	e.addPool(2)
	e.bind(0)
}

func poolHasNextImage(e *env) {
	e.t.Helper()
	if n := e.withImage(nextImage); n != 2 || e.pool().ImageID != nextImage || e.pool().Status() != pool.PoolSteady {
		e.t.Errorf("%d desktops have the image, the pool has %s and is %s", n, e.pool().ImageID, e.pool().Status())
	}
	for _, d := range e.desktops() {
		m, err := e.sim.Find(e.t.Context(), d.ID)
		e.must(err)
		if m.Data[0].ID != d.Data[0].ID || m.Address != d.Address {
			e.t.Errorf("desktop %+v has machine %+v", d, m)
		}
	}
	if people := len(e.desktops()[0].Assignments); people != 1 {
		e.t.Errorf("%d people have the desktop that one had", people)
	}
}
