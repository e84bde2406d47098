package host

import "golang.org/x/sys/unix"

// unmount takes a file system away at once, also from those that still use it.
func unmount(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }
