package enginetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

func (s *suite) withoutMachines() []check {
	return []check{
		{"It describes itself", s.describes},
		{"The fixture's image can be launched", s.listsImage},
		{"A network is ensured by everybody who wants it", func(t *testing.T, ctx context.Context) {
			ensure := func() error { return s.Engine.EnsureNetwork(ctx, s.Network) }
			atOnce(t, twice(ensure)...)
			atOnce(t, ensure)
		}},
		{"A machine that never was is not found by any call", s.findsNothing},
		{"Deleting a machine that never was succeeds", func(t *testing.T, ctx context.Context) {
			atOnce(t, twice(func() error { return s.Engine.Delete(ctx, uuid.NewString()) })...)
		}},
		{"An impossible machine is refused and leaves nothing behind", s.refusesImpossible},
		{"A launch without time makes nothing", func(t *testing.T, ctx context.Context) {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, err := s.Engine.Launch(ended, s.a)
			want(t, "launching", err, context.Canceled)
			s.wantGone(t, ctx, s.a.ID)
		}},
	}
}

func (s *suite) describes(t *testing.T, ctx context.Context) {
	d, err := s.Engine.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name == "" || d.Version == "" || len(d.Zones) == 0 {
		t.Errorf("the description leaves out its name, version or zones: %+v", d)
	}
	if !slices.Contains(d.Classes, s.Class) {
		t.Errorf("the classes are %q; want %q among them", d.Classes, s.Class)
	}
	if !slices.ContainsFunc(d.Hosts, func(h engine.Host) bool { return h.Online }) {
		t.Errorf("no host is online: %+v", d.Hosts)
	}
	for _, h := range d.Hosts {
		if !slices.Contains(d.Zones, h.Zone) {
			t.Errorf("host %s is in zone %q; the zones are %q", h.Name, h.Zone, d.Zones)
		}
	}
}

func (s *suite) listsImage(t *testing.T, ctx context.Context) {
	images, err := s.Engine.Images(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(images, func(i engine.Image) bool { return i.ID == s.Image }) {
		t.Errorf("image %s is not in %+v", s.Image, images)
	}
}

func (s *suite) findsNothing(t *testing.T, ctx context.Context) {
	id := uuid.NewString()
	e := s.Engine
	calls := map[string]func() error{
		"finding":        func() error { _, err := e.Find(ctx, id); return err },
		"starting":       func() error { return e.Start(ctx, id) },
		"stopping":       func() error { return e.Stop(ctx, id, false) },
		"forced off":     func() error { return e.Stop(ctx, id, true) },
		"hibernating":    func() error { return e.Hibernate(ctx, id) },
		"rebuilding":     func() error { _, err := e.Rebuild(ctx, s.nobody(id), "wish"); return err },
		"reshaping":      func() error { _, err := e.Reshape(ctx, s.nobody(id)); return err },
		"configuring":    func() error { _, err := e.Configure(ctx, id, s.a.Guest); return err },
		"waiting":        func() error { return e.Await(ctx, id, "") },
		"asking":         func() error { _, err := e.Status(ctx, id); return err },
		"notifying":      func() error { return e.Notify(ctx, id, guest.Message{Title: "Hello", Text: "Hello"}) },
		"opening it":     func() error { _, err := e.Display(ctx, id, "alice"); return err },
		"waiting for it": func() error { return e.Await(ctx, id, "alice") },
	}
	for doing, call := range calls {
		want(t, doing, call(), engine.ErrNotFound)
	}
}

// nobody returns the spec of a machine that was never launched.
func (s *suite) nobody(id string) engine.Spec {
	spec := s.b
	spec.ID = id
	return spec
}

func (s *suite) refusesImpossible(t *testing.T, ctx context.Context) {
	but := func(change func(*engine.Spec)) engine.Spec {
		spec := s.b
		change(&spec)
		return spec
	}
	impossible := map[string]engine.Spec{
		"an unknown image":      but(func(s *engine.Spec) { s.Image = "no-such-image" }),
		"an unknown class":      but(func(s *engine.Spec) { s.Root.Class = "no-such-class" }),
		"an unknown data class": but(func(s *engine.Spec) { s.Data = []engine.Disk{{ID: "d", Class: "no-such-class", GiB: 1, Mount: "/d"}} }),
		"an unknown network":    but(func(s *engine.Spec) { s.Network = "no-such-net" }),
		"an unknown zone":       but(func(s *engine.Spec) { s.Zone = "no-such-zone" }),
		"no limit of processes": but(func(s *engine.Spec) { s.Processes = 0 }),
		"no address":            but(func(s *engine.Spec) { s.Address = "" }),
		"a foreign address":     but(func(s *engine.Spec) { s.Address = "203.0.113.9" }),
	}
	for name, spec := range impossible {
		_, err := s.Engine.Launch(ctx, spec)
		want(t, "launching with "+name, err, engine.ErrInvalid)
	}
	s.wantGone(t, ctx, s.b.ID)
}

func (s *suite) launching() []check {
	return []check{
		{"Launches at once are one machine per id", func(t *testing.T, ctx context.Context) {
			launch := func(spec engine.Spec) func() error {
				return func() error { _, err := s.Engine.Launch(ctx, spec); return err }
			}
			atOnce(t, launch(s.a), launch(s.b), launch(s.a), launch(s.c))
			for _, spec := range []engine.Spec{s.a, s.b, s.c} {
				s.wantState(t, ctx, spec.ID, engine.Running)
				if n := s.listed(t, ctx, spec.ID); n != 1 {
					t.Errorf("%s is listed %d times", spec.Name, n)
				}
			}
		}},
		{"Launching again is the same machine", func(t *testing.T, ctx context.Context) {
			before, err := s.Engine.Find(ctx, s.a.ID)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Engine.Launch(ctx, s.a)
			if err != nil {
				t.Fatal(err)
			}
			if again.ID != before.ID || again.Name != before.Name || again.Host != before.Host {
				t.Errorf("launched %+v, had %+v", again, before)
			}
		}},
		{"A machine is as it was asked for", s.readsBack},
		{"Starting a running machine changes nothing", func(t *testing.T, ctx context.Context) {
			atOnce(t, twice(func() error { return s.Engine.Start(ctx, s.b.ID) })...)
			s.wantState(t, ctx, s.b.ID, engine.Running)
		}},
	}
}

func (s *suite) readsBack(t *testing.T, ctx context.Context) {
	found, err := s.Engine.Find(ctx, s.a.ID)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Engine.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(m engine.Machine) bool { return m.ID == s.a.ID })
	if i < 0 {
		t.Fatal("the machine is not listed")
	}
	for from, m := range map[string]engine.Machine{"Find": found, "List": all[i]} {
		if m.CPUs != s.a.CPUs || m.MemoryMiB != s.a.MemoryMiB || m.Image != s.a.Image {
			t.Errorf("%s: %d CPUs, %d MiB, image %s; asked for %d, %d, %s",
				from, m.CPUs, m.MemoryMiB, m.Image, s.a.CPUs, s.a.MemoryMiB, s.a.Image)
		}
		if m.Network != s.a.Network || m.Address != s.a.Address {
			t.Errorf("%s: %s on %s; asked for %s on %s", from, m.Address, m.Network, s.a.Address, s.a.Network)
		}
		if m.Root.Class != s.a.Root.Class || m.Root.GiB != s.a.Root.GiB || !slices.Equal(m.Data, s.a.Data) {
			t.Errorf("%s: disks %+v, %+v; asked for %+v, %+v", from, m.Root, m.Data, s.a.Root, s.a.Data)
		}
		if m.Host == "" || m.Name == "" || m.State != engine.Running {
			t.Errorf("%s: host %q, name %q, state %s", from, m.Host, m.Name, m.State)
		}
	}
}

func (s *suite) power() []check {
	return []check{
		{"A forced stop ends a machine, and again changes nothing", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			stop := func() error { return s.Engine.Stop(ctx, s.a.ID, true) }
			atOnce(t, twice(stop)...)
			atOnce(t, stop, func() error { return s.Engine.Stop(ctx, s.a.ID, false) })
			s.wantState(t, ctx, s.a.ID, engine.Stopped)
		}},
		{"A stopped machine refuses what needs a running one", s.stoppedRefuses},
		{"A stopped machine starts, for everybody who wants it", func(t *testing.T, ctx context.Context) {
			atOnce(t, twice(func() error { return s.Engine.Start(ctx, s.a.ID) })...)
			s.wantState(t, ctx, s.a.ID, engine.Running)
		}},
		{"What was configured is still there after a restart", s.restartKeeps},
		{"A polite stop without time fails with its context's error", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			ended, cancel := context.WithCancel(ctx)
			cancel()
			want(t, "stopping", s.Engine.Stop(ended, s.a.ID, false), context.Canceled)
		}},
		{"A polite stop ends a machine, and a launch starts it again", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			if s.Guests {
				atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "") }) // it has booted far enough to listen
			}
			atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, false) })
			s.wantState(t, ctx, s.a.ID, engine.Stopped)
			s.up(t, ctx, s.a)
			s.wantState(t, ctx, s.a.ID, engine.Running)
		}},
		{"A hibernated machine resumes with its sessions", s.hibernates},
	}
}

func (s *suite) stoppedRefuses(t *testing.T, ctx context.Context) {
	if err := s.Engine.Stop(ctx, s.a.ID, true); err != nil {
		t.Fatal(err)
	}
	want(t, "hibernating", s.Engine.Hibernate(ctx, s.a.ID), engine.ErrConflict)
	_, err := s.Engine.Configure(ctx, s.a.ID, s.a.Guest)
	want(t, "configuring", err, engine.ErrConflict)
	_, err = s.Engine.Status(ctx, s.a.ID)
	want(t, "asking the guest", err, engine.ErrConflict)
	if stream, err := s.Engine.Display(ctx, s.a.ID, "alice"); err == nil {
		stream.Close()
		t.Error("a stopped machine has a display")
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := s.Engine.Await(short, s.a.ID, ""); err == nil {
		t.Error("the guest of a stopped machine is ready")
	}
}

func (s *suite) restartKeeps(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	if s.Guests {
		both := s.a.Guest
		both.Accounts = []guest.Account{alice, bob}
		if _, err := s.Engine.Configure(ctx, s.a.ID, both); err != nil {
			t.Fatal(err)
		}
	}
	if err := Restart(ctx, s.Engine, s.a.ID, true); err != nil {
		t.Fatal(err)
	}
	s.wantState(t, ctx, s.a.ID, engine.Running)
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "alice") },
			func() error { return s.Engine.Await(ctx, s.a.ID, "bob") })
	}
}

func (s *suite) hibernates(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "alice") })
	}
	hibernate := func() error { return s.Engine.Hibernate(ctx, s.a.ID) }
	atOnce(t, twice(hibernate)...)
	atOnce(t, hibernate)
	s.wantState(t, ctx, s.a.ID, engine.Hibernated)
	_, err := s.Engine.Status(ctx, s.a.ID)
	want(t, "asking the guest", err, engine.ErrConflict)
	_, err = s.Engine.Configure(ctx, s.a.ID, s.a.Guest)
	want(t, "configuring", err, engine.ErrConflict)
	atOnce(t, twice(func() error { return s.Engine.Start(ctx, s.a.ID) })...)
	s.wantState(t, ctx, s.a.ID, engine.Running)
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "alice") })
	}
}

func (s *suite) reopening() []check {
	return []check{
		{"Closing leaves the machines as they are", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			before, err := s.Engine.Find(ctx, s.a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Engine.Close(); err != nil {
				t.Fatal(err)
			}
			if s.Engine, err = s.Reopen(); err != nil {
				t.Fatal(err)
			}
			after, err := s.Engine.Find(ctx, s.a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if after.State != engine.Running || after.Name != before.Name || !slices.Equal(after.Data, before.Data) {
				t.Errorf("found %+v, left %+v", after, before)
			}
			if s.Guests {
				atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "alice") })
			}
		}},
	}
}

func (s *suite) deleting() []check {
	d, e := s.spec("desk-d"), s.spec("desk-e")
	return []check{
		{"A machine is deleted in every state, for everybody who wants it", func(t *testing.T, ctx context.Context) {
			atOnce(t,
				func() error { return s.Engine.Start(ctx, s.a.ID) },
				func() error { return s.Engine.Stop(ctx, s.b.ID, true) },
				func() error { return s.Engine.Hibernate(ctx, s.c.ID) })
			var calls []func() error
			for _, spec := range []engine.Spec{s.a, s.b, s.c} {
				calls = append(calls, twice(func() error { return s.Engine.Delete(ctx, spec.ID) })...)
			}
			atOnce(t, calls...)
			for _, spec := range []engine.Spec{s.a, s.b, s.c} {
				s.wantGone(t, ctx, spec.ID)
			}
			atOnce(t, func() error { return s.Engine.Delete(ctx, s.a.ID) })
		}},
		{"A launch that was given up can be repeated", func(t *testing.T, ctx context.Context) {
			s.giveUp(t, ctx, d)
			s.up(t, ctx, d)
			s.wantState(t, ctx, d.ID, engine.Running)
			if n := s.listed(t, ctx, d.ID); n != 1 {
				t.Errorf("the machine is listed %d times", n)
			}
		}},
		{"A delete that was given up can be repeated", func(t *testing.T, ctx context.Context) {
			soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			if err := s.Engine.Delete(soon, d.ID); err != nil {
				want(t, "deleting", err, context.DeadlineExceeded)
			}
			eventually(t, ctx, func() error { return s.Engine.Delete(ctx, d.ID) })
			s.wantGone(t, ctx, d.ID)
		}},
		{"A launch that was given up can be deleted", func(t *testing.T, ctx context.Context) {
			s.giveUp(t, ctx, e)
			eventually(t, ctx, func() error { // it may still be created, so it is checked after each delete
				if err := s.Engine.Delete(ctx, e.ID); err != nil {
					return err
				}
				if _, err := s.Engine.Find(ctx, e.ID); !errors.Is(err, engine.ErrNotFound) {
					return errors.New("the machine is still there")
				}
				return nil
			})
		}},
	}
}

// giveUp launches a machine and soon stops waiting for it.
func (s *suite) giveUp(t *testing.T, ctx context.Context, spec engine.Spec) {
	t.Helper()
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := s.Engine.Launch(soon, spec); err != nil {
		want(t, "launching", err, context.DeadlineExceeded)
	}
}
