package sim_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

// TestManyCallersAtOnceLeaveNothingBehind lets several callers do anything to a few machines, some of them impatient.
// After everybody has left, deleting the machines leaves the installation as it was.
func TestManyCallersAtOnceLeaveNothingBehind(t *testing.T) {
	config := sim.Config{
		File:    filepath.Join(t.TempDir(), "machines"),
		Hosts:   []sim.Host{{Name: "only", Capacity: 5}},
		Latency: sim.Latency{Launch: time.Millisecond, Delete: time.Millisecond, Boot: time.Millisecond, Jitter: 1},
		Faults: map[string]sim.Fault{
			sim.LaunchBreaks: {Probability: 0.1}, sim.Vanishes: {Probability: 0.1, After: time.Millisecond},
			sim.Breaks: {Probability: 0.1, After: time.Millisecond}, sim.DisplayDrops: {Probability: 0.3, After: time.Millisecond},
		},
	}
	e := open(t, config)
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(caller)))
			for range 150 {
				anything(t.Context(), e, random)
			}
		})
	}
	callers.Wait()
	for i := range 5 {
		if err := e.Delete(t.Context(), spec(i).ID); err != nil {
			t.Error(err)
		}
	}
	for name := range config.Faults {
		if err := e.Inject(name, sim.Fault{}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := e.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("left are %+v, %v", all, err)
	}
	for i := range 5 {
		launch(t, e, i) // the host has capacity for all, and every address is free
	}
}

// anything makes one call on one of five machines. It may fail: others are at work, too.
func anything(ctx context.Context, e engine.Engine, random *rand.Rand) {
	i := random.IntN(5)
	id := spec(i).ID
	ctx, cancel := context.WithTimeout(ctx, time.Duration(random.IntN(5000))*time.Microsecond)
	defer cancel()
	calls := []func(){
		func() { _, _ = e.Launch(ctx, spec(i)) },
		func() { _, _ = e.Launch(ctx, spec(i)) },
		func() { _ = e.Start(ctx, id) },
		func() { _ = e.Stop(ctx, id, random.IntN(2) == 0) },
		func() { _ = enginetest.Restart(ctx, e, id, true) },
		func() { _ = e.Hibernate(ctx, id) },
		func() { _ = e.Delete(ctx, id) },
		func() { _, _ = e.List(ctx) },
		func() { _, _ = e.Status(ctx, id) },
		func() { _ = e.Await(ctx, id, "alice") },
		func() { _ = e.Notify(ctx, id, guest.Message{Title: "Hello"}) },
		func() { _, _ = e.Configure(ctx, id, guest.Desktop{Hostname: "new"}) },
		func() {
			if stream, err := e.Display(ctx, id, "alice"); err == nil {
				_, _ = stream.Read(make([]byte, 12))
				_ = stream.Close()
			}
		},
	}
	calls[random.IntN(len(calls))]()
}
