//go:build !linux

package host

// unmount does nothing: only Linux has what Carrel mounts.
func unmount(string) error { return nil }
