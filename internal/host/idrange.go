package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// idRangeFiles are the files with the user and group ids that root may give to containers.
var idRangeFiles = []string{"/etc/subuid", "/etc/subgid"}

const (
	idRangeFirst = 1_000_000
	idRangeSize  = 1_000_000_000
	idRangeLeast = 65_536 // ids of a container
)

// hasIDRange reports whether the text of such a file gives root enough ids.
func hasIDRange(text string) bool {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || fields[0] != "root" && fields[0] != "0" {
			continue
		}
		if size, err := strconv.ParseUint(fields[2], 10, 64); err == nil && size >= idRangeLeast {
			return true
		}
	}
	return false
}

// ensureIDRanges gives root a range in each file that has none for it. It may overlap the ranges of others, as Debian's own does:
// Incus separates its containers itself.
func ensureIDRanges(o Options, p Progress) error {
	for _, name := range idRangeFiles {
		data, err := os.ReadFile(o.file(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		text := string(data)
		if hasIDRange(text) {
			continue
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += fmt.Sprintf("root:%d:%d\n", idRangeFirst, idRangeSize)
		if err := replaceFile(o.file(name), text, 0o644); err != nil {
			return err
		}
		p.say("Gave root a range of ids for containers in %s", name)
	}
	return nil
}
