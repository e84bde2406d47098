package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestRebuildPoolCheck(t *testing.T) {
	good := rollout.RebuildPool{ImageType: catalog.ImageGold, ImageID: "i", OSType: "Linux", DelayMinutes: 15, Message: "Please save.", OrderID: "o", Fix: true, Handle: pool.NewAndAll, DesktopIDs: []string{"d"}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*rollout.RebuildPool)
		code   workspace.Code
		why    string
	}{
		{"no image", func(r *rollout.RebuildPool) { r.ImageID = "" }, workspace.CodeInvalid, "image_id: must not be empty"},
		{"a negative delay", func(r *rollout.RebuildPool) { r.DelayMinutes = -1 }, workspace.CodeInvalid, "delay_time: -1 minutes is out of range, use 0 to 1440"},
		{"a delay of more than a day", func(r *rollout.RebuildPool) { r.DelayMinutes = 1441 }, workspace.CodeInvalid, "delay_time: 1441"},
		{"a long message", func(r *rollout.RebuildPool) { r.Message = strings.Repeat("存", 1025) }, workspace.CodeInvalid, "message: 1025 characters, at most 1024"},
		{"an unknown reach", func(r *rollout.RebuildPool) { r.Handle = "SOME" }, workspace.CodeInvalid, `handle_type: "SOME" is unknown`},
		{"no desktop at all", func(r *rollout.RebuildPool) { r.DesktopIDs = []string{} }, workspace.CodeInvalid, "desktop_ids: is empty"},
		{"a desktop twice", func(r *rollout.RebuildPool) { r.DesktopIDs = []string{"d", "d"} }, workspace.CodeInvalid, "desktop_ids[1]: d is listed twice"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			r := good
			c.change(&r)
			workspacetest.Refused(t, r.Check(), c.code, c.why)
		})
	}
}

func TestRebuildTargets(t *testing.T) {
	members := make([]desktop.Member, 5)
	for i := range members {
		members[i] = desktop.Member{
			DesktopID: fmt.Sprintf("d%02d", i), ImageID: "gold-1", Status: desktop.StatusActive, Login: desktop.LoginRegistered, AutoCreated: true,
			IdleSince: noon.Add(-time.Hour), Updated: noon.Add(-time.Hour),
		}
	}
	members[1] = members[1].AfterBinding("ann", noon)
	members[2].ImageID = "gold-2"
	members[3].Task = workspace.TaskDeleting
	members[4].Login = desktop.LoginConnected
	for _, c := range []struct {
		name    string
		request rollout.RebuildPool
		want    string
	}{
		{"all but those that are being deleted", rollout.RebuildPool{}, "d00 d01 d02 d04"},
		{"all by name", rollout.RebuildPool{Handle: pool.NewAndAll}, "d00 d01 d02 d04"},
		{"none but new ones", rollout.RebuildPool{Handle: pool.OnlyNew}, ""},
		{"those that nobody has or looks at", rollout.RebuildPool{Handle: pool.NewAndIdle}, "d00 d02"},
		{"those whose image differs", rollout.RebuildPool{Fix: true}, "d00 d01 d04"},
		{"only those that are named", rollout.RebuildPool{DesktopIDs: []string{"d02", "d01"}}, "d01 d02"},
		{"of those that are named only idle ones whose image differs", rollout.RebuildPool{Fix: true, Handle: pool.NewAndIdle, DesktopIDs: []string{"d00", "d01", "d02"}}, "d00"},
	} {
		t.Run("are "+c.name, func(t *testing.T) {
			c.request.ImageID = "gold-2"
			chosen, err := c.request.Targets(members)
			var ids []string
			for _, m := range chosen {
				ids = append(ids, m.DesktopID)
			}
			if got := strings.Join(ids, " "); got != c.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	_, err := (&rollout.RebuildPool{DesktopIDs: []string{"d00", "strange"}}).Targets(members)
	workspacetest.Refused(t, err, workspace.CodeDesktopNotFound, "desktop_ids[1]: the pool has no desktop strange")
}
