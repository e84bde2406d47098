// Package host checks and prepares the machine that the control plane runs on: the prerequisites of desktops on Incus. It does not know
// desktops and runs before anything else of Carrel.
//
// Check makes no lasting change. Prepare raises kernel limits and starts the Incus daemon. Neither installs packages: scripts/setup does.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrUnsuitable means that Incus cannot run here in any case: only the simulated engine can.
var ErrUnsuitable = errors.New("this machine cannot run Incus")

// ErrNotInstalled means that Incus is missing; scripts/setup installs it.
var ErrNotInstalled = errors.New("no Incus is installed: type make setup")

// DefaultIncusDir is the folder of Debian's Incus.
const DefaultIncusDir = "/var/lib/incus"

// Options describe what the machine has to provide. The zero value means Debian's Incus, run as Debian runs it.
type Options struct {
	// IncusDir is the folder of the Incus daemon to use; empty means $INCUS_DIR, or else DefaultIncusDir. Only one daemon
	// can use a folder.
	IncusDir string
	// DataDir is Carrel's data directory; Check checks the free space there. It need not exist. Empty means anywhere.
	DataDir string
	// Listen is an address that Carrel will serve on; Check checks whether it is free. Empty skips that.
	Listen string
	// StartTimeout is the time for the Incus daemon to become ready; 0 means two minutes.
	StartTimeout time.Duration
	// Root is the root of the machine's files; empty means "/". Tests use their own folders.
	Root string
}

func (o Options) incusDir() string {
	if o.IncusDir != "" {
		return o.IncusDir
	}
	if dir := os.Getenv("INCUS_DIR"); dir != "" {
		return dir
	}
	return DefaultIncusDir
}

func (o Options) root() string {
	if o.Root == "" {
		return "/"
	}
	return o.Root
}

// file converts an absolute path of the machine into one that this process can open.
func (o Options) file(path string) string { return filepath.Join(o.root(), path) }

func (o Options) startTimeout() time.Duration {
	if o.StartTimeout == 0 {
		return 2 * time.Minute
	}
	return o.StartTimeout
}

// Progress is called with a sentence for each change. It may be nil.
type Progress func(sentence string)

func (p Progress) say(format string, args ...any) {
	if p != nil {
		p(fmt.Sprintf(format, args...))
	}
}

// Prepare makes the machine ready for desktops: it raises limits, now and for later boots, gives root ranges of user ids, and
// starts lxcfs and the Incus daemon if they do not run. It uses a daemon that runs already, waits for one that is starting, and
// replaces one that died. It blocks until the daemon is ready. It is idempotent, and several processes may call it at once. What
// it starts outlives this process.
//
// It returns ErrUnsuitable on other systems than Linux or without root, and ErrNotInstalled. A limit that cannot be raised (some
// containers forbid it) is reported to p and is not an error.
func Prepare(ctx context.Context, o Options, p Progress) error {
	m := ThisMachine(o)
	if err := suitable(m); err != nil {
		return err
	}
	if findIncusd(m) == "" {
		return ErrNotInstalled
	}
	unlock, err := lock(ctx, o.file("/run/carrel"))
	if err != nil {
		return fmt.Errorf("waiting for another process that prepares this machine: %w", err)
	}
	defer unlock()

	if err := raiseLimits(o, p); err != nil {
		return fmt.Errorf("raising the limits of this machine: %w", err)
	}
	if err := ensureIDRanges(o, p); err != nil {
		return fmt.Errorf("giving root ranges of user ids: %w", err)
	}
	if err := startLXCFS(ctx, o, p); err != nil {
		return fmt.Errorf("starting lxcfs: %w", err)
	}
	if err := startDaemon(ctx, o, p); err != nil {
		return fmt.Errorf("starting the Incus daemon: %w", err)
	}
	return nil
}

// suitable returns why Incus cannot run on the machine at all, or nil.
func suitable(m Probe) error {
	switch {
	case m.System != "linux":
		return fmt.Errorf("%w: it needs a Linux kernel, and this is %s", ErrUnsuitable, m.System)
	case !m.Root:
		return fmt.Errorf("%w without root: Incus makes containers, mounts disks and builds networks", ErrUnsuitable)
	}
	return nil
}
