package incus_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"carrel/internal/engine"
)

const greeting = "RFB 003.008\n"

func TestDisplay(t *testing.T) {
	t.Run("CarriesBothDirections", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		d := view(t, e, s, "alice")
		for _, text := range []string{"one", strings.Repeat("x", 300_000)} {
			sent := make(chan error, 1)
			go func() { _, err := io.WriteString(d, text); sent <- err }()
			got := make([]byte, len(text))
			if _, err := io.ReadFull(d, got); err != nil || string(got) != text {
				t.Fatalf("%d bytes did not come back: %v", len(text), err)
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
	})

	t.Run("CloseEndsTheProcessInsideAndLeaksNothing", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		before := goleak.IgnoreCurrent()
		for _, account := range []string{"alice", "flood"} {
			d := view(t, e, s, account)
			awaitProcesses(t, s, "display", 1)
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			awaitProcesses(t, s, "display", 0)
			if _, err := io.Copy(io.Discard, d); err != nil {
				t.Errorf("reading a closed display: %v", err)
			}
		}
		goleak.VerifyNone(t, before)
	})

	t.Run("EndsWhenTheMachineStops", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		d := view(t, e, s, "alice")
		ended := make(chan error)
		go func() { _, err := io.Copy(io.Discard, d); ended <- err }()
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the stream ended with %v", err)
			}
		case <-t.Context().Done():
			t.Error("the stream outlived its machine")
		}
	})

	t.Run("OutlivesTheContextThatOpenedIt", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		ctx, cancel := context.WithCancel(t.Context())
		d, err := e.Display(ctx, s.ID, "alice")
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if _, err := io.ReadFull(d, make([]byte, len(greeting))); err != nil {
			t.Error(err)
		}
		if _, err := io.WriteString(d, "x"); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(d, make([]byte, 1)); err != nil {
			t.Error(err)
		}
	})

	t.Run("AProcessThatEndedWithoutAWordIsRunAgain", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		inside(t, s, "write", "/run/mute", "1")
		view(t, e, s, "alice")
	})

	t.Run("ADisplayThatIsNotThereIsAnErrorWithTheGuestsWords", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		if _, err := e.Display(t.Context(), s.ID, "nobody"); err == nil || !strings.Contains(err.Error(), `no account "nobody"`) {
			t.Errorf("the error is %v", err)
		}
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Display(t.Context(), s.ID, "alice"); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("of a stopped machine: %v", err)
		}
	})
}

func view(t testing.TB, e engine.Engine, s engine.Spec, account string) io.ReadWriteCloser {
	t.Helper()
	d, err := e.Display(t.Context(), s.ID, account)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	hello := make([]byte, len(greeting))
	if _, err := io.ReadFull(d, hello); err != nil || string(hello) != greeting {
		t.Fatalf("the display greets with %q, %v", hello, err)
	}
	return d
}

// awaitProcesses waits until so many processes of carrel-guest with that verb run inside.
func awaitProcesses(t testing.TB, s engine.Spec, verb string, want int) {
	t.Helper()
	await(t, func() bool { return processes(t, s, verb) == want }, "%d processes of %q run inside", want, verb)
}

// processes counts on the host, where the machine's processes are seen with the name of their control group.
func processes(t testing.TB, s engine.Spec, verb string) int {
	t.Helper()
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range commands {
		line, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(line), "/usr/bin/carrel-guest\x00"+verb) {
			continue
		}
		groups, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cgroup"))
		if err == nil && strings.Contains(string(groups), "d-"+s.ID) {
			count++
		}
	}
	return count
}

// awaitOperation waits until the daemon has an operation of that description under way.
func awaitOperation(t testing.TB, description string) {
	t.Helper()
	await(t, func() bool {
		out, err := exec.CommandContext(t.Context(), "incus", "operation", "list", "--format=csv", "--project", testProject).Output()
		return err == nil && strings.Contains(string(out), description)
	}, "an operation %q is under way", description)
}

// patience is how long a test waits for what must come. It ends a test that would wait for ever, and is no measure.
const patience = 2 * time.Minute

// await asks again and again until the condition holds: what it asks about gives no signal.
func await(t testing.TB, holds func() bool, what string, arguments ...any) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it never came that "+what, arguments...)
		}
	}
}

func BenchmarkDisplayThroughput(b *testing.B) {
	e := open(b)
	s := newSpec(testNetwork)
	launch(b, e, s)
	d := view(b, e, s, "flood")
	block := make([]byte, 64<<10)
	b.SetBytes(1 << 20)
	for b.Loop() {
		for range 16 {
			if _, err := io.ReadFull(d, block); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkDisplayRoundTrip(b *testing.B) {
	e := open(b)
	s := newSpec(testNetwork)
	launch(b, e, s)
	d := view(b, e, s, "alice")
	message := make([]byte, 10)
	for b.Loop() {
		if _, err := d.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(d, message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDisplayOpen(b *testing.B) {
	e := open(b)
	s := newSpec(testNetwork)
	launch(b, e, s)
	for b.Loop() {
		d, err := e.Display(b.Context(), s.ID, "alice")
		if err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}
