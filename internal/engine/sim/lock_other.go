//go:build !unix

package sim

import (
	"io"
	"os"
)

// lockFile only keeps the file open: the standard library has no lock for these systems that ends with the process, so the user
// has to ensure that there is only one process.
func lockFile(path string) (io.Closer, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
