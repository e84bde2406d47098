package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The flaw of these tests is in a module that internal/text is made of.
const flaw = `{"schema_version": "1.3.1", "id": "GO-2000-0001", "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z",
"summary": "A flaw", "affected": [{"package": {"name": "golang.org/x/text", "ecosystem": "Go"},
"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}], "database_specific": {"review_status": "REVIEWED"}}`

// TestKnownFlaws runs the check over one small package: it fails for what is new and for what is accepted on false grounds.
func TestKnownFlaws(t *testing.T) {
	if testing.Short() {
		t.Skip("it analyses a package several times")
	}
	reports := t.TempDir()
	write(t, filepath.Join(reports, "GO-2000-0001.json"), flaw)
	for _, c := range []struct {
		name, accepted string
		exit           int
		says           []string
	}{
		{"what nobody has accepted, or for another module only", "GO-2000-0001 golang.org/x/net - wrong module", 1, []string{
			"GO-2000-0001 in golang.org/x/text is reached",
		}},
		{"what is accepted for reasons that do not hold", `
			GO-2000-0001 golang.org/x/text number,unicode nobody imports it
			GO-2000-0001 golang.org/x/text numbers nobody imports it
			GO-2000-0001 golang.org/x/text -`, 1, []string{
			"without golang.org/x/text/unicode, which it imports",
			"without golang.org/x/text/numbers, which does not exist",
			"GO-2000-0001 has no reason",
		}},
		{"what is accepted for a good reason, and what was mended", `
			# A comment
			GO-2000-0001 golang.org/x/text number only numbers are read wrongly
			GO-2000-0002 golang.org/x/text number only numbers are read wrongly`, 0, []string{
			"GO-2000-0002 in golang.org/x/text is accepted, and not found any more",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), "accepted")
			write(t, list, strings.ReplaceAll(c.accepted, "\t", "")+"\n")
			out, exit := knownFlaws(t, "CARREL_VULNERABILITIES="+reports, "CARREL_ACCEPTED="+list)
			if exit != c.exit {
				t.Errorf("it ends with %d, want %d", exit, c.exit)
			}
			for _, says := range c.says {
				if !strings.Contains(out, says) {
					t.Errorf("it does not say %q", says)
				}
			}
			if n := strings.Count(out, "GO-2000"); exit == 0 && n != len(c.says) {
				t.Errorf("it complains of what is accepted")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// Where no reports are to be had, the check says so and is neither passed nor failed.
func TestKnownFlawsWithoutReports(t *testing.T) {
	out, exit := knownFlaws(t, "GOPROXY=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+t.TempDir())
	if exit != 75 || !strings.Contains(out, "reports of known flaws cannot be had: ") {
		t.Errorf("it ends with %d:\n%s", exit, out)
	}
}

func knownFlaws(t *testing.T, env ...string) (out string, exit int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "./vulnerabilities", "./internal/text")
	c.Env = append(os.Environ(), env...)
	text, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
