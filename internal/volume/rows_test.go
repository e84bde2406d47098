package volume_test

import (
	"context"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/volume"
	"carrel/internal/workspace"
)

type env struct {
	*desktoptest.Env
	service *volume.Service
}

var me = workspace.Caller{ProjectID: storetest.Project}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		made := &env{desktoptest.NewEnv(e), &volume.Service{Store: e.Store}}
		for _, p := range []string{storetest.Project, storetest.OtherProject} {
			made.Update(func(tx *store.Tx) error {
				_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s-" + p, ProjectID: p, Opened: tx.Now()})
				return err
			})
		}
		made.Update(func(tx *store.Tx) error {
			if err := catalog.PutVolumeTypes(e.Context(), tx, []catalog.VolumeType{{ID: "SAS"}, {ID: catalog.GeneralPurposeV2}}); err != nil {
				return err
			}
			return catalog.PutProducts(e.Context(), tx, []catalog.Product{{ID: "product", CPUs: 2, MemoryMiB: 4096, Status: "normal"}})
		})
		return made
	}, map[string]map[string]func(*env){"Disks": disks})
}

// running adds a desktop with a system disk of 80 GB and a data disk of 10 GB that is on.
func (e *env) running(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	e.Helper()
	on := func(d *desktop.Desktop) {
		d.Status, d.ProductID = desktop.StatusActive, "product"
		d.Root = desktop.Volume{ID: "root-" + name, Type: "SAS", GB: 80}
		d.Data = []desktop.Volume{{ID: "disk-" + name, Type: catalog.GeneralPurposeV2, GB: 10, Speed: catalog.Speed{IOPS: 3000, Throughput: 125}, Device: "/dev/sdb"}}
	}
	return e.AddDesktop(name, append([]func(*desktop.Desktop){on}, changes...)...)
}

func (e *env) theirs() desktop.Desktop {
	e.Helper()
	return e.running("theirs", func(d *desktop.Desktop) {
		d.ProjectID, d.SubnetID = storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
	})
}

func (e *env) add(ids ...string) error {
	r := volume.Add{Caller: me, Field: "desktop_volumes"}
	for _, id := range ids {
		r.Desktops = append(r.Desktops, volume.AddTo{DesktopID: id, Volumes: []desktop.VolumeSpec{{Type: "SAS", GB: 20}}})
	}
	_, err := e.service.Add(e.Context(), r)
	return err
}

// refused checks that a request is refused and that no desktop has a task.
func (e *env) refused(err error, code workspace.Code, ids ...string) {
	e.Helper()
	e.Same(workspace.CodeOf(err), code)
	for _, id := range ids {
		e.Same(e.Desktop(id).Task, workspace.NoTask)
	}
}

var fast = catalog.Speed{IOPS: 4000, Throughput: 200}

var disks = map[string]func(*env){
	"a desktop of another project is not there, and nothing is ordered for the others": func(e *env) {
		mine, theirs := e.running("mine"), e.theirs()
		e.refused(e.add(mine.ID, theirs.ID), workspace.CodeDesktopNotFound, mine.ID)
		_, err := e.service.Expand(e.Context(), volume.Expand{Caller: me, Growths: []volume.Growth{{DesktopID: theirs.ID, VolumeID: "disk-theirs", GB: 20}}})
		e.refused(err, workspace.CodeDesktopNotFound)
		_, err = e.service.Delete(e.Context(), volume.Delete{Caller: me, DesktopID: theirs.ID, IDs: []string{"disk-theirs"}})
		e.refused(err, workspace.CodeDesktopNotFound)
	},
	"a disk of another project is not there": func(e *env) {
		mine := e.running("mine")
		e.theirs()
		_, err := e.service.SetSpeed(e.Context(), volume.SetSpeed{Caller: me, IDs: []string{"disk-mine", "disk-theirs"}, Speed: fast})
		e.refused(err, workspace.CodeVolumeNotFound, mine.ID)
		of, err := e.service.Labels(e.Context(), storetest.Project, "disk-mine", "disk-theirs")
		e.Same(err, nil)
		e.Same(storetest.IDs(of, func(l workspace.ResourceLabels) string { return l.ID }), []string{mine.ID})
	},
	"a disk of another desktop is not there": func(e *env) {
		a, b := e.running("a"), e.running("b")
		_, err := e.service.Expand(e.Context(), volume.Expand{Caller: me, Growths: []volume.Growth{{DesktopID: a.ID, VolumeID: "disk-b", GB: 20}}})
		e.refused(err, workspace.CodeVolumeNotFound, a.ID, b.ID)
		_, err = e.service.Delete(e.Context(), volume.Delete{Caller: me, DesktopID: a.ID, IDs: []string{"disk-b"}})
		e.refused(err, workspace.CodeVolumeNotFound, a.ID, b.ID)
	},
	"disks of several desktops are found by their own ids, in one job": func(e *env) {
		a, b := e.running("a"), e.running("b")
		id, err := e.service.SetSpeed(e.Context(), volume.SetSpeed{Caller: me, IDs: []string{"disk-b", "disk-a"}, Speed: fast})
		e.Same(err, nil)
		job := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
			return tx.Job(ctx, storetest.Project, id, true)
		})
		e.Same(len(job.SubJobs), 2)
		for _, d := range []string{a.ID, b.ID} {
			e.Same(e.Desktop(d).Task != workspace.NoTask, true)
		}
	},
	"more disks than a statement may name are found": func(e *env) {
		e.running("a")
		ids := make([]string, store.Batch+1)
		for i := range ids {
			ids[i] = workspace.NewID()
		}
		ids[len(ids)-1] = "disk-a"
		of, err := e.service.Labels(e.Context(), storetest.Project, ids...)
		e.Same(err, nil)
		e.Same(len(of), 1)
	},
	"of callers at once one changes the desktop": func(e *env) {
		d := e.running("a")
		e.One(storetest.Together(4, func(int) error { return e.add(d.ID) }), workspace.CodeAddingVolumes) // the desktop's row is locked
	},
	"desktops are locked in one order, so that callers with the same ones do not wait for each other": func(e *env) {
		a, b := e.running("a"), e.running("b")
		errs := storetest.Together(4, func(i int) error {
			if i%2 == 0 {
				return e.add(a.ID, b.ID)
			}
			return e.add(b.ID, a.ID)
		})
		e.One(errs, workspace.CodeAddingVolumes)
	},
	"a disk has one desktop": func(e *env) {
		e.running("a")
		d := desktoptest.NewDesktop("b")
		d.Root = desktop.Volume{ID: "disk-a", Type: "SAS", GB: 80}
		if err := e.Store.Update(e.Context(), func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) }); err == nil {
			e.Error("two desktops have one disk") // the primary key of volumes
		}
	},
}
