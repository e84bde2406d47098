package sim_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/sim"
)

// reopen opens a simulation on a copy of a file, as it was found after a kill.
func reopen(t *testing.T, content []byte) *sim.Engine {
	t.Helper()
	return open(t, sim.Config{File: write(t, content)})
}

func write(t *testing.T, content []byte) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "machines")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A process that is killed leaves the file as it is at that moment, which is what a copy of it shows.
func TestMachinesSurviveAKillAfterEveryCall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machines")
	e := open(t, sim.Config{File: file})
	ctx, id := t.Context(), spec(1).ID
	renamed := spec(1).Guest
	renamed.Hostname = "renamed"
	steps := []struct {
		name string
		call func() error
	}{
		{"launch", func() error { _, err := e.Launch(ctx, spec(1)); return err }},
		{"configure", func() error { _, err := e.Configure(ctx, id, renamed); return err }},
		{"hibernate", func() error { return e.Hibernate(ctx, id) }},
		{"start", func() error { return e.Start(ctx, id) }},
		{"stop", func() error { return e.Stop(ctx, id, true) }},
		{"delete", func() error { return e.Delete(ctx, id) }},
	}
	for _, s := range steps {
		if err := s.call(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		want, wantErr := e.Find(ctx, id)
		after := reopen(t, read(t, file))
		got, err := after.Find(ctx, id)
		if errors.Is(err, engine.ErrNotFound) != errors.Is(wantErr, engine.ErrNotFound) || got.State != want.State || got.Name != want.Name {
			t.Errorf("after %s: found %+v, %v; want %+v, %v", s.name, got, err, want, wantErr)
		}
		if got.State == engine.Running {
			st, err := after.Status(ctx, id)
			if before, _ := e.Status(ctx, id); err != nil || st.Hostname != before.Hostname || !st.Sessions[0].Display {
				t.Errorf("after %s: status %+v, %v; want %+v", s.name, st, err, before)
			}
		}
	}
}

func TestATornLastLineIsAsIfItHadNotBeen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machines")
	e := open(t, sim.Config{File: file})
	launch(t, e, 1)
	whole := read(t, file)
	launch(t, e, 2)
	more := read(t, file)
	if !bytes.HasPrefix(more, whole) {
		t.Fatal("the file is not appended to")
	}
	for cut := len(whole); cut < len(more); cut += 7 {
		file := write(t, more[:cut])
		after := open(t, sim.Config{File: file})
		if s := state(t, after, spec(1).ID); s != engine.Running {
			t.Errorf("cut at %d, the first machine is %s", cut, s)
		}
		if s := state(t, after, launch(t, after, 2)); s != engine.Running {
			t.Errorf("cut at %d, the second machine is %s after another launch", cut, s)
		}
		if s := state(t, reopen(t, read(t, file)), spec(2).ID); s != engine.Running {
			t.Errorf("cut at %d, the second machine is %s after another kill", cut, s)
		}
	}
}

func TestADamagedFileIsRefusedAndLeftAlone(t *testing.T) {
	damaged := []byte("{\"machine\":\nnonsense\n")
	file := write(t, damaged)
	if e, err := sim.Open(sim.Config{File: file}); err == nil {
		e.Close()
		t.Error("it was opened")
	}
	if !bytes.Equal(read(t, file), damaged) {
		t.Error("it was changed")
	}
}

func TestTwoProcessesCannotUseOneFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machines")
	open(t, sim.Config{File: file})
	if e, err := sim.Open(sim.Config{File: file}); err == nil {
		e.Close()
		t.Error("it was opened twice")
	}
}

func TestTheFileStaysShort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machines")
	e := open(t, sim.Config{File: file})
	id := launch(t, e, 1)
	for range 12_000 {
		if err := errors.Join(e.Hibernate(t.Context(), id), e.Start(t.Context(), id)); err != nil {
			t.Fatal(err)
		}
	}
	if lines := bytes.Count(read(t, file), []byte("\n")); lines > 10_100 {
		t.Errorf("after 24000 changes to one machine the file has %d lines", lines)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("the folder holds %v, %v; want the file and its lock", left, err)
	}
	if s := state(t, reopen(t, read(t, file)), id); s != engine.Running {
		t.Errorf("the machine is %s", s)
	}
}

// crowd launches n machines.
func crowd(b *testing.B, c sim.Config, n int) *sim.Engine {
	b.Helper()
	e := open(b, c)
	for i := range n {
		s := spec(i)
		s.Address = fmt.Sprintf("10.%d.%d.%d", 88+i/60000, 1+i%60000/250, 1+i%250)
		if err := e.EnsureNetwork(b.Context(), engine.Network{ID: "crowd", CIDR: "10.0.0.0/8", Gateway: "10.0.0.1"}); err != nil {
			b.Fatal(err)
		}
		s.Network = "crowd"
		if _, err := e.Launch(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

const many = 100_000

func BenchmarkLaunch(b *testing.B) {
	for name, c := range map[string]sim.Config{"Memory": {}, "File": {File: filepath.Join(b.TempDir(), "machines")}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				e := crowd(b, c, 1000)
				for i := range 1000 {
					if err := e.Delete(b.Context(), spec(i).ID); err != nil {
						b.Fatal(err)
					}
				}
				if err := e.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/machine")
		})
	}
}

func BenchmarkListOf100000(b *testing.B) {
	e := crowd(b, sim.Config{}, many)
	for b.Loop() {
		if all, err := e.List(b.Context()); err != nil || len(all) != many {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkFindAmong100000(b *testing.B) {
	e := crowd(b, sim.Config{}, many)
	for b.Loop() {
		if _, err := e.Find(b.Context(), spec(many/2).ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenOf100000(b *testing.B) {
	c := sim.Config{File: filepath.Join(b.TempDir(), "machines")}
	if err := crowd(b, c, many).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		e, err := sim.Open(c)
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
