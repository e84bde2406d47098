package job_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/workspace"
)

// keeper looks at the capacity of a world.
func (w *world) keeper() *job.CapacityKeeper {
	k, err := job.NewCapacityKeeper(prometheus.NewRegistry(), w.store, w.sim, slog.New(slog.DiscardHandler), workspace.Overcommit{Disk: 2, Memory: 1})
	w.must(err)
	w.must(k.Look(w.t.Context()))
	return k
}

// TestOrdersEndBeforeTheStoragePoolIsFull is about one desktop that filled a pool, so that all others could write no more.
func TestOrdersEndBeforeTheStoragePoolIsFull(t *testing.T) {
	config := sim.Config{Storage: map[string]int{"SAS": 100, "SSD": 100}, MemoryMiB: 1 << 20}
	inWorld(t, config, func(w *world) {
		k := w.keeper()
		// 200 GiB may be promised; each desktop has 80.
		var all sync.WaitGroup
		errs := make([]error, 5)
		for i := range errs {
			all.Go(func() { _, errs[i] = w.tryCreate(1) })
		}
		all.Wait()
		taken := 0
		for _, err := range errs {
			switch {
			case err == nil:
				taken++
			case workspace.CodeOf(err) != workspace.CodeNoRoom || !strings.Contains(err.Error(), "40 of 200 GiB are left"):
				w.t.Errorf("an order was refused with %v", err)
			}
		}
		if taken != 2 {
			w.t.Errorf("%d orders of 80 GiB were taken, want 2", taken)
		}
		w.must(k.Look(w.t.Context()))
		if k.Low() == "" {
			w.t.Error("nobody is told that 160 of 200 GiB are promised")
		}
		// What is given back can be promised again, at once.
		w.must(w.store.Update(w.t.Context(), func(tx workspace.Tx) error { return tx.DeleteDesktop(w.t.Context(), w.ids()[0]) }))
		if _, err := w.tryCreate(1); err != nil {
			w.t.Errorf("after a desktop was deleted: %v", err)
		}
		// And nothing new is taken where desktops have written what they were promised.
		w.must(w.store.Update(w.t.Context(), func(tx workspace.Tx) error { return tx.DeleteDesktop(w.t.Context(), w.ids()[0]) }))
		w.sim.Fill("SAS", 95<<30)
		w.must(k.Look(w.t.Context()))
		if _, err := w.tryCreate(1); workspace.CodeOf(err) != workspace.CodeNoRoom || !strings.Contains(err.Error(), "is full") {
			w.t.Errorf("an order for a full pool: %v", err)
		}
	})
}

// TestAPoolGetsAsManyDesktopsAsThereAreDisksFor is TestANearlyFullSubnetGetsWhatItHasRoomFor for what a storage pool may promise.
func TestAPoolGetsAsManyDesktopsAsThereAreDisksFor(t *testing.T) {
	config := sim.Config{Latency: sim.Realistic(), Storage: map[string]int{"SAS": 200, "SSD": 200}, MemoryMiB: 1 << 20}
	inWorld(t, config, func(w *world) {
		w.keeper()
		w.addSeats(keeping(19))
		defer w.tend("replica", w.store, w.sim)()
		const fit = 5 // 400 GiB may be promised; each desktop has 80
		w.until("as many desktops as there are disks for", w.idle(fit))
		w.pass(time.Minute)
		if n := len(w.members()); n != fit {
			t.Errorf("%d desktops", n)
		}
		var log []workspace.PoolDecision
		w.must(w.store.View(w.t.Context(), func(tx workspace.Tx) (err error) {
			log, _, err = tx.Decisions(w.t.Context(), seatPool, workspace.DecideScale, workspace.Page{Limit: 100})
			return err
		}))
		told := func(r workspace.Reason) bool {
			return strings.Contains(r.Text, "5 of 19 desktops could be ordered") && strings.Contains(r.Text, "400 of 400 GiB are left")
		}
		if !slices.ContainsFunc(log, func(d workspace.PoolDecision) bool { return slices.ContainsFunc(d.Reasons, told) }) {
			t.Errorf("the log does not tell: %+v", log)
		}
		// Room that is made is used.
		w.must(w.store.Update(w.t.Context(), func(tx workspace.Tx) error { return tx.DeleteCapacities(w.t.Context(), nil) }))
		w.until("the others, too", w.idle(19))
	})
}
