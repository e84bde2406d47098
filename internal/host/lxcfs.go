package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lxcfsDir is where lxcfs shows a container its own share of the machine. The daemon binds its files into each container at its
// start, so lxcfs must run first.
const lxcfsDir = "/var/lib/lxcfs"

// startLXCFS starts lxcfs if it does not answer. A machine without it still runs desktops, which then see all of the machine's
// memory, so that is only reported to p.
func startLXCFS(ctx context.Context, o Options, p Progress) error {
	m := ThisMachine(o)
	answers := func() (bool, error) {
		_, err := os.Stat(o.file(lxcfsDir + "/proc/meminfo"))
		return err == nil, nil
	}
	if yes, _ := answers(); yes {
		return nil
	}
	program := m.program("lxcfs")
	if program == "" || !m.exists("/dev/fuse") {
		p.say("lxcfs cannot run here, so programs in desktops see the whole machine's memory and processors")
		return nil
	}
	if err := unmountDead(o.file(lxcfsDir)); err != nil {
		return err
	}
	p.say("Starting lxcfs")
	if m.systemd() {
		if _, err := m.Run(ctx, "systemctl", "start", "lxcfs.service"); err != nil {
			return err
		}
	} else if _, err := startDetached(program, []string{lxcfsDir}, nil, "/var/log/lxcfs.log"); err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("it did not answer within 20 seconds"))
	defer cancel()
	return poll(limited, 20*time.Millisecond, answers)
}

// unmountDead unmounts what a dead lxcfs left mounted: a folder that answers nothing and cannot be mounted on.
func unmountDead(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err == nil {
		if _, err := os.ReadDir(dir); err == nil {
			return nil
		}
	}
	if err := unmount(dir); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("unmounting what a dead lxcfs left: %w", err)
	}
	return nil
}
