// Package scripts_test tests the scripts that prepare a machine.
package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const mirror = "http://mirror.example/debian"

// derive runs scripts/backports-source on files of the given names and contents.
func derive(t *testing.T, files map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"bookworm", mirror + "/"}
	for _, name := range []string{"sources.list", "other.list", "debian.sources", "missing.list"} {
		args = append(args, filepath.Join(dir, name))
		if text, given := files[name]; given {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), "./backports-source", args...).Output()
	return string(out), err
}

func TestBackportsComeFromTheMachinesOwnSources(t *testing.T) {
	for _, c := range []struct {
		sentence string
		files    map[string]string
		want     string
	}{
		{
			"one entry a line",
			map[string]string{"sources.list": "# Debian\ndeb http://mirror.example/debian bookworm main contrib\ndeb-src http://mirror.example/debian bookworm main\n"},
			"Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n",
		},
		{
			"with options",
			map[string]string{"sources.list": "deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/d.gpg ] http://mirror.example/debian/ bookworm non-free main # ours\n"},
			"Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm-backports\nComponents: main\nArchitectures: amd64 arm64\nSigned-by: /usr/share/keyrings/d.gpg\n",
		},
		{
			"under the name that moves from release to release",
			map[string]string{"sources.list": "deb http://mirror.example/debian oldstable main\n"},
			"Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n",
		},
		{
			"past what others publish under the same suite",
			map[string]string{
				"sources.list": "deb https://tools.example/apt bookworm main\ndeb http://security.example/debian-security bookworm-security main\n",
				"other.list":   "deb http://mirror.example/debian bookworm main\n",
			},
			"Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n",
		},
		{
			"in stanzas, with several mirrors and a key in the file",
			map[string]string{"debian.sources": "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n\n" +
				"# the real one\nTypes: deb deb-src\nURIs: http://first.example/debian http://mirror.example/debian\nSuites: bookworm bookworm-updates\n" +
				"Components: main non-free-firmware\nCheck-Valid-Until: no\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBA==\n -----END PGP PUBLIC KEY BLOCK-----\n"},
			"Types: deb\nURIs: http://first.example/debian http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n" +
				"Check-Valid-Until: no\nSigned-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBA==\n -----END PGP PUBLIC KEY BLOCK-----\n",
		},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := derive(t, c.files)
			if err != nil || got != c.want {
				t.Errorf("%v\ngot:\n%s\nwanted:\n%s", err, got, c.want)
			}
		})
	}
}

func TestBackportsAreRefusedWithoutAMirror(t *testing.T) {
	for sentence, text := range map[string]string{
		"of this release": "deb http://mirror.example/debian trixie main\n",
		"with main":       "deb http://mirror.example/debian bookworm contrib\n",
		"that is Debian's": "deb http://else.example/debian bookworm main\n" +
			"deb http://mirror.example/debian bookworm-security main\n",
		"that is switched on": "#deb http://mirror.example/debian bookworm main\n",
	} {
		t.Run(sentence, func(t *testing.T) {
			if got, err := derive(t, map[string]string{"sources.list": text}); err == nil {
				t.Errorf("derived\n%s", got)
			}
		})
	}
}
