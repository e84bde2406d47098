package job_test

import (
	"slices"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const largerProduct = "workspace.c2.xlarge.linux"

func (w *world) addProduct() {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		return catalog.PutProducts(w.t.Context(), tx, []catalog.Product{
			{ID: largerProduct, CPUs: 4, MemoryMiB: 8192, Architecture: "x86", OSType: "Linux", Status: "normal"},
		})
	}))
}

// reach is a change for all desktops of the pool.
func reach() pool.ChangePoolDesktops {
	return pool.ChangePoolDesktops{Caller: workspace.Caller{ProjectID: project}, PoolID: poolID}
}

func (w *world) resize(mode string) string {
	w.t.Helper()
	r, err := w.service.Pools.ResizePool(w.t.Context(), pool.ResizePool{ChangePoolDesktops: reach(), ProductID: largerProduct, Mode: mode})
	w.must(err)
	return r.JobID
}

func TestResizingAPoolStopsAndStartsWhatRuns(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		w.addProduct()
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		off := w.desktops()[1].ID
		w.finished(operateOne(w, off, desktop.OpStop))

		refused := w.finished(w.resize(""))
		if refused.Counts.Succeeded != 1 || refused.Counts.Failed != 1 {
			t.Errorf("without STOP_DESKTOP the job ended with %+v: %+v", refused.Counts, refused.SubJobs)
		}
		for _, s := range refused.SubJobs {
			if s.State == workspace.SubJobFailed && s.Code != workspace.CodeConflict {
				t.Errorf("the desktop that runs is refused with %s: %s", s.Code, s.Reason)
			}
		}
		if j := w.finished(w.resize("STOP_DESKTOP")); j.Counts.Failed > 0 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for _, d := range w.desktops() {
			m, err := w.sim.Find(w.t.Context(), d.ID)
			w.must(err)
			want := desktop.StatusActive
			if d.ID == off {
				want = desktop.StatusShutoff
			}
			if d.ProductID != largerProduct || m.CPUs != 4 || m.MemoryMiB != 8192 || d.Status != want || (m.State == engine.Running) != (d.ID != off) {
				t.Errorf("desktop %+v has machine %+v", d, m)
			}
		}
		if p := w.pool(); p.ProductID != largerProduct {
			t.Errorf("the pool makes new desktops of %s", p.ProductID)
		}
	})
}

func TestDisksComeGrowAndGoWhileDesktopsRun(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(2)
		p := w.start("replica", w.store, w.sim)
		defer p.kill()
		first := w.pool().Data[0].ID
		add := func() (string, error) {
			return w.service.Pools.AddPoolVolumes(w.t.Context(), pool.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 20}},
			})
		}
		id, err := add()
		w.must(err)
		if _, err := add(); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("a second change meanwhile: %v", err)
		}
		w.finished(id)
		w.wantDisks("/data/disk1 10", "/data/disk2 20")

		id, err = w.service.Pools.ExpandPoolVolumes(w.t.Context(), pool.ExpandPoolVolumes{
			ChangePoolDesktops: reach(), Growths: []pool.VolumeGrowth{{ID: first, GB: 30}, {ID: w.pool().Root.ID, GB: 90}},
		})
		w.must(err)
		w.finished(id)
		w.wantDisks("/data/disk1 30", "/data/disk2 20")
		if gb := w.desktops()[0].Root.GB; gb != 90 {
			t.Errorf("the system disk has %d GB", gb)
		}

		id, err = w.service.Pools.DeletePoolVolumes(w.t.Context(), pool.DeletePoolVolumes{ChangePoolDesktops: reach(), IDs: []string{first}})
		w.must(err)
		w.finished(id)
		w.wantDisks("/data/disk2 20")
		id, err = add()
		w.must(err)
		w.finished(id)
		w.wantDisks("/data/disk2 20", "/data/disk1 20")
		w.checkWhole(2, desktop.StatusActive)
	})
}

// wantDisks compares the data disks of all desktops, of their machines and of the pool.
func (w *world) wantDisks(want ...string) {
	w.t.Helper()
	for _, d := range w.desktops() {
		m, err := w.sim.Find(w.t.Context(), d.ID)
		w.must(err)
		var have, rows []string
		for _, v := range m.Data {
			have = append(have, sizeAt(v.Mount, v.GiB))
		}
		for _, v := range d.Data {
			rows = append(rows, sizeAt("/data/disk"+string(v.Device[len(v.Device)-1]-'a'+'0'), v.GB))
		}
		sorted := slices.Sorted(slices.Values(want))
		if slices.Sort(have); !slices.Equal(have, sorted) || !slices.Equal(rows, want) || len(w.pool().Data) != len(want) {
			w.t.Errorf("desktop %s has disks %v, its machine %v, the pool %+v; want %v", d.Name, rows, have, w.pool().Data, want)
		}
		if found := w.pool().Differences(d); len(found) > 0 {
			w.t.Errorf("desktop %s differs from its pool: %v", d.Name, found)
		}
	}
}

func sizeAt(mount string, gb int) string { return mount + " " + string(rune('0'+gb/10)) + "0" }

func TestADiskThatIsGoneIsNoLongerTheDesktopsThoughItsGuestCannotBeTold(t *testing.T) {
	inWorld(t, twoImages(), func(w *world) {
		w.addPool(1)
		deaf := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Configure" {
				return engine.ErrConflict // it was switched off from inside at this moment
			}
			return do()
		})
		p := w.start("replica", w.store, deaf)
		defer p.kill()
		id, err := w.service.Pools.DeletePoolVolumes(w.t.Context(), pool.DeletePoolVolumes{
			ChangePoolDesktops: reach(), IDs: []string{w.pool().Data[0].ID},
		})
		w.must(err)
		if j := w.finished(id); j.Counts.Failed != 1 {
			t.Fatalf("the job ended with %+v", j.Counts)
		}
		d := w.desktops()[0]
		if m, err := w.sim.Find(w.t.Context(), d.ID); err != nil || len(m.Data) > 0 || len(d.Data) > 0 {
			t.Errorf("the machine has the disks %+v (%v), the row says %+v", m.Data, err, d.Data)
		}
	})
}
