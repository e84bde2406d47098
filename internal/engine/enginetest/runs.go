package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// script is a run of a script that every guest understands, also one that has only package smallshell.
func script(lines ...string) guest.Run {
	return guest.Run{ID: uuid.NewString(), Script: strings.Join(lines, "\n"), Limit: time.Minute}
}

// ran starts a script in the first machine and waits for its end.
func (s *suite) ran(t *testing.T, ctx context.Context, r guest.Run) guest.RunState {
	t.Helper()
	if _, err := s.Engine.StartRun(ctx, s.a.ID, r); err != nil {
		t.Fatal(err)
	}
	state, err := s.Engine.AwaitRun(ctx, s.a.ID, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func wantRun(t *testing.T, got, want guest.RunState) {
	t.Helper()
	if got != want {
		t.Errorf("the run is %+v; want %+v", got, want)
	}
}

// endless is a script that only its limit or a stop ends.
func endless() guest.Run { return script("echo begun", "sleep 86400", "echo over") }

func (s *suite) running() []check {
	ended := func(exit int, output string) guest.RunState {
		return guest.RunState{Phase: guest.RunEnded, Exit: exit, Output: output}
	}
	return []check{
		{"A script runs with its output and its status", func(t *testing.T, ctx context.Context) {
			s.configured(t, ctx, alice)
			wantRun(t, s.ran(t, ctx, script("echo one", "echo two", "exit 3")), ended(3, "one\ntwo\n"))
			wantRun(t, s.ran(t, ctx, script("echo well")), ended(0, "well\n"))
		}},
		{"Root runs it, or an account", func(t *testing.T, ctx context.Context) {
			wantRun(t, s.ran(t, ctx, script("whoami")), ended(0, "root\n"))
			r := script("whoami")
			r.Account = "alice"
			wantRun(t, s.ran(t, ctx, r), ended(0, "alice\n"))
			r = script("whoami")
			r.Account = "nobody-here"
			if got := s.ran(t, ctx, r); got.Phase != guest.RunEnded || !strings.Contains(got.Error, "nobody-here") {
				t.Errorf("a script of an account that does not exist: %+v", got)
			}
		}},
		{"A run starts once, however often it is asked for", func(t *testing.T, ctx context.Context) {
			r := script("echo once")
			atOnce(t, twice(func() error { _, err := s.Engine.StartRun(ctx, s.a.ID, r); return err })...)
			state, err := s.Engine.AwaitRun(ctx, s.a.ID, r.ID)
			want(t, "waiting", err, nil)
			wantRun(t, state, ended(0, "once\n"))
			r.Script = "echo twice"
			wantRun(t, s.ran(t, ctx, r), ended(0, "once\n"))
		}},
		{"A script that takes too long is killed", func(t *testing.T, ctx context.Context) {
			r := endless()
			r.Limit = time.Second
			wantRun(t, s.ran(t, ctx, r), guest.RunState{Phase: guest.RunEnded, Exit: -1, Cut: guest.CutLate, Output: "begun\n"})
		}},
		{"A script is stopped, also twice at once", func(t *testing.T, ctx context.Context) {
			r := endless()
			state, err := s.Engine.StartRun(ctx, s.a.ID, r)
			if err != nil || state.Phase != guest.RunGoing {
				t.Fatalf("%+v, %v", state, err)
			}
			waited := make(chan error, 1)
			go func() {
				_, err := s.Engine.AwaitRun(ctx, s.a.ID, r.ID)
				waited <- err
			}()
			atOnce(t, twice(func() error {
				state, err := s.Engine.StopRun(ctx, s.a.ID, r.ID)
				if err == nil && (state.Phase != guest.RunEnded || state.Cut != guest.CutStopped) {
					err = fmt.Errorf("stopped as %+v", state)
				}
				return err
			})...)
			want(t, "waiting for a script that is stopped", <-waited, nil)
		}},
		{"A run that is stopped before it begins never begins", func(t *testing.T, ctx context.Context) {
			r := script("echo never")
			if _, err := s.Engine.StopRun(ctx, s.a.ID, r.ID); err != nil {
				t.Fatal(err)
			}
			wantRun(t, s.ran(t, ctx, r), guest.RunState{Phase: guest.RunEnded, Exit: -1, Cut: guest.CutStopped})
		}},
		{"Waiting ends with its context, and the script goes on", func(t *testing.T, ctx context.Context) {
			r := endless()
			if _, err := s.Engine.StartRun(ctx, s.a.ID, r); err != nil {
				t.Fatal(err)
			}
			short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			defer cancel()
			if state, err := s.Engine.AwaitRun(short, s.a.ID, r.ID); err == nil {
				t.Errorf("it has ended: %+v", state)
			}
			state, err := s.Engine.StartRun(ctx, s.a.ID, r)
			want(t, "asking again", err, nil)
			wantRun(t, state, guest.RunState{Phase: guest.RunGoing})
			_, err = s.Engine.StopRun(ctx, s.a.ID, r.ID)
			want(t, "stopping it", err, nil)
		}},
		{"Of a long output the ends are kept", func(t *testing.T, ctx context.Context) {
			line := "echo " + strings.Repeat("x", 1000)
			got := s.ran(t, ctx, script("echo first", strings.Repeat(line+"\n", 60), strings.Repeat(line+"\n", 60), "echo last"))
			if !strings.HasPrefix(got.Output, "first\n") || !strings.HasSuffix(got.Output, "last\n") ||
				!strings.Contains(got.Output, "bytes are left out") || len(got.Output) > 2*guest.OutputKept+100 {
				t.Errorf("%d bytes: %.40q", len(got.Output), got.Output)
			}
		}},
		{"A run that nobody has started is lost", func(t *testing.T, ctx context.Context) {
			state, err := s.Engine.AwaitRun(ctx, s.a.ID, uuid.NewString())
			want(t, "waiting", err, nil)
			wantRun(t, state, guest.RunState{Phase: guest.RunLost})
		}},
		{"A power-off loses a run, and it does not start again", func(t *testing.T, ctx context.Context) {
			r := endless()
			if _, err := s.Engine.StartRun(ctx, s.a.ID, r); err != nil {
				t.Fatal(err)
			}
			waited := make(chan error, 1)
			go func() {
				state, err := s.Engine.AwaitRun(ctx, s.a.ID, r.ID)
				if err == nil && state.Phase == guest.RunEnded && state.Cut == "" {
					err = fmt.Errorf("it has ended well: %+v", state)
				} else if err != nil && ctx.Err() == nil {
					err = nil
				}
				waited <- err
			}()
			want(t, "stopping the machine", s.Engine.Stop(ctx, s.a.ID, true), nil)
			want(t, "waiting for a script in a machine that is switched off", <-waited, nil)
			_, err := s.Engine.StartRun(ctx, s.a.ID, r)
			want(t, "starting a script in a stopped machine", err, engine.ErrConflict)
			want(t, "starting the machine", s.Engine.Start(ctx, s.a.ID), nil)
			want(t, "waiting for the guest", s.Engine.Await(ctx, s.a.ID, ""), nil)
			state, err := s.Engine.StartRun(ctx, s.a.ID, r)
			want(t, "asking for the run again", err, nil)
			wantRun(t, state, guest.RunState{Phase: guest.RunLost})
			wantRun(t, s.ran(t, ctx, script("echo again")), ended(0, "again\n"))
		}},
		{"A machine that does not exist runs no script", func(t *testing.T, ctx context.Context) {
			for _, call := range []func() error{
				func() error { _, err := s.Engine.StartRun(ctx, uuid.NewString(), script("echo")); return err },
				func() error { _, err := s.Engine.AwaitRun(ctx, uuid.NewString(), "x"); return err },
				func() error { _, err := s.Engine.StopRun(ctx, uuid.NewString(), "x"); return err },
			} {
				if err := call(); !errors.Is(err, engine.ErrNotFound) {
					t.Error(err)
				}
			}
		}},
	}
}
