// Package controlplane runs the real program for end-to-end tests: it builds it, starts it, kills it, and speaks to it as a
// script would, from bootstrap.json alone.
package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carrel/internal/app"
	"carrel/test/called"
)

// Options say how to start a process.
type Options struct {
	Engine string   // "sim" or "incus"
	Data   string   // a data directory; a process that starts on the same one goes on where the former ended
	Config string   // a YAML file, or empty
	Flags  []string // further flags

	Program string    // another program than Program builds, such as an older one
	Log     io.Writer // gets the log, too, unless nil
}

// Process is a running "carrel serve".
type Process struct {
	Bootstrap app.Bootstrap
	Data      string

	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{} // closed when the process has ended
	err  error         // how, once done is closed

	noteCalled func() // notes which operations were called on Incus, if the process still answers
}

// patience is how long a test waits for an answer. It ends a test that would wait for ever, and is no measure.
const patience = 5 * time.Minute

// Root is the repository's folder.
func Root(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "carrel").Output()
	if err != nil {
		t.Fatalf("finding the repository: %v", err)
	}
	return strings.TrimSpace(string(out))
}

var build = struct {
	sync.Once
	path string
	err  error
}{}

// Program builds carrel once for all tests of a package and returns its path. The program lies in the repository's bin, since
// it finds the image recipes from there.
func Program(t testing.TB) string {
	t.Helper()
	root := Root(t)
	build.Do(func() {
		build.path = filepath.Join(root, "bin", "carrel-under-test")
		// The name is the package's own: packages build at the same time.
		build.path += "-" + filepath.Base(os.Args[0])
		cmd := exec.Command("go", "build", "-o", build.path, "./cmd/carrel") //nolint:noctx // shared by all tests, so bound to none
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			build.err = fmt.Errorf("building carrel: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// Start runs a process and waits until it serves. It is killed at the end of the test unless it has ended by then.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	listen := "127.0.0.1:0"
	if port, err := os.ReadFile(filepath.Join(o.Data, "port")); err == nil {
		listen = "127.0.0.1:" + string(port) // a restarted process keeps its address
	}
	flags := append([]string{"serve", "--engine", o.Engine, "--data", o.Data, "--listen", listen}, o.Flags...)
	if o.Config != "" {
		flags = append(flags, "--config", o.Config)
	}
	p := &Process{Data: o.Data, log: &logBuffer{}, done: make(chan struct{})}
	program := o.Program
	if program == "" {
		program = Program(t)
	}
	p.cmd = exec.Command(program, flags...) //nolint:noctx // it is ended by Kill and Terminate
	p.cmd.Stderr = p.log
	if o.Log != nil {
		p.cmd.Stderr = io.MultiWriter(p.log, o.Log)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan struct{})
	go p.follow(stdout, serving)
	p.noteCalled = func() {
		if o.Engine == "incus" && p.Bootstrap.Endpoint != "" {
			called.Note(t, p.Bootstrap.Endpoint, "incus")
		}
	}
	t.Cleanup(func() { p.Kill(t) })
	select {
	case <-serving:
	case <-p.done:
		t.Fatalf("carrel serve ended at once: %v\n%s", p.err, p.log)
	case <-time.After(patience):
		t.Fatalf("carrel serve does not serve\n%s", p.log)
	}
	p.readBootstrap(t)
	return p
}

// follow notices when the process serves, and when it ends.
func (p *Process) follow(stdout io.Reader, serving chan struct{}) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Carrel serves on ") {
			close(serving)
		}
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

func (p *Process) readBootstrap(t testing.TB) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(p.Data, "bootstrap.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &p.Bootstrap); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(p.Bootstrap.Endpoint, "https://"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Data, "port"), []byte(port), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the process with SIGKILL and waits for its end. A process that has ended stays as it is.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	p.noteCalled()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	<-p.done
}

// Terminate ends the process with SIGTERM and returns how it ended: nil for exit code 0.
func (p *Process) Terminate(ctx context.Context) error {
	p.noteCalled()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Log is what the process has logged so far.
func (p *Process) Log() string { return p.log.String() }

// logBuffer keeps the end of a log.
type logBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

const keptLog = 1 << 20

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() > keptLog {
		b.buf.Next(b.buf.Len() / 2)
	}
	return b.buf.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
