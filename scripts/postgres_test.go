package scripts_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPostgresIsGoneAfterwardsAlsoWhenKilled(t *testing.T) {
	if os.Getenv("CARREL_TEST_POSTGRES") == "" {
		t.Skip("CARREL_TEST_POSTGRES is not set: this machine may have no PostgreSQL")
	}
	dir, err := os.MkdirTemp("", "pg") // t.TempDir is too long for a socket's name, and closed to PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	left := func() []string {
		found, _ := filepath.Glob(filepath.Join(dir, "carrel-postgres.*"))
		return found
	}
	with := func(command string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "./with-postgres", "sh", "-c", command)
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		return cmd
	}

	killed := with("echo ready; read -r never")
	if _, err := killed.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := killed.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it says that it was killed
	if len(left()) != 1 {
		t.Fatalf("a killed run left %q", left())
	}

	again := with(`echo "$CARREL_TEST_POSTGRES"; exit 7`)
	answer, _ := again.Output() // its status is looked at below
	if status := again.ProcessState.ExitCode(); status != 7 {
		t.Errorf("the command's status 7 became %d", status)
	}
	if !strings.HasPrefix(string(answer), "postgres://postgres@/postgres?host="+dir) {
		t.Errorf("the address is %q", answer)
	}
	if len(left()) != 0 {
		t.Errorf("left behind: %q", left())
	}
}
