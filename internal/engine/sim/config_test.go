package sim_test

import (
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"carrel/internal/engine/sim"
)

func TestAConfigurationIsReadFromYAML(t *testing.T) {
	const text = `
file: machines
seed: 42
hosts:
  - {name: north-1, zone: north, cpus: 16, memory_mib: 65536, capacity: 50}
classes: [SAS]
images:
  - {alias: debian-xfce, description: Debian, size_mib: 900, os: Debian GNU/Linux 12}
  - {alias: windows, vm: true}
vms: true
latency: {launch: 300ms, boot: 1.5s, jitter: 0.2}
faults:
  launch-fails: {probability: 0.05}
  display-drops: {count: 1, after: 10s}
`
	var c sim.Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if c.Latency.Launch != 300*time.Millisecond || c.Latency.Boot != 1500*time.Millisecond || c.Latency.Jitter != 0.2 {
		t.Errorf("latency: %+v", c.Latency)
	}
	if c.Faults[sim.LaunchFails].Probability != 0.05 || c.Faults[sim.DisplayDrops] != (sim.Fault{Count: 1, After: 10 * time.Second}) {
		t.Errorf("faults: %+v", c.Faults)
	}
	c.File = ""
	e := open(t, c)
	images, err := e.Images(t.Context())
	if err != nil || len(images) != 2 || images[0].ID == "" || images[0].SizeMiB != 900 || !images[1].VM {
		t.Errorf("images: %+v, %v", images, err)
	}
	d, err := e.Describe(t.Context())
	if err != nil || d.Hosts[0].Zone != "north" || d.Hosts[0].MemoryMiB != 65536 || len(d.Classes) != 1 || !d.VMs {
		t.Errorf("description: %+v, %v", d, err)
	}
}

func TestConfigurationsThatMakeNoSenseAreRefused(t *testing.T) {
	bad := map[string]sim.Config{
		"unknown fault":     {Faults: map[string]sim.Fault{"no-such-fault": {}}},
		"probability":       {Faults: map[string]sim.Fault{sim.LaunchFails: {Probability: 2}}},
		"negative count":    {Faults: map[string]sim.Fault{sim.LaunchFails: {Count: -1}}},
		"jitter":            {Latency: sim.Latency{Jitter: 1.5}},
		"host without name": {Hosts: []sim.Host{{}}},
		"hosts of one name": {Hosts: []sim.Host{{Name: "a"}, {Name: "a"}}},
	}
	for name, c := range bad {
		if e, err := sim.Open(c); err == nil {
			t.Errorf("%s: accepted", name)
			e.Close()
		}
	}
	if err := open(t, sim.Config{}).Inject("no-such-fault", once); err == nil {
		t.Error("an unknown fault was injected")
	}
}
