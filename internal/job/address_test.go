package job_test

import (
	"slices"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/workspace"
)

// stranger launches a machine of another installation.
func (w *world) stranger(address string) {
	w.t.Helper()
	images, err := w.sim.Images(w.t.Context())
	w.must(err)
	_, err = w.sim.Launch(w.t.Context(), engine.Spec{
		ID: workspace.NewID(), Name: "stranger", Image: images[0].ID, CPUs: 1, MemoryMiB: 1024, Processes: 512, Root: engine.Disk{Class: "SAS", GiB: 10},
		Network: "net0", Address: address, Installation: "another",
	})
	w.must(err)
}

func (w *world) addresses() (all []string) {
	for _, d := range w.desktops() {
		all = append(all, d.Address)
	}
	slices.Sort(all)
	return all
}

// A new data folder beside machines of an earlier one: their addresses are not given out.
func TestAddressesInUseInTheEngineAreNotGivenOut(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		w.stranger("10.1.0.4")
		w.stranger("10.1.0.6")
		w.must(job.ReserveUsed(w.t.Context(), w.store, w.sim))
		p := w.start("a", w.store, w.sim)
		defer p.kill()
		w.finished(w.create(2))
		w.wantActive(2)
		if got := w.addresses(); !slices.Equal(got, []string{"10.1.0.5", "10.1.0.7"}) {
			t.Errorf("the desktops have %v, want the free ones, .5 and .7", got)
		}
	})
}

// An address that is taken after the last look costs a desktop nothing but another address.
func TestADesktopWhoseAddressTurnsOutToBeTakenGetsAnother(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		w.stranger("10.1.0.4")
		w.stranger("10.1.0.5")
		p := w.start("a", w.store, w.sim)
		defer p.kill()
		id := w.create(3)
		w.finished(id)
		w.wantActive(3)
		machines, err := w.sim.List(w.t.Context())
		w.must(err)
		for _, d := range w.desktops() {
			i := slices.IndexFunc(machines, func(m engine.Machine) bool { return m.ID == d.ID })
			if machines[i].Address != d.Address || d.Address == "10.1.0.4" || d.Address == "10.1.0.5" {
				t.Errorf("the row of %s says %s, its machine has %s", d.Name, d.Address, machines[i].Address)
			}
		}
	})
}

func (w *world) wantActive(n int) {
	w.t.Helper()
	rows := w.desktops()
	if len(rows) != n {
		w.t.Errorf("%d desktops, want %d", len(rows), n)
	}
	for _, d := range rows {
		if d.Status != desktop.StatusActive {
			w.t.Errorf("desktop %s is %s: %s", d.Name, d.Status, d.Fault)
		}
	}
}
