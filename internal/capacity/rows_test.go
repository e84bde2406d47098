package capacity_test

import (
	"context"
	"testing"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var capacities = map[string]func(*env){
	"capacities are read as they were put, replaced by id and forgotten": func(e *env) {
		read := func() []capacity.Capacity {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]capacity.Capacity, error) {
				return capacity.Capacities(ctx, tx)
			})
		}
		memory := capacity.Capacity{ID: capacity.MemoryCapacity, Classes: []string{}, Size: 1 << 14, Bound: 1 << 16, Observed: e.Clock.Now()}
		pool := capacity.Capacity{ID: "pool", Classes: []string{"GPSSD", "SSD"}, Size: 1 << 40, Used: 7, Promised: 8, Bound: 1 << 41, Observed: e.Clock.Now()}
		e.Update(func(tx *store.Tx) error {
			return capacity.PutCapacities(e.Context(), tx, []capacity.Capacity{pool, memory})
		})
		e.Same(read(), []capacity.Capacity{memory, pool})
		pool.Promised = 9
		e.Update(func(tx *store.Tx) error {
			all, err := capacity.LockCapacities(e.Context(), tx)
			if err != nil {
				return err
			}
			e.Same(len(all), 2)
			return capacity.PutCapacities(e.Context(), tx, []capacity.Capacity{pool})
		})
		e.Same(read(), []capacity.Capacity{memory, pool})
		e.Update(func(tx *store.Tx) error { return capacity.DeleteCapacities(e.Context(), tx, []string{"pool"}) })
		e.Same(read(), []capacity.Capacity{pool})
		e.Update(func(tx *store.Tx) error { return capacity.DeleteCapacities(e.Context(), tx, nil) })
		e.Same(len(read()), 0)
	},
	"what is promised is the disks of all desktops and the memory of those that are not off": func(e *env) {
		disks := func() map[string]int64 {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
				return capacity.PromisedDisks(ctx, tx)
			})
		}
		memory := func() int64 {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int64, error) { return capacity.PromisedMemory(ctx, tx) })
		}
		e.Same(len(disks()), 0)
		e.Same(memory(), int64(0))
		e.Update(func(tx *store.Tx) error {
			return catalog.PutProducts(e.Context(), tx, []catalog.Product{{ID: "sized", CPUs: 1, MemoryMiB: 2048, Status: "normal"}})
		})
		for i, status := range []desktop.DesktopStatus{desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated} {
			e.AddDesktop("promised-"+string(rune('a'+i)), func(d *desktop.Desktop) {
				d.ProductID, d.Status = "sized", status
				d.Root = desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: e.Clock.Now()}
				d.Data = nil
			})
		}
		e.Same(disks(), map[string]int64{"SAS": 240 << 10})
		e.Same(memory(), int64(4096))

		// What sub-jobs that have not ended will make of them counts already.
		growths := []capacity.Growth{
			{SubJobID: "j-000", Type: "", MiB: 512}, {SubJobID: "j-000", Type: "SAS", MiB: 3}, {SubJobID: "j-000", Type: "SSD", MiB: 5},
			{SubJobID: "j-001", Type: "SAS", MiB: 7},
		}
		e.AddJob("j", 2)
		e.Update(func(tx *store.Tx) error { return capacity.InsertGrowths(e.Context(), tx, growths) })
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]capacity.Growth, error) {
			return capacity.Growths(ctx, tx, []string{"j-001", "j-000", "missing"})
		}), growths)
		e.Same(disks(), map[string]int64{"SAS": 240<<10 + 10, "SSD": 5})
		e.Same(memory(), int64(4608))
		e.Claim("w", 1)
		e.Same(memory(), int64(4608))
		e.Update(func(tx *store.Tx) error {
			return tx.EndSubJobs(e.Context(), []string{"j-001"}, workspace.SubJobFailed, workspace.CodeGone, "gone")
		})
		e.Same(disks(), map[string]int64{"SAS": 240<<10 + 3, "SSD": 5})
		e.Update(func(tx *store.Tx) error {
			_, err := tx.DeleteSubJobs(e.Context(), storetest.Project, []string{"j-001"}, "", nil)
			return err
		})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]capacity.Growth, error) {
			return capacity.Growths(ctx, tx, []string{"j-000", "j-001"})
		}), growths[:3])
	},
}

// env is the fixture of the room's rows.
type env struct{ *desktoptest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{desktoptest.NewEnv(e)} }, map[string]map[string]func(*env){"Capacities": capacities})
}
