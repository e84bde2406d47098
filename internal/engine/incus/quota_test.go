package incus_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
