package desktop_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

func TestCreateDesktopsCheck(t *testing.T) {
	one, hundredOne, zero := 1, 101, 0
	cases := []struct {
		name   string
		change func(*desktop.CreateDesktops)
		code   workspace.Code
		why    string
	}{
		{"an unknown type", func(r *desktop.CreateDesktops) { r.Type = "POOLED" }, workspace.CodeInvalid, "desktop_type: "},
		{"neither desktops nor size", func(r *desktop.CreateDesktops) { r.Desktops = nil }, workspace.CodeInvalid, "desktops: must hold 1 to 100"},
		{"both desktops and size", func(r *desktop.CreateDesktops) { r.Size = &one }, workspace.CodeInvalid, "size: cannot be used together"},
		{"size zero", func(r *desktop.CreateDesktops) { r.Desktops, r.Size = nil, &zero }, workspace.CodeInvalid, "size: 0 is out of range, use 1 to 100"},
		{"size 101", func(r *desktop.CreateDesktops) { r.Desktops, r.Size = nil, &hundredOne }, workspace.CodeInvalid, "size: 101 is out of range"},
		{"101 desktops", func(r *desktop.CreateDesktops) { r.Desktops = people(101) }, workspace.CodeInvalid, "desktops: 101 desktops, at most 100"},
		{"size without a name", func(r *desktop.CreateDesktops) { r.Desktops, r.Size = nil, &one }, workspace.CodeInvalid, "desktop_name: must not be empty"},
		{"a name of 16 characters", func(r *desktop.CreateDesktops) { r.Desktops[0].Name = "abcdefghijklmnop" }, workspace.CodeInvalid, "desktops[0].computer_name: "},
		{"a trailing hyphen", func(r *desktop.CreateDesktops) { r.Desktops[0].Name = "desk-" }, workspace.CodeInvalid, "must not end with a hyphen"},
		{"a name twice", func(r *desktop.CreateDesktops) {
			r.Desktops = people(2)
			r.Desktops[0].Name, r.Desktops[1].Name = "desk", "DESK"
		}, workspace.CodeInvalid, `desktops[1].computer_name: "DESK" is listed twice`},
		{"a system disk of 79 GB", func(r *desktop.CreateDesktops) { r.Root.GB = 79 }, workspace.CodeInvalid, "root_volume.size: 79 GB is out of range, use 80 to 32760"},
		{"a system disk of 85 GB", func(r *desktop.CreateDesktops) { r.Root.GB = 85 }, workspace.CodeInvalid, "root_volume.size: 85 GB is not a multiple of 10"},
		{"a system disk of 32770 GB", func(r *desktop.CreateDesktops) { r.Root.GB = 32770 }, workspace.CodeInvalid, "root_volume.size: 32770 GB is out of range"},
		{"a data disk of 0 GB", func(r *desktop.CreateDesktops) { r.Data = []desktop.VolumeSpec{{Type: "SAS"}} }, workspace.CodeInvalid, "data_volumes[0].size: 0 GB"},
		{"eleven data disks", func(r *desktop.CreateDesktops) { r.Data = make([]desktop.VolumeSpec, 11) }, workspace.CodeInvalid, "data_volumes: 11 volumes, at most 10"},
		{"two network cards", func(r *desktop.CreateDesktops) { r.SubnetIDs = []string{"a", "b"} }, workspace.CodeInvalid, "nics: 2 network cards"},
		{"a bad mail address", func(r *desktop.CreateDesktops) { r.Desktops[0].UserEmail = "not an address" }, workspace.CodeInvalid, "desktops[0].user_email: "},
		{"an unknown user group", func(r *desktop.CreateDesktops) { r.Desktops[0].Group = "weird" }, workspace.CodeInvalid, "desktops[0].user_group: "},
		{"an unknown directory", func(r *desktop.CreateDesktops) { r.Domain = "corp.example" }, workspace.CodeInvalid, "domain: "},
		{"too few addresses", func(r *desktop.CreateDesktops) { r.Desktops = people(2); r.Addresses = []string{"10.0.0.9"} }, workspace.CodeInvalid, "desktop_ips: 1 addresses for 2 desktops"},
	}
	for _, c := range cases {
		t.Run("refuses "+c.name, func(t *testing.T) {
			r := request()
			c.change(&r)
			workspacetest.Refused(t, r.Check(), c.code, c.why)
		})
	}
	t.Run("accepts a hundred people", func(t *testing.T) {
		r := request()
		r.Desktops = people(100)
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	})
}

func request() desktop.CreateDesktops {
	return desktop.CreateDesktops{
		Type: workspace.Dedicated, ProductID: "p", ImageType: catalog.ImageGold, ImageID: "i",
		Root: desktop.VolumeSpec{Type: "SAS", GB: 80}, Desktops: people(1),
	}
}

func people(n int) []desktop.NewDesktop {
	desktops := make([]desktop.NewDesktop, n)
	for i := range desktops {
		desktops[i].UserName = fmt.Sprintf("user-%03d", i)
	}
	return desktops
}

func TestOperate(t *testing.T) {
	statuses := []desktop.DesktopStatus{
		desktop.StatusCreating, desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated, desktop.StatusError,
		desktop.StatusStarting, desktop.StatusStopping, desktop.StatusRestarting, desktop.StatusHibernating, desktop.StatusAwakening,
	}
	actions := []desktop.PowerAction{desktop.PowerStart, desktop.PowerStop, desktop.PowerReboot, desktop.PowerHibernate}
	rapid.Check(t, func(t *rapid.T) {
		d := desktop.Desktop{
			Name:   "desk",
			Status: rapid.SampledFrom(statuses).Draw(t, "status"),
			Task:   rapid.SampledFrom([]workspace.Task{workspace.NoTask, workspace.TaskDeleting, workspace.TaskCreating}).Draw(t, "task"),
		}
		action := rapid.SampledFrom(actions).Draw(t, "action")
		next, err := desktop.ApplyPowerAction(d, action, rapid.Bool().Draw(t, "force"))
		switch {
		case err != nil && workspace.CodeOf(err) != workspace.CodeConflict:
			t.Fatalf("refused with %v, want a conflict", err)
		case err != nil && (next.Status != d.Status || next.Task != d.Task):
			t.Fatal("a refusal changed the desktop")
		case err == nil && d.Task != workspace.NoTask:
			t.Fatal("took a busy desktop")
		case err == nil && next.Task == workspace.NoTask:
			t.Fatal("an accepted operation leaves no task, so a second caller could start another")
		case err == nil && d.Status == action.Result() && action != desktop.PowerReboot:
			t.Fatalf("%s accepted for a desktop that is %s already", action, d.Status)
		}
	})
}

func TestJobStatus(t *testing.T) {
	cases := []struct {
		counts workspace.JobCounts
		want   workspace.JobStatus
	}{
		{workspace.JobCounts{Waiting: 3}, workspace.JobWaiting},
		{workspace.JobCounts{Waiting: 2, Running: 1}, workspace.JobRunning},
		{workspace.JobCounts{Waiting: 2, Failed: 1}, workspace.JobRunning},
		{workspace.JobCounts{Succeeded: 2, Failed: 1}, workspace.JobFail},
		{workspace.JobCounts{Succeeded: 3}, workspace.JobSuccess},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%+v is %s", c.counts, c.want), func(t *testing.T) {
			if got := c.counts.Status(); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
