//go:build linux

package runs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carrel/internal/guest"
	"carrel/internal/guest/runs"
)

// supervising makes the test program a supervisor.
const supervising = "CARREL_TEST_SUPERVISE"

func TestMain(m *testing.M) {
	if path := os.Getenv(supervising); path != "" && len(os.Args) == 2 {
		if err := (runs.Folder{Path: path, Find: find}).Supervise(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func find(name string) (runs.Account, error) {
	if name == "nobody" {
		return runs.Account{Name: name, Home: "/", UID: 65534, GID: 65534}, nil
	}
	if name != "me" {
		return runs.Account{}, errors.New("no such account")
	}
	return runs.Account{Name: name, Home: "/tmp", UID: os.Getuid(), GID: os.Getgid()}, nil
}

func newFolder(t *testing.T) runs.Folder {
	f := runs.Folder{Path: filepath.Join(t.TempDir(), "runs"), Supervisor: []string{"/proc/self/exe"}, Find: find}
	t.Setenv(supervising, f.Path)
	return f
}

func run(id, script string) guest.Run { return guest.Run{ID: id, Script: script, Limit: time.Minute} }

func ended(t *testing.T, f runs.Folder, r guest.Run) guest.RunState {
	t.Helper()
	if _, err := f.Start(r); err != nil {
		t.Fatal(err)
	}
	s, err := f.Await(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(t *testing.T, got, want guest.RunState) {
	t.Helper()
	if got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
}

func TestScriptsEnd(t *testing.T) {
	f := newFolder(t)
	for _, c := range []struct {
		name, script string
		want         guest.RunState
	}{
		{"Well", "echo out; echo err >&2", guest.RunState{Phase: guest.RunEnded, Output: "out\nerr\n"}},
		{"WithAStatus", "exit 3", guest.RunState{Phase: guest.RunEnded, Exit: 3}},
		{"ByASignal", "kill -9 $$", guest.RunState{Phase: guest.RunEnded, Exit: -1}},
		{"WithTheirInterpreter", "#!/bin/cat\nwhole\n", guest.RunState{Phase: guest.RunEnded, Output: "#!/bin/cat\nwhole\n"}},
		{"WithoutInput", "cat; echo read", guest.RunState{Phase: guest.RunEnded, Output: "read\n"}},
		{"LeavingAProcessBehind", "sleep 600 & echo left", guest.RunState{Phase: guest.RunEnded, Output: "left\n"}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, ended(t, f, run("script-"+c.name, c.script)), c.want) })
	}
	t.Run("WithoutTheirInterpreter", func(t *testing.T) {
		if s := ended(t, f, run("none", "#!/no/such/program\n")); s.Phase != guest.RunEnded || s.Exit != -1 || !strings.Contains(s.Error, "starting the script") {
			t.Errorf("%+v", s)
		}
	})
	t.Run("WithoutTheirAccount", func(t *testing.T) {
		r := run("account", "true")
		r.Account = "nobody-here"
		if s := ended(t, f, r); !strings.Contains(s.Error, `the account "nobody-here": no such account`) {
			t.Errorf("%+v", s)
		}
	})
	t.Run("InTheHomeOfTheirAccount", func(t *testing.T) {
		r := run("home", "pwd; echo $USER $HOME $PATH")
		r.Account = "me"
		same(t, ended(t, f, r), guest.RunState{
			Phase: guest.RunEnded, Output: "/tmp\nme /tmp /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
		})
	})
}

// TestAnAccountReachesItsScript needs root, which alone can run a script as somebody else.
func TestAnAccountReachesItsScript(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	defer syscall.Umask(syscall.Umask(0o077))
	f := newFolder(t)
	for _, dir := range []string{filepath.Dir(f.Path), filepath.Dir(filepath.Dir(f.Path))} { // those of the test are closed to others
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	r := run("theirs", "id -u")
	r.Account = "nobody"
	same(t, ended(t, f, r), guest.RunState{Phase: guest.RunEnded, Output: "65534\n"})
	r = run("theirs-by-name", "#!/bin/sh\nid -u")
	r.Account = "nobody"
	same(t, ended(t, f, r), guest.RunState{Phase: guest.RunEnded, Output: "65534\n"})
}

func TestAScriptStartsOnce(t *testing.T) {
	f := newFolder(t)
	count := filepath.Join(t.TempDir(), "count")
	r := run("once", "echo begun >> "+count)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := f.Start(r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	same(t, ended(t, f, r), guest.RunState{Phase: guest.RunEnded})
	if b, err := os.ReadFile(count); err != nil || string(b) != "begun\n" {
		t.Errorf("it began %q, %v", b, err)
	}
}

func TestTheLimitKillsTheWholeGroup(t *testing.T) {
	f := newFolder(t)
	alive := filepath.Join(t.TempDir(), "alive")
	r := run("late", "echo before\n(trap '' TERM; exec sleep 601) & echo $! > "+alive+"\nsleep 602\necho after")
	r.Limit = 300 * time.Millisecond
	same(t, ended(t, f, r), guest.RunState{Phase: guest.RunEnded, Exit: -1, Cut: guest.CutLate, Output: "before\n"})
	b, err := os.ReadFile(alive)
	pid, bad := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	for deadline := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil && !zombie(pid); { // it is killed, but may not have noticed yet
		if time.Now().After(deadline) {
			t.Fatalf("process %d of the script lives", pid)
		}
	}
}

// zombie reports whether a process has ended and waits for its parent to notice.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(b), ") Z ")
}

func TestStop(t *testing.T) {
	f := newFolder(t)
	r := run("stopped", "echo begun; sleep 603")
	s, err := f.Start(r)
	if err != nil {
		t.Fatal(err)
	}
	same(t, s, guest.RunState{Phase: guest.RunGoing})
	for range 2 {
		s, err := f.Stop("stopped")
		if err != nil || s.Cut != guest.CutStopped || s.Phase != guest.RunEnded {
			t.Errorf("%+v, %v", s, err)
		}
	}
	if _, err := f.Stop("before"); err != nil {
		t.Fatal(err)
	}
	same(t, ended(t, f, run("before", "echo never")), guest.RunState{Phase: guest.RunEnded, Exit: -1, Cut: guest.CutStopped})
}

func TestARunWhoseSupervisorDiedIsLost(t *testing.T) {
	f := newFolder(t)
	r := run("lost", "sleep 604 & echo $! $PPID > "+filepath.Join(f.Path, "pids")+"; wait")
	if _, err := f.Start(r); err != nil {
		t.Fatal(err)
	}
	var script, supervisor int
	for deadline := time.Now().Add(time.Minute); script == 0; {
		b, _ := os.ReadFile(filepath.Join(f.Path, "pids"))
		if _, err := fmt.Sscan(string(b), &script, &supervisor); err != nil && time.Now().After(deadline) {
			t.Fatal("it does not run")
		}
	}
	defer func() { _ = syscall.Kill(script, syscall.SIGKILL) }()
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s, err := f.Await("lost")
	if err != nil {
		t.Fatal(err)
	}
	same(t, s, guest.RunState{Phase: guest.RunLost})
	same(t, ended(t, f, r), guest.RunState{Phase: guest.RunLost})
}

func TestIDsOfRuns(t *testing.T) {
	f := newFolder(t)
	for _, id := range []string{"", "../x", "a/b", ".", "-x", strings.Repeat("x", 81)} {
		if _, err := f.Start(run(id, "true")); err == nil {
			t.Errorf("%q is an id", id)
		}
	}
	s, err := f.Await("unknown")
	if err != nil {
		t.Fatal(err)
	}
	same(t, s, guest.RunState{Phase: guest.RunLost})
}

func TestOldRunsAreRemoved(t *testing.T) {
	f := newFolder(t)
	going := run("going", "sleep 605")
	if _, err := f.Start(going); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-8 * 24 * time.Hour)
	same(t, ended(t, f, run("old", "true")), guest.RunState{Phase: guest.RunEnded})
	for _, id := range []string{"old", "going"} {
		if err := os.Chtimes(filepath.Join(f.Path, id), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		if err := os.MkdirAll(filepath.Join(f.Path, fmt.Sprint("many-", i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	same(t, ended(t, f, run("new", "true")), guest.RunState{Phase: guest.RunEnded})
	left, err := os.ReadDir(f.Path)
	if err != nil || len(left) > 52 {
		t.Errorf("%d runs are left, %v", len(left), err)
	}
	if _, err := os.Stat(filepath.Join(f.Path, "old")); err == nil {
		t.Error("the old run is left")
	}
	if s, err := f.Stop("going"); err != nil || s.Cut != guest.CutStopped {
		t.Errorf("the run that is going: %+v, %v", s, err)
	}
}
