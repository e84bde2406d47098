package sim

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// machine is the state of a machine at one time. It is never modified, only replaced by Engine.put; inside has a lock of its own.
type machine struct {
	engine.Machine
	Guest    guest.Desktop        // the document for the next boot
	Half     bool                 // a rebuild is incomplete
	Made     bool                 // false while it is incomplete
	Files    map[string]string    `json:",omitempty"` // written by WriteFile to the disks, by path; replaced, never modified
	Snaps    map[string]snap      `json:",omitempty"` // by id; replaced, never modified
	Restored string               `json:",omitempty"` // the keep of the last restoration
	Runs     map[string]scriptRun `json:",omitempty"` // of scripts, by id; replaced, never modified
	Ready    time.Time            // when the guest has booted; zero unless it runs or is hibernated

	inside *inside // nil unless it runs or is hibernated
	serial int     // number of the launch in this process that created it; 0 if it was restored
}

func (m *machine) described() engine.Machine {
	d := m.Machine
	d.Data = slices.Clone(d.Data)
	return d
}

// put stores m as the state of the machine: first on disk, then in memory.
func (e *Engine) put(m *machine) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record(m)
}

// record is put with the mutex locked.
func (e *Engine) record(m *machine) error {
	if was := e.machines[m.ID]; was != nil && was.inside != m.inside {
		m.Runs = interrupted(m.Runs, time.Now())
	}
	if e.journal != nil {
		if err := e.journal.append(entry{Machine: m}); err != nil {
			return fmt.Errorf("recording the machine: %w", err)
		}
	}
	e.index(m)
	return nil
}

// drop deletes the machine: first on disk, then in memory.
func (e *Engine) drop(id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.machines[id]
	if m == nil {
		return nil
	}
	if e.journal != nil {
		if err := e.journal.append(entry{Dropped: id}); err != nil {
			return fmt.Errorf("recording that the machine is gone: %w", err)
		}
	}
	e.unindex(m)
	if m.inside != nil {
		m.inside.shutDown()
	}
	return nil
}

// index adds a machine to the indexes. The mutex is locked.
func (e *Engine) index(m *machine) {
	if old := e.machines[m.ID]; old != nil {
		e.unindex(old)
	}
	e.machines[m.ID] = m
	e.owners[address{m.Network, m.Address}] = m.ID
	e.load[m.Host]++
}

// unindex removes a machine from the indexes. The mutex is locked.
func (e *Engine) unindex(m *machine) {
	delete(e.machines, m.ID)
	delete(e.owners, address{m.Network, m.Address})
	e.load[m.Host]--
}

// restore restores a line of an earlier process.
func (e *Engine) restore(was entry) {
	switch {
	case was.Network != nil:
		e.networks[was.Network.ID] = *was.Network
	case was.Rules != nil:
		e.rules[was.Rules.Network] = was.Rules.Rules
	case was.NetworkGone != "":
		delete(e.networks, was.NetworkGone)
		delete(e.rules, was.NetworkGone)
	case was.Image != nil:
		e.published[was.Image.ID] = *was.Image
	case was.ImageGone != "":
		delete(e.published, was.ImageGone)
	case was.Machine != nil:
		e.index(was.Machine)
	case e.machines[was.Dropped] != nil:
		e.unindex(e.machines[was.Dropped])
	}
}

// everything yields all that restore needs. The mutex is locked.
func (e *Engine) everything(yield func(entry) bool) {
	for _, n := range e.networks {
		if !yield(entry{Network: &n}) {
			return
		}
	}
	for network, r := range e.rules {
		if !yield(entry{Rules: &networkRules{network, r}}) {
			return
		}
	}
	for _, i := range e.published {
		if !yield(entry{Image: &i}) {
			return
		}
	}
	for _, m := range e.machines {
		if !yield(entry{Machine: m}) {
			return
		}
	}
}

// awaken creates the insides of restored machines that were running, with every session ready.
func (e *Engine) awaken() {
	for _, m := range e.machines {
		if m.State == engine.Running || m.State == engine.Hibernated {
			m.inside = newInside(m.Guest, m.Ready, 0)
		}
	}
}
