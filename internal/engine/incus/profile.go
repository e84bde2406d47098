package incus

import (
	"fmt"
	"maps"
	"strings"

	"github.com/lxc/incus/v6/shared/api"
)

// The requests with which a program makes a subvolume of the btrfs file system that holds its desktop's disk.
// Linux lets every user make one, and counts what it holds for it alone, against no disk's limit.
const (
	snapshotCreate    = 0x50009401 // BTRFS_IOC_SNAP_CREATE
	subvolumeCreate   = 0x5000940e // BTRFS_IOC_SUBVOL_CREATE
	snapshotCreateV2  = 0x50009417 // BTRFS_IOC_SNAP_CREATE_V2
	subvolumeCreateV2 = 0x50009418 // BTRFS_IOC_SUBVOL_CREATE_V2
)

// ensureProfile makes the profile that every desktop has. Running desktops have a changed one from their next start.
func ensureProfile(s server) error {
	const description = "Settings made here apply to every desktop"
	wanted := api.ConfigMap{"security.syscalls.deny": deniedCalls()}
	profile, etag, err := s.GetProfile(api.ProjectDefaultName)
	if err != nil || profile.Description == description && holds(profile.Config, wanted) {
		return err
	}
	update := profile.Writable()
	update.Description = description
	if update.Config == nil {
		update.Config = api.ConfigMap{}
	}
	maps.Copy(update.Config, wanted)
	return s.UpdateProfile(api.ProjectDefaultName, update, etag)
}

// deniedCalls are lines of a container's seccomp policy. The kernel looks at the lower half of a request alone, so the
// policy does, too.
func deniedCalls() string {
	var lines []string
	for _, request := range []uint{snapshotCreate, subvolumeCreate, snapshotCreateV2, subvolumeCreateV2} {
		lines = append(lines, fmt.Sprintf("ioctl errno 1 [1,%d,SCMP_CMP_MASKED_EQ,%d]", request, uint32(1<<32-1)))
	}
	return strings.Join(lines, "\n")
}
