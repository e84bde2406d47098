package incus

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// countByOwner makes the btrfs file system at dir count blocks for the disk that wrote them ("simple quotas"), unless it counts
// already. It returns an error if the kernel, before 6.7, does not support that.
func countByOwner(dir string) error {
	const quotaControl, enableSimple = 0xc0109428, 4 // BTRFS_IOC_QUOTA_CTL, BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	request := struct{ command, status uint64 }{command: enableSimple}
	_, _, failure := unix.Syscall(unix.SYS_IOCTL, f.Fd(), quotaControl, uintptr(unsafe.Pointer(&request))) //nolint:gosec // an ioctl takes a pointer
	if failure != 0 {
		return fmt.Errorf("enabling simple quotas on %s: %w", dir, failure)
	}
	return nil
}
