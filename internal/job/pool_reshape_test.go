package job_test

import (
	"slices"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const largerProduct = "workspace.c2.xlarge.linux"

func (e *env) addProduct() {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return catalog.PutProducts(e.t.Context(), tx, []catalog.Product{
			{ID: largerProduct, CPUs: 4, MemoryMiB: 8192, Architecture: "x86", OSType: "Linux", Status: "normal"},
		})
	}))
}

// reach is a change for all desktops of the pool.
func reach() pool.ChangePoolDesktops {
	return pool.ChangePoolDesktops{Caller: workspace.Caller{ProjectID: project}, PoolID: poolID}
}

func (e *env) resize(mode string) string {
	e.t.Helper()
	r, err := e.service.Reshaper.ResizePool(e.t.Context(), reshape.ResizePool{ChangePoolDesktops: reach(), ProductID: largerProduct, Mode: mode})
	e.must(err)
	return r.JobID
}

func TestResizingAPoolStopsAndStartsWhatRuns(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		e.addProduct()
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		off := e.desktops()[1].ID
		e.finished(operateOne(e, off, desktop.PowerStop))

		refused := e.finished(e.resize(""))
		if refused.Counts.Succeeded != 1 || refused.Counts.Failed != 1 {
			t.Errorf("without STOP_DESKTOP the job ended with %+v: %+v", refused.Counts, refused.SubJobs)
		}
		for _, s := range refused.SubJobs {
			if s.State == workspace.SubJobFailed && s.Code != workspace.CodeConflict {
				t.Errorf("the desktop that runs is refused with %s: %s", s.Code, s.Reason)
			}
		}
		if j := e.finished(e.resize("STOP_DESKTOP")); j.Counts.Failed > 0 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		for _, d := range e.desktops() {
			m, err := e.sim.Find(e.t.Context(), d.ID)
			e.must(err)
			want := desktop.StatusActive
			if d.ID == off {
				want = desktop.StatusShutoff
			}
			if d.ProductID != largerProduct || m.CPUs != 4 || m.MemoryMiB != 8192 || d.Status != want || (m.State == engine.Running) != (d.ID != off) {
				t.Errorf("desktop %+v has machine %+v", d, m)
			}
		}
		if p := e.pool(); p.ProductID != largerProduct {
			t.Errorf("the pool makes new desktops of %s", p.ProductID)
		}
	})
}

func TestDisksComeGrowAndGoWhileDesktopsRun(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(2)
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		first := e.pool().Data[0].ID
		add := func() (string, error) {
			return e.service.Reshaper.AddPoolVolumes(e.t.Context(), reshape.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 20}},
			})
		}
		id, err := add()
		e.must(err)
		if _, err := add(); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("a second change meanwhile: %v", err)
		}
		e.finished(id)
		e.wantDisks("/data/disk1 10", "/data/disk2 20")

		id, err = e.service.Reshaper.ExpandPoolVolumes(e.t.Context(), reshape.ExpandPoolVolumes{
			ChangePoolDesktops: reach(), Growths: []pool.VolumeGrowth{{ID: first, GB: 30}, {ID: e.pool().Root.ID, GB: 90}},
		})
		e.must(err)
		e.finished(id)
		e.wantDisks("/data/disk1 30", "/data/disk2 20")
		if gb := e.desktops()[0].Root.GB; gb != 90 {
			t.Errorf("the system disk has %d GB", gb)
		}

		id, err = e.service.Reshaper.DeletePoolVolumes(e.t.Context(), reshape.DeletePoolVolumes{ChangePoolDesktops: reach(), IDs: []string{first}})
		e.must(err)
		e.finished(id)
		e.wantDisks("/data/disk2 20")
		id, err = add()
		e.must(err)
		e.finished(id)
		e.wantDisks("/data/disk2 20", "/data/disk1 20")
		e.checkWhole(2, desktop.StatusActive)
	})
}

// wantDisks compares the data disks of all desktops, of their machines and of the pool.
func (e *env) wantDisks(want ...string) {
	e.t.Helper()
	for _, d := range e.desktops() {
		m, err := e.sim.Find(e.t.Context(), d.ID)
		e.must(err)
		var have, rows []string
		for _, v := range m.Data {
			have = append(have, sizeAt(v.Mount, v.GiB))
		}
		for _, v := range d.Data {
			rows = append(rows, sizeAt("/data/disk"+string(v.Device[len(v.Device)-1]-'a'+'0'), v.GB))
		}
		sorted := slices.Sorted(slices.Values(want))
		if slices.Sort(have); !slices.Equal(have, sorted) || !slices.Equal(rows, want) || len(e.pool().Data) != len(want) {
			e.t.Errorf("desktop %s has disks %v, its machine %v, the pool %+v; want %v", d.Name, rows, have, e.pool().Data, want)
		}
		if found := e.pool().Differences(d); len(found) > 0 {
			e.t.Errorf("desktop %s differs from its pool: %v", d.Name, found)
		}
	}
}

func sizeAt(mount string, gb int) string { return mount + " " + string(rune('0'+gb/10)) + "0" }

func TestADiskThatIsGoneIsNoLongerTheDesktopsThoughItsGuestCannotBeTold(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		e.addPool(1)
		deaf := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Configure" {
				return engine.ErrConflict // it was switched off from inside at this moment
			}
			return do()
		})
		p := e.start("replica", e.store, deaf)
		defer p.kill()
		id, err := e.service.Reshaper.DeletePoolVolumes(e.t.Context(), reshape.DeletePoolVolumes{
			ChangePoolDesktops: reach(), IDs: []string{e.pool().Data[0].ID},
		})
		e.must(err)
		if j := e.finished(id); j.Counts.Failed != 1 {
			t.Fatalf("the job ended with %+v", j.Counts)
		}
		d := e.desktops()[0]
		if m, err := e.sim.Find(e.t.Context(), d.ID); err != nil || len(m.Data) > 0 || len(d.Data) > 0 {
			t.Errorf("the machine has the disks %+v (%v), the row says %+v", m.Data, err, d.Data)
		}
	})
}
