package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Probe is the checks' view of a machine. Tests use imaginary machines.
type Probe struct {
	System string // as runtime.GOOS
	Root   bool   // this process runs as root
	Files  fs.FS  // the root folder
	Now    func() time.Time

	// Run runs a program and returns its output. Its error contains the last line of that.
	Run func(ctx context.Context, name string, args ...string) (string, error)
	// Free returns the free bytes below a path, or below its nearest existing parent.
	Free func(path string) (uint64, error)
	// Listen returns why an address cannot be listened on, or nil.
	Listen func(ctx context.Context, address string) error
	// Btrfs mounts a small btrfs from a file and unmounts it again.
	Btrfs func(ctx context.Context) error
	// KVM runs one instruction in a virtual machine.
	KVM func(ctx context.Context) error
	// Daemon looks for the Incus daemon.
	Daemon func(ctx context.Context) Daemon
}

// ThisMachine returns the probe of the machine that this process runs on.
func ThisMachine(o Options) Probe {
	return Probe{
		System: runtime.GOOS,
		Root:   os.Geteuid() == 0,
		Files:  os.DirFS(o.root()),
		Now:    time.Now,
		Run:    run,
		Free:   free,
		Listen: func(ctx context.Context, address string) error {
			l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
			if err != nil {
				return err
			}
			return l.Close()
		},
		Btrfs:  mountBtrfs,
		KVM:    runInKVM,
		Daemon: func(ctx context.Context) Daemon { return findDaemon(ctx, o) },
	}
}

// read returns a file without surrounding blanks, or "" if it cannot be read.
func (m Probe) read(path string) string {
	data, err := fs.ReadFile(m.Files, strings.TrimPrefix(path, "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func (m Probe) exists(path string) bool {
	_, err := fs.Stat(m.Files, strings.TrimPrefix(path, "/"))
	return err == nil
}

// program returns the path of a program, or "".
func (m Probe) program(name string) string {
	for _, dir := range []string{"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"} {
		if m.exists(dir + name) {
			return dir + name
		}
	}
	return ""
}

// systemd reports whether systemd is process 1, by the same test as systemd's own sd_booted.
func (m Probe) systemd() bool { return m.exists("/run/systemd/system") }

func run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil && text != "" {
		lines := strings.Split(text, "\n")
		err = fmt.Errorf("%s: %s", name, strings.TrimSpace(lines[len(lines)-1]))
	}
	return text, err
}

func free(path string) (uint64, error) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(path, &s)
		if err == nil {
			return s.Bavail * uint64(s.Bsize), nil
		}
		if parent := filepath.Dir(path); errors.Is(err, unix.ENOENT) && parent != path {
			path = parent
			continue
		}
		return 0, fmt.Errorf("reading the free space of %s: %w", path, err)
	}
}

// mountBtrfs uses a mount namespace of its own, so that nothing is left even if this process is killed.
func mountBtrfs(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "carrel-btrfs-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	image, mount := filepath.Join(dir, "disk"), filepath.Join(dir, "mount")
	const smallest = 128 << 20 // bytes; mkfs.btrfs refuses less than about 110 MiB
	if err := os.Mkdir(mount, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	if err := os.Truncate(image, smallest); err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	if _, err := run(ctx, "mkfs.btrfs", "-q", image); err != nil {
		return err
	}
	_, err = run(ctx, "unshare", "-m", "mount", "-o", "loop", "-t", "btrfs", image, mount)
	return err
}
