// Package enginetest holds what every engine.Engine has to do, as tests; engines that go wrong in one named way, for
// the tests of those who use an engine; and a small VNC viewer.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// Fixture is an engine to test and what the tests may use. The suite deletes the machines that it creates, but not the network.
type Fixture struct {
	Engine  engine.Engine
	Network engine.Network                // the suite ensures it
	Image   string                        // the Image.ID of an image that boots quickly
	Class   string                        // a volume type
	Address func(i int) string            // the i-th address of the network that the suite may use, i from 0 to 9
	Guests  bool                          // the image has a guest that answers; otherwise tests that need one are skipped
	Reopen  func() (engine.Engine, error) // another engine for the same machines; nil skips tests that need one
	// Write writes a file in a running machine and Read returns its content; nil skips tests that need them.
	Write func(ctx context.Context, id, path, content string) error
	Read  func(ctx context.Context, id, path string) (string, error) // an error if there is none
	// Break leaves a machine as an interrupted rebuild does; nil skips tests that need one.
	Break func(ctx context.Context, s engine.Spec) error
	// Fork starts n processes in a running machine, or as many as it can, keeps them for a moment and returns their number; nil
	// skips tests that need it.
	Fork func(ctx context.Context, id string, n int) (int, error)
	// Second is another network, and SecondAddress an address on it, for what is between networks; the suite ensures and removes it.
	Second        engine.Network
	SecondAddress string
	// Reach reports whether one running machine reaches a TCP port of another at once; nil skips tests that need it.
	Reach func(ctx context.Context, from, to engine.Spec, port int) (bool, error)
	VM    string // the Image.ID of an image of the other kind; empty skips tests that need one
}

// The accounts of the suite's machines.
var (
	alice = guest.Account{Name: "alice", Group: guest.GroupAdmin}
	bob   = guest.Account{Name: "bob", Group: guest.GroupUser}
)

// patience is how long one case may take. It only ends a case that would wait for ever.
const patience = 5 * time.Minute

// Run tests the engine that open returns; open is called once and cleans up with t.Cleanup. The cases share three machines,
// because those of real engines take time.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	s := &suite{Fixture: open(t)}
	t.Cleanup(func() { s.tidy(t) })
	s.a, s.b, s.c = s.spec("desk-a"), s.spec("desk-b"), s.spec("desk-c")
	s.b.Installation = installation
	s.a.Data = []engine.Disk{{ID: uuid.NewString(), Class: s.Class, GiB: 1, Mount: "/data"}}

	s.group(t, "WithoutMachines", s.withoutMachines())
	s.group(t, "Capacity", s.capacity())
	s.group(t, "Launch", s.launching())
	s.group(t, "Ownership", s.ownership())
	if s.Guests {
		s.group(t, "Guest", s.guests())
		s.group(t, "Display", s.displays())
		s.group(t, "Runs", s.running())
	}
	s.group(t, "Power", s.power())
	s.group(t, "Networks", s.networking())
	s.group(t, "Processes", s.processes())
	s.group(t, "Rebuild", s.rebuilding())
	s.group(t, "Reshape", s.reshaping())
	s.group(t, "Snapshots", s.snapshotting())
	s.group(t, "Publish", s.publishing())
	if s.Reopen != nil {
		s.group(t, "Reopen", s.reopening())
	}
	s.group(t, "Delete", s.deleting())
}

type suite struct {
	Fixture
	a, b, c engine.Spec
	specs   int
	ids     []string // of every machine that may exist
}

// check is one case; its name is a sentence.
type check struct {
	name string
	run  func(t *testing.T, ctx context.Context)
}

func (s *suite) group(t *testing.T, name string, checks []check) {
	t.Run(name, func(t *testing.T) {
		for _, c := range checks {
			t.Run(c.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				c.run(t, ctx)
			})
		}
	})
}

// spec returns the spec of another machine.
func (s *suite) spec(name string) engine.Spec {
	id := uuid.NewString()
	s.ids = append(s.ids, id)
	s.specs++
	return engine.Spec{
		ID: id, Name: name, Image: s.Image, CPUs: 1, MemoryMiB: 1024, Processes: 1500, Root: engine.Disk{Class: s.Class, GiB: 8},
		Network: s.Network.ID, Address: s.Address(s.specs - 1),
		Guest: guest.Desktop{
			Hostname: name, Timezone: "Europe/Berlin", Accounts: []guest.Account{alice},
			Network: guest.Network{
				Address: fmt.Sprintf("%s/%s", s.Address(s.specs-1), prefixLength(s.Network.CIDR)),
				Gateway: s.Network.Gateway, DNS: []string{s.Network.Gateway},
			},
		},
	}
}

func prefixLength(cidr string) string {
	return cidr[slices.Index([]byte(cidr), '/')+1:]
}

// tidy deletes what failed cases have left.
func (s *suite) tidy(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, id := range s.ids {
		if err := s.Engine.Delete(ctx, id); err != nil {
			t.Errorf("tidying up: %v", err)
		}
	}
	if err := s.Engine.Close(); err != nil {
		t.Errorf("closing the engine: %v", err)
	}
}

// up makes sure that a machine runs, whatever state the case before left it in.
func (s *suite) up(t *testing.T, ctx context.Context, spec engine.Spec) {
	t.Helper()
	if _, err := s.Engine.Launch(ctx, spec); err != nil {
		t.Fatalf("bringing the machine up: %v", err)
	}
}

func (s *suite) wantState(t *testing.T, ctx context.Context, id string, want engine.State) {
	t.Helper()
	m, err := s.Engine.Find(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if m.State != want {
		t.Fatalf("the machine is %s; want %s", m.State, want)
	}
}

// listed counts how often the machine is in the list.
func (s *suite) listed(t *testing.T, ctx context.Context, id string) (count int) {
	t.Helper()
	all, err := s.Engine.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.ID == id {
			count++
		}
	}
	return count
}

func (s *suite) wantGone(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	if m, err := s.Engine.Find(ctx, id); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("finding the machine: %+v, %v; want ErrNotFound", m, err)
	}
	if n := s.listed(t, ctx, id); n != 0 {
		t.Errorf("the machine is listed %d times", n)
	}
}

// atOnce runs all calls concurrently and reports each error.
func atOnce(t *testing.T, calls ...func() error) {
	t.Helper()
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { errs[i] = call() })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("call %d of %d at once: %v", i+1, len(calls), err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// twice returns the same call twice.
func twice(call func() error) []func() error { return []func() error{call, call} }

// eventually repeats try until it succeeds or the context ends.
func eventually(t *testing.T, ctx context.Context, try func() error) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("it never happened: %v", err)
		}
	}
}

// want reports an error unless err is target.
func want(t *testing.T, doing string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v; want %q", doing, err, target)
	}
}
