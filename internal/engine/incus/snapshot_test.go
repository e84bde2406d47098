package incus_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

// What a restoration creates is another subvolume, which has no limit of its own at first.
func TestRestoredDisksEndAtTheirSize(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	s.Root.GiB = 1
	s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
	launch(t, e, s)
	snapshots := []engine.Snapshot{{ID: uuid.NewString(), Machine: s.ID, System: true}, {ID: uuid.NewString(), Machine: s.ID}}
	for _, one := range snapshots {
		begun := time.Now()
		if err := e.TakeSnapshot(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		t.Logf("a snapshot of a running machine (system disk: %v) took %v", one.System, time.Since(begun))
	}
	if err := e.Stop(t.Context(), s.ID, true); err != nil {
		t.Fatal(err)
	}
	for _, one := range snapshots {
		begun := time.Now()
		if err := e.RestoreSnapshot(t.Context(), one, uuid.NewString()); err != nil {
			t.Fatal(err)
		}
		t.Logf("restoring it (system disk: %v) took %v", one.System, time.Since(begun))
	}
	if err := e.Start(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"/data/file", "/root/file"} {
		if _, err := tryInside(t, s, "fill", file, "1100"); err == nil {
			t.Errorf("1100 MiB fit on the disk of 1 GiB with %s", file)
		}
	}
}
