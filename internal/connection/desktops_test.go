package connection_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

func TestPasswords(t *testing.T) {
	for _, good := range []string{"Abcdefg1", "abcdefg1!", "ABCDEFG1!", "密码Abc123", "Ab1 with spaces", strings.Repeat("aB1", 21) + "x"} {
		if err := signin.CheckPassword("password", good, "demo"); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"TooShort":            "Ab1!xyz",
		"TooLong":             strings.Repeat("aB1", 21) + "xy",
		"OfTwoKinds":          "abcdefgh1",
		"WithTheUserName":     "xDeMo1234!",
		"WithAControl":        "Abcdefg1\n",
		"NotText":             "Abcdefg1\xff",
		"ShortThoughManyByte": "Ab1密码密",
	} {
		t.Run(name, func(t *testing.T) {
			if err := signin.CheckPassword("password", bad, "demo"); workspace.CodeOf(err) != workspace.CodeInvalid {
				t.Errorf("%q: %v", bad, err)
			}
		})
	}
}

func TestSignInPause(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		now, next := workspace.SignInPause(n), workspace.SignInPause(n+1)
		if (n <= workspace.FreeSignIns) != (now == 0) {
			t.Errorf("the %d. failure costs %v", n, now)
		}
		if next < now || next > 15*time.Minute {
			t.Errorf("after %v comes %v", now, next)
		}
	})
}

var (
	statuses = []desktop.DesktopStatus{
		desktop.StatusCreating, desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated,
		desktop.StatusError, desktop.StatusStarting, desktop.StatusStopping, desktop.StatusRestarting,
		desktop.StatusHibernating, desktop.StatusAwakening,
	}
	tasks = []workspace.Task{
		workspace.NoTask, workspace.TaskCreating, workspace.TaskPoweringOn, workspace.TaskPoweringOff,
		workspace.TaskRebooting, workspace.TaskRebootHard, workspace.TaskHibernating, workspace.TaskDeleting, "of-another-day",
	}
)

func TestDoor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := desktop.Desktop{
			Status: rapid.SampledFrom(statuses).Draw(t, "status"), Task: rapid.SampledFrom(tasks).Draw(t, "task"),
			InMaintenance: rapid.Bool().Draw(t, "maintenance"),
		}
		access, why := connection.AccessOf(d)
		atRest := d.Task == workspace.NoTask && !d.InMaintenance
		if (access == connection.AccessOpen) != (atRest && d.Status == desktop.StatusActive) {
			t.Errorf("only a running desktop at rest can be opened: %s", access)
		}
		if passable := access == connection.AccessOpen || access == connection.AccessStart; passable == (why.Sentence() != "") {
			t.Errorf("access %s has the obstacle %q", access, why)
		}
		if access == connection.AccessStart {
			if _, err := desktop.ApplyPowerAction(d, desktop.PowerStart, false); err != nil {
				t.Errorf("it can be started, but: %v", err)
			}
		}
		for _, action := range connection.UserPowerActions {
			ask, err := connection.MayRunPowerAction(d, action)
			if ask && err != nil {
				t.Errorf("%s is asked for in spite of %v", action, err)
			}
			if _, refused := desktop.ApplyPowerAction(d, action, false); ask && refused != nil {
				t.Errorf("%s is to be asked for, but: %v", action, refused)
			}
			if d.InMaintenance && (ask || err == nil) {
				t.Errorf("under maintenance somebody may ask for %s", action)
			}
		}
	})
}

func TestEndedConnections(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	sound := desktop.Grounds{ConnectionID: "c", Status: desktop.StatusActive, Assigned: true, SignedIn: true}
	for _, c := range []struct {
		name   string
		change func(*desktop.Grounds)
		want   workspace.Code
	}{
		{"GoOnWhileNothingChanges", func(*desktop.Grounds) {}, ""},
		{"GoOnWhileTheDesktopShutsDown", func(g *desktop.Grounds) { g.Status = desktop.StatusStopping }, ""},
		{"GoOnBeforeTheUserExpires", func(g *desktop.Grounds) { g.UserExpires = now.Add(1) }, ""},
		{"EndWhenTheUserExpires", func(g *desktop.Grounds) { g.UserExpires = now }, workspace.CodeForbidden},
		{"EndWhenTheUserIsLocked", func(g *desktop.Grounds) { g.Locked = true }, workspace.CodeForbidden},
		{"EndWhenTheUserIsDisabled", func(g *desktop.Grounds) { g.Disabled = true }, workspace.CodeForbidden},
		{"EndWithTheAssignment", func(g *desktop.Grounds) { g.Assigned = false }, workspace.CodeForbidden},
		{"EndWithTheSignIn", func(g *desktop.Grounds) { g.SignedIn = false }, workspace.CodeBadCredentials},
		{"EndWhenTheDesktopFallsAsleep", func(g *desktop.Grounds) { g.Status = desktop.StatusHibernating }, workspace.CodeConflict},
		{"EndWhenOpenedElsewhere", func(g *desktop.Grounds) { g.Replaced = true }, workspace.CodeNameTaken},
		{"EndWhenTheRowIsGone", func(g *desktop.Grounds) { g.ConnectionID = "other" }, workspace.CodeUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := sound
			c.change(&g)
			var got workspace.Code
			for _, e := range connection.EndedConnections([]string{"c"}, []desktop.Grounds{g}, now) {
				got = workspace.CodeOf(e.Why)
			}
			if got != c.want {
				t.Errorf("ended with %q, want %q", got, c.want)
			}
		})
	}
}
