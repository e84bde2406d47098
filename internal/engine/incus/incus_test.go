package incus_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/engine/incus/incustest"
	"carrel/internal/engine/incus/testguest"
	"carrel/internal/guest"
)

// These tests run against a real daemon where CARREL_TEST_INCUS=1 promises one; its absence then is a failure. They use
// a project, pools and networks of their own, and remove them, also those that a killed run left behind.
const (
	testProject = "carrel-engine-test"
	testNetwork = "carreleng0"
	otherNet    = "carreleng1"
)

var (
	networks = []engine.Network{
		{ID: testNetwork, CIDR: "10.232.0.0/16", Gateway: "10.232.0.1"},
		{ID: otherNet, CIDR: "10.233.0.0/16", Gateway: "10.233.0.1"},
	}
	config = incus.Config{
		Project: testProject,
		Zone:    "zone-1",
		Classes: map[string]string{"SAS": "carrel-engine-test-sas", "SSD": "carrel-engine-test-ssd"},
	}
	image string // the test guest's fingerprint, where there is a daemon
)

func promised() bool { return os.Getenv("CARREL_TEST_INCUS") == "1" }

func TestMain(m *testing.M) {
	code := 1
	if !promised() {
		code = m.Run()
	} else if err := takeTurn(); err != nil {
		fmt.Fprintln(os.Stderr, "waiting for other runs of these tests:", err)
	} else if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "CARREL_TEST_INCUS=1 promises a daemon:", err)
	} else {
		code = m.Run()
	}
	if promised() && os.Getenv("CARREL_TEST_KEEP") == "" {
		if err := incus.Remove(context.Background(), config, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// takeTurn waits until no other run of these tests uses the same names. The lock ends with the process.
func takeTurn() error {
	lock, err := os.OpenFile("/var/tmp/carrel-engine-test.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	turn = lock
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
}

// turn is kept so that the lock is not collected.
var turn *os.File

func prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := incus.Remove(ctx, config, nil); err != nil {
		return err
	}
	if err := incus.Prepare(ctx, incus.PrepareConfig{Config: config, PoolGiB: 20, Networks: networks}, nil); err != nil {
		return err
	}
	e, err := incus.Open(ctx, config)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "carrel-testguest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := testguest.Build(ctx, dir)
	if err != nil {
		return err
	}
	image, err = e.ImportImage(ctx, incus.ImageFiles{Metadata: path}, testguest.Alias, nil, nil)
	return err
}

// open returns an engine on the real daemon, or skips where none is promised.
func open(t testing.TB) *incus.Engine {
	t.Helper()
	if !promised() {
		t.Skip("set CARREL_TEST_INCUS=1 to test against a real Incus")
	}
	e, err := incus.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var lastHost atomic.Int64

// newSpec describes a machine with an address of its own.
func newSpec(network string) engine.Spec {
	host := lastHost.Add(1) + 100
	subnet := map[string]string{testNetwork: "10.232", otherNet: "10.233"}[network]
	address := fmt.Sprintf("%s.%d.%d", subnet, host/200, host%200+10)
	return engine.Spec{
		ID: uuid.NewString(), Name: fmt.Sprintf("desk-%d", host), Image: image, CPUs: 1, MemoryMiB: 256, Processes: 1000,
		Root: engine.Disk{Class: "SAS", GiB: 2}, Network: network, Address: address,
		Guest: guest.Desktop{
			Hostname: fmt.Sprintf("desk-%d", host),
			Network:  guest.Network{Address: address + "/16", Gateway: subnet + ".0.1", DNS: []string{subnet + ".0.1"}},
			Accounts: []guest.Account{{Name: "alice", Group: guest.GroupUser}, {Name: "flood", Group: guest.GroupUser}},
		},
	}
}

// launch launches a machine whose guest is ready, and deletes it at the end of the test.
func launch(t testing.TB, e *incus.Engine, s engine.Spec) engine.Machine {
	t.Helper()
	deleteAfter(t, e, s.ID)
	m, err := e.Launch(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Await(t.Context(), s.ID, ""); err != nil {
		t.Fatal(err)
	}
	return m
}

func deleteAfter(t testing.TB, e *incus.Engine, id string) {
	t.Cleanup(func() {
		if err := e.Delete(context.WithoutCancel(t.Context()), id); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
}

// TestAGuestThatEndedWithoutAnAnswerIsAskedAgain is about a busy host, on which Incus reports that a process has ended
// well which was never run.
func TestAGuestThatEndedWithoutAnAnswerIsAskedAgain(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	launch(t, e, s)
	for doing, do := range map[string]func() error{
		"Status":    func() error { _, err := e.Status(t.Context(), s.ID); return err },
		"Configure": func() error { _, err := e.Configure(t.Context(), s.ID, s.Guest); return err },
		"Await":     func() error { return e.Await(t.Context(), s.ID, "") },
		"Notify":    func() error { return e.Notify(t.Context(), s.ID, guest.Message{Text: "hello"}) },
	} {
		inside(t, s, "write", "/run/mute", "1")
		if err := do(); err != nil {
			t.Errorf("%s: %v", doing, err)
		}
		inside(t, s, "write", "/run/mute", "4")
		if err := do(); err == nil || !strings.Contains(err.Error(), "without an answer") {
			t.Errorf("%s of a guest that never answers: %v", doing, err)
		}
	}
}

// inside runs a verb of the test guest in a machine and returns what it prints.
func inside(t testing.TB, s engine.Spec, arguments ...string) string {
	t.Helper()
	out, err := tryInside(t, s, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryInside(t testing.TB, s engine.Spec, arguments ...string) (string, error) {
	t.Helper()
	return incustest.Run(t.Context(), testProject, "d-"+s.ID, append([]string{guest.Path, "in-full"}, arguments...)...)
}

// raw asks the daemon without the engine.
func raw(t testing.TB, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "incus", append(arguments, "--project", testProject)...).CombinedOutput()
	if err != nil {
		t.Fatalf("incus %v: %v: %s", arguments, err, out)
	}
	return string(out)
}
