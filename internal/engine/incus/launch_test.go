package incus_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/incus/testguest"
)

func TestLaunch(t *testing.T) {
	t.Run("ManyLaunchesOfOneIDEndAsOneMachine", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		deleteAfter(t, e, s.ID)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if m, err := e.Launch(t.Context(), s); err != nil || m.State != engine.Running {
					t.Errorf("launching: %v, state %q", err, m.State)
				}
			})
		}
		all.Wait()
		machines, err := e.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same := slices.DeleteFunc(machines, func(m engine.Machine) bool { return m.ID != s.ID })
		if len(same) != 1 {
			t.Errorf("%d machines carry the id", len(same))
		}
	})

	t.Run("TheMachineSaysWhatWasAskedFor", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{
			{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"},
			{ID: uuid.NewString(), Class: "SAS", GiB: 3, Mount: "/more"},
		}
		launch(t, e, s)
		m, err := e.Find(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m.Host == "" {
			t.Error("the machine is on no host")
		}
		m.Host = ""
		want := engine.Machine{
			ID: s.ID, Name: "d-" + s.ID, State: engine.Running, Image: image, CPUs: s.CPUs, MemoryMiB: s.MemoryMiB, Processes: s.Processes,
			Network: s.Network, Address: s.Address, Root: s.Root, Data: s.Data,
		}
		if got, want := asJSON(t, m), asJSON(t, want); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})

	t.Run("LimitsAreTrueInside", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		if cpus := inside(t, s, "processors"); strings.ContainsAny(cpus, ",-") {
			t.Errorf("a machine with one processor may use %q", cpus)
		}
		if !strings.Contains(inside(t, s, "cat", "/proc/self/mountinfo"), "lxcfs") {
			t.Log("without lxcfs a container is held to its memory, but sees the host's")
			return
		}
		if memory := inside(t, s, "memory"); memory != "262144 kB" {
			t.Errorf("a machine with 256 MiB sees %s", memory)
		}
	})

	t.Run("AProgramThatTakesMoreMemoryThanThereIsDies", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		if _, err := tryInside(t, s, "swell", "400"); err == nil {
			t.Error("400 MiB fit into a machine of 256 MiB")
		}
		if m, err := e.Find(t.Context(), s.ID); err != nil || m.State != engine.Running {
			t.Errorf("the machine is %q, %v", m.State, err)
		}
	})

	t.Run("DataDisksAreMountedAndOpenToEveryAccount", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/srv/data"}}
		launch(t, e, s)
		inside(t, s, "mount", "/srv/data")
		inside(t, s, "write", "/srv/data/by-root", "hello")
		inside(t, s, "write-as-user", "/srv/data/by-user")
		if err := enginetest.Restart(t.Context(), e, s.ID, true); err != nil {
			t.Fatal(err)
		}
		if got := inside(t, s, "cat", "/srv/data/by-root"); got != "hello" {
			t.Errorf("after a restart the file holds %q", got)
		}
	})

	// The pools share their space, so a file system inside shows the pool's size; what counts is where it ends.
	t.Run("EveryDiskEndsAtTheSizeThatWasAskedFor", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Root.GiB = 1
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		launch(t, e, s)
		for _, file := range []string{"/data/file", "/root/file"} {
			if out, err := tryInside(t, s, "fill", file, "1100"); err == nil || !strings.Contains(out, "quota") && !strings.Contains(out, "space") {
				t.Errorf("1100 MiB fit on the disk of 1 GiB under %s: %v %s", file, err, out)
			}
		}
	})

	t.Run("WhatCannotBeMadeIsInvalidAndLeavesNothing", func(t *testing.T) {
		e := open(t)
		for name, spoil := range map[string]func(*engine.Spec){
			"no such image":          func(s *engine.Spec) { s.Image = strings.Repeat("0", 64) },
			"no such class":          func(s *engine.Spec) { s.Root.Class = "PAPER" },
			"no such network":        func(s *engine.Spec) { s.Network = "nowhere0" },
			"a foreign address":      func(s *engine.Spec) { s.Address = "192.0.2.7" },
			"no address":             func(s *engine.Spec) { s.Address = "" },
			"no such zone":           func(s *engine.Spec) { s.Zone = "moon" },
			"no processor":           func(s *engine.Spec) { s.CPUs = 0 },
			"an id that is a path":   func(s *engine.Spec) { s.ID = "../x" },
			"a data disk on the top": func(s *engine.Spec) { s.Data = []engine.Disk{{ID: "x", Class: "SAS", GiB: 1, Mount: "/"}} },
		} {
			t.Run(name, func(t *testing.T) {
				s := newSpec(testNetwork)
				spoil(&s)
				deleteAfter(t, e, s.ID)
				if _, err := e.Launch(t.Context(), s); !errors.Is(err, engine.ErrInvalid) {
					t.Errorf("the error is %v", err)
				}
				if _, err := e.Find(t.Context(), s.ID); !errors.Is(err, engine.ErrNotFound) {
					t.Errorf("finding it: %v", err)
				}
			})
		}
	})

	t.Run("AnAddressInUseIsTaken", func(t *testing.T) {
		e := open(t)
		first, second := newSpec(testNetwork), newSpec(testNetwork)
		second.Address = first.Address
		launch(t, e, first)
		deleteAfter(t, e, second.ID)
		if _, err := e.Launch(t.Context(), second); !errors.Is(err, engine.ErrAddressTaken) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestLaunchMendsWhatIsHalfMade(t *testing.T) {
	t.Run("AnInstanceThatWasNeverStartedAndIsOtherwiseIsReplaced", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		deleteAfter(t, e, s.ID)
		raw(t, "init", testguest.Alias, "d-"+s.ID, "--storage", "carrel-engine-test-ssd", "--config", "user.carrel.desktop="+s.ID)
		m, err := e.Launch(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if m.Root != s.Root || m.Address != s.Address {
			t.Errorf("the machine is still the old one: %+v", m)
		}
	})

	t.Run("AnInstanceWhoseStartWasLostIsStarted", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		launch(t, e, s)
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		if m, err := e.Launch(t.Context(), s); err != nil || m.State != engine.Running {
			t.Errorf("launching: %v, state %q", err, m.State)
		}
	})

	t.Run("AMissingDataDiskIsMadeAndWhatIsOnTheRootDiskStays", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		inside(t, s, "write", "/root/mine", "precious")
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		m, err := e.Launch(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.Data, s.Data) {
			t.Errorf("the data disks are %+v", m.Data)
		}
		if got := inside(t, s, "cat", "/root/mine"); got != "precious" {
			t.Errorf("the root disk holds %q", got)
		}
		inside(t, s, "mount", "/data")
	})

	t.Run("ADiskThatWasMadeBeforeItsMachineIsUsed", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		raw(t, "storage", "volume", "create", "carrel-engine-test-ssd", s.Data[0].ID, "size=1GiB", "security.shifted=true", "user.carrel.desktop="+s.ID)
		launch(t, e, s)
		inside(t, s, "mount", "/data")
	})

	t.Run("ADiskOfAnotherMachineIsRefused", func(t *testing.T) {
		e := open(t)
		owner, thief := newSpec(testNetwork), newSpec(testNetwork)
		owner.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		thief.Data = owner.Data
		launch(t, e, owner)
		deleteAfter(t, e, thief.ID)
		if _, err := e.Launch(t.Context(), thief); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("the error is %v", err)
		}
		if err := e.Delete(t.Context(), thief.ID); err != nil {
			t.Fatal(err)
		}
		inside(t, owner, "mount", "/data")
	})

	t.Run("AnInstanceWhoseRootDiskIsGoneIsMadeAnew", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		deleteAfter(t, e, s.ID)
		// The daemon's database knows the instance, its storage does not: what a daemon leaves that died in a creation.
		raw(t, "init", testguest.Alias, "d-"+s.ID, "--storage", "carrel-engine-test-sas", "--network", testNetwork,
			"--device", "root,size=2GiB", "--device", "eth0,ipv4.address="+s.Address,
			"--config", "user.carrel.desktop="+s.ID, "--config", "user.carrel.class.root=SAS")
		loseRootDisk(t, s)
		if m, err := e.Launch(t.Context(), s); err != nil || m.State != engine.Running {
			t.Errorf("launching: %v, state %q", err, m.State)
		}
	})
}

// loseRootDisk deletes an instance's subvolume behind the daemon's back.
func loseRootDisk(t *testing.T, s engine.Spec) {
	t.Helper()
	path := "/var/lib/incus/storage-pools/" + url.PathEscape("carrel-engine-test-sas") + "/containers/" + testProject + "_d-" + s.ID
	if out, err := exec.CommandContext(t.Context(), "nsenter", "-m", "-t", daemonPID(t), "btrfs", "subvolume", "delete", path).CombinedOutput(); err != nil {
		t.Fatalf("losing the root disk: %v: %s", err, out)
	}
}

func daemonPID(t *testing.T) string {
	t.Helper()
	var server struct {
		Environment struct {
			PID json.Number `json:"server_pid"`
		} `json:"environment"`
	}
	out, err := exec.CommandContext(t.Context(), "incus", "query", "/1.0").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &server); err != nil {
		t.Fatal(err)
	}
	return server.Environment.PID.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
