package chaos

import (
	"context"
	"time"

	"carrel/internal/engine/sim"
)

// trouble makes something go wrong.
func (w *world) trouble() {
	switch w.draw.IntN(10) {
	case 0, 1, 2, 3:
		w.breakEngine()
	case 4, 5, 6:
		w.kill()
	case 7:
		w.note("the gateway is killed")
		w.gateway.die()
	case 8:
		w.pullPlug()
	default:
		w.clearUp()
	}
}

// breakEngine makes calls of the engine fail, each in its way, the next few of them or one in some.
func (w *world) breakEngine() {
	names := sim.FaultNames()
	name := names[w.draw.IntN(len(names))]
	f := sim.Fault{Count: 1 + w.draw.IntN(3), After: time.Duration(w.draw.IntN(20_000)) * time.Millisecond}
	if w.draw.IntN(4) == 0 {
		f.Count, f.Probability = 0, 0.3
	}
	w.note("fault %s, %d times, else with probability %v", name, f.Count, f.Probability)
	w.must(w.sim.Inject(name, f))
}

// kill has a process die soon.
func (w *world) kill() {
	p := w.processes[w.draw.IntN(len(w.processes))]
	calls, after := 1+w.draw.IntN(30), w.draw.IntN(2) == 0
	downtime := []time.Duration{0, 3 * time.Second, 40 * time.Second}[w.draw.IntN(3)]
	w.note("%s is to die in %d calls (after %v), for %v", p.name, calls, after, downtime)
	p.kill(calls, after, downtime)
}

// pullPlug does something to a machine behind everybody's back.
func (w *world) pullPlug() {
	d, ok := w.anyDesktop("")
	if !ok {
		return
	}
	ctx := context.Background()
	if w.draw.IntN(4) == 0 {
		w.async(d.Name+" is deleted behind our back", func(context.Context) (string, error) { return said(w.sim.Delete(ctx, d.ID)), nil })
		return
	}
	w.async(d.Name+" is switched off behind our back", func(context.Context) (string, error) { return said(w.sim.Stop(ctx, d.ID, true)), nil })
}

// clearUp ends the faults of the engine.
func (w *world) clearUp() {
	w.note("the engine works again")
	for _, name := range sim.FaultNames() {
		w.must(w.sim.Inject(name, sim.Fault{}))
	}
}

// endTrouble ends all faults, for good.
func (w *world) endTrouble() {
	w.clearUp()
	for _, p := range w.processes {
		p.spare()
	}
}

// said is what an engine says, to be read.
func said(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}
