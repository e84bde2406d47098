package incus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/incus"
)

func TestIncusIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture { return fixture(t, image, false) })
}

// TestIncusIsAnEngineWithTheDesktopImage runs the same suite on the real image, its guest included, where
// CARREL_TEST_IMAGE names the image's archive.
func TestIncusIsAnEngineWithTheDesktopImage(t *testing.T) {
	path := os.Getenv("CARREL_TEST_IMAGE")
	if path == "" {
		t.Skip("set CARREL_TEST_IMAGE to the archive of a desktop image")
	}
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture {
		desktop, err := open(t).ImportImage(t.Context(), incus.ImageFiles{Metadata: path}, "carrel-desktop", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fixture(t, desktop, true)
	})
}

func fixture(t *testing.T, image string, guests bool) enginetest.Fixture {
	base := lastHost.Add(20)
	return enginetest.Fixture{
		Engine:  open(t),
		Network: networks[0],
		Image:   image,
		Class:   "SAS",
		Address: func(i int) string { return fmt.Sprintf("10.232.200.%d", int(base)%200+i+10) },
		Guests:  guests,
		Reopen:  func() (engine.Engine, error) { return incus.Open(t.Context(), config) },
		Write: func(ctx context.Context, id, path, content string) error {
			_, err := file(ctx, content, "push", "-", "d-"+id+path)
			return err
		},
		Read: func(ctx context.Context, id, path string) (string, error) {
			return file(ctx, "", "pull", "d-"+id+path, "-")
		},
		Break: func(_ context.Context, s engine.Spec) error { return breakDown(t, s) },
	}
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
