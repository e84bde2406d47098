package host_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"carrel/internal/host"
)

// TestPrepareRunsOneDaemon starts real daemons, in a folder of its own beside the machine's.
func TestPrepareRunsOneDaemon(t *testing.T) {
	if os.Getenv("CARREL_TEST_INCUS") == "" {
		t.Skip("CARREL_TEST_INCUS is not set: no real Incus daemon is started")
	}
	dir, err := os.MkdirTemp("", "carrel-incus-")
	if err != nil {
		t.Fatal(err)
	}
	o := host.Options{IncusDir: dir}
	t.Cleanup(func() { removeDaemon(t, o) })

	// Several processes at once end with one daemon; callers in one process compete for the same lock.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := host.Prepare(t.Context(), o, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := daemonOf(t, o)
	if first.State != host.DaemonReady || first.Version == "" || first.PID == 0 {
		t.Fatalf("after Prepare: %+v", first)
	}
	if all := daemonsIn(dir); len(all) != 1 {
		t.Fatalf("%d daemons run: %v", len(all), all)
	}
	if group, _ := syscall.Getpgid(first.PID); group == syscall.Getpgrp() {
		t.Error("the daemon is in this process's group: a Ctrl-C would end it")
	}

	// A daemon that was killed leaves its socket. It is replaced.
	process, err := os.FindProcess(first.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, first.PID)
	if d := daemonOf(t, o); d.State != host.DaemonAbsent || !d.Stale {
		t.Errorf("after kill -9: %+v", d)
	}
	if err := host.Prepare(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	if d := daemonOf(t, o); d.State != host.DaemonReady || d.PID == first.PID {
		t.Errorf("after the second Prepare: %+v", d)
	}
}

func daemonOf(t *testing.T, o host.Options) host.Daemon {
	t.Helper()
	return host.ThisMachine(o).Daemon(t.Context())
}

// daemonsIn lists the daemon processes, helpers left out, whose folder is dir.
func daemonsIn(dir string) (processes []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	return slices.DeleteFunc(all, func(process string) bool {
		line, _ := os.ReadFile(process + "/cmdline")
		return !strings.HasPrefix(string(line), "/usr/libexec/incus/incusd\x00--logfile\x00"+dir)
	})
}

// awaitEnd waits until a process is gone.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	wait := exec.CommandContext(context.WithoutCancel(t.Context()), "tail", "--pid="+strconv.Itoa(pid), "-s", "0.02", "-f", "/dev/null")
	if err := wait.Run(); err != nil {
		t.Fatal(err)
	}
}

// removeDaemon ends the daemon and takes away what it mounted and wrote.
func removeDaemon(t *testing.T, o host.Options) {
	t.Helper()
	if d := host.ThisMachine(o).Daemon(context.WithoutCancel(t.Context())); d.PID != 0 {
		_ = syscall.Kill(d.PID, syscall.SIGTERM)
		awaitEnd(t, d.PID)
	}
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if dir := strings.Fields(line)[1]; strings.HasPrefix(dir, o.IncusDir+"/") {
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		}
	}
	if err := os.RemoveAll(o.IncusDir); err != nil {
		t.Error(err)
	}
}
