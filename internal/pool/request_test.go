package pool_test

import (
	"strings"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

func TestPoolRequests(t *testing.T) {
	ids := pool.ChangePoolDesktops{DesktopIDs: []string{"a", "a"}}
	for _, c := range []struct {
		name string
		err  error
		why  string
	}{
		{"growing by nothing", (&pool.ExpandPool{}).Check(), "size: 0 is out of range, use 1 to 1000"},
		{"growing by too many", (&pool.ExpandPool{Size: 1001}).Check(), "size: 1001"},
		{"an unknown reach", (&pool.ChangePoolDesktops{Handle: "SOME"}).Check(), "handle_type: "},
		{"no desktop at all", (&pool.ChangePoolDesktops{DesktopIDs: []string{}}).Check(), "desktop_ids: is empty"},
		{"a desktop twice", ids.Check(), "desktop_ids[1]: a is listed twice"},
		{"another size without a product", (&reshape.ResizePool{}).Check(), "product_id: must not be empty"},
		{"another size in an unknown way", (&reshape.ResizePool{ProductID: "p", Mode: "MAGIC"}).Check(), `mode: "MAGIC" is unknown`},
		{"another size for a desktop twice", (&reshape.ResizePool{ProductID: "p", ChangePoolDesktops: ids}).Check(), "desktop_ids[1]: a is listed twice"},
		{"an empty message", (&pool.NotifyPool{Text: " \n"}).Check(), "notifications: must not be empty"},
		{"a long message", (&pool.NotifyPool{Text: strings.Repeat("长", 1025)}).Check(), "notifications: 1025 characters, at most 1024"},
	} {
		t.Run("refuse "+c.name, func(t *testing.T) { workspacetest.Refused(t, c.err, workspace.CodeInvalid, c.why) })
	}
	for name, err := range map[string]error{
		"growing":      (&pool.ExpandPool{Size: 1000}).Check(),
		"another size": (&reshape.ResizePool{ProductID: "p", Mode: "STOP_DESKTOP"}).Check(),
		"a message":    (&pool.NotifyPool{Text: strings.Repeat("长", 1024)}).Check(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoolOperationsInTheWordsOfTheirCall(t *testing.T) {
	for word, want := range map[string]desktop.PowerAction{
		"os-start": desktop.PowerStart, "os-stop": desktop.PowerStop, "reboot": desktop.PowerReboot, "hibernate": desktop.PowerHibernate,
	} {
		for how, hard := range map[string]bool{"": false, "SOFT": false, "HARD": true} {
			if action, force, err := (&pool.RunPoolPowerAction{Action: word, How: how}).PowerAction(); action != want || force != hard || err != nil {
				t.Errorf("%s %s is %s, %t, %v", word, how, action, force, err)
			}
		}
	}
	_, _, err := (&pool.RunPoolPowerAction{Action: "explode"}).PowerAction()
	workspacetest.Refused(t, err, workspace.CodeInvalid, `op_type: "explode" is unknown`)
	_, _, err = (&pool.RunPoolPowerAction{Action: "reboot", How: "KINDLY"}).PowerAction()
	workspacetest.Refused(t, err, workspace.CodeInvalid, `type: "KINDLY" is unknown, use SOFT or HARD`)
}

func TestAPoolIsBusyWhenAllItsDesktopsAre(t *testing.T) {
	members := readyMembers(2, func(m *desktop.Member) { m.Task = workspace.TaskRebooting })
	workspacetest.Refused(t, pool.Busy(dynamicPool(), members), workspace.CodeConflict, "all 2 desktops of pool pool are busy")
	members[1].Task = workspace.NoTask
	if err := pool.Busy(dynamicPool(), members); err != nil {
		t.Error(err)
	}
	workspacetest.Refused(t, pool.Busy(dynamicPool(), nil), workspace.CodeConflict, "pool pool has no desktops")
}
