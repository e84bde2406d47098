package incus_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/engine/incus/testguest"
)

func TestOpen(t *testing.T) {
	t.Run("WithoutADaemonIsUnavailable", func(t *testing.T) {
		alone := config
		alone.Socket = filepath.Join(t.TempDir(), "nobody.socket")
		if _, err := incus.Open(t.Context(), alone); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("OfAProjectThatWasNeverPreparedSaysSo", func(t *testing.T) {
		open(t)
		other := config
		other.Project = "carrel-engine-test-nowhere"
		if _, err := incus.Open(t.Context(), other); !errors.Is(err, incus.ErrNotPrepared) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestPrepare(t *testing.T) {
	t.Run("AgainAndByTwoAtOnceChangesNothing", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		before := footprint(t)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if err := incus.Prepare(t.Context(), incus.PrepareConfig{Config: config, Networks: networks}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if after := footprint(t); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
		inside(t, s, "cat", "/etc/hosts")
	})

	t.Run("MakesAndRemovesAProjectOfItsOwnAndLeavesTheOthersAlone", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		before := footprint(t)
		other := incus.Config{Project: "carrel-engine-test-2", Classes: map[string]string{"SAS": "carrel-engine-test-2-pool", "SSD": "carrel-engine-test-2-pool"}}
		t.Cleanup(func() {
			if err := incus.Remove(context.WithoutCancel(t.Context()), other, nil); err != nil {
				t.Error(err)
			}
		})
		prepareOther := func() {
			t.Helper()
			if err := incus.Prepare(t.Context(), incus.PrepareConfig{Config: other, PoolGiB: 5}, nil); err != nil {
				t.Error(err)
			}
		}
		var both sync.WaitGroup
		both.Go(prepareOther)
		both.Go(prepareOther)
		both.Wait()
		for range 2 {
			if err := incus.Remove(t.Context(), other, nil); err != nil {
				t.Fatal(err)
			}
		}
		if all := footprint(t); strings.Contains(all, "carrel-engine-test-2") {
			t.Errorf("something is left:\n%s", all)
		}
		// What a daemon leaves that is killed while it makes a pool: the file, without an entry in its database.
		leaveFile(t, "carrel-engine-test-2-pool")
		prepareOther()
		if err := incus.Remove(t.Context(), other, nil); err != nil {
			t.Fatal(err)
		}
		if after := footprint(t); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
	})

	t.Run("RefusesAPoolThatIsNotCarrels", func(t *testing.T) {
		open(t)
		host(t, "storage", "create", "carrel-engine-test-foreign", "dir")
		t.Cleanup(func() { host(t, "storage", "delete", "carrel-engine-test-foreign") })
		other := incus.Config{Project: "carrel-engine-test-2", Classes: map[string]string{"SAS": "carrel-engine-test-foreign"}}
		t.Cleanup(func() {
			if err := incus.Remove(context.WithoutCancel(t.Context()), other, nil); err != nil {
				t.Error(err)
			}
		})
		if err := incus.Prepare(t.Context(), incus.PrepareConfig{Config: other}, nil); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestImage(t *testing.T) {
	t.Run("IsUnpackedInEveryPoolBeforeTheFirstLaunch", func(t *testing.T) {
		open(t)
		for _, pool := range []string{"carrel-engine-test-sas", "carrel-engine-test-ssd"} {
			if volumes := raw(t, "storage", "volume", "list", pool, "--format=csv"); !strings.Contains(volumes, image) {
				t.Errorf("the pool %s has\n%s", pool, volumes)
			}
		}
	})

	t.Run("ImportedAgainIsTheSameImageWithTheNewProperties", func(t *testing.T) {
		e := open(t)
		path, err := testguest.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		again, err := e.ImportImage(t.Context(), incus.ImageFiles{Metadata: path}, "another-name",
			map[string]string{"description": "A test of properties", "os": "Test OS"}, func(s string) { said = append(said, s) })
		if err != nil || again != image || len(said) != 0 {
			t.Errorf("importing again: %s, %v, progress %q", again, err, said)
		}
		images, err := e.Images(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		images = slices.DeleteFunc(images, func(i engine.Image) bool { return i.ID != image })
		if len(images) != 1 || images[0].Description != "A test of properties" || images[0].OS != "Test OS 1" || images[0].VM || images[0].SizeMiB < 1 {
			t.Errorf("the images are %+v", images)
		}
	})
}

// footprint is everything that Carrel's tests have in Incus outside of machines.
func footprint(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, kind := range []string{"project", "storage", "network", "network acl"} {
		for line := range strings.Lines(host(t, append(strings.Fields(kind), "list", "--format=csv")...)) {
			if strings.Contains(line, "carrel-engine-test") || strings.HasPrefix(line, "heng") {
				all.WriteString(line)
			}
		}
	}
	all.WriteString(host(t, "network", "show", testNetwork))
	for line := range strings.Lines(host(t, "network", "acl", "show", testProject+"-desktops")) {
		if !strings.Contains(line, "destination:") { // it follows the host's addresses, which are not the tests' own
			all.WriteString(line)
		}
	}
	return all.String()
}

// host runs the command line outside of any project.
func host(t *testing.T, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "incus", arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("incus %v: %v: %s", arguments, err, out)
	}
	return string(out)
}

// leaveFile puts an empty, formatted file where the daemon would make a pool's.
func leaveFile(t *testing.T, pool string) {
	t.Helper()
	path := "/var/lib/incus/disks/" + pool + ".img"
	t.Cleanup(func() {
		kept, err := filepath.Glob(path + ".*")
		if err != nil || len(kept) != 1 {
			t.Errorf("kept are %q, %v", kept, err)
		}
		for _, k := range kept {
			if err := os.Remove(k); err != nil {
				t.Error(err)
			}
		}
	})
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mkfs.btrfs", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
