package storetest

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var capacities = []behaviour{
	{"capacities are read as they were put, replaced by id and forgotten", func(w *world) {
		read := func() []desktop.Capacity {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Capacity, error) {
				return desktop.Capacities(ctx, tx)
			})
		}
		memory := desktop.Capacity{ID: desktop.MemoryCapacity, Classes: []string{}, Size: 1 << 14, Bound: 1 << 16, Observed: w.clock.Now()}
		pool := desktop.Capacity{ID: "pool", Classes: []string{"GPSSD", "SSD"}, Size: 1 << 40, Used: 7, Promised: 8, Bound: 1 << 41, Observed: w.clock.Now()}
		w.update(func(tx *store.Tx) error {
			return desktop.PutCapacities(w.Context(), tx, []desktop.Capacity{pool, memory})
		})
		w.same(read(), []desktop.Capacity{memory, pool})
		pool.Promised = 9
		w.update(func(tx *store.Tx) error {
			all, err := desktop.LockCapacities(w.Context(), tx)
			if err != nil {
				return err
			}
			w.same(len(all), 2)
			return desktop.PutCapacities(w.Context(), tx, []desktop.Capacity{pool})
		})
		w.same(read(), []desktop.Capacity{memory, pool})
		w.update(func(tx *store.Tx) error { return desktop.DeleteCapacities(w.Context(), tx, []string{"pool"}) })
		w.same(read(), []desktop.Capacity{pool})
		w.update(func(tx *store.Tx) error { return desktop.DeleteCapacities(w.Context(), tx, nil) })
		w.same(len(read()), 0)
	}},
	{"what is promised is the disks of all desktops and the memory of those that are not off", func(w *world) {
		disks := func() map[string]int64 {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
				return desktop.PromisedDisks(ctx, tx)
			})
		}
		memory := func() int64 {
			return get(w, func(ctx context.Context, tx *store.Tx) (int64, error) { return desktop.PromisedMemory(ctx, tx) })
		}
		w.same(len(disks()), 0)
		w.same(memory(), int64(0))
		w.update(func(tx *store.Tx) error {
			return catalog.PutProducts(w.Context(), tx, []catalog.Product{{ID: "sized", CPUs: 1, MemoryMiB: 2048, Status: "normal"}})
		})
		for i, status := range []desktop.DesktopStatus{desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated} {
			w.addDesktop("promised-"+string(rune('a'+i)), func(d *desktop.Desktop) {
				d.ProductID, d.Status = "sized", status
				d.Root = desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: w.clock.Now()}
				d.Data = nil
			})
		}
		w.same(disks(), map[string]int64{"SAS": 240 << 10})
		w.same(memory(), int64(4096))

		// What sub-jobs that have not ended will make of them counts already.
		growths := []desktop.Growth{
			{SubJobID: "j-000", Type: "", MiB: 512}, {SubJobID: "j-000", Type: "SAS", MiB: 3}, {SubJobID: "j-000", Type: "SSD", MiB: 5},
			{SubJobID: "j-001", Type: "SAS", MiB: 7},
		}
		w.addJob("j", 2)
		w.update(func(tx *store.Tx) error { return desktop.InsertGrowths(w.Context(), tx, growths) })
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Growth, error) {
			return desktop.Growths(ctx, tx, []string{"j-001", "j-000", "missing"})
		}), growths)
		w.same(disks(), map[string]int64{"SAS": 240<<10 + 10, "SSD": 5})
		w.same(memory(), int64(4608))
		w.claim("w", 1)
		w.same(memory(), int64(4608))
		w.update(func(tx *store.Tx) error {
			return tx.EndSubJobs(w.Context(), []string{"j-001"}, workspace.SubJobFailed, workspace.CodeGone, "gone")
		})
		w.same(disks(), map[string]int64{"SAS": 240<<10 + 3, "SSD": 5})
		w.update(func(tx *store.Tx) error {
			_, err := tx.DeleteSubJobs(w.Context(), project, []string{"j-001"}, "", nil)
			return err
		})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Growth, error) {
			return desktop.Growths(ctx, tx, []string{"j-000", "j-001"})
		}), growths[:3])
	}},
}
