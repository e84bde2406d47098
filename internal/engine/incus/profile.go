package incus

import (
	"fmt"
	"maps"
	"strings"

	"github.com/lxc/incus/v6/shared/api"
)

// The ioctl requests by which a program creates a subvolume of the btrfs file system that contains its desktop's disk. Linux lets
// every user create one, and its content does not count towards the limit of any disk.
const (
	snapshotCreate    = 0x50009401 // BTRFS_IOC_SNAP_CREATE
	subvolumeCreate   = 0x5000940e // BTRFS_IOC_SUBVOL_CREATE
	snapshotCreateV2  = 0x50009417 // BTRFS_IOC_SNAP_CREATE_V2
	subvolumeCreateV2 = 0x50009418 // BTRFS_IOC_SUBVOL_CREATE_V2
)

// ensureProfile creates or updates the profile of all desktops. A change applies to running desktops at their next start.
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

// deniedCalls returns lines of a container's seccomp policy. The kernel uses only the lower half of a request, and so does the
// policy.
func deniedCalls() string {
	var lines []string
	for _, request := range []uint{snapshotCreate, subvolumeCreate, snapshotCreateV2, subvolumeCreateV2} {
		lines = append(lines, fmt.Sprintf("ioctl errno 1 [1,%d,SCMP_CMP_MASKED_EQ,%d]", request, uint32(1<<32-1)))
	}
	return strings.Join(lines, "\n")
}
