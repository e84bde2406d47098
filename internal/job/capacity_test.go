package job_test

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/capacity"
	"carrel/internal/desktop"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// keeper looks at the capacity of an env.
func (e *env) keeper() *job.CapacityKeeper {
	k, err := job.NewCapacityKeeper(prometheus.NewRegistry(), e.store, e.sim, slog.New(slog.DiscardHandler), capacity.Overcommit{Disk: 2, Memory: 1})
	e.must(err)
	e.must(k.Look(e.t.Context()))
	return k
}

// TestOrdersEndBeforeTheStoragePoolIsFull is about one desktop that filled a pool, so that all others could write no more.
func TestOrdersEndBeforeTheStoragePoolIsFull(t *testing.T) {
	config := sim.Config{Storage: map[string]int{"SAS": 100, "SSD": 100}, MemoryMiB: 1 << 20}
	inEnv(t, config, func(e *env) {
		k := e.keeper()
		// 200 GiB may be promised; each desktop has 80.
		var all sync.WaitGroup
		errs := make([]error, 5)
		for i := range errs {
			all.Go(func() { _, errs[i] = e.tryCreate(1) })
		}
		all.Wait()
		taken := 0
		for _, err := range errs {
			switch {
			case err == nil:
				taken++
			case workspace.CodeOf(err) != workspace.CodeCapacityExceeded || !strings.Contains(err.Error(), "40 of 200 GiB are left"):
				e.t.Errorf("an order was refused with %v", err)
			}
		}
		if taken != 2 {
			e.t.Errorf("%d orders of 80 GiB were taken, want 2", taken)
		}
		e.must(k.Look(e.t.Context()))
		if k.Low() == "" {
			e.t.Error("nobody is told that 160 of 200 GiB are promised")
		}
		// What is given back can be promised again, at once.
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(e.t.Context(), tx, e.ids()[0]) }))
		if _, err := e.tryCreate(1); err != nil {
			e.t.Errorf("after a desktop was deleted: %v", err)
		}
		// And nothing new is taken where desktops have written what they were promised.
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(e.t.Context(), tx, e.ids()[0]) }))
		e.sim.Fill("SAS", 95<<30)
		e.must(k.Look(e.t.Context()))
		if _, err := e.tryCreate(1); workspace.CodeOf(err) != workspace.CodeCapacityExceeded || !strings.Contains(err.Error(), "is full") {
			e.t.Errorf("an order for a full pool: %v", err)
		}
	})
}

// TestAPoolGetsAsManyDesktopsAsThereAreDisksFor is TestANearlyFullSubnetGetsWhatItHasRoomFor for what a storage pool may promise.
func TestAPoolGetsAsManyDesktopsAsThereAreDisksFor(t *testing.T) {
	config := sim.Config{Latency: sim.Realistic(), Storage: map[string]int{"SAS": 200, "SSD": 200}, MemoryMiB: 1 << 20}
	inEnv(t, config, func(e *env) {
		e.keeper()
		e.addSharedPool(keeping(19))
		defer e.reconcile("replica", e.store, e.sim)()
		const fit = 5 // 400 GiB may be promised; each desktop has 80
		e.until("as many desktops as there are disks for", e.idle(fit))
		e.pass(time.Minute)
		if n := len(e.members()); n != fit {
			t.Errorf("%d desktops", n)
		}
		var log []pool.PoolDecision
		e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
			log, _, err = pool.Decisions(e.t.Context(), tx, sharedPool, pool.DecideScale, workspace.Page{Limit: 100})
			return err
		}))
		told := func(r workspace.Reason) bool {
			return strings.Contains(r.Text, "5 of 19 desktops could be ordered") && strings.Contains(r.Text, "400 of 400 GiB are left")
		}
		if !slices.ContainsFunc(log, func(d pool.PoolDecision) bool { return slices.ContainsFunc(d.Reasons, told) }) {
			t.Errorf("the log does not tell: %+v", log)
		}
		// Space that becomes free is used.
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return capacity.DeleteCapacities(e.t.Context(), tx, nil) }))
		e.until("the others, too", e.idle(19))
	})
}

// TestWhatMakesDesktopsTakeMoreIsPromisedOrRefused is about all that has an engine promise more to desktops that are there.
func TestWhatMakesDesktopsTakeMoreIsPromisedOrRefused(t *testing.T) {
	// Two desktops of 4096 MiB and disks of 80 and 10 GiB have 160 of 220 GiB of SAS, 20 of 40 of SSD and 8 of 15 GiB of memory.
	config := sim.Config{Latency: sim.Realistic(), Storage: map[string]int{"SAS": 110, "SSD": 20}, MemoryMiB: 15 << 10, Images: twoImages().Images}
	add := func(gb int) func(e *env) (string, error) {
		return func(e *env) (string, error) {
			return e.service.Reshaper.AddPoolVolumes(e.t.Context(), reshape.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: gb}},
			})
		}
	}
	grow := func(gb int) func(e *env) (string, error) {
		return func(e *env) (string, error) {
			return e.service.Reshaper.ExpandPoolVolumes(e.t.Context(), reshape.ExpandPoolVolumes{
				ChangePoolDesktops: reach(), Growths: []pool.VolumeGrowth{{ID: e.pool().Root.ID, GB: gb}},
			})
		}
	}
	resize := func(e *env) (string, error) {
		r, err := e.service.Reshaper.ResizePool(e.t.Context(), reshape.ResizePool{ChangePoolDesktops: reach(), ProductID: largerProduct, Mode: "STOP_DESKTOP"})
		return r.JobID, err
	}
	for name, c := range map[string]struct {
		fits   func(*env) (string, error) // nil: not even one
		beyond func(*env) (string, error)
		left   string
	}{
		"adding disks":  {add(10), add(10), "20 GiB are asked for, 0 of 40 GiB are left"},
		"a larger disk": {grow(100), grow(120), "40 GiB are asked for, 20 of 220 GiB are left"},
		"more memory":   {nil, resize, "8192 MiB are asked for, 7168 of 15360 MiB are left"},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, config, func(e *env) {
				e.addPool(2)
				e.addProduct()
				k := e.keeper()
				refused := func(when string) {
					t.Helper()
					before := e.pool()
					_, err := c.beyond(e)
					if workspace.CodeOf(err) != workspace.CodeCapacityExceeded || !strings.Contains(err.Error(), c.left) {
						t.Errorf("%s: %v, want %q", when, err, c.left)
					}
					if after := e.pool(); after.ProductID != before.ProductID || after.Root != before.Root || !slices.Equal(after.Data, before.Data) {
						t.Errorf("%s: the pool has changed: %+v", when, after)
					}
				}
				if c.fits == nil {
					refused("from the beginning")
					return
				}
				job, err := c.fits(e)
				e.must(err)
				e.must(k.Look(e.t.Context())) // what is promised to work that has not begun is not forgotten
				p := e.promised()
				r := e.start("replica", e.store, e.sim)
				defer r.kill()
				if j := e.finished(job); j.Counts.Failed > 0 {
					t.Fatalf("%+v", j.SubJobs)
				}
				e.must(k.Look(e.t.Context()))
				if after := e.promised(); !maps.Equal(after, p) {
					t.Errorf("promised are %v before the work and %v after it", p, after)
				}
				refused("after the first")
			})
		})
	}
}

// TestStartsAndRetriesArePromisedMemory is about desktops of a pool that were started all at once, and jobs that are retried.
func TestStartsAndRetriesArePromisedMemory(t *testing.T) {
	config := twoImages()
	config.MemoryMiB = 12 << 10 // for three desktops
	inEnv(t, config, func(e *env) {
		e.addPool(2)
		e.keeper()
		operate := func(op string) workspace.Job {
			p := e.start("replica", e.store, e.sim)
			defer p.kill()
			id, err := e.service.Pools.RunPoolPowerAction(e.t.Context(), pool.RunPoolPowerAction{Caller: workspace.Caller{ProjectID: project}, PoolID: poolID, Action: op})
			e.must(err)
			return e.finished(id)
		}
		operate("os-stop")
		_, err := e.tryCreate(2)
		e.must(err) // 8 of 12 GiB
		j := operate("os-start")
		if j.Counts.Succeeded != 1 || j.Counts.Failed != 1 {
			t.Fatalf("memory is left for one, but %+v", j.Counts)
		}
		for _, s := range j.SubJobs {
			if s.State == workspace.SubJobFailed && (s.Code != workspace.CodeCapacityExceeded || !strings.Contains(s.Reason, "4096 MiB are asked for, 0 of 12288 MiB are left")) {
				t.Errorf("the other was refused with %s: %s", s.Code, s.Reason)
			}
		}
		if _, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, j.ID); workspace.CodeOf(err) != workspace.CodeCapacityExceeded {
			t.Errorf("retrying the start: %v", err)
		}
		for _, d := range e.desktops() {
			if d.PoolID == "" {
				e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(e.t.Context(), tx, d.ID) }))
			}
		}
		if _, err := e.service.Work.RetryJob(e.t.Context(), workspace.Caller{ProjectID: project}, j.ID); err != nil {
			t.Errorf("retrying the start when there is memory: %v", err)
		}
	})
}

// promised is what is written down as promised, by capacity.
func (e *env) promised() map[string]int64 {
	e.t.Helper()
	promised := map[string]int64{}
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) error {
		all, err := capacity.Capacities(e.t.Context(), tx)
		for _, c := range all {
			promised[c.ID] = c.Promised
		}
		return err
	}))
	return promised
}
