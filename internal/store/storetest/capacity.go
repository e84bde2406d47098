package storetest

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

var capacities = []behaviour{
	{"capacities are read as they were put, replaced by id and forgotten", func(w *world) {
		read := func() []workspace.Capacity {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.Capacity, error) { return tx.Capacities(ctx) })
		}
		memory := workspace.Capacity{ID: workspace.MemoryCapacity, Classes: []string{}, Size: 1 << 14, Bound: 1 << 16, Observed: w.clock.Now()}
		pool := workspace.Capacity{ID: "pool", Classes: []string{"GPSSD", "SSD"}, Size: 1 << 40, Used: 7, Promised: 8, Bound: 1 << 41, Observed: w.clock.Now()}
		w.update(func(tx *store.Tx) error {
			return tx.PutCapacities(w.Context(), []workspace.Capacity{pool, memory})
		})
		w.same(read(), []workspace.Capacity{memory, pool})
		pool.Promised = 9
		w.update(func(tx *store.Tx) error {
			all, err := tx.LockCapacities(w.Context())
			if err != nil {
				return err
			}
			w.same(len(all), 2)
			return tx.PutCapacities(w.Context(), []workspace.Capacity{pool})
		})
		w.same(read(), []workspace.Capacity{memory, pool})
		w.update(func(tx *store.Tx) error { return tx.DeleteCapacities(w.Context(), []string{"pool"}) })
		w.same(read(), []workspace.Capacity{pool})
		w.update(func(tx *store.Tx) error { return tx.DeleteCapacities(w.Context(), nil) })
		w.same(len(read()), 0)
	}},
	{"what is promised is the disks of all desktops and the memory of those that are not off", func(w *world) {
		disks := func() map[string]int64 {
			return get(w, func(ctx context.Context, tx *store.Tx) (map[string]int64, error) { return tx.PromisedDisks(ctx) })
		}
		memory := func() int64 {
			return get(w, func(ctx context.Context, tx *store.Tx) (int64, error) { return tx.PromisedMemory(ctx) })
		}
		w.same(len(disks()), 0)
		w.same(memory(), int64(0))
		w.update(func(tx *store.Tx) error {
			return tx.PutProducts(w.Context(), []workspace.Product{{ID: "sized", CPUs: 1, MemoryMiB: 2048, Status: "normal"}})
		})
		for i, status := range []workspace.DesktopStatus{workspace.StatusActive, workspace.StatusShutoff, workspace.StatusHibernated} {
			w.addDesktop("promised-"+string(rune('a'+i)), func(d *workspace.Desktop) {
				d.ProductID, d.Status = "sized", status
				d.Root = workspace.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: w.clock.Now()}
				d.Data = nil
			})
		}
		w.same(disks(), map[string]int64{"SAS": 240 << 10})
		w.same(memory(), int64(4096))

		// What sub-jobs that have not ended will make of them counts already.
		growths := []workspace.Growth{
			{SubJobID: "j-000", Type: "", MiB: 512}, {SubJobID: "j-000", Type: "SAS", MiB: 3}, {SubJobID: "j-000", Type: "SSD", MiB: 5},
			{SubJobID: "j-001", Type: "SAS", MiB: 7},
		}
		w.addJob("j", 2)
		w.update(func(tx *store.Tx) error { return tx.InsertGrowths(w.Context(), growths) })
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.Growth, error) {
			return tx.Growths(ctx, []string{"j-001", "j-000", "missing"})
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
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.Growth, error) {
			return tx.Growths(ctx, []string{"j-000", "j-001"})
		}), growths[:3])
	}},
}
