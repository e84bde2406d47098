package enginetest

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

func (s *suite) snapshotting() []check {
	return []check{
		{"What is on the system disk comes back, and there is a way back from that", func(t *testing.T, ctx context.Context) {
			s.bringsBack(t, ctx, true, onRoot, onData)
		}},
		{"What is on the data disks comes back, and there is a way back from that", func(t *testing.T, ctx context.Context) {
			s.bringsBack(t, ctx, false, onData, onRoot)
		}},
		{"Only the content comes back: disks, sizes and speeds stay as they are now", s.keepsShape},
		{"A machine that runs, or has no such snapshot, is not restored", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			snapshot := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: true}
			s.take(t, ctx, snapshot)
			want(t, "restoring a machine that runs", s.Engine.RestoreSnapshot(ctx, snapshot, uuid.NewString()), engine.ErrConflict)
			atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, true) })
			none := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: true}
			want(t, "restoring from nothing", s.Engine.RestoreSnapshot(ctx, none, uuid.NewString()), engine.ErrNotFound)
			s.forget(t, ctx)
		}},
		{"A machine with a snapshot of its system disk is not rebuilt", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			snapshot := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: true}
			s.take(t, ctx, snapshot)
			_, err := s.Engine.Rebuild(ctx, s.a, uuid.NewString())
			want(t, "a rebuild", err, engine.ErrConflict)
			atOnce(t, func() error { return s.Engine.DeleteSnapshot(ctx, snapshot) })
			s.rebuild(t, ctx, s.a, uuid.NewString())
		}},
		{"Taking and deleting, twice and by several at once, is one", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			for _, system := range []bool{true, false} {
				snapshot := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: system}
				take := func() error { return s.Engine.TakeSnapshot(ctx, snapshot) }
				atOnce(t, take, take, take)
				s.wantSnapshots(t, ctx, snapshot)
				remove := func() error { return s.Engine.DeleteSnapshot(ctx, snapshot) }
				atOnce(t, remove, remove, remove)
				s.wantSnapshots(t, ctx)
			}
		}},
		{"Without a machine, or a data disk, there is none", func(t *testing.T, ctx context.Context) {
			none := engine.Snapshot{ID: uuid.NewString(), Machine: uuid.NewString(), System: true}
			want(t, "of no machine", s.Engine.TakeSnapshot(ctx, none), engine.ErrNotFound)
			want(t, "to no machine", s.Engine.RestoreSnapshot(ctx, none, uuid.NewString()), engine.ErrNotFound)
			atOnce(t, func() error { return s.Engine.DeleteSnapshot(ctx, none) })
			s.up(t, ctx, s.b)
			want(t, "of no data disks", s.Engine.TakeSnapshot(ctx, engine.Snapshot{ID: uuid.NewString(), Machine: s.b.ID}), engine.ErrInvalid)
		}},
	}
}

func (s *suite) take(t *testing.T, ctx context.Context, snapshot engine.Snapshot) {
	t.Helper()
	if err := s.Engine.TakeSnapshot(ctx, snapshot); err != nil {
		t.Fatalf("taking a snapshot: %v", err)
	}
}

// restore restores a machine and starts it again.
func (s *suite) restore(t *testing.T, ctx context.Context, snapshot engine.Snapshot, keep string) {
	t.Helper()
	atOnce(t, func() error { return s.Engine.Stop(ctx, snapshot.Machine, true) })
	for range 2 { // the second call does nothing
		if err := s.Engine.RestoreSnapshot(ctx, snapshot, keep); err != nil {
			t.Fatalf("restoring: %v", err)
		}
	}
	atOnce(t, func() error { return s.Engine.Start(ctx, snapshot.Machine) })
	s.await(t, ctx)
}

// forget deletes the snapshots of the first machine.
func (s *suite) forget(t *testing.T, ctx context.Context) {
	t.Helper()
	for _, snapshot := range s.snapshots(t, ctx) {
		atOnce(t, func() error { return s.Engine.DeleteSnapshot(ctx, snapshot) })
	}
}

func (s *suite) snapshots(t *testing.T, ctx context.Context) []engine.Snapshot {
	t.Helper()
	all, err := s.Engine.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(one engine.Snapshot) bool { return one.Machine != s.a.ID })
}

func (s *suite) wantSnapshots(t *testing.T, ctx context.Context, want ...engine.Snapshot) {
	t.Helper()
	all := s.snapshots(t, ctx)
	if len(all) != len(want) || slices.ContainsFunc(want, func(w engine.Snapshot) bool { return !slices.Contains(all, w) }) {
		t.Errorf("the snapshots are %+v; want %+v", all, want)
	}
}

// bringsBack takes a snapshot, writes more on its disk and on another one, restores it, and then what was before that.
func (s *suite) bringsBack(t *testing.T, ctx context.Context, system bool, on, other string) {
	later := "-" + uuid.NewString() // that no other case has written
	s.up(t, ctx, s.a)
	s.await(t, ctx)
	s.write(t, ctx, on)
	snapshot := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: system}
	s.take(t, ctx, snapshot)
	s.write(t, ctx, on+later)
	s.write(t, ctx, other+later)

	back := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: system}
	s.restore(t, ctx, snapshot, back.ID)
	s.wantFile(t, ctx, on, true)
	s.wantFile(t, ctx, on+later, false)
	s.wantFile(t, ctx, other+later, true)
	s.wantSnapshots(t, ctx, snapshot, back)

	s.restore(t, ctx, back, uuid.NewString())
	s.wantFile(t, ctx, on+later, true)
	s.forget(t, ctx)
	s.wantFile(t, ctx, on, true)
}

func (s *suite) keepsShape(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	gone := s.disk("/gone")
	s.a.Data = append(slices.Clone(s.a.Data), gone)
	s.reshape(t, ctx, s.a)
	for _, system := range []bool{true, false} {
		snapshot := engine.Snapshot{ID: uuid.NewString(), Machine: s.a.ID, System: system}
		s.take(t, ctx, snapshot)
		s.a.Data = slices.Clone(s.a.Data[:1])
		s.a.Data = append(s.a.Data, s.disk("/new"))
		s.a.Root.GiB++
		s.a.Data[0].GiB++
		s.a.MemoryMiB++
		s.reshape(t, ctx, s.a)
		s.write(t, ctx, "/new/mine")
		before, err := s.Engine.Find(ctx, s.a.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.restore(t, ctx, snapshot, uuid.NewString())
		after, err := s.Engine.Find(ctx, s.a.ID)
		if err != nil || !sameMachine(before, after) || !sameDisks(before.Data, after.Data) {
			t.Errorf("it was %+v and is %+v, %v", before, after, err)
		}
		s.wantFile(t, ctx, "/new/mine", true)
		s.reshape(t, ctx, s.a)
	}
	s.forget(t, ctx)
	s.a.Data = slices.Clone(s.a.Data[:1])
	s.reshape(t, ctx, s.a)
	s.tellVolumes(t, ctx, "/data")
}
