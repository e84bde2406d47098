package incus_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

func TestReshape(t *testing.T) {
	t.Run("ProcessorsAndMemoryChangeInsideAtOnce", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		s.CPUs, s.MemoryMiB = 2, 512
		reshape(t, e, s)
		await(t, func() bool { return strings.ContainsAny(inside(t, s, "processors"), ",-") }, "it may use two processors")
		if !strings.Contains(inside(t, s, "cat", "/proc/self/mountinfo"), "lxcfs") {
			return // inside, the host's memory shows
		}
		if memory := inside(t, s, "memory"); memory != "524288 kB" {
			t.Errorf("a machine with 512 MiB sees %s", memory)
		}
	})

	t.Run("MemoryThatIsInUseIsNotTakenAway", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.MemoryMiB = 512
		launch(t, e, s)
		keepInside(t, s, "holding", "hold", "300", "/root/held")
		s.MemoryMiB = 128
		if _, err := e.Reshape(t.Context(), s); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("the error is %v", err)
		}
		if m, err := e.Find(t.Context(), s.ID); err != nil || m.State != engine.Running || m.MemoryMiB != 512 {
			t.Errorf("the machine is %+v, %v", m, err)
		}
	})

	t.Run("DisksEndAtTheirNewSize", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Root.GiB = 1
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		launch(t, e, s)
		s.Root.GiB, s.Data[0].GiB = 2, 2
		reshape(t, e, s)
		for _, file := range []string{"/data/file", "/root/file"} {
			inside(t, s, "fill", file, "1100")
		}
		if _, err := tryInside(t, s, "fill", "/data/file-2", "1000"); err == nil {
			t.Error("2100 MiB fit on the disk of 2 GiB")
		}
	})

	t.Run("ADiskComesAndGoesWhileTheMachineRuns", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		without := s
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/srv/data"}}
		reshape(t, e, s)
		inside(t, s, "mount", "/srv/data")
		inside(t, s, "write-as-user", "/srv/data/by-user")
		keepInside(t, s, "holding", "hold", "1", "/srv/data/open") // somebody has a file open on it
		reshape(t, e, without)
		if out, err := tryInside(t, s, "mount", "/srv/data"); err == nil {
			t.Errorf("the disk is still mounted: %s", out)
		}
		if volumes := raw(t, "storage", "volume", "list", "carrel-engine-test-ssd", "--format=csv"); strings.Contains(volumes, s.Data[0].ID) {
			t.Errorf("the disk is still there:\n%s", volumes)
		}
	})

	t.Run("AHibernatedMachineIsReshaped", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		if err := e.Hibernate(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		s.MemoryMiB = 512
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		reshape(t, e, s)
		if err := e.Start(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		inside(t, s, "mount", "/data")
	})

	// Whether the host can limit disks depends on its kernel and on what is under the storage pool. Either it does, or the machine says why not; it
	// starts in any case.
	t.Run("ASpeedIsALimitOrSaysWhyNot", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data", IOPS: 3000, Throughput: 125}}
		check := func(throughput string) {
			t.Helper()
			m, err := e.Find(t.Context(), s.ID)
			if err != nil || m.Data[0] != s.Data[0] {
				t.Fatalf("it is %+v, %v", m, err)
			}
			limit := raw(t, "config", "device", "get", m.Name, "data0", "limits.write")
			t.Logf("limit %q, unlimited %q", limit, m.Unlimited)
			if m.Unlimited == "" && strings.TrimSpace(limit) != throughput || m.Unlimited != "" && strings.TrimSpace(limit) != "" {
				t.Errorf("the limit is %q, unlimited because of %q; want %q", limit, m.Unlimited, throughput)
			}
		}
		launch(t, e, s)
		check("125MiB")
		s.Data[0].IOPS, s.Data[0].Throughput = 4000, 200
		reshape(t, e, s)
		check("200MiB")
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		s.Data[0].Throughput = 300
		reshape(t, e, s)
		if err := e.Start(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		check("300MiB")
		inside(t, s, "fill", "/data/file", "10")
	})

	t.Run("ADiskOfAnotherMachineIsRefused", func(t *testing.T) {
		e := open(t)
		owner, thief := newSpec(testNetwork), newSpec(testNetwork)
		owner.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		launch(t, e, owner)
		launch(t, e, thief)
		thief.Data = owner.Data
		if _, err := e.Reshape(t.Context(), thief); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("the error is %v", err)
		}
		inside(t, owner, "mount", "/data")
	})
}

// TestReshapeSurvivesACutAtEveryRequest is about a shape that adds, grows and removes.
func TestReshapeSurvivesACutAtEveryRequest(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	disk := func(mount string) engine.Disk {
		return engine.Disk{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: mount}
	}
	s.Data = []engine.Disk{disk("/kept"), disk("/other")}
	launch(t, e, s)
	for n := int64(1); ; n++ {
		gone := s.Data[1]
		s.Data = []engine.Disk{s.Data[0], disk("/other")}
		s.Data[0].GiB++
		s.MemoryMiB++
		cut, requests := through(t, n, nil)
		_, err := cut.Reshape(t.Context(), s)
		complete := requests() < n
		if complete != (err == nil) {
			t.Fatalf("cut at request %d of %d, the reshape ended with %v", n, requests(), err)
		}
		reshape(t, e, s)
		if exec.CommandContext(t.Context(), "incus", "--project", testProject, "storage", "volume", "show", "carrel-engine-test-ssd", gone.ID).Run() == nil {
			t.Errorf("after a cut at request %d the disk that was taken away is still there", n)
		}
		inside(t, s, "mount", "/other")
		if complete {
			if n < 6 {
				t.Errorf("a reshape takes %d requests only; it was not cut", n-1)
			}
			return
		}
	}
}

// reshape gives a machine its shape and looks whether it has it.
func reshape(t *testing.T, e engine.Engine, s engine.Spec) {
	t.Helper()
	m, err := e.Reshape(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got := engine.Machine{CPUs: m.CPUs, MemoryMiB: m.MemoryMiB, Root: m.Root, Data: m.Data}
	want := engine.Machine{CPUs: s.CPUs, MemoryMiB: s.MemoryMiB, Root: s.Root, Data: s.Data}
	if asJSON(t, got) != asJSON(t, want) {
		t.Errorf("it is %+v; want %+v", got, want)
	}
}
