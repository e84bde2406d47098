package job_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
)

// identify gives the world's database its installation's id, as a control plane does when it starts.
func (w *world) identify() string {
	w.t.Helper()
	id, err := job.Identify(w.t.Context(), w.store, w.sim)
	w.must(err)
	return id
}

// inventory takes the first look of a control plane that starts, and one round after it.
func (w *world) inventory() *job.Inventory {
	w.t.Helper()
	i, err := job.NewInventory(w.store, w.sim, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	w.must(err)
	w.must(i.Start(w.t.Context()))
	w.pass(job.InventoryEvery + time.Second)
	i.Stop(w.t.Context())
	return i
}

func (w *world) forget(desktopID string) {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(w.t.Context(), tx, desktopID) }))
}

func (w *world) auditor() *job.Auditor { return &job.Auditor{Store: w.store, Engine: w.sim} }

func (w *world) desktop(id string) desktop.Desktop {
	w.t.Helper()
	var d desktop.Desktop
	w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		d, err = desktop.ReadDesktop(w.t.Context(), tx, project, id)
		return err
	}))
	return d
}

// otherDatabase is that of another installation on the same engine, new and empty.
func (w *world) otherDatabase() *store.Store {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), filepath.Join(w.t.TempDir(), "other.db"))
	w.must(err)
	w.t.Cleanup(func() { s.Close() })
	return s
}

func TestHealingSetsAsideAndRemovesOnlyAfterDays(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(3))
		p.kill()
		w.inventory()
		ids := w.ids()
		w.must(w.sim.Delete(w.t.Context(), ids[0]))
		w.forget(ids[1])

		heal := func() job.Report {
			t.Helper()
			r, err := w.auditor().Heal(w.t.Context(), ids)
			w.must(err)
			return r
		}
		if r := heal(); len(r.Findings) != 2 {
			t.Fatalf("found %+v, want one orphan and one desktop without a machine", r.Findings)
		}
		if d := w.desktop(ids[0]); d.Status != desktop.StatusError || d.Fault == "" {
			t.Errorf("the desktop without a machine is %s (%q)", d.Status, d.Fault)
		}
		orphan, err := w.sim.Find(w.t.Context(), ids[1])
		w.must(err)
		if orphan.State != engine.Stopped || orphan.Aside.IsZero() {
			t.Errorf("the orphan is %s, set aside since %v", orphan.State, orphan.Aside)
		}
		w.pass(job.DefaultKeep - time.Hour)
		heal()
		if _, err := w.sim.Find(w.t.Context(), ids[1]); err != nil {
			t.Errorf("the orphan was removed too early: %v", err)
		}
		w.pass(2 * time.Hour)
		if r, err := w.auditor().Heal(w.t.Context(), nil); err != nil || len(r.ToMend()) != 1 {
			t.Errorf("healing nothing that is named: %+v, %v", r.Findings, err)
		}
		if _, err := w.sim.Find(w.t.Context(), ids[1]); err != nil {
			t.Errorf("the orphan was removed although nobody named it: %v", err)
		}
		heal()
		if _, err := w.sim.Find(w.t.Context(), ids[1]); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("the orphan is there after its days: %v", err)
		}
		if m, err := w.sim.Find(w.t.Context(), ids[2]); err != nil || m.State != engine.Running {
			t.Errorf("the third desktop's machine is %s, %v", m.State, err)
		}
		if r := heal(); len(r.Findings) != 1 || r.Findings[0].DesktopID != ids[0] || r.Findings[0].Healed == "" {
			t.Errorf("after healing: %+v, want the one desktop that is marked", r.Findings)
		}
	})
}

// An old backup knows fewer desktops than the engine has machines.
func TestAnOldBackupCostsNoDesktop(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(2))
		p.kill()
		w.inventory()
		ids := w.ids()
		lost := w.desktop(ids[1])
		w.forget(ids[1])

		r, err := w.auditor().Heal(w.t.Context(), ids)
		w.must(err)
		if len(r.Findings) != 1 || r.Findings[0].Mending != job.PutAside {
			t.Fatalf("found %+v, want one machine to set aside", r.Findings)
		}
		// The right database is restored.
		w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error { return desktop.InsertDesktops(w.t.Context(), tx, []desktop.Desktop{lost}) }))
		w.pass(2 * job.DefaultKeep)
		if r, err := w.auditor().Audit(w.t.Context()); err != nil || len(r.Findings) != 1 || r.Findings[0].Mending != job.BringBack {
			t.Errorf("found %+v, %v, want one machine to bring back", r.Findings, err)
		}
		w.inventory()
		m, err := w.sim.Find(w.t.Context(), ids[1])
		w.must(err)
		if !m.Aside.IsZero() {
			t.Error("the machine is still set aside although a desktop has it")
		}
	})
}

func TestAMachineSetAsideIsRestored(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(2))
		p.kill()
		w.inventory()
		ids := w.ids()
		w.forget(ids[1])
		_, err := w.auditor().Heal(w.t.Context(), ids)
		w.must(err)
		if _, err := w.auditor().Restore(w.t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		m, err := w.sim.Find(w.t.Context(), ids[1])
		w.must(err)
		if m.State != engine.Running || !m.Aside.IsZero() {
			t.Errorf("restored: %s, set aside since %v", m.State, m.Aside)
		}
		if _, err := w.auditor().Restore(w.t.Context(), ids[0]); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("restoring what is not set aside: %v", err)
		}
	})
}

func TestAnotherDatabaseHealsNothing(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(2))
		p.kill()
		w.inventory()
		other := w.otherDatabase()
		auditor := &job.Auditor{Store: other, Engine: w.sim, Keep: time.Nanosecond}
		for _, identified := range []bool{false, true} {
			if identified {
				if _, err := job.Identify(w.t.Context(), other, w.sim); err != nil {
					t.Fatal(err)
				}
			}
			r, err := auditor.Heal(w.t.Context(), w.ids())
			if !errors.Is(err, job.ErrDoubt) {
				t.Errorf("healing with another database (with an id: %v): %v, want ErrDoubt", identified, err)
			}
			if len(r.ToMend()) > 0 {
				t.Errorf("another database would mend %+v", r.ToMend())
			}
		}
		w.checkWhole(2, desktop.StatusActive)
	})
}

// Machines from before they carried an installation are adopted by the database that has their desktops, and by no other.
func TestMachinesWithoutAnInstallationAreAdoptedByTheirDesktops(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(3))
		p.kill()
		ids := w.ids()
		w.forget(ids[2])
		i := w.inventory()
		whose := map[string]string{}
		machines, err := w.sim.List(w.t.Context())
		w.must(err)
		for _, m := range machines {
			whose[m.ID] = m.Installation
		}
		if id := w.identify(); whose[ids[0]] != id || whose[ids[1]] != id || whose[ids[2]] != "" {
			t.Errorf("the machines carry %v, want %s on the two that desktops have", whose, id)
		}
		if r := i.Last(); r.Machines[job.Known] != 2 || r.Machines[job.Unmarked] != 1 {
			t.Errorf("the inventory counts %v", r.Machines)
		}
		r, err := w.auditor().Heal(w.t.Context(), ids)
		w.must(err)
		if len(r.ToMend()) > 0 || r.Differences() != 1 {
			t.Errorf("healing an unmarked machine: %+v", r.Findings)
		}
	})
}

// A backup from before the installation had an id takes that of its machines.
func TestABackupWithoutAnIDIsStillItsMachinesOwn(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		p := w.start("a", w.store, w.sim)
		w.finished(w.create(2))
		p.kill()
		for _, id := range w.ids() {
			w.must(w.sim.Own(w.t.Context(), id, "from-before"))
		}
		if id := w.identify(); id != "from-before" {
			t.Errorf("the installation is called %q, want the id that its machines carry", id)
		}
		if id := w.identify(); id != "from-before" {
			t.Errorf("then it is called %q", id)
		}
	})
}
