//go:build !unix

package sim

import (
	"io"
	"os"
)

// lockFile only holds the file open: these systems have no lock that ends with the process and needs no more than the
// standard library, so here it is the user's part to start one process.
func lockFile(path string) (io.Closer, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
