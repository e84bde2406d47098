package job_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/volume"
	"carrel/internal/workspace"
)

var me = workspace.Caller{ProjectID: project}

var fast = catalog.Speed{IOPS: 3000, Throughput: 125}

// addDisks orders two disks for each desktop, of which one has a speed.
func (e *env) addDisks() string {
	e.t.Helper()
	r := volume.Add{Caller: me, Field: "desktop_volumes"}
	for _, id := range e.ids() {
		r.Desktops = append(r.Desktops, volume.AddTo{DesktopID: id, Volumes: []desktop.VolumeSpec{{Type: "SAS", GB: 20}, {Type: "GPSSD2", GB: 30, Speed: fast}}})
	}
	id, err := e.service.Volumes.Add(e.t.Context(), r)
	e.must(err)
	return id
}

// expandAll orders that every disk becomes 10 GB larger.
func (e *env) expandAll() string {
	e.t.Helper()
	r := volume.Expand{Caller: me, Field: "desktop_volumes_expansion"}
	for _, d := range e.desktops() {
		for _, v := range append([]desktop.Volume{d.Root}, d.Data...) {
			r.Growths = append(r.Growths, volume.Growth{DesktopID: d.ID, VolumeID: v.ID, GB: v.GB + 10})
		}
	}
	id, err := e.service.Volumes.Expand(e.t.Context(), r)
	e.must(err)
	return id
}

// deleteFirst orders the deletion of the first data disk of the first desktop.
func (e *env) deleteFirst() string {
	e.t.Helper()
	d := e.desktops()[0]
	id, err := e.service.Volumes.Delete(e.t.Context(), volume.Delete{Caller: me, DesktopID: d.ID, IDs: []string{d.Data[0].ID}})
	e.must(err)
	return id
}

// setSpeeds orders another speed for all disks that have one.
func (e *env) setSpeeds() string {
	e.t.Helper()
	r := volume.SetSpeed{Caller: me, Speed: catalog.Speed{IOPS: 4000, Throughput: 500}}
	for _, d := range e.desktops() {
		for _, v := range d.Data {
			if v.IOPS > 0 {
				r.IDs = append(r.IDs, v.ID)
			}
		}
	}
	id, err := e.service.Volumes.SetSpeed(e.t.Context(), r)
	e.must(err)
	return id
}

// wantVolumes compares the disks of a desktop's row and of its machine.
func (e *env) wantVolumes(d desktop.Desktop, want ...engine.Disk) {
	e.t.Helper()
	m, err := e.sim.Find(e.t.Context(), d.ID)
	e.must(err)
	rows := []engine.Disk{{GiB: d.Root.GB}}
	for _, v := range d.Data {
		rows = append(rows, engine.Disk{Class: v.Type, GiB: v.GB, IOPS: v.IOPS, Throughput: v.Throughput})
	}
	machine := []engine.Disk{{GiB: m.Root.GiB}}
	for _, v := range m.Data {
		if !slices.ContainsFunc(d.Data, func(row desktop.Volume) bool { return row.ID == v.ID }) {
			e.t.Errorf("desktop %s: its row lacks the disk %+v", d.Name, v)
		}
		machine = append(machine, engine.Disk{Class: v.Class, GiB: v.GiB, IOPS: v.IOPS, Throughput: v.Throughput})
	}
	if !slices.Equal(rows, want) || !slices.Equal(machine, want) {
		e.t.Errorf("desktop %s has the disks\n%+v, its machine\n%+v; want\n%+v", d.Name, rows, machine, want)
	}
}

// volumeScenarios is work on the disks of single desktops that a process is killed in.
var volumeScenarios = []scenario{
	{
		name: "adding disks to desktops", setUp: createTwo, ask: (*env).addDisks, want: 2, state: desktop.StatusActive,
		check: func(e *env) {
			for _, d := range e.desktops() {
				e.wantVolumes(d, engine.Disk{GiB: 80}, engine.Disk{Class: "SSD", GiB: 10}, engine.Disk{Class: "SAS", GiB: 20}, engine.Disk{Class: "GPSSD2", GiB: 30, IOPS: 3000, Throughput: 125})
			}
		},
	},
	{
		name: "enlarging disks of desktops", setUp: writeOnDisks, ask: (*env).expandAll, want: 2, state: desktop.StatusActive,
		check: func(e *env) {
			for _, d := range e.desktops() {
				e.wantVolumes(d, engine.Disk{GiB: 90}, engine.Disk{Class: "SSD", GiB: 20})
			}
			e.wantContent(2)
		},
	},
	{
		name: "deleting a disk of a desktop", setUp: writeOnDisks, ask: (*env).deleteFirst, want: 2, state: desktop.StatusActive,
		check: func(e *env) {
			all := e.desktops()
			e.wantVolumes(all[0], engine.Disk{GiB: 80})
			e.wantVolumes(all[1], engine.Disk{GiB: 80}, engine.Disk{Class: "SSD", GiB: 10})
			e.wantContent(1)
		},
	},
	{
		name: "changing the speed of disks", want: 2, state: desktop.StatusActive, ask: (*env).setSpeeds,
		setUp: func(e *env) {
			p := e.start("setup", e.store, e.sim)
			e.finished(e.create(2))
			e.finished(e.addDisks())
			p.kill()
		},
		check: func(e *env) {
			for _, d := range e.desktops() {
				e.wantVolumes(d, engine.Disk{GiB: 80}, engine.Disk{Class: "SSD", GiB: 10}, engine.Disk{Class: "SAS", GiB: 20}, engine.Disk{Class: "GPSSD2", GiB: 30, IOPS: 4000, Throughput: 500})
			}
		},
	},
}

// writeOnDisks creates two desktops with a file on their data disks.
func writeOnDisks(e *env) {
	createTwo(e)
	for _, id := range e.ids() {
		e.must(e.sim.WriteFile(e.t.Context(), id, "/data/disk1/thesis", "my life's work"))
	}
}

// wantContent fails unless the data disks of so many desktops still have the file.
func (e *env) wantContent(want int) {
	e.t.Helper()
	n := 0
	for _, id := range e.ids() {
		if text, there := e.sim.ReadFile(id, "/data/disk1/thesis"); there && text == "my life's work" {
			n++
		}
	}
	if n != want {
		e.t.Errorf("%d desktops have the file, want %d", n, want)
	}
}

// A failed step never loses a disk that was to stay, and the row names what the machine has.
func TestDisksThatWereToStayAreThereAfterFaults(t *testing.T) {
	for name, ask := range map[string]func(*env) string{"adding": (*env).addDisks, "enlarging": (*env).expandAll, "deleting another": func(e *env) string {
		d := e.desktops()[0]
		id, err := e.service.Volumes.Delete(e.t.Context(), volume.Delete{Caller: me, DesktopID: d.ID, IDs: []string{d.Data[1].ID}})
		e.must(err)
		return id
	}} {
		for _, after := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				inEnv(t, twoImages(), func(e *env) {
					writeOnDisks(e)
					setUp := e.start("setup", e.store, e.sim)
					e.finished(e.addDisks())
					setUp.kill()
					var faults atomic.Int32
					faulty := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
						if c.Method != "Reshape" || faults.Add(1) > 3 {
							return do()
						}
						if after {
							_ = do()
						}
						return errors.New("the host is on fire")
					})
					p := e.start("replica", e.store, faulty)
					defer p.kill()
					e.finished(ask(e))
					e.wantContent(2)
					for _, d := range e.desktops() {
						m, err := e.sim.Find(e.t.Context(), d.ID)
						e.must(err)
						if len(m.Data) != len(d.Data) {
							t.Errorf("desktop %s has %d disks, its machine %d", d.Name, len(d.Data), len(m.Data))
						}
					}
				})
			})
		}
	}
}

func TestOneChangeOfDisksAtATime(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		createTwo(e)
		d := e.desktops()[0]
		add := func() error {
			_, err := e.service.Volumes.Add(e.t.Context(), volume.Add{Caller: me, Field: "volumes", Desktops: []volume.AddTo{{DesktopID: d.ID, Volumes: []desktop.VolumeSpec{{Type: "SAS", GB: 10}}}}})
			return err
		}
		const callers = 6
		errs := make(chan error, callers)
		for range callers {
			go func() { errs <- add() }()
		}
		succeeded := 0
		for range callers {
			switch err := <-errs; workspace.CodeOf(err) {
			case workspace.CodeAddingVolumes:
			default:
				e.must(err)
				succeeded++
			}
		}
		if succeeded != 1 {
			t.Errorf("%d calls were accepted", succeeded)
		}
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.until("the disk", func() bool { return e.desktops()[0].Task == workspace.NoTask })
		e.must(add())
	})
}
