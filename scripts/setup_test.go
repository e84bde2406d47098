package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyOfSetup copies setup into a folder that everybody may read, as the one that the tests run in may not be, and returns its path.
func copyOfSetup(t *testing.T, edit func(string) string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "setup")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	copied := filepath.Join(dir, "scripts")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(copied, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"setup", "toolchain.sh"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), []byte(edit(string(text))), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(copied, "setup")
}

// asNobody runs setup as an ordinary user.
func asNobody(t *testing.T, arg ...string) (string, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("becoming an ordinary user needs root")
	}
	setup := copyOfSetup(t, func(text string) string { return text })
	arg = append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", setup}, arg...)
	out, err := exec.CommandContext(t.Context(), "setpriv", arg...).CombinedOutput()
	return string(out), err
}

func TestSetupSaysWhyIncusCannotRunWithoutRoot(t *testing.T) {
	out, err := asNobody(t, "--dry-run")
	if err == nil || !strings.Contains(out, "root") || !strings.Contains(out, "make run ENGINE=sim") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSetupForTestsGoesOnWithoutIncus(t *testing.T) {
	if out, err := asNobody(t, "--dry-run", "--for", "test"); err != nil || !strings.Contains(out, "without Incus") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSetupRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"--for", "fun"}, {"--for"}, {"--quickly"}} {
		if out, err := exec.CommandContext(t.Context(), "./setup", args...).CombinedOutput(); err == nil {
			t.Errorf("%q was accepted: %s", args, out)
		}
	}
}

func TestSetupSaysWhyNodeCannotBeFetched(t *testing.T) {
	programs := t.TempDir()
	for name, script := range map[string]string{
		"node": "echo v18.0.0", "npm": "echo npm: no such registry >&2; exit 1",
		"dpkg-query": `for package; do echo "installed $package"; done`, "apt-get": "exit 1", // nothing is installed here
	} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// The one here may have fetched a Node already, and this machine's own may be new enough.
	setup := copyOfSetup(t, func(text string) string { return strings.ReplaceAll(text, "/usr/bin", "/nowhere") })
	command := exec.CommandContext(t.Context(), setup, "--for", "sim")
	command.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no such registry") || !strings.Contains(string(out), "Node could not be fetched") {
		t.Errorf("%v: %s", err, out)
	}
}
