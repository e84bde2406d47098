package job_test

import "carrel/internal/workspace"

// poolScenarios is the work on pools that a process is killed in.
var poolScenarios = []scenario{
	{name: "resetting", setUp: poolOfTwo, ask: func(w *world) string { return w.reset() }, want: 2, state: workspace.StatusActive},
	{
		name: "rebuilding a pool", setUp: poolOfTwo, want: 2, state: workspace.StatusActive, check: poolHasNextImage,
		ask: func(w *world) string { return w.rebuild(func(r *workspace.RebuildPool) { r.DelayMinutes = 1 }) },
	},
}

// poolOfTwo makes a pool with a desktop in which somebody works and one that nobody has.
func poolOfTwo(w *world) {
	w.addPool(2)
	w.seat(0)
}

func poolHasNextImage(w *world) {
	w.t.Helper()
	if n := w.withImage(nextImage); n != 2 || w.pool().ImageID != nextImage || w.pool().Status() != workspace.PoolSteady {
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
