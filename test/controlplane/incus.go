package controlplane

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"carrel/internal/app"
	"carrel/internal/engine"
	"carrel/internal/host"
)

// Incus prepares the tests' own part of Incus, image included, and returns the configuration file for it. Until the test ends
// no other test, in this or another package, gets it: two control planes with databases of their own would give out the same
// addresses. It skips the test unless CARREL_TEST_INCUS is set; then Incus must be there.
func Incus(t testing.TB) (configFile string) {
	t.Helper()
	if os.Getenv("CARREL_TEST_INCUS") == "" {
		t.Skip("desktops on Incus: set CARREL_TEST_INCUS=1, as make test does")
	}
	root := Root(t)
	configFile = filepath.Join(root, "test", "incus.yaml")
	takeTurn(t)
	if err := prepareIncus(t.Context(), root, configFile, t.Log); err != nil {
		t.Fatalf("preparing Incus: %v", err)
	}
	return configFile
}

// takeTurn waits for a lock and keeps it until the test ends. The lock also ends with the process.
func takeTurn(t testing.TB) {
	t.Helper()
	lock, err := os.OpenFile("/var/tmp/carrel-test-incus.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("waiting for other tests on Incus: %v", err)
	}
}

// prepareIncus looks first, so it is cheap when another package has prepared already.
func prepareIncus(ctx context.Context, root, configFile string, log func(...any)) error {
	config, err := app.ReadConfig(configFile)
	if err != nil {
		return err
	}
	say := func(sentence string) { log(sentence) }
	if err := host.Prepare(ctx, host.Options{}, say); err != nil {
		return err
	}
	if err := app.PrepareIncus(ctx, config, say); err != nil {
		return err
	}
	guest := filepath.Join(root, "bin", "carrel-guest")
	build := exec.CommandContext(ctx, "make", "--no-print-directory", "guest")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building carrel-guest: %w\n%s", err, out)
	}
	recipe := app.Recipe{
		Alias: config.Incus.Image, Dir: filepath.Join(root, "images", config.Incus.Image), Guest: guest,
		Built: filepath.Join(root, "dist", "images"),
	}
	return app.EnsureImage(ctx, config, recipe, say, os.Stdout)
}

// Engine opens the engine that a process with the configuration uses, to look at its machines.
func Engine(t testing.TB, configFile string) engine.Engine {
	t.Helper()
	config, err := app.ReadConfig(configFile)
	if err != nil {
		t.Fatal(err)
	}
	e, err := app.OpenEngine(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
