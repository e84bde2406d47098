package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
)

// A small XLSX file can unpack to a large one, and takes up to a hundred times of that in memory. These are the limits in bytes. A table
// of a thousand people with a hundred columns stays below them.
const (
	maxUnpacked      = 8 << 20 // of the whole file
	maxStyles        = 1 << 20 // of the formats of cells, which take the most memory
	maxTableInMemory = 1 << 20 // a larger table is read from a temporary file
)

// checkUnpacked refuses an XLSX file that is too large when it is unpacked. It reads the archive's directory only: the reader of the
// archive holds each part to the size that is written there.
func checkUnpacked(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return notXLSX(err)
	}
	var all uint64
	for _, part := range archive.File {
		size := part.UncompressedSize64
		if strings.HasSuffix(strings.ToLower(part.Name), "styles.xml") && size > maxStyles {
			return fmt.Errorf("the formats of its cells take more than %d MB: copy the rows, as text, into a new file", maxStyles>>20)
		}
		if all += size; size > maxUnpacked || all > maxUnpacked {
			return fmt.Errorf("it unpacks to more than %d MB: copy the rows into a new file", maxUnpacked>>20)
		}
	}
	return nil
}
