package host

import "golang.org/x/sys/unix"

// unmount unmounts a file system immediately, even if it is in use.
func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }
