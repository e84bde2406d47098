package job_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
)

// identify gives the database its installation's id, as a control plane does when it starts.
func (e *env) identify() string {
	e.t.Helper()
	id, err := job.Identify(e.t.Context(), e.store, e.sim)
	e.must(err)
	return id
}

// inventory takes the first look of a control plane that starts, and one round after it.
func (e *env) inventory() *job.Inventory {
	e.t.Helper()
	i, err := job.NewInventory(e.store, e.sim, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	e.must(err)
	e.must(i.Start(e.t.Context()))
	e.pass(job.InventoryEvery + time.Second)
	i.Stop(e.t.Context())
	return i
}

func (e *env) forget(desktopID string) {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(e.t.Context(), tx, desktopID) }))
}

func (e *env) auditor() *job.Auditor { return &job.Auditor{Store: e.store, Engine: e.sim} }

func (e *env) desktop(id string) desktop.Desktop {
	e.t.Helper()
	var d desktop.Desktop
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		d, err = desktop.ReadDesktop(e.t.Context(), tx, project, id)
		return err
	}))
	return d
}

// otherDatabase is that of another installation on the same engine, new and empty.
func (e *env) otherDatabase() *store.Store {
	e.t.Helper()
	s, err := store.Open(e.t.Context(), storetest.SQLitePath(e.t))
	e.must(err)
	e.t.Cleanup(func() { s.Close() })
	return s
}

func TestHealingSetsAsideAndRemovesOnlyAfterDays(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(3))
		p.kill()
		e.inventory()
		ids := e.ids()
		e.must(e.sim.Delete(e.t.Context(), ids[0]))
		e.forget(ids[1])

		heal := func() job.Report {
			t.Helper()
			r, err := e.auditor().Heal(e.t.Context(), ids)
			e.must(err)
			return r
		}
		if r := heal(); len(r.Findings) != 2 {
			t.Fatalf("found %+v, want one orphan and one desktop without a machine", r.Findings)
		}
		if d := e.desktop(ids[0]); d.Status != desktop.StatusError || d.Fault == "" {
			t.Errorf("the desktop without a machine is %s (%q)", d.Status, d.Fault)
		}
		orphan, err := e.sim.Find(e.t.Context(), ids[1])
		e.must(err)
		if orphan.State != engine.Stopped || orphan.Aside.IsZero() {
			t.Errorf("the orphan is %s, set aside since %v", orphan.State, orphan.Aside)
		}
		e.pass(job.DefaultKeep - time.Hour)
		heal()
		if _, err := e.sim.Find(e.t.Context(), ids[1]); err != nil {
			t.Errorf("the orphan was removed too early: %v", err)
		}
		e.pass(2 * time.Hour)
		if r, err := e.auditor().Heal(e.t.Context(), nil); err != nil || len(r.ToMend()) != 1 {
			t.Errorf("healing nothing that is named: %+v, %v", r.Findings, err)
		}
		if _, err := e.sim.Find(e.t.Context(), ids[1]); err != nil {
			t.Errorf("the orphan was removed although nobody named it: %v", err)
		}
		heal()
		if _, err := e.sim.Find(e.t.Context(), ids[1]); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("the orphan is there after its days: %v", err)
		}
		if m, err := e.sim.Find(e.t.Context(), ids[2]); err != nil || m.State != engine.Running {
			t.Errorf("the third desktop's machine is %s, %v", m.State, err)
		}
		if r := heal(); len(r.Findings) != 1 || r.Findings[0].DesktopID != ids[0] || r.Findings[0].Healed == "" {
			t.Errorf("after healing: %+v, want the one desktop that is marked", r.Findings)
		}
	})
}

// An old backup knows fewer desktops than the engine has machines.
func TestAnOldBackupCostsNoDesktop(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(2))
		p.kill()
		e.inventory()
		ids := e.ids()
		lost := e.desktop(ids[1])
		e.forget(ids[1])

		r, err := e.auditor().Heal(e.t.Context(), ids)
		e.must(err)
		if len(r.Findings) != 1 || r.Findings[0].Mending != job.PutAside {
			t.Fatalf("found %+v, want one machine to set aside", r.Findings)
		}
		// The right database is restored.
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.InsertDesktops(e.t.Context(), tx, []desktop.Desktop{lost}) }))
		e.pass(2 * job.DefaultKeep)
		if r, err := e.auditor().Audit(e.t.Context()); err != nil || len(r.Findings) != 1 || r.Findings[0].Mending != job.BringBack {
			t.Errorf("found %+v, %v, want one machine to bring back", r.Findings, err)
		}
		e.inventory()
		m, err := e.sim.Find(e.t.Context(), ids[1])
		e.must(err)
		if !m.Aside.IsZero() {
			t.Error("the machine is still set aside although a desktop has it")
		}
	})
}

func TestAMachineSetAsideIsRestored(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(2))
		p.kill()
		e.inventory()
		ids := e.ids()
		e.forget(ids[1])
		_, err := e.auditor().Heal(e.t.Context(), ids)
		e.must(err)
		if _, err := e.auditor().Restore(e.t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		m, err := e.sim.Find(e.t.Context(), ids[1])
		e.must(err)
		if m.State != engine.Running || !m.Aside.IsZero() {
			t.Errorf("restored: %s, set aside since %v", m.State, m.Aside)
		}
		if _, err := e.auditor().Restore(e.t.Context(), ids[0]); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("restoring what is not set aside: %v", err)
		}
	})
}

func TestAnotherDatabaseHealsNothing(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(2))
		p.kill()
		e.inventory()
		other := e.otherDatabase()
		auditor := &job.Auditor{Store: other, Engine: e.sim, Keep: time.Nanosecond}
		for _, identified := range []bool{false, true} {
			if identified {
				if _, err := job.Identify(e.t.Context(), other, e.sim); err != nil {
					t.Fatal(err)
				}
			}
			r, err := auditor.Heal(e.t.Context(), e.ids())
			if !errors.Is(err, job.ErrDoubt) {
				t.Errorf("healing with another database (with an id: %v): %v, want ErrDoubt", identified, err)
			}
			if len(r.ToMend()) > 0 {
				t.Errorf("another database would mend %+v", r.ToMend())
			}
		}
		e.checkWhole(2, desktop.StatusActive)
	})
}

// Machines from before they carried an installation are adopted by the database that has their desktops, and by no other.
func TestMachinesWithoutAnInstallationAreAdoptedByTheirDesktops(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(3))
		p.kill()
		ids := e.ids()
		e.forget(ids[2])
		i := e.inventory()
		whose := map[string]string{}
		machines, err := e.sim.List(e.t.Context())
		e.must(err)
		for _, m := range machines {
			whose[m.ID] = m.Installation
		}
		if id := e.identify(); whose[ids[0]] != id || whose[ids[1]] != id || whose[ids[2]] != "" {
			t.Errorf("the machines carry %v, want %s on the two that desktops have", whose, id)
		}
		if r := i.Last(); r.Machines[job.Known] != 2 || r.Machines[job.Unmarked] != 1 {
			t.Errorf("the inventory counts %v", r.Machines)
		}
		r, err := e.auditor().Heal(e.t.Context(), ids)
		e.must(err)
		if len(r.ToMend()) > 0 || r.Differences() != 1 {
			t.Errorf("healing an unmarked machine: %+v", r.Findings)
		}
	})
}

// A backup from before the installation had an id takes that of its machines.
func TestABackupWithoutAnIDIsStillItsMachinesOwn(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		e.finished(e.create(2))
		p.kill()
		for _, id := range e.ids() {
			e.must(e.sim.Own(e.t.Context(), id, "from-before"))
		}
		if id := e.identify(); id != "from-before" {
			t.Errorf("the installation is called %q, want the id that its machines carry", id)
		}
		if id := e.identify(); id != "from-before" {
			t.Errorf("then it is called %q", id)
		}
	})
}
