package incus_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"carrel/internal/engine/incus"
	"carrel/internal/engine/incus/testguest"
	"carrel/internal/guest"
)

// BenchmarkLaunch compares the engine with the same machine made by the command line. Both take turns, so that whatever
// else the host does meets both; the medians count.
func BenchmarkLaunch(b *testing.B) {
	for name, machines := range map[string]int{"One": 1, "TenAtOnce": 10} {
		b.Run(name, func(b *testing.B) {
			e := open(b)
			var engine, raw []time.Duration
			for b.Loop() {
				engine = append(engine, timed(machines, func() { launchByEngine(b, e) }))
				raw = append(raw, timed(machines, func() { launchByCommand(b, e) }))
			}
			b.ReportMetric(median(engine), "engine-ms")
			b.ReportMetric(median(raw), "raw-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func launchByEngine(b *testing.B, e *incus.Engine) {
	s := newSpec(testNetwork)
	deleteAfter(b, e, s.ID)
	if _, err := e.Launch(b.Context(), s); err != nil {
		b.Error(err)
	}
}

func launchByCommand(b *testing.B, e *incus.Engine) {
	s := newSpec(testNetwork)
	deleteAfter(b, e, s.ID)
	document, err := json.Marshal(s.Guest)
	if err != nil {
		b.Error(err)
	}
	raw(b, "launch", testguest.Alias, "d-"+s.ID, "--storage", "carrel-engine-test-sas", "--network", testNetwork,
		"--device", "root,size=2GiB", "--device", "eth0,ipv4.address="+s.Address,
		"--device", "eth0,security.port_isolation=true", "--device", "eth0,security.mac_filtering=true",
		"--device", "eth0,security.ipv4_filtering=true", "--device", "eth0,security.ipv6_filtering=true",
		"--config", "limits.cpu=1", "--config", "limits.memory=256MiB", "--config", "security.idmap.isolated=true",
		"--config", "user.carrel.desktop="+s.ID, "--config", guest.ConfigKey+"="+string(document))
}

// timed runs so many at once and returns how long all took.
func timed(count int, run func()) time.Duration {
	begin := time.Now()
	var all sync.WaitGroup
	for range count {
		all.Go(run)
	}
	all.Wait()
	return time.Since(begin)
}

// median is in milliseconds.
func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Microseconds()) / 1000
}
