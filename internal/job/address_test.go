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

// unknownMachine launches a machine of another installation.
func (e *env) unknownMachine(address string) {
	e.t.Helper()
	images, err := e.sim.Images(e.t.Context())
	e.must(err)
	_, err = e.sim.Launch(e.t.Context(), engine.Spec{
		ID: workspace.NewID(), Name: "unknown", Image: images[0].ID, CPUs: 1, MemoryMiB: 1024, Processes: 512, Root: engine.Disk{Class: "SAS", GiB: 10},
		Network: "net0", Address: address, Installation: "another",
	})
	e.must(err)
}

func (e *env) addresses() (all []string) {
	for _, d := range e.desktops() {
		all = append(all, d.Address)
	}
	slices.Sort(all)
	return all
}

// A new data folder beside machines of an earlier one: their addresses are not given out.
func TestAddressesInUseInTheEngineAreNotGivenOut(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		e.unknownMachine("10.1.0.4")
		e.unknownMachine("10.1.0.6")
		e.must(job.ReserveUsed(e.t.Context(), e.store, e.sim))
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(2))
		e.wantActive(2)
		if got := e.addresses(); !slices.Equal(got, []string{"10.1.0.5", "10.1.0.7"}) {
			t.Errorf("the desktops have %v, want the free ones, .5 and .7", got)
		}
	})
}

// An address that is taken after the last look costs a desktop nothing but another address.
func TestADesktopWhoseAddressTurnsOutToBeTakenGetsAnother(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		e.unknownMachine("10.1.0.4")
		e.unknownMachine("10.1.0.5")
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		id := e.create(3)
		e.finished(id)
		e.wantActive(3)
		machines, err := e.sim.List(e.t.Context())
		e.must(err)
		for _, d := range e.desktops() {
			i := slices.IndexFunc(machines, func(m engine.Machine) bool { return m.ID == d.ID })
			if machines[i].Address != d.Address || d.Address == "10.1.0.4" || d.Address == "10.1.0.5" {
				t.Errorf("the row of %s says %s, its machine has %s", d.Name, d.Address, machines[i].Address)
			}
		}
	})
}

func (e *env) wantActive(n int) {
	e.t.Helper()
	rows := e.desktops()
	if len(rows) != n {
		e.t.Errorf("%d desktops, want %d", len(rows), n)
	}
	for _, d := range rows {
		if d.Status != desktop.StatusActive {
			e.t.Errorf("desktop %s is %s: %s", d.Name, d.Status, d.Fault)
		}
	}
}
