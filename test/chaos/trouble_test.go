package chaos

import (
	"context"
	"time"

	"carrel/internal/engine/sim"
)

// trouble makes something go wrong.
func (e *env) trouble() {
	switch e.draw.IntN(10) {
	case 0, 1, 2, 3:
		e.breakEngine()
	case 4, 5, 6:
		e.kill()
	case 7:
		e.note("the gateway is killed")
		e.gateway.die()
	case 8:
		e.pullPlug()
	default:
		e.clearUp()
	}
}

// breakEngine makes calls of the engine fail, each in its way, the next few of them or one in some.
func (e *env) breakEngine() {
	names := sim.FaultNames()
	name := names[e.draw.IntN(len(names))]
	f := sim.Fault{Count: 1 + e.draw.IntN(3), After: time.Duration(e.draw.IntN(20_000)) * time.Millisecond}
	if e.draw.IntN(4) == 0 {
		f.Count, f.Probability = 0, 0.3
	}
	e.note("fault %s, %d times, else with probability %v", name, f.Count, f.Probability)
	e.must(e.sim.Inject(name, f))
}

// kill has a process die soon.
func (e *env) kill() {
	p := e.processes[e.draw.IntN(len(e.processes))]
	calls, after := 1+e.draw.IntN(30), e.draw.IntN(2) == 0
	downtime := []time.Duration{0, 3 * time.Second, 40 * time.Second}[e.draw.IntN(3)]
	e.note("%s is to die in %d calls (after %v), for %v", p.name, calls, after, downtime)
	p.kill(calls, after, downtime)
}

// pullPlug does something to a machine behind everybody's back.
func (e *env) pullPlug() {
	d, ok := e.anyDesktop("")
	if !ok {
		return
	}
	ctx := context.Background()
	if e.draw.IntN(4) == 0 {
		e.async(d.Name+" is deleted behind our back", func(context.Context) (string, error) { return said(e.sim.Delete(ctx, d.ID)), nil })
		return
	}
	e.async(d.Name+" is switched off behind our back", func(context.Context) (string, error) { return said(e.sim.Stop(ctx, d.ID, true)), nil })
}

// clearUp ends the faults of the engine.
func (e *env) clearUp() {
	e.note("the engine works again")
	for _, name := range sim.FaultNames() {
		e.must(e.sim.Inject(name, sim.Fault{}))
	}
}

// endTrouble ends all faults, for good.
func (e *env) endTrouble() {
	e.clearUp()
	for _, p := range e.processes {
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
