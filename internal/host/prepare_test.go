package host_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"carrel/internal/host"
)

const limitsFile = "etc/sysctl.d/60-carrel.conf"

// machine is a folder that looks like a machine with Incus, whose daemon runs: Prepare may change it as it likes.
type machine struct {
	t    *testing.T
	root string
	said []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("preparing a machine needs root")
	}
	m := &machine{t: t, root: t.TempDir()}
	m.write("usr/libexec/incus/incusd", "")
	m.write("etc/subuid", "root:1000000:65536\n")
	m.write("etc/subgid", "root:1000000:65536\n")
	m.write("var/lib/lxcfs/proc/meminfo", "MemTotal: 1 kB\n")
	return m
}

func (m *machine) write(path, text string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(path string) string {
	data, _ := os.ReadFile(filepath.Join(m.root, path))
	return strings.TrimSpace(string(data))
}

func (m *machine) prepare() error {
	dir := daemonThatIsReadyAfter(m.t, 0)
	m.said = nil
	return host.Prepare(m.t.Context(), host.Options{Root: m.root, IncusDir: dir}, func(s string) { m.said = append(m.said, s) })
}

const never = 1 << 20

// daemonThatIsReadyAfter serves what Prepare asks a daemon, and says so many times that it is still starting.
func daemonThatIsReadyAfter(t *testing.T, questions int32) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "incus") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "unix.socket"))
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("GET /1.0", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"type":"sync","metadata":{"environment":{"server_version":"6.0.4","server_pid":1}}}`)
	})
	mux.HandleFunc("GET /internal/ready", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= questions {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, `{}`)
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = os.RemoveAll(dir)
		if n := asked.Load(); questions != never && n <= questions {
			t.Errorf("the daemon was asked %d times whether it is ready; Prepare did not wait", n)
		}
	})
	return dir
}

func TestPrepareRaisesLimits(t *testing.T) {
	const instances = "proc/sys/fs/inotify/max_user_instances"
	t.Run("that are too low, now and for the next boot", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "128\n")
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if now := m.read(instances); now != "1048576" {
			t.Errorf("the limit is %s now", now)
		}
		if kept := m.read(limitsFile); !strings.Contains(kept, "fs.inotify.max_user_instances = 1048576") {
			t.Errorf("kept for the next boot: %s", kept)
		}
		if len(m.said) == 0 || !strings.Contains(m.said[0], "from 128 to 1048576") {
			t.Errorf("said %q", m.said)
		}
	})
	t.Run("once: a second time changes and says nothing", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "128\n")
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(filepath.Join(m.root, limitsFile))
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		after, _ := os.Stat(filepath.Join(m.root, limitsFile))
		if len(m.said) > 0 || !os.SameFile(before, after) {
			t.Errorf("said %q, wrote again: %v", m.said, !os.SameFile(before, after))
		}
	})
	t.Run("again when the kernel forgot them at boot", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "128\n")
		m.write(limitsFile, "fs.inotify.max_user_instances = 1048576\n")
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if now := m.read(instances); now != "1048576" {
			t.Errorf("the limit is %s now", now)
		}
	})
	t.Run("never lowering what is higher now", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "9000000\n")
		m.write(limitsFile, "fs.inotify.max_user_instances = 1048576\n")
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if now, kept := m.read(instances), m.read(limitsFile); now != "9000000" || kept != "" {
			t.Errorf("the limit is %s now; kept for the next boot: %s", now, kept)
		}
	})
	t.Run("never lowering what another file asks for at boot", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "128\n")
		m.write("etc/sysctl.d/50-owner.conf", "# more\n-fs/inotify/max_user_instances=9000000\n")
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if now, kept := m.read(instances), m.read(limitsFile); now != "9000000" || strings.Contains(kept, "max_user_instances") {
			t.Errorf("the limit is %s now; kept for the next boot: %s", now, kept)
		}
	})
	t.Run("going on where the kernel refuses one", func(t *testing.T) {
		m := newMachine(t)
		m.write(instances, "128\n")
		refusing := filepath.Join(m.root, "proc/sys/fs/aio-max-nr")
		if err := os.Symlink("/proc/sys/kernel/ngroups_max", refusing); err != nil { // not even root may write that
			t.Fatal(err)
		}
		if err := m.prepare(); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(m.said, "\n"); m.read(instances) != "1048576" || !strings.Contains(all, "fs.aio-max-nr stays") {
			t.Errorf("said %s", all)
		}
	})
}

func TestPrepareGivesRootUserIDs(t *testing.T) {
	m := newMachine(t)
	m.write("etc/subuid", "ann:100000:65536")
	if err := os.Remove(filepath.Join(m.root, "etc/subgid")); err != nil {
		t.Fatal(err)
	}
	if err := m.prepare(); err != nil {
		t.Fatal(err)
	}
	const ours = "root:1000000:1000000000"
	if uids, gids := m.read("etc/subuid"), m.read("etc/subgid"); uids != "ann:100000:65536\n"+ours || gids != ours {
		t.Errorf("subuid %q, subgid %q", uids, gids)
	}
	if err := m.prepare(); err != nil || len(m.said) > 0 {
		t.Errorf("a second time said %q, %v", m.said, err)
	}
}

func TestPrepareSaysThatIncusIsMissing(t *testing.T) {
	m := newMachine(t)
	if err := os.Remove(filepath.Join(m.root, "usr/libexec/incus/incusd")); err != nil {
		t.Fatal(err)
	}
	if err := host.Prepare(t.Context(), host.Options{Root: m.root}, nil); !errors.Is(err, host.ErrNotInstalled) {
		t.Errorf("got %v", err)
	}
}

func TestPrepareWaitsForADaemonThatIsStarting(t *testing.T) {
	m := newMachine(t)
	dir := daemonThatIsReadyAfter(t, 3)
	if err := host.Prepare(t.Context(), host.Options{Root: m.root, IncusDir: dir}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPrepareEndsWithItsContext(t *testing.T) {
	m := newMachine(t)
	dir := daemonThatIsReadyAfter(t, never)
	ctx, cancel := context.WithCancelCause(t.Context())
	told := func(string) { cancel(errors.New("no patience")) } // it says that it waits
	if err := host.Prepare(ctx, host.Options{Root: m.root, IncusDir: dir}, told); err == nil || !strings.Contains(err.Error(), "no patience") {
		t.Errorf("got %v", err)
	}
}
