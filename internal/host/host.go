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

// ErrUnsuitable says that Incus cannot run here, whatever is done: the simulated engine is what remains.
var ErrUnsuitable = errors.New("this machine cannot run Incus")

// ErrNotInstalled says that Incus is missing; scripts/setup installs it.
var ErrNotInstalled = errors.New("no Incus is installed: type make setup")

// DefaultIncusDir is where Debian's Incus keeps its state.
const DefaultIncusDir = "/var/lib/incus"

// Options say what is asked of the machine. The zero value means Debian's Incus, run as Debian runs it.
type Options struct {
	// IncusDir is the folder of the Incus daemon to use; empty means $INCUS_DIR, or else DefaultIncusDir. Only one daemon
	// can use a folder.
	IncusDir string
	// DataDir is where Carrel keeps its data; Check checks the free space there. It need not exist. Empty means anywhere.
	DataDir string
	// Listen is an address that Carrel is going to serve on; Check looks whether it is free. Empty leaves that out.
	Listen string
	// StartTimeout is how long the Incus daemon may take to become ready; 0 means two minutes.
	StartTimeout time.Duration
	// Root is where the machine's files are; empty means "/". Tests have folders of their own.
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

// file turns an absolute path of the machine into one that this process can open.
func (o Options) file(path string) string { return filepath.Join(o.root(), path) }

func (o Options) startTimeout() time.Duration {
	if o.StartTimeout == 0 {
		return 2 * time.Minute
	}
	return o.StartTimeout
}

// Progress is told each change as it is made, in one sentence. Nil tells nobody.
type Progress func(sentence string)

func (p Progress) say(format string, args ...any) {
	if p != nil {
		p(fmt.Sprintf(format, args...))
	}
}

// Prepare makes the machine ready for desktops: it raises limits and keeps them raised over a reboot, gives root ranges of
// user ids, and starts lxcfs and the Incus daemon when they do not run. It uses a daemon that runs already, waits for one
// that is starting, and replaces one that died. It blocks until the daemon is ready. Calling it again changes nothing, and
// several processes may call it at once. What it starts outlives this process.
//
// It fails with ErrUnsuitable off Linux or without root, and with ErrNotInstalled. A limit that cannot be raised (some
// containers forbid it) is told to p and is no failure.
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

// suitable says whether Incus can run on the machine at all.
func suitable(m Probe) error {
	switch {
	case m.System != "linux":
		return fmt.Errorf("%w: it needs a Linux kernel, and this is %s", ErrUnsuitable, m.System)
	case !m.Root:
		return fmt.Errorf("%w without root: Incus makes containers, mounts disks and builds networks", ErrUnsuitable)
	}
	return nil
}
