package pool_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// drawMembers draws the desktops of a pool in any state, likely and unlikely ones.
func drawMembers(t *rapid.T, of pool.PoolType) []desktop.Member {
	n := rapid.IntRange(0, 25).Draw(t, "desktops")
	members := make([]desktop.Member, n)
	for i := range members {
		members[i] = drawMember(t, fmt.Sprintf("d%02d", i))
	}
	return members
}

func drawMember(t *rapid.T, id string) desktop.Member {
	ago := func(label string) time.Time {
		return noon.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, label)) * time.Minute)
	}
	m := desktop.Member{
		DesktopID: id, PoolID: "p", Name: id, ImageID: rapid.SampledFrom([]string{"gold-1", "gold-2"}).Draw(t, "image"),
		AutoCreated: rapid.Bool().Draw(t, "auto"), Created: noon.Add(-300 * time.Minute), Updated: ago("updated"),
	}
	switch rapid.SampledFrom([]string{"idle", "idle", "idle", "bound", "connected", "making", "faulty", "any", "any"}).Draw(t, "life") {
	case "idle":
		m.Status, m.Login, m.IdleSince = desktop.StatusActive, desktop.LoginRegistered, ago("idle since")
	case "bound":
		m.Status, m.Login, m.Used = desktop.StatusActive, desktop.LoginDisconnected, true
		m.Binding = desktop.Binding{UserID: "u" + id, BoundAt: ago("bound"), Disconnected: ago("disconnected")}
	case "connected":
		m.Status, m.Login, m.Used = desktop.StatusActive, desktop.LoginConnected, true
		m.Binding = desktop.Binding{UserID: "u" + id, BoundAt: ago("bound")}
	case "making":
		m.Status, m.Task = desktop.StatusCreating, workspace.TaskCreating
	case "faulty":
		m.Status, m.IdleSince = desktop.StatusError, rapid.SampledFrom([]time.Time{{}, noon.Add(-time.Hour)}).Draw(t, "idle since")
		if rapid.Bool().Draw(t, "bound") {
			m.Used, m.Binding = true, desktop.Binding{UserID: "u" + id, BoundAt: ago("bound")}
		}
	default:
		drawStrange(t, &m, ago)
	}
	return m
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

func drawStrange(t *rapid.T, m *desktop.Member, ago func(string) time.Time) {
	m.Status = rapid.SampledFrom(statuses).Draw(t, "status")
	m.Task = rapid.SampledFrom(append(tasks, desktop.TaskRebuilding)).Draw(t, "task")
	m.Login = rapid.SampledFrom([]desktop.LoginStatus{
		desktop.LoginUnregistered, desktop.LoginRegistered, desktop.LoginConnected, desktop.LoginDisconnected,
	}).Draw(t, "login")
	m.InMaintenance, m.Isolated = rapid.Bool().Draw(t, "maintenance"), rapid.Bool().Draw(t, "isolated")
	m.Used, m.IdleSince = rapid.Bool().Draw(t, "used"), ago("idle since")
	if rapid.Bool().Draw(t, "bound") {
		m.Binding = desktop.Binding{UserID: "u" + m.DesktopID, BoundAt: ago("bound at"), Disconnected: ago("disconnected at")}
	}
}

// drawScaled draws a pool with an autoscaling policy and its snapshot.
func drawScaled(t *rapid.T) pool.PoolSnapshot {
	p := pool.Pool{
		ID: "p", Name: "pool", Type: rapid.SampledFrom([]pool.PoolType{pool.Dynamic, pool.Static}).Draw(t, "type"),
		ImageID: "gold-1", Autoscaling: rapid.IntRange(0, 9).Draw(t, "off") > 0, InMaintenance: rapid.IntRange(0, 9).Draw(t, "maintenance") == 0,
	}
	p.Policy = autoscale.Policy{
		Type:           rapid.SampledFrom([]autoscale.Type{autoscale.AccessCreated, autoscale.AutoCreated, autoscale.AutoCreated}).Draw(t, "way"),
		MaxAutoCreated: rapid.IntRange(1, 30).Draw(t, "max"), MinIdle: rapid.IntRange(0, 15).Draw(t, "min idle"),
		OnceCreated: rapid.IntRange(0, 5).Draw(t, "once"), MinRetention: rapid.IntRange(0, 20).Draw(t, "min retention"),
		AutoIsolation: rapid.Bool().Draw(t, "isolation"), MaxIsolated: rapid.IntRange(0, 5).Draw(t, "max isolated"),
	}
	if rapid.IntRange(0, 3).Draw(t, "no scale-in") > 0 {
		p.Policy.IdleMinutes = new(rapid.IntRange(0, 200).Draw(t, "idle minutes"))
	}
	ago := func(label string) time.Time {
		return rapid.SampledFrom([]time.Time{{}, noon.Add(-time.Minute), noon.Add(-4 * time.Minute), noon.Add(-5 * time.Minute), noon.Add(-3 * time.Hour)}).Draw(t, label)
	}
	p.Scale = autoscale.History{
		Created: ago("created"), Deleted: ago("deleted"), Failures: rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 4, 9, 70}).Draw(t, "failures"), Failed: ago("failed"),
	}
	return pool.PoolSnapshot{
		Pool: p, Members: drawMembers(t, p.Type), Waiting: rapid.SampledFrom([]int{0, 0, 1, 2, 7}).Draw(t, "waiting"),
	}
}
