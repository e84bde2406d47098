//go:build !linux

package incus

import "errors"

// countByOwner fails: there are no pools where there is no Linux.
func countByOwner(string) error { return errors.ErrUnsupported }
