package incus_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
)

func TestRebuild(t *testing.T) {
	t.Run("LeavesTheInstanceConfiguredAsALaunchDoes", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Root.GiB = 1
		s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
		launch(t, e, s)
		before, users := settings(t, s), inside(t, s, "cat", "/proc/self/uid_map")
		mark := uuid.NewString()
		if _, err := e.Rebuild(t.Context(), s, mark); err != nil {
			t.Fatal(err)
		}
		after := settings(t, s)
		for key, value := range map[string]string{"user.carrel.mark": mark, "user.carrel.image": image} {
			if after.Config[key] != value {
				t.Errorf("%s is %q", key, after.Config[key])
			}
			delete(after.Config, key)
		}
		if got, want := asJSON(t, after), asJSON(t, before); got != want {
			t.Errorf("it was\n%s\nand is\n%s", want, got)
		}
		if err := e.Await(t.Context(), s.ID, ""); err != nil {
			t.Fatal(err)
		}
		if got := inside(t, s, "cat", "/proc/self/uid_map"); got != users {
			t.Errorf("the users were %s and are %s", users, got)
		}
		if out, err := tryInside(t, s, "fill", "/root/file", "1100"); err == nil || !strings.Contains(out, "quota") && !strings.Contains(out, "space") {
			t.Errorf("1100 MiB fit on the new disk of 1 GiB: %v %s", err, out)
		}
		inside(t, s, "write-as-user", "/data/by-user")
	})

	t.Run("WithAnImageOfAVirtualMachineSaysWhichIsWhich", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		s.Image = vmImage(t, e)
		_, err := e.Rebuild(t.Context(), s, "wish")
		if !errors.Is(err, engine.ErrInvalid) || !strings.Contains(err.Error(), "the machine is a container, the image is for a virtual machine") {
			t.Errorf("the error is %v", err)
		}
		if m, err := e.Find(t.Context(), s.ID); err != nil || m.State != engine.Running || m.Image != image {
			t.Errorf("the machine is %+v, %v", m, err)
		}
	})

	t.Run("OfADiskWithSnapshotsIsAConflictAndTheMachineStartsAgain", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		raw(t, "snapshot", "create", "d-"+s.ID, "before")
		if _, err := e.Rebuild(t.Context(), s, "wish"); !errors.Is(err, engine.ErrConflict) || !strings.Contains(err.Error(), "snapshots") {
			t.Errorf("the error is %v", err)
		}
		if err := e.Start(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		raw(t, "snapshot", "delete", "d-"+s.ID, "before")
		if m, err := e.Rebuild(t.Context(), s, "wish"); err != nil || m.Mark != "wish" {
			t.Errorf("without the snapshot: %+v, %v", m, err)
		}
	})

	t.Run("ToAnotherPoolIsInvalid", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		s.Root.Class = "SSD"
		if _, err := e.Rebuild(t.Context(), s, "wish"); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestRebuildSurvivesACutAtEveryRequest has the daemon vanish for good when it has carried out the n-th request and
// before it answers, for every n. Before the n-th request the machine is as after the one before.
func TestRebuildSurvivesACutAtEveryRequest(t *testing.T) {
	e := open(t)
	e.HurryClaims()
	s := newSpec(testNetwork)
	s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
	launch(t, e, s)
	for n := int64(1); ; n++ {
		inside(t, s, "write", "/root/mine", "old")
		inside(t, s, "write", "/data/mine", "precious")
		mark := uuid.NewString()
		cut, requests := through(t, n, nil)
		_, err := cut.Rebuild(t.Context(), s, mark)
		if complete := requests() < n; complete != (err == nil) {
			t.Fatalf("cut at request %d of %d, the rebuild ended with %v", n, requests(), err)
		} else if complete && n < 6 {
			t.Fatalf("a rebuild takes %d requests only; it was not cut", n-1)
		} else if complete {
			return
		}
		if m, err := e.Rebuild(t.Context(), s, mark); err != nil || m.Mark != mark || m.State != engine.Running {
			t.Fatalf("after a cut at request %d: %+v, %v", n, m, err)
		}
		if _, err := tryInside(t, s, "cat", "/root/mine"); err == nil {
			t.Errorf("after a cut at request %d the old disk is still there", n)
		}
		if got := inside(t, s, "cat", "/data/mine"); got != "precious" {
			t.Errorf("after a cut at request %d the data disk holds %q", n, got)
		}
	}
}

// TestRebuildAndADeleteBetweenAnyTwoRequestsLeaveNothing counts what Incus keeps.
func TestRebuildAndADeleteBetweenAnyTwoRequestsLeaveNothing(t *testing.T) {
	e := open(t)
	for n := int64(1); ; n++ {
		s := newSpec(testNetwork)
		launch(t, e, s)
		both, requests := through(t, n, func() {
			if err := e.Delete(t.Context(), s.ID); err != nil {
				t.Errorf("deleting after request %d: %v", n, err)
			}
		})
		_, err := both.Rebuild(t.Context(), s, "wish")
		if requests() < n {
			return
		}
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("the machine went after request %d: %v", n, err)
		}
		if _, err := e.Find(t.Context(), s.ID); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("finding it: %v", err)
		}
		if volumes := raw(t, "storage", "volume", "list", config.Classes["SAS"], "--format=csv"); strings.Contains(volumes, s.ID) {
			t.Errorf("its disk is still there:\n%s", volumes)
		}
	}
}

// TestRebuildAndTheSameBetweenAnyTwoRequestsAreOne has a whole second call run while the first one stands still.
func TestRebuildAndTheSameBetweenAnyTwoRequestsAreOne(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	launch(t, e, s)
	for n := int64(1); ; n++ {
		inside(t, s, "write", "/root/mine", "old")
		mark := uuid.NewString()
		other := open(t)
		other.HurryClaims()
		first, requests := through(t, n, func() {
			if _, err := other.Rebuild(t.Context(), s, mark); err != nil {
				t.Errorf("the second call, after request %d of the first: %v", n, err)
			}
		})
		if m, err := first.Rebuild(t.Context(), s, mark); err != nil || m.Mark != mark || m.State != engine.Running {
			t.Fatalf("with another after request %d: %+v, %v", n, m, err)
		}
		if requests() < n {
			return
		}
		if _, err := tryInside(t, s, "cat", "/root/mine"); err == nil {
			t.Errorf("with another after request %d the old disk is still there", n)
		}
	}
}

// TestRebuildLetsAStartEndThatWasDecidedOnBefore holds a start back until another call has claimed the system disk. Incus
// lets a start into the middle of a rebuild, where it found no disk, and left a folder where the new one was to go.
func TestRebuildLetsAStartEndThatWasDecidedOnBefore(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	launch(t, e, s)
	inside(t, s, "write", "/root/mine", "old")
	if err := e.Stop(t.Context(), s.ID, true); err != nil {
		t.Fatal(err)
	}
	decided, claimed := make(chan struct{}), make(chan struct{})
	starter := watching(t, "PUT /1.0/instances/d-"+s.ID+"/state", func() {
		close(decided)
		<-claimed
	}, nil)
	rebuilder := watching(t, "PATCH /1.0/instances/d-"+s.ID, nil, func() { close(claimed) })
	started := make(chan error, 1)
	go func() { started <- starter.Start(t.Context(), s.ID) }()
	<-decided
	if m, err := rebuilder.Rebuild(t.Context(), s, "wish"); err != nil || m.Mark != "wish" || m.State != engine.Running {
		t.Errorf("the rebuild: %+v, %v", m, err)
	}
	if err := <-started; err != nil && !errors.Is(err, engine.ErrConflict) {
		t.Errorf("the start: %v", err)
	}
	if _, err := tryInside(t, s, "cat", "/root/mine"); err == nil {
		t.Error("the old disk is still there")
	}
}

// watching is an engine with a daemon that does something before and after the first request that begins so.
func watching(t *testing.T, request string, before, after func()) *incus.Engine {
	t.Helper()
	var once sync.Once
	return proxied(t, func(conn net.Conn) {
		input := bufio.NewReader(conn)
		begin, _ := input.Peek(len(request))
		var then func()
		if string(begin) == request {
			once.Do(func() {
				if then = after; before != nil {
					before()
				}
			})
		}
		relay(struct {
			io.Reader
			io.WriteCloser
		}{input, conn}, then, false)
	})
}

// through is an engine with a daemon that does something meanwhile, when it has carried out the n-th request and before
// it answers, and a count of the requests. With nothing to do the daemon is never heard again instead.
func through(t *testing.T, n int64, meanwhile func()) (*incus.Engine, func() int64) {
	t.Helper()
	var seen atomic.Int64
	seen.Store(-1 << 32) // opening the engine does not count
	e := proxied(t, func(conn net.Conn) {
		switch number := seen.Add(1); {
		case number == n:
			relay(conn, meanwhile, meanwhile == nil)
		case number < n || meanwhile != nil:
			relay(conn, nil, false)
		default:
			conn.Close()
		}
	})
	seen.Store(0)
	return e, seen.Load
}

// proxied is an engine whose every request, each a connection of its own, goes through serve.
func proxied(t *testing.T, serve func(net.Conn)) *incus.Engine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "daemon.socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	config := config
	config.Socket = path
	e, err := incus.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	e.HurryClaims()
	return e
}

// relay passes a request on, and the answer back unless it is lost.
func relay(conn io.ReadWriteCloser, meanwhile func(), lost bool) {
	defer conn.Close()
	daemon, err := net.Dial("unix", "/var/lib/incus/unix.socket")
	if err != nil {
		return
	}
	defer daemon.Close()
	go func() { _, _ = io.Copy(daemon, conn) }()
	answer := bufio.NewReader(daemon)
	if _, err := answer.Peek(1); err != nil || lost {
		return
	}
	if meanwhile != nil {
		meanwhile()
	}
	_, _ = io.Copy(conn, answer)
}

// instanceSettings is what an instance is configured to be, but for what Incus notes of its last start.
type instanceSettings struct {
	Config   map[string]string
	Devices  map[string]map[string]string
	Profiles []string
}

func settings(t *testing.T, s engine.Spec) instanceSettings {
	t.Helper()
	var all instanceSettings
	if err := yaml.Unmarshal([]byte(raw(t, "config", "show", "d-"+s.ID)), &all); err != nil {
		t.Fatal(err)
	}
	for key := range all.Config {
		switch {
		case strings.HasPrefix(key, "volatile.last_state"), strings.HasSuffix(key, ".host_name"),
			key == "volatile.uuid.generation", key == "volatile.idmap.next":
			delete(all.Config, key)
		}
	}
	return all
}

// vmImage imports something that passes for the image of a virtual machine as long as nobody starts it.
func vmImage(t *testing.T, e *incus.Engine) string {
	t.Helper()
	dir := t.TempDir()
	metadata, disk := filepath.Join(dir, "metadata.tar.gz"), filepath.Join(dir, "disk.qcow2")
	if err := os.WriteFile(filepath.Join(dir, "metadata.yaml"), []byte("architecture: x86_64\ncreation_date: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-C", dir, "-czf", metadata, "metadata.yaml").CombinedOutput(); err != nil {
		t.Fatalf("packing: %v: %s", err, out)
	}
	if err := os.WriteFile(disk, []byte("QFI\xfb no disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	raw(t, "image", "import", metadata, disk, "--alias", "carrel-test-vm")
	t.Cleanup(func() {
		_ = exec.Command("incus", "--project", testProject, "image", "delete", "carrel-test-vm").Run()
	})
	images, err := e.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images {
		if i.VM {
			return i.ID
		}
	}
	t.Fatal("the image of a virtual machine is not one")
	return ""
}
