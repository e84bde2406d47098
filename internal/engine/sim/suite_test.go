package sim_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var network = engine.Network{ID: "test0", CIDR: "10.87.0.0/16", Gateway: "10.87.0.1"}

// TestContract runs the suite on simulations with and without delays and a file.
func TestContract(t *testing.T) {
	configs := map[string]sim.Config{
		"AtOnce": {},
		"Slow": {Latency: sim.Latency{
			Read: time.Millisecond, Launch: 200 * time.Millisecond, Start: 50 * time.Millisecond, Stop: 50 * time.Millisecond,
			Hibernate: 20 * time.Millisecond, Delete: 60 * time.Millisecond, Boot: 100 * time.Millisecond,
			Session: 50 * time.Millisecond, Configure: 20 * time.Millisecond, Display: time.Millisecond, Jitter: 0.5,
		}},
		"Kept": {File: "machines.jsonl"},
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			enginetest.Run(t, func(t *testing.T) enginetest.Fixture { return fixture(t, config) })
		})
	}
}

func fixture(t *testing.T, config sim.Config) enginetest.Fixture {
	config.Images = append(sim.DefaultImages(), sim.Image{ID: "machine-image", Alias: "machine", VM: true})
	config.VMs = true
	if config.File != "" {
		config.File = filepath.Join(t.TempDir(), config.File)
	}
	var e *sim.Engine
	reopen := func() (engine.Engine, error) {
		var err error
		e, err = sim.Open(config)
		return e, err
	}
	if _, err := reopen(); err != nil {
		t.Fatal(err)
	}
	f := enginetest.Fixture{
		Engine: e, Network: network, Image: sim.DefaultImages()[0].ID, VM: "machine-image", Class: "SSD", Guests: true,
		Address: func(i int) string { return fmt.Sprintf("10.87.1.%d", i) },
		Write:   func(ctx context.Context, id, path, content string) error { return e.WriteFile(ctx, id, path, content) },
		Read: func(_ context.Context, id, path string) (string, error) {
			content, found := e.ReadFile(id, path)
			if !found {
				return "", fmt.Errorf("there is no file %s", path)
			}
			return content, nil
		},
		Second: engine.Network{ID: "test1", CIDR: "10.88.0.0/16", Gateway: "10.88.0.1"}, SecondAddress: "10.88.1.1",
		Reach: func(_ context.Context, from, to engine.Spec, port int) (bool, error) {
			return e.Passes(sim.Packet{From: from.Address, To: to.Address, Protocol: "tcp", Port: port}), nil
		},
		Break: func(ctx context.Context, s engine.Spec) error { return breakDown(ctx, e, s) },
	}
	if config.File != "" {
		f.Reopen = reopen
	}
	return f
}

// breakDown has a rebuild stop half way.
func breakDown(ctx context.Context, e *sim.Engine, s engine.Spec) error {
	if err := e.Inject(sim.RebuildBreaks, sim.Fault{Count: 1}); err != nil {
		return err
	}
	if _, err := e.Rebuild(ctx, s, "half"); err == nil {
		return errors.New("the rebuild was completed")
	}
	return nil
}
