package enginetest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

func (s *suite) reshaping() []check {
	return []check{
		{"A machine that is as it shall be stays as it is", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.write(t, ctx, onRoot)
			s.reshape(t, ctx, s.a)
			s.wantFile(t, ctx, onRoot, true)
		}},
		{"Processors, memory and the limit of processes become more and fewer", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			was := s.a
			s.a.CPUs, s.a.MemoryMiB, s.a.Processes = 2, 1536, 1800
			s.reshape(t, ctx, s.a)
			s.a = was
			s.reshape(t, ctx, s.a)
		}},
		{"Disks grow", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.write(t, ctx, onData)
			s.a.Root.GiB++
			s.a.Data = slices.Clone(s.a.Data)
			s.a.Data[0].GiB++
			s.reshape(t, ctx, s.a)
			s.wantFile(t, ctx, onData, true)
		}},
		{"Disks come and go, and the others stay", s.exchangesDisks},
		{"A stopped machine is reshaped, and is so when it starts", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, true) })
			s.a.Data = append(slices.Clone(s.a.Data), s.disk("/third"))
			s.a.Root.GiB++
			s.reshape(t, ctx, s.a)
			s.up(t, ctx, s.a)
			s.reshape(t, ctx, s.a)
			s.await(t, ctx)
			s.write(t, ctx, "/third/mine")
			s.wantFile(t, ctx, onData, true)
		}},
		{"A reshaped machine is rebuilt with all its disks", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.a.Data = append(slices.Clone(s.a.Data), s.disk("/fourth"))
			s.reshape(t, ctx, s.a)
			s.write(t, ctx, "/fourth/mine")
			s.write(t, ctx, onRoot)
			m := s.rebuild(t, ctx, s.a, uuid.NewString())
			if !sameDisks(m.Data, s.a.Data) {
				t.Errorf("the data disks are %+v; want %+v", m.Data, s.a.Data)
			}
			s.wantFile(t, ctx, "/fourth/mine", true)
			s.wantFile(t, ctx, onRoot, false)
		}},
		{"The same shape by several at once is one", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.a.Data = append(slices.Clone(s.a.Data[:1]), s.disk("/fifth"))
			reshape := func() error { _, err := s.Engine.Reshape(ctx, s.a); return err }
			atOnce(t, reshape, reshape, reshape)
			s.reshape(t, ctx, s.a)
		}},
		{"An impossible shape is refused and changes nothing", s.refusesShape},
	}
}

// disk returns a new data disk.
func (s *suite) disk(mount string) engine.Disk {
	return engine.Disk{ID: uuid.NewString(), Class: s.Class, GiB: 1, Mount: mount}
}

// await waits until the first machine has booted, if the image has a guest.
func (s *suite) await(t *testing.T, ctx context.Context) {
	t.Helper()
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "") })
	}
}

// reshape changes the shape of a machine and checks it.
func (s *suite) reshape(t *testing.T, ctx context.Context, spec engine.Spec) {
	t.Helper()
	before, err := s.Engine.Find(ctx, spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Engine.Reshape(ctx, spec)
	if err != nil {
		t.Fatalf("reshaping: %v", err)
	}
	found, err := s.Engine.Find(ctx, spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	before.CPUs, before.MemoryMiB, before.Root.GiB = spec.CPUs, spec.MemoryMiB, spec.Root.GiB
	before.Processes = spec.Processes
	for from, m := range map[string]engine.Machine{"Reshape": m, "Find": found} {
		if !sameDisks(m.Data, spec.Data) {
			t.Errorf("%s: the data disks are %+v; want %+v", from, m.Data, spec.Data)
		}
		m.Data = before.Data
		if !sameMachine(before, m) {
			t.Errorf("%s: it is %+v; want %+v", from, m, before)
		}
	}
}

// sameDisks compares without the order: disks that were added later are last.
func sameDisks(a, b []engine.Disk) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(d engine.Disk) bool { return !slices.Contains(b, d) })
}

func (s *suite) exchangesDisks(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	second := s.disk("/second")
	first := s.a.Data[0]
	s.write(t, ctx, onData)
	s.a.Data = []engine.Disk{first, second}
	s.reshape(t, ctx, s.a)
	s.tellVolumes(t, ctx, "/data", "/second")
	s.write(t, ctx, "/second/mine")
	s.wantFile(t, ctx, onData, true)

	without := s.a
	without.Data = []engine.Disk{second}
	s.reshape(t, ctx, without)
	s.tellVolumes(t, ctx, "/second")
	s.wantFile(t, ctx, onData, false)
	s.wantFile(t, ctx, "/second/mine", true)

	s.a.Data = []engine.Disk{first, second} // a disk of the same name, without the content of the first one
	s.reshape(t, ctx, s.a)
	s.wantFile(t, ctx, onData, false)
	s.write(t, ctx, onData)
	if err := Restart(ctx, s.Engine, s.a.ID, true); err != nil {
		t.Fatal(err)
	}
	s.await(t, ctx)
	s.wantFile(t, ctx, onData, true)
	s.wantFile(t, ctx, "/second/mine", true)
	s.a.Data = []engine.Disk{first}
	s.reshape(t, ctx, s.a)
	s.tellVolumes(t, ctx, "/data") // a guest that boots looks for the disks of its last document
}

// tellVolumes applies a document that gives the disks to the accounts.
func (s *suite) tellVolumes(t *testing.T, ctx context.Context, mounts ...string) {
	t.Helper()
	if !s.Guests {
		return
	}
	d := s.a.Guest
	d.Volumes = mounts
	if st, err := s.Engine.Configure(ctx, s.a.ID, d); err != nil || !st.Applied || st.Error != "" {
		t.Errorf("telling the guest of its disks: %+v, %v", st, err)
	}
}

func (s *suite) refusesShape(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	but := func(change func(*engine.Spec)) engine.Spec {
		spec := s.a
		spec.Data = slices.Clone(spec.Data)
		change(&spec)
		return spec
	}
	for name, spec := range map[string]engine.Spec{
		"a smaller system disk":  but(func(s *engine.Spec) { s.Root.GiB-- }),
		"a smaller data disk":    but(func(s *engine.Spec) { s.Data[0].GiB-- }),
		"a disk of no such type": but(func(s *engine.Spec) { s.Data[0].Class = "no-such-class" }),
		"no processor":           but(func(s *engine.Spec) { s.CPUs = 0 }),
		"no process":             but(func(s *engine.Spec) { s.Processes = 0 }),
	} {
		_, err := s.Engine.Reshape(ctx, spec)
		want(t, "reshaping to "+name, err, engine.ErrInvalid)
	}
	s.reshape(t, ctx, s.a)
}
