package enginetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

// The files that identify the disks.
const (
	onRoot = "/root/mine"
	onData = "/data/mine"
)

func (s *suite) rebuilding() []check {
	checks := []check{
		{"A rebuild replaces the system disk and keeps the rest", s.rebuildKeeps},
		{"Rebuilding again with the same mark does nothing, with another it does it again", s.rebuildsOnce},
		{"A rebuild with the same mark by several at once is one", s.rebuildsAtOnce},
		{"Of two rebuilds with different marks at once one holds in the end", s.rebuildsRace},
		{"A rebuild that was done starts a machine that was stopped since", func(t *testing.T, ctx context.Context) {
			mark := s.rebuilt(t, ctx)
			s.write(t, ctx, onRoot)
			atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, true) })
			s.rebuild(t, ctx, s.a, mark)
			s.wantFile(t, ctx, onRoot, true)
		}},
		{"A stopped machine is rebuilt", s.rebuildsAfter(func(ctx context.Context) error {
			return s.Engine.Stop(ctx, s.a.ID, true)
		})},
		{"A hibernated machine is rebuilt", s.rebuildsAfter(func(ctx context.Context) error {
			return s.Engine.Hibernate(ctx, s.a.ID)
		})},
		{"A rebuild that was given up at any time can be repeated", s.rebuildsLater},
		{"An impossible rebuild is refused and changes nothing", s.refusesRebuild},
	}
	if s.Break != nil {
		checks = append(checks, check{"A rebuild that broke half way is completed by a rebuild and by nothing else", s.rebuildsHalf})
	}
	return checks
}

// rebuild rebuilds a machine and checks what engine.Engine promises.
func (s *suite) rebuild(t *testing.T, ctx context.Context, spec engine.Spec, mark string) engine.Machine {
	t.Helper()
	m, err := s.Engine.Rebuild(ctx, spec, mark)
	if err != nil {
		t.Fatalf("rebuilding: %v", err)
	}
	found, err := s.Engine.Find(ctx, spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	for from, m := range map[string]engine.Machine{"Rebuild": m, "Find": found} {
		if m.State != engine.Running || m.Mark != mark || m.Image != spec.Image || m.Root.GiB != spec.Root.GiB || m.Root.Class != spec.Root.Class {
			t.Errorf("%s: %+v; asked for the mark %s, image %s, disk %+v", from, m, mark, spec.Image, spec.Root)
		}
	}
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, spec.ID, "") })
	}
	return m
}

// rebuilt rebuilds the first machine with a new mark.
func (s *suite) rebuilt(t *testing.T, ctx context.Context) (mark string) {
	t.Helper()
	s.up(t, ctx, s.a)
	mark = uuid.NewString()
	s.rebuild(t, ctx, s.a, mark)
	return mark
}

// write writes a file in the first machine.
func (s *suite) write(t *testing.T, ctx context.Context, path string) {
	t.Helper()
	if s.Write == nil {
		return
	}
	if err := s.Write(ctx, s.a.ID, path, "precious"); err != nil {
		t.Fatalf("writing %s: %v", path, err)
	}
}

// wantFile checks whether a file that was written in the first machine exists.
func (s *suite) wantFile(t *testing.T, ctx context.Context, path string, there bool) {
	t.Helper()
	if s.Read == nil {
		return
	}
	content, err := s.Read(ctx, s.a.ID, path)
	if there && (err != nil || content != "precious") {
		t.Errorf("%s holds %q, %v", path, content, err)
	}
	if !there && err == nil {
		t.Errorf("%s is still there: %q", path, content)
	}
}

func (s *suite) rebuildKeeps(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	before, err := s.Engine.Find(ctx, s.a.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, ctx, onRoot)
	s.write(t, ctx, onData)
	s.a.Root.GiB++
	s.a.Guest.Hostname = "desk-rebuilt"
	after := s.rebuild(t, ctx, s.a, uuid.NewString())
	s.wantFile(t, ctx, onRoot, false)
	s.wantFile(t, ctx, onData, true)
	before.Root, before.Mark, before.State = after.Root, after.Mark, after.State
	if !sameMachine(before, after) {
		t.Errorf("it was %+v and is %+v", before, after)
	}
	if s.Guests {
		st, err := s.Engine.Status(ctx, s.a.ID)
		if err != nil || st.Hostname != "desk-rebuilt" {
			t.Errorf("status: %+v, %v", st, err)
		}
		atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "alice") })
	}
}

func sameMachine(a, b engine.Machine) bool {
	same := slices.Equal(a.Data, b.Data)
	a.Data, b.Data = nil, nil
	return same && a.ID == b.ID && a.Name == b.Name && a.State == b.State && a.Host == b.Host && a.Image == b.Image &&
		a.CPUs == b.CPUs && a.MemoryMiB == b.MemoryMiB && a.Processes == b.Processes && a.VM == b.VM && a.Network == b.Network && a.Address == b.Address &&
		a.Root == b.Root && a.Mark == b.Mark
}

func (s *suite) rebuildsOnce(t *testing.T, ctx context.Context) {
	mark := s.rebuilt(t, ctx)
	s.write(t, ctx, onRoot)
	s.rebuild(t, ctx, s.a, mark)
	s.wantFile(t, ctx, onRoot, true)
	s.rebuild(t, ctx, s.a, uuid.NewString())
	s.wantFile(t, ctx, onRoot, false)
}

func (s *suite) rebuildsAtOnce(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	s.write(t, ctx, onRoot)
	mark := uuid.NewString()
	rebuild := func() error { _, err := s.Engine.Rebuild(ctx, s.a, mark); return err }
	atOnce(t, rebuild, rebuild, rebuild)
	s.wantFile(t, ctx, onRoot, false)
	s.write(t, ctx, onRoot)
	s.rebuild(t, ctx, s.a, mark)
	s.wantFile(t, ctx, onRoot, true)
}

func (s *suite) rebuildsRace(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	marks := []string{uuid.NewString(), uuid.NewString()}
	rebuild := func(mark string) func() error {
		return func() error {
			_, err := s.Engine.Rebuild(ctx, s.a, mark)
			if errors.Is(err, engine.ErrConflict) {
				return nil
			}
			return err
		}
	}
	atOnce(t, rebuild(marks[0]), rebuild(marks[1]))
	m, err := s.Engine.Find(ctx, s.a.ID)
	if err != nil || !slices.Contains(marks, m.Mark) {
		t.Fatalf("found %+v, %v; want one of the marks %q", m, err, marks)
	}
	s.write(t, ctx, onRoot)
	s.rebuild(t, ctx, s.a, m.Mark)
	s.wantFile(t, ctx, onRoot, true)
}

// rebuildsAfter rebuilds the first machine after bring has changed its state.
func (s *suite) rebuildsAfter(bring func(context.Context) error) func(*testing.T, context.Context) {
	return func(t *testing.T, ctx context.Context) {
		s.up(t, ctx, s.a)
		s.write(t, ctx, onRoot)
		s.write(t, ctx, onData)
		if err := bring(ctx); err != nil {
			t.Fatal(err)
		}
		s.rebuild(t, ctx, s.a, uuid.NewString())
		s.wantFile(t, ctx, onRoot, false)
		s.wantFile(t, ctx, onData, true)
	}
}

func (s *suite) rebuildsHalf(t *testing.T, ctx context.Context) {
	s.rebuildsAfter(func(ctx context.Context) error {
		if err := s.Break(ctx, s.a); err != nil {
			return err
		}
		m, err := s.Engine.Find(ctx, s.a.ID)
		if err != nil || m.State == engine.Running || m.Mark != "" {
			t.Errorf("half rebuilt, the machine is %+v, %v", m, err)
		}
		want(t, "starting", s.Engine.Start(ctx, s.a.ID), engine.ErrConflict)
		_, err = s.Engine.Launch(ctx, s.a)
		want(t, "launching", err, engine.ErrConflict)
		_, err = s.Engine.Reshape(ctx, s.a)
		want(t, "reshaping", err, engine.ErrConflict)
		return nil
	})(t, ctx)
}

func (s *suite) rebuildsLater(t *testing.T, ctx context.Context) {
	for _, patience := range []time.Duration{2 * time.Millisecond, 30 * time.Millisecond, 120 * time.Millisecond, 400 * time.Millisecond} {
		s.up(t, ctx, s.a)
		s.write(t, ctx, onRoot)
		mark := uuid.NewString()
		soon, cancel := context.WithTimeout(ctx, patience)
		if _, err := s.Engine.Rebuild(soon, s.a, mark); err != nil {
			want(t, "rebuilding", err, context.DeadlineExceeded)
		}
		cancel()
		s.rebuild(t, ctx, s.a, mark)
		s.wantFile(t, ctx, onRoot, false)
	}
}

func (s *suite) refusesRebuild(t *testing.T, ctx context.Context) {
	mark := s.rebuilt(t, ctx)
	s.write(t, ctx, onRoot)
	but := func(change func(*engine.Spec)) engine.Spec {
		spec := s.a
		change(&spec)
		return spec
	}
	impossible := map[string]engine.Spec{
		"an unknown image": but(func(s *engine.Spec) { s.Image = "no-such-image" }),
		"an unknown class": but(func(s *engine.Spec) { s.Root.Class = "no-such-class" }),
		"no system disk":   but(func(s *engine.Spec) { s.Root.GiB = 0 }),
	}
	if s.VM != "" {
		impossible["an image of the other kind"] = but(func(spec *engine.Spec) { spec.Image = s.VM })
	}
	for name, spec := range impossible {
		_, err := s.Engine.Rebuild(ctx, spec, uuid.NewString())
		want(t, "rebuilding with "+name, err, engine.ErrInvalid)
	}
	_, err := s.Engine.Rebuild(ctx, s.a, "")
	want(t, "rebuilding without a mark", err, engine.ErrInvalid)
	s.wantState(t, ctx, s.a.ID, engine.Running)
	s.rebuild(t, ctx, s.a, mark)
	s.wantFile(t, ctx, onRoot, true)
}
