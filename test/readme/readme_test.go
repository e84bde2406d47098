// Package readme does what the README says, word by word: its blocks are taken from README.md and run.
package readme

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

var fenced = regexp.MustCompile("(?ms)^```(sh|go)\n(.*?)^```$")

// blocks returns the README's blocks in a language, in their order.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(controlplane.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range fenced.FindAllSubmatch(text, -1) {
		if string(m[1]) == language {
			found = append(found, string(m[2]))
		}
	}
	return found
}

// TestREADME follows the README from a running Carrel on; scripts/first-run does what comes before, too, on Incus.
func TestREADME(t *testing.T) {
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the README's lines need %s (make setup-test)", program)
		}
	}
	shell, code := blocks(t, "sh"), blocks(t, "go")
	if len(shell) != 3 || len(code) != 1 {
		t.Fatalf("the README has %d blocks of shell and %d of Go; this test knows 3 and 1", len(shell), len(code))
	}
	folder := clone(t)
	p := controlplane.Start(t, controlplane.Options{Engine: "sim", Data: filepath.Join(folder, "data")})

	t.Run("The calls with curl make a person who can sign in to her desktop", func(t *testing.T) {
		out := runIn(t, folder, shell[1])
		if !strings.Contains(out, `"status": "SUCCESS"`) {
			t.Errorf("no desktop was made:\n%s", out)
		}
		m := regexp.MustCompile(`Sign in at (\S+) as (\S+), with the password (\S+)\s*$`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("the last line does not tell how to sign in:\n%s", out)
		}
		signIn(t, m[1], m[2], m[3])
	})
	t.Run("The program with the SDK makes another desktop", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(folder, "first.go"), []byte(code[0]), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := runIn(t, folder, shell[2]); !strings.HasSuffix(out, "SUCCESS\n") {
			t.Errorf("it ends with\n%s", out)
		}
		var list struct {
			Total int `json:"total_count"`
		}
		if p.Client(t).Do(t, "GET", "/desktops", nil, &list); list.Total != 2 {
			t.Errorf("there are %d desktops, want 2", list.Total)
		}
	})
}

// clone makes a folder with as much of the repository as the README's lines use.
func clone(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum", "test/sdk/go.mod", "test/sdk/go.sum", "scripts/toolchain.sh"} {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(controlplane.Root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// runIn runs a block as somebody who pastes it; the first line that fails ends it. It returns what was printed.
func runIn(t *testing.T, folder, block string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail")
	command.Dir, command.Stdin = folder, strings.NewReader(block)
	// The SDK keeps a file of its own in the home directory.
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// signIn signs in to the portal as a browser does.
func signIn(t *testing.T, endpoint, user, password string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"user_name": user, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint+"/portal/api/sign-in", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", endpoint)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		t.Errorf("signing in as %s: status %d", user, answer.StatusCode)
	}
}
