package incus_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
)

// With the other way of counting, launching thirty desktops after thirty others were deleted took five times as long.
func TestPoolsCountDisksInTheWayThatStaysFastWithManyOfThem(t *testing.T) {
	e := open(t)
	if _, err := os.Stat("/sys/fs/btrfs/features/simple_quota"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("this kernel, before 6.7, knows only one way")
	}
	launch(t, e, newSpec(testNetwork)) // Incus counts from the first disk on
	out, err := exec.CommandContext(t.Context(), "findmnt", "--noheadings", "--output", "UUID", "/var/lib/incus/storage-pools/"+config.Classes["SAS"]).Output()
	if err != nil {
		t.Fatal(err)
	}
	mode, err := os.ReadFile(filepath.Join("/sys/fs/btrfs", strings.TrimSpace(string(out)), "qgroups", "mode"))
	if err != nil || strings.TrimSpace(string(mode)) != "squota" {
		t.Errorf("the pool's quotas are %q, %v", mode, err)
	}
}

// A person could make a subvolume inside their disk and write more into it than the disk holds: it is counted for itself.
func TestNobodyEscapesTheLimitOfADiskByASubvolume(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
	launch(t, e, s)
	for _, dir := range []string{"/", "/data"} {
		for _, who := range []string{"subvolume", "subvolume-as-user"} {
			if made := inside(t, s, who, dir); made != "" {
				t.Errorf("%s in %s: %s", who, dir, made)
			}
		}
	}
}

// TestDesktopsFromBeforeAreKeptFromMakingSubvolumes is about an installation that an earlier Carrel has prepared.
func TestDesktopsFromBeforeAreKeptFromMakingSubvolumes(t *testing.T) {
	e := open(t)
	raw(t, "profile", "unset", "default", "security.syscalls.deny")
	s := newSpec(testNetwork)
	launch(t, e, s)
	if made := inside(t, s, "subvolume", "/"); !strings.Contains(made, "create ") {
		t.Fatalf("without a policy a subvolume was not made either: %q", made)
	}
	e = open(t) // as a newer Carrel does at its start
	if err := enginetest.Restart(t.Context(), e, s.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := e.Await(t.Context(), s.ID, ""); err != nil {
		t.Fatal(err)
	}
	if made := inside(t, s, "subvolume", "/etc"); made != "" {
		t.Errorf("after the next start: %s", made)
	}
}
