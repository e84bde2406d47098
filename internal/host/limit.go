package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// limit is a kernel setting that can prevent many desktops.
type limit struct {
	key   string // name for sysctl
	least uint64
	group string // settings that are checked together
	harm  string // what happens if it is too low
}

// The root users of all desktops are one user for the kernel, so all desktops share the limits per user. With the default of 128
// inotify instances, the start of about the 40th desktop fails.
var limits = []limit{
	{"fs.inotify.max_user_instances", 1 << 20, "inotify", "desktops beyond about the 40th do not start"},
	{"fs.inotify.max_user_watches", 4 << 20, "inotify", "file managers stop noticing changes"},
	{"fs.inotify.max_queued_events", 1 << 20, "inotify", "file managers miss changes"},
	{"kernel.keys.maxkeys", 20_000, "kernel keys", "sessions fail to start for want of a keyring"},
	{"kernel.keys.maxbytes", 20_000_000, "kernel keys", "sessions fail to start for want of a keyring"},
	{"net.ipv4.neigh.default.gc_thresh1", 8192, "neighbours", "desktops lose their network now and then"},
	{"net.ipv4.neigh.default.gc_thresh2", 16384, "neighbours", "desktops lose their network now and then"},
	{"net.ipv4.neigh.default.gc_thresh3", 32768, "neighbours", "desktops lose their network now and then"},
	{"net.ipv6.neigh.default.gc_thresh1", 8192, "neighbours", "desktops lose their network now and then"},
	{"net.ipv6.neigh.default.gc_thresh2", 16384, "neighbours", "desktops lose their network now and then"},
	{"net.ipv6.neigh.default.gc_thresh3", 32768, "neighbours", "desktops lose their network now and then"},
	{"vm.max_map_count", 262_144, "memory maps", "browsers and databases in desktops crash"},
	{"fs.aio-max-nr", 1 << 20, "async I/O", "databases and virtual machines do not start"},
	{"kernel.pid_max", 4 << 20, "processes", "programs do not start when there are many desktops"},
	{"kernel.threads-max", 250_000, "processes", "programs do not start when there are many desktops"},
	{"net.ipv4.ip_forward", 1, "forwarding", "desktops have no network"},
}

// limitsFile has the raised limits for the next boot.
const limitsFile = "/etc/sysctl.d/60-carrel.conf"

func sysctlFile(key string) string { return "/proc/sys/" + strings.ReplaceAll(key, ".", "/") }

func checkLimits(group string) func(context.Context, Probe, Options) Finding {
	return func(_ context.Context, m Probe, _ Options) Finding {
		var low []string
		harm, known := "", false
		for _, l := range limits {
			now, err := strconv.ParseUint(m.read(sysctlFile(l.key)), 10, 64)
			if l.group != group || err != nil {
				continue // kernels without IPv6 lack its limits
			}
			known = true
			if now < l.least {
				low = append(low, fmt.Sprintf("%s is %d", l.key, now))
				harm = cmp.Or(harm, l.harm)
			}
		}
		switch {
		case !known:
			return warn("the kernel does not show it", "mount it: mount -t proc proc /proc")
		case len(low) > 1:
			return warn(fmt.Sprintf("%s, and %d more are low: %s", low[0], len(low)-1, harm), "raise them: carrel doctor --prepare")
		case len(low) == 1:
			return warn(low[0]+": "+harm, "raise it: carrel doctor --prepare")
		}
		return ok("enough for many desktops")
	}
}

// raiseLimits raises what is too low, now and for the next boot. It lowers nothing: a higher value that the machine's owner has
// set, now or in any file that is read at boot, stays.
func raiseLimits(o Options, p Progress) error {
	ours := readSettings(o.file(limitsFile))
	theirs := bootSettings(o)
	keep := map[string]uint64{}
	for _, l := range limits {
		now, err := readNumber(o.file(sysctlFile(l.key)))
		if err != nil {
			continue // this kernel has no such limit
		}
		_, raisedBefore := ours[l.key]
		if (now < l.least || raisedBefore && now == l.least) && theirs[l.key] < l.least {
			keep[l.key] = l.least
		}
		if now >= l.least {
			continue
		}
		wanted := max(l.least, theirs[l.key])
		if err := writeSysctl(o.file(sysctlFile(l.key)), wanted); err != nil {
			p.say("%s stays at %d: this machine does not let it be raised (%v)", l.key, now, err)
			continue
		}
		p.say("Raised %s from %d to %d", l.key, now, wanted)
	}
	if maps.Equal(keep, ours) {
		return nil
	}
	return writeSettings(o.file(limitsFile), keep)
}

// bootSettings returns the largest values in the machine's other files for boot.
func bootSettings(o Options) map[string]uint64 {
	largest := map[string]uint64{}
	for _, pattern := range []string{"/etc/sysctl.conf", "/etc/sysctl.d/*.conf", "/run/sysctl.d/*.conf", "/usr/lib/sysctl.d/*.conf"} {
		files, _ := filepath.Glob(o.file(pattern)) // the pattern is valid
		for _, file := range files {
			if file == o.file(limitsFile) {
				continue
			}
			for key, value := range readSettings(file) {
				largest[key] = max(largest[key], value)
			}
		}
	}
	return largest
}

// readSettings reads the numbers of a sysctl.d file; a missing file has none.
func readSettings(file string) map[string]uint64 {
	settings := map[string]uint64{}
	data, _ := os.ReadFile(file) // an unreadable file counts as empty
	for line := range strings.Lines(string(data)) {
		key, text, found := strings.Cut(line, "=")
		key = strings.ReplaceAll(strings.TrimLeft(strings.TrimSpace(key), "-"), "/", ".")
		if value, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); found && err == nil {
			settings[key] = value
		}
	}
	return settings
}

func writeSettings(file string, settings map[string]uint64) error {
	if len(settings) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing limits that are no longer needed: %w", err)
		}
		return nil
	}
	var text strings.Builder
	text.WriteString("# Written by Carrel: limits that many desktops on one machine need. Delete a line to have it back as it was.\n")
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s = %d\n", key, settings[key])
	}
	return replaceFile(file, text.String(), 0o644)
}

// writeSysctl writes to an existing file; the kernel refuses a value by an error of the write.
func writeSysctl(file string, value uint64) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, value)
	return errors.Join(err, f.Close())
}

func readNumber(file string) (uint64, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
}

// replaceFile writes a file completely or not at all, even if this process is killed.
func replaceFile(file, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", file, err)
	}
	temporary := file + ".carrel-new"
	if err := os.WriteFile(temporary, []byte(text), mode); err != nil {
		return fmt.Errorf("writing %s: %w", temporary, err)
	}
	if err := os.Rename(temporary, file); err != nil {
		return fmt.Errorf("replacing %s: %w", file, err)
	}
	return nil
}
