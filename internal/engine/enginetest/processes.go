package enginetest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

func (s *suite) processes() []check {
	return []check{
		{"A machine has the limit that it was launched with", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.wantProcesses(t, ctx, s.a.Processes)
		}},
		{"A fork loop ends at the limit, and the machine goes on", s.endsForkLoop},
		{"The limit changes while the machine runs and while it is off", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			atOnce(t, twice(func() error { return s.Engine.LimitProcesses(ctx, s.a.ID, 700) })...)
			s.wantProcesses(t, ctx, 700)
			atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, true) })
			atOnce(t, func() error { return s.Engine.LimitProcesses(ctx, s.a.ID, s.a.Processes) })
			s.wantState(t, ctx, s.a.ID, engine.Stopped)
			s.up(t, ctx, s.a)
			s.wantProcesses(t, ctx, s.a.Processes)
		}},
		{"No limit, and one of no machine, are refused", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			want(t, "limiting to 0", s.Engine.LimitProcesses(ctx, s.a.ID, 0), engine.ErrInvalid)
			want(t, "limiting nobody", s.Engine.LimitProcesses(ctx, uuid.NewString(), 100), engine.ErrNotFound)
			s.wantProcesses(t, ctx, s.a.Processes)
		}},
	}
}

func (s *suite) wantProcesses(t *testing.T, ctx context.Context, n int) {
	t.Helper()
	m, err := s.Engine.Find(ctx, s.a.ID)
	if err != nil || m.Processes != n {
		t.Errorf("the limit of processes is %d, %v; want %d", m.Processes, err, n)
	}
}

func (s *suite) endsForkLoop(t *testing.T, ctx context.Context) {
	if s.Fork == nil {
		t.Skip("nothing runs in the machines of this engine")
	}
	const limit, more = 200, 300
	s.up(t, ctx, s.a)
	atOnce(t, func() error { return s.Engine.LimitProcesses(ctx, s.a.ID, limit) })
	n, err := s.Fork(ctx, s.a.ID, more)
	if err != nil || n >= limit || n < limit/2 {
		t.Errorf("%d programs ran at once, %v; want nearly %d", n, err, limit)
	}
	atOnce(t, func() error { return s.Engine.LimitProcesses(ctx, s.a.ID, s.a.Processes) })
	if n, err := s.Fork(ctx, s.a.ID, more); err != nil || n != more {
		t.Errorf("with a higher limit %d programs ran at once, %v; want %d", n, err, more)
	}
}
