package scripts_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func asNobody(t *testing.T, arg ...string) (string, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("becoming an ordinary user needs root")
	}
	out, err := exec.CommandContext(t.Context(), "setpriv", append([]string{"--reuid=65534", "--regid=65534", "--clear-groups"}, arg...)...).CombinedOutput()
	return string(out), err
}

func TestSetupSaysWhyIncusCannotRunWithoutRoot(t *testing.T) {
	out, err := asNobody(t, "./setup", "--dry-run")
	if err == nil || !strings.Contains(out, "root") || !strings.Contains(out, "make run ENGINE=sim") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSetupForTestsGoesOnWithoutIncus(t *testing.T) {
	if out, err := asNobody(t, "./setup", "--dry-run", "--for", "test"); err != nil || !strings.Contains(out, "without Incus") {
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
