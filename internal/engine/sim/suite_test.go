package sim_test

import (
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
	f := enginetest.Fixture{
		Network: network, Image: sim.DefaultImages()[0].ID, Class: "SSD", Guests: true,
		Address: func(i int) string { return fmt.Sprintf("10.87.1.%d", i) },
	}
	if config.File != "" {
		config.File = filepath.Join(t.TempDir(), config.File)
		f.Reopen = func() (engine.Engine, error) { return sim.Open(config) }
	}
	var err error
	if f.Engine, err = sim.Open(config); err != nil {
		t.Fatal(err)
	}
	return f
}
