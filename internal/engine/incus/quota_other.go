//go:build !linux

package incus

import "errors"

// countByOwner returns an error: without Linux there are no pools.
func countByOwner(string) error { return errors.ErrUnsupported }
