package sim_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

// open starts a simulation with a network; the test closes it.
func open(t testing.TB, c sim.Config) *sim.Engine {
	t.Helper()
	e, err := sim.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.EnsureNetwork(context.Background(), network); err != nil {
		t.Fatal(err)
	}
	return e
}

// spec describes the i-th machine, up to 60000.
func spec(i int) engine.Spec {
	return engine.Spec{
		ID: fmt.Sprintf("%08d-desk", i), Name: "desk", Image: sim.DefaultImages()[0].ID, CPUs: 2, MemoryMiB: 2048, Processes: 1000,
		Root:    engine.Disk{Class: "SSD", GiB: 80},
		Network: network.ID, Address: fmt.Sprintf("10.87.%d.%d", 1+i/250, 1+i%250),
		Guest: guest.Desktop{
			Hostname: fmt.Sprintf("desk-%d", i), Accounts: []guest.Account{{Name: "alice", Group: guest.GroupUser}},
		},
	}
}

func launch(t *testing.T, e engine.Engine, i int) string {
	t.Helper()
	m, err := e.Launch(t.Context(), spec(i))
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func state(t *testing.T, e engine.Engine, id string) engine.State {
	t.Helper()
	m, err := e.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m.State
}

// view opens alice's display.
func view(t *testing.T, e engine.Engine, id string) *enginetest.Viewer {
	t.Helper()
	stream, err := e.Display(t.Context(), id, "alice")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	v, err := enginetest.NewViewer(stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Ask(false); err != nil {
		t.Fatal(err)
	}
	if err := v.Update(); err != nil {
		t.Fatal(err)
	}
	return v
}

// pass lets time pass in a bubble, and everybody act on it.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // this is the one function that moves a bubble's time
	synctest.Wait()
}

// took measures a call in a bubble.
func took(call func()) time.Duration {
	start := time.Now()
	call()
	return time.Since(start)
}
