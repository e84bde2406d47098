package job_test

import (
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/job"
	"carrel/internal/workspace"
)

func TestWhoseAMachineIs(t *testing.T) {
	for _, c := range []struct {
		carries, installation string
		known                 bool
		want                  job.Belonging
	}{
		{"ours", "ours", true, job.Known},
		{"", "ours", true, job.Known},
		{"theirs", "ours", true, job.Disputed},
		{"ours", "ours", false, job.Orphan},
		{"theirs", "ours", false, job.Foreign},
		{"", "ours", false, job.Unmarked},
		{"theirs", "", false, job.Foreign},
		{"", "", false, job.Unmarked}, // a database without an id has no orphans
		{"", "", true, job.Known},
	} {
		if got := job.BelongingOf(engine.Machine{Installation: c.carries}, c.installation, c.known); got != c.want {
			t.Errorf("a machine that carries %q, in the eyes of %q (a desktop has it: %v), is %s, want %s", c.carries, c.installation, c.known, got, c.want)
		}
	}
}

func TestWhatHealingDoes(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	const keep = 7 * 24 * time.Hour
	machine := func(id, installation string, aside time.Time) engine.Machine {
		return engine.Machine{ID: id, Name: "d-" + id, Installation: installation, Aside: aside}
	}
	r := job.Compare(
		[]desktop.DesktopState{{ID: "kept"}, {ID: "back"}, {ID: "gone", Name: "gone"}, {ID: "making", Task: workspace.TaskCreating}},
		[]engine.Machine{
			machine("kept", "ours", time.Time{}), machine("back", "ours", now.Add(-30*24*time.Hour)),
			machine("new", "ours", time.Time{}), machine("young", "ours", now.Add(-keep+time.Second)), machine("old", "ours", now.Add(-keep)),
			machine("theirs", "theirs", now.Add(-30*24*time.Hour)), machine("nobodys", "", now.Add(-30*24*time.Hour)),
		}, "ours", keep, now)
	want := map[string]job.Mending{
		"back": job.BringBack, "new": job.PutAside, "young": job.LeaveAlone, "old": job.Remove,
		"theirs": job.LeaveAlone, "nobodys": job.LeaveAlone, "gone": job.MarkError,
	}
	if len(r.Findings) != len(want) {
		t.Errorf("%d findings, want %d: %+v", len(r.Findings), len(want), r.Findings)
	}
	for _, f := range r.Findings {
		if f.Mending != want[f.DesktopID] {
			t.Errorf("%s: healing would %q, want %q", f.DesktopID, f.Mending, want[f.DesktopID])
		}
	}
	if n := r.Differences(); n != 6 {
		t.Errorf("%d differences, want all but the other installation's machine", n)
	}
	if err := r.Doubt(); err != nil {
		t.Errorf("healing is refused: %v", err)
	}
}

func TestADatabaseThatIsNotTheMachinesOwnIsDoubted(t *testing.T) {
	row := []desktop.DesktopState{{ID: "row"}}
	of := func(ids ...string) (all []engine.Machine) {
		for i, id := range ids {
			all = append(all, engine.Machine{ID: string(rune('a' + i)), Installation: id})
		}
		return all
	}
	for name, c := range map[string]struct {
		rows         []desktop.DesktopState
		machines     []engine.Machine
		installation string
		doubt        bool
	}{
		"no machine at all":                 {row, nil, "ours", false},
		"an orphan beside a row":            {row, of("ours"), "ours", false},
		"an orphan beside unknown machines": {row, of("ours", "theirs"), "ours", false},
		"only unknown machines":             {row, of("theirs", "theirs"), "ours", true},
		"only unmarked machines":            {row, of(""), "ours", true},
		"an empty database":                 {nil, of("ours"), "ours", true},
		"a database that was made":          {nil, of("ours"), "", true},
		"a copy of the database":            {[]desktop.DesktopState{{ID: "a"}}, of("theirs"), "ours", true},
	} {
		err := job.Compare(c.rows, c.machines, c.installation, job.DefaultKeep, time.Time{}).Doubt()
		if (err != nil) != c.doubt {
			t.Errorf("%s: doubt %v, want %v", name, err, c.doubt)
		}
	}
}
