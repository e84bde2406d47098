package enginetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

// installation is the mark of machine b from its creation; machine a was created without one.
const installation = "installation-of-the-suite"

func (s *suite) ownership() []check {
	return []check{
		{"An address that a machine has is not given to another, of which nothing is made", func(t *testing.T, ctx context.Context) {
			taker := s.nobody(uuid.NewString())
			taker.Address = s.a.Address
			_, err := s.Engine.Launch(ctx, taker)
			want(t, "launching", err, engine.ErrAddressTaken)
			s.wantGone(t, ctx, taker.ID)
		}},
		{"The addresses in use are those of all machines", func(t *testing.T, ctx context.Context) {
			used, err := s.Engine.Addresses(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range []engine.Spec{s.a, s.b} {
				if !slices.ContainsFunc(used, func(u engine.UsedAddress) bool {
					return u.Network == spec.Network && u.Address == spec.Address && u.Machine == spec.ID && u.Holder != ""
				}) {
					t.Errorf("%s of %s is not among %+v", spec.Address, spec.ID, used)
				}
			}
		}},
		{"A machine is marked once with whose it is", s.owns},
		{"A machine is set aside and brought back, and goes on as it was", s.setsAside},
		{"What is not there cannot be marked", func(t *testing.T, ctx context.Context) {
			want(t, "marking", s.Engine.Own(ctx, uuid.NewString(), installation), engine.ErrNotFound)
			want(t, "setting aside", s.Engine.SetAside(ctx, uuid.NewString(), time.Now()), engine.ErrNotFound)
		}},
		{"A network keeps clear of the others", func(t *testing.T, ctx context.Context) {
			other := s.Network
			other.ID = "overlap0"
			want(t, "ensuring an overlapping network", s.Engine.EnsureNetwork(ctx, other), engine.ErrConflict)
		}},
		{"A network keeps the range in which its machines are", func(t *testing.T, ctx context.Context) {
			moved := s.Network
			moved.CIDR, moved.Gateway = "10.254.77.0/24", "10.254.77.1"
			want(t, "moving the network", s.Engine.EnsureNetwork(ctx, moved), engine.ErrConflict)
			atOnce(t, func() error { return s.Engine.EnsureNetwork(ctx, s.Network) })
		}},
	}
}

func (s *suite) owns(t *testing.T, ctx context.Context) {
	whose := func(id string) string {
		t.Helper()
		m, err := s.Engine.Find(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return m.Installation
	}
	if got := whose(s.b.ID); got != installation {
		t.Errorf("machine b carries %q, was launched for %q", got, installation)
	}
	if got := whose(s.a.ID); got != "" {
		t.Errorf("machine a carries %q, was launched for nobody", got)
	}
	own := func() error { return s.Engine.Own(ctx, s.a.ID, "somebody") }
	atOnce(t, twice(own)...)
	atOnce(t, own)
	if got := whose(s.a.ID); got != "somebody" {
		t.Errorf("machine a carries %q, was marked for somebody", got)
	}
	want(t, "marking for another", s.Engine.Own(ctx, s.a.ID, installation), engine.ErrConflict)
	want(t, "marking for another", s.Engine.Own(ctx, s.b.ID, "somebody"), engine.ErrConflict)
	if got := whose(s.b.ID); got != installation {
		t.Errorf("machine b carries %q after it was refused to another", got)
	}
}

func (s *suite) setsAside(t *testing.T, ctx context.Context) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{since, {}} {
		set := func() error { return s.Engine.SetAside(ctx, s.b.ID, at) }
		atOnce(t, twice(set)...)
		m, err := s.Engine.Find(ctx, s.b.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Aside.Equal(at) || m.State != engine.Running {
			t.Errorf("set aside at %v and %s, want %v and running", m.Aside, m.State, at)
		}
	}
}
