package incus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/incus"
	"carrel/internal/engine/incus/incustest"
	"carrel/internal/guest"
)

func TestIncusIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture { return fixture(t, image, false) })
}

// TestIncusIsAnEngineWithTheDesktopImage runs the same suite on the real image, its guest included, where
// CARREL_TEST_IMAGE names the image's archive.
func TestIncusIsAnEngineWithTheDesktopImage(t *testing.T) {
	needDesktopImage(t)
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture { return fixture(t, desktopImage(t), true) })
}

func TestTheFolderOfADiskGoesWithTheDisk(t *testing.T) {
	needDesktopImage(t)
	e := open(t)
	s := newSpec(testNetwork)
	s.Image, s.MemoryMiB, s.Root.GiB = desktopImage(t), 1024, 4
	for _, mount := range []string{"/data/disk1", "/data/disk2", "/data/disk3"} {
		s.Data = append(s.Data, engine.Disk{ID: uuid.NewString(), Class: "SAS", GiB: 1, Mount: mount})
		s.Guest.Volumes = append(s.Guest.Volumes, mount)
	}
	launch(t, e, s)
	mounts := func() string {
		out, err := incustest.Desktop(t.Context(), testProject, "d-"+s.ID, "ls", "/data")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	s.Data, s.Guest.Volumes = s.Data[:2], s.Guest.Volumes[:2] // while it runs
	reshape(t, e, s)
	if st, err := e.Configure(t.Context(), s.ID, s.Guest); err != nil || st.Error != "" {
		t.Fatalf("telling the guest: %+v, %v", st, err)
	}
	if left := mounts(); left != "disk1\ndisk2\n" {
		t.Errorf("with two disks /data holds %q", left)
	}

	if err := e.Stop(t.Context(), s.ID, false); err != nil {
		t.Fatal(err)
	}
	s.Data, s.Guest.Volumes = s.Data[:1], s.Guest.Volumes[:1]
	reshape(t, e, s)
	if err := e.Start(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	if st, err := e.Configure(t.Context(), s.ID, s.Guest); err != nil || st.Error != "" {
		t.Fatalf("telling the guest: %+v, %v", st, err)
	}
	if left := mounts(); left != "disk1\n" {
		t.Errorf("with one disk /data holds %q", left)
	}
}

// needDesktopImage skips a test for which the archive of the real image is missing.
func needDesktopImage(t *testing.T) {
	t.Helper()
	if os.Getenv("CARREL_TEST_IMAGE") == "" {
		t.Skip("set CARREL_TEST_IMAGE to the archive of a desktop image")
	}
}

// desktopImage imports the real image, once.
func desktopImage(t *testing.T) string {
	t.Helper()
	id, err := open(t).ImportImage(t.Context(), incus.ImageFiles{Metadata: os.Getenv("CARREL_TEST_IMAGE")}, "carrel-desktop", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func fixture(t *testing.T, image string, guests bool) enginetest.Fixture {
	base := lastHost.Add(20)
	f := enginetest.Fixture{
		Engine:  open(t),
		Network: networks[0],
		Image:   image,
		Class:   "SAS",
		Address: func(i int) string { return fmt.Sprintf("10.232.200.%d", int(base)%200+i+10) },
		Guests:  guests,
		Reopen:  func() (engine.Engine, error) { return incus.Open(t.Context(), config) },
		Write: func(ctx context.Context, id, path, content string) error {
			_, err := file(ctx, content, "push", "--create-dirs", "-", "d-"+id+path)
			return err
		},
		Read: func(ctx context.Context, id, path string) (string, error) {
			return file(ctx, "", "pull", "d-"+id+path, "-")
		},
		Second: engine.Network{ID: "carreleng2", CIDR: "10.234.0.0/16", Gateway: "10.234.0.1"}, SecondAddress: "10.234.7.7",
		Break: func(_ context.Context, s engine.Spec) error { return breakDown(t, s) },
	}
	if !guests {
		f.Fork = fork
		f.Reach = func(ctx context.Context, from, to engine.Spec, port int) (bool, error) {
			return reach(ctx, from, to, port)
		}
	}
	return f
}

// reach opens a port in one machine and dials it from another.
func reach(ctx context.Context, from, to engine.Spec, port int) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	listener := exec.CommandContext(ctx, "incus", "exec", "--project", testProject, "d-"+to.ID, "-T", "--", guest.Path, "listen", fmt.Sprintf("0.0.0.0:%d", port))
	out, err := listener.StdoutPipe()
	if err == nil {
		err = listener.Start()
	}
	if err != nil {
		cancel()
		return false, err
	}
	defer func() {
		cancel()
		_ = listener.Wait() // it was killed
	}()
	if _, err := io.ReadFull(out, make([]byte, len("listening"))); err != nil {
		return false, err
	}
	got, err := incustest.Run(ctx, testProject, "d-"+from.ID, guest.Path, "in-full", "dial", fmt.Sprintf("%s:%d", to.Address, port))
	return got == "open", err
}

// fork has the test guest start so many programs.
func fork(ctx context.Context, id string, n int) (int, error) {
	out, err := incustest.Run(ctx, testProject, "d-"+id, guest.Path, "in-full", "fork", strconv.Itoa(n))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(out)
}

// file moves a file in or out of a machine.
func file(ctx context.Context, in string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "incus", append([]string{"--project", testProject, "file"}, arguments...)...)
	command.Stdin = strings.NewReader(in)
	out, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

// breakDown leaves what a daemon leaves that dies in a rebuild.
func breakDown(t *testing.T, s engine.Spec) error {
	if err := open(t).Stop(t.Context(), s.ID, true); err != nil {
		return err
	}
	raw(t, "config", "set", "d-"+s.ID, "user.carrel.mark=half", "user.carrel.image="+s.Image, "image.carrel.claim=somebody")
	loseRootDisk(t, s)
	return nil
}
