package incus

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// NestedSubvolumes lists the paths of btrfs subvolumes within the disks of desktops in storage pools of this machine: data in
// them does not count towards the disk's limit. Desktops can no longer create any (profile.go); older ones still exist. It needs
// root.
func NestedSubvolumes(ctx context.Context, pools []string) ([]string, error) {
	var nested []string
	for _, pool := range slices.Compact(slices.Sorted(slices.Values(pools))) {
		dir := filepath.Join(home(), "storage-pools", pool)
		out, err := exec.CommandContext(ctx, "btrfs", "subvolume", "list", dir).Output()
		if err != nil {
			return nil, fmt.Errorf("listing the subvolumes of storage pool %s: %w", pool, err)
		}
		for _, path := range nestedIn(string(out)) {
			nested = append(nested, filepath.Join(dir, path))
		}
	}
	return nested, nil
}

// nestedIn extracts from the output of btrfs the paths below a machine's disk, which is two folders deep: "ID 259 gen 37 top
// level 5 path containers/carrel_d-1/home/anna/more".
func nestedIn(list string) (paths []string) {
	for line := range strings.Lines(list) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), " path ")
		kind, rest, _ := strings.Cut(path, "/")
		if (kind == "containers" || kind == "custom") && strings.Contains(rest, "/") {
			paths = append(paths, path)
		}
	}
	return paths
}
