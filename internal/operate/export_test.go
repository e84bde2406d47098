package operate_test

import (
	"slices"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/operate"
	"carrel/internal/workspace"
)

func TestATableOfDesktopsHasAColumnForEachHeading(t *testing.T) {
	d := desktop.DesktopDetail{
		Desktop: desktop.Desktop{
			ID: "d1", Name: "PC-1", Type: workspace.Shared, Address: "10.0.0.7", ProductID: "small", Root: desktop.Volume{GB: 80},
			Data: []desktop.Volume{{GB: 10}, {GB: 20}}, Status: desktop.StatusActive, Login: desktop.LoginConnected, InMaintenance: true,
			Assignments: []desktop.Assignment{{UserName: "ann"}, {UserName: "bob"}}, Tags: []workspace.Tag{{Key: "floor", Value: "2"}},
			Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		},
		Image: catalog.Image{Name: "Debian"},
	}
	english, chinese := operate.DesktopTable([]desktop.DesktopDetail{d}, "en_US"), operate.DesktopTable(nil, "zh_CN")
	if len(english) != 2 || len(english[0]) != len(english[1]) || len(chinese[0]) != len(english[0]) || english[0][0] != "Desktop name" || chinese[0][0] != "桌面名称" {
		t.Errorf("tables: %v %v", english, chinese)
	}
	for _, want := range []string{"PC-1", "SHARED", "ann; bob", "CONNECTED", "true", "Debian", "80", "10; 20", "floor=2", "2026-01-02T03:04:05Z"} {
		if !slices.Contains(english[1], want) {
			t.Errorf("no %q in %v", want, english[1])
		}
	}
}
