package desktop_test

import (
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

func TestStatisticsCountEachDesktopOnceInEachOfThreeWays(t *testing.T) {
	for _, c := range []struct {
		count desktop.Count
		want  desktop.Statistics // of one
	}{
		{desktop.Count{Status: desktop.StatusCreating}, desktop.Statistics{Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginRegistered, Assigned: true}, desktop.Statistics{Active: 1, Ready: 1, Assigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginConnected, Assigned: true, Task: workspace.TaskDetaching}, desktop.Statistics{Active: 1, Connected: 1, Assigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginDisconnected}, desktop.Statistics{Active: 1, Disconnected: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginRegistered, InMaintenance: true}, desktop.Statistics{Active: 1, UnableToConnect: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginConnected, InMaintenance: true}, desktop.Statistics{Active: 1, Connected: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginRegistered, Task: workspace.TaskAttaching, Assigned: true}, desktop.Statistics{Active: 1, Ready: 1, Assigning: 1}},
		{desktop.Count{Status: desktop.StatusStopping, Login: desktop.LoginUnregistered}, desktop.Statistics{Active: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusRestarting, Login: desktop.LoginUnregistered}, desktop.Statistics{Active: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusHibernating, Login: desktop.LoginUnregistered}, desktop.Statistics{Active: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusShutoff, Login: desktop.LoginUnregistered}, desktop.Statistics{Stopped: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusStarting, Login: desktop.LoginUnregistered}, desktop.Statistics{Stopped: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusHibernated, Login: desktop.LoginUnregistered}, desktop.Statistics{Hibernated: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusAwakening, Login: desktop.LoginUnregistered}, desktop.Statistics{Hibernated: 1, Unregistered: 1, Unassigned: 1}},
		{desktop.Count{Status: desktop.StatusError, Login: desktop.LoginUnregistered}, desktop.Statistics{Failed: 1, Unregistered: 1, Unassigned: 1}},
	} {
		c.count.Desktops, c.want.Total = 1, 1
		if got := desktop.StatisticsOf([]desktop.Count{c.count}); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.count, got, c.want)
		}
	}
	two := desktop.Count{Status: desktop.StatusActive, Login: desktop.LoginRegistered, Desktops: 2}
	if got := desktop.StatisticsOf([]desktop.Count{two, two}); got.Total != 4 || got.Active != 4 || got.Ready != 4 || got.Unassigned != 4 {
		t.Errorf("two and two: %+v", got)
	}
}
