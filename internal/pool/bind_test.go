package pool_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

func dynamicPool() pool.Pool {
	return pool.Pool{ID: "p", Name: "pool", Type: pool.Dynamic, ImageID: "gold-1", RetentionMinutes: 30}
}

func TestBind(t *testing.T) {
	bound := func(m *desktop.Member) {
		if m.DesktopID == "d01" {
			m.Used, m.Login = true, desktop.LoginDisconnected
			m.Binding = desktop.Binding{UserID: "ann", BoundAt: noon.Add(-time.Hour), Disconnected: noon.Add(-29 * time.Minute)}
		}
	}
	for _, c := range []struct {
		name    string
		request func(*pool.BindRequest)
		want    pool.BindDecision // but for Reason, which is part of what is said
	}{
		{"gives the desktop that was idle longest", func(a *pool.BindRequest) { a.Members[1].IdleSince = noon.Add(-2 * time.Hour) },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d01", Reason: "3 idle"}},
		{"gives one that runs before one that must start", func(a *pool.BindRequest) {
			a.Members[0].Status, a.Members[1].Status = desktop.StatusShutoff, desktop.StatusHibernated
		}, pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d02", Reason: "3 idle"}},
		{"gives one of the present image before others", func(a *pool.BindRequest) { a.Members[2].ImageID = "gold-1" },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d02", Reason: "3 idle"}},
		{"gives an administrator's desktop before one that may go when idle", func(a *pool.BindRequest) { a.Members[2].AutoCreated = false },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d02", Reason: "3 idle"}},
		{"starts one that is off when there is no other", func(a *pool.BindRequest) { a.Members = a.Members[:1]; a.Members[0].Status = desktop.StatusShutoff },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d00", Start: true, Reason: "1 idle"}},
		{"gives the same to who returns in time", func(a *pool.BindRequest) { bound(&a.Members[1]) },
			pool.BindDecision{Outcome: pool.OutcomeSame, DesktopID: "d01", Reason: "has this desktop"}},
		{"gives another to who returns too late", func(a *pool.BindRequest) { bound(&a.Members[1]); a.Pool.RetentionMinutes = 29 },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d00", Ended: "d01", Reason: "2 idle"}},
		{"gives the same in a static pool however late", func(a *pool.BindRequest) {
			bound(&a.Members[1])
			a.Pool.Type, a.Pool.RetentionMinutes = pool.Static, 0
			a.Members[1].Status = desktop.StatusHibernated
		}, pool.BindDecision{Outcome: pool.OutcomeSame, DesktopID: "d01", Start: true, Reason: "has this desktop"}},
		{"gives another when theirs is being deleted", func(a *pool.BindRequest) { bound(&a.Members[1]); a.Members[1].Task = workspace.TaskDeleting },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d00", Ended: "d01", Reason: "2 idle"}},
		{"gives another when theirs broke and was put aside", func(a *pool.BindRequest) { bound(&a.Members[1]); a.Members[1].Isolated = true },
			pool.BindDecision{Outcome: pool.OutcomeNew, DesktopID: "d00", Ended: "d01", Reason: "2 idle"}},
		{"shuts a static desktop that was put aside", func(a *pool.BindRequest) {
			bound(&a.Members[1])
			a.Members[1].Isolated, a.Pool.Type = true, pool.Static
		}, pool.BindDecision{Outcome: pool.OutcomeShut, DesktopID: "d01", Reason: "isolated"}},
		{"does not let anybody overtake", func(a *pool.BindRequest) { a.Ahead = 3 },
			pool.BindDecision{Outcome: pool.OutcomeFull, Reason: "does not scale out"}},
		{"waits for a desktop that comes", func(a *pool.BindRequest) { a.Members = a.Members[:1]; a.Members[0].Task = desktop.TaskRebuilding },
			pool.BindDecision{Outcome: pool.OutcomeWait, Reason: "0 idle, 1 coming"}},
		{"waits for one that is made on access", func(a *pool.BindRequest) {
			a.Members, a.Pool.Autoscaling = nil, true
			a.Pool.Policy = autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: 1}
		}, pool.BindDecision{Outcome: pool.OutcomeWait, Reason: "a desktop is created"}},
		{"says honestly that making one failed", func(a *pool.BindRequest) {
			a.Members, a.Pool.Autoscaling = nil, true
			a.Pool.Policy = autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: 1}
			a.Pool.Scale = autoscale.History{Failures: 3, Failed: noon.Add(-20 * time.Second)}
		}, pool.BindDecision{Outcome: pool.OutcomeWait, Reason: "failed 3 times in a row; next attempt in 40s"}},
		{"is full at the cap", func(a *pool.BindRequest) {
			a.Pool.Autoscaling, a.Ahead = true, 3
			a.Pool.Policy = autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: 3}
		}, pool.BindDecision{Outcome: pool.OutcomeFull, Reason: "max_auto_created (3) is reached"}},
		{"is full when all are taken and it does not grow", func(a *pool.BindRequest) { a.Members = nil },
			pool.BindDecision{Outcome: pool.OutcomeFull, Reason: "does not scale out"}},
		{"is shut under maintenance", func(a *pool.BindRequest) { a.Pool.InMaintenance = true },
			pool.BindDecision{Outcome: pool.OutcomeShut, Reason: "maintenance"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := pool.BindRequest{Pool: dynamicPool(), Members: readyMembers(3, nil), UserID: "ann"}
			c.request(&a)
			got := pool.Bind(a, noon)
			if !strings.Contains(got.Reason, c.want.Reason) {
				t.Errorf("says %q, want %q", got.Reason, c.want.Reason)
			}
			if got.Reason = c.want.Reason; got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestBindGivesOnlyIdleDesktopsAndLooksAtNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScaled(t)
		s.Pool.RetentionMinutes = rapid.IntRange(10, 200).Draw(t, "retention")
		a := pool.BindRequest{Pool: s.Pool, Members: s.Members, UserID: rapid.SampledFrom([]string{"new", "ud00", "ud01", "ud02"}).Draw(t, "person"), Ahead: rapid.IntRange(0, 3).Draw(t, "ahead")}
		before := slices.Clone(a.Members)
		got := pool.Bind(a, noon)
		if !reflect.DeepEqual(before, a.Members) {
			t.Fatal("the input has changed")
		}
		a.Members = rapid.Permutation(a.Members).Draw(t, "order")
		if again := pool.Bind(a, noon); again != got {
			t.Fatalf("the order changes %+v to %+v", got, again)
		}
		at := slices.IndexFunc(before, func(m desktop.Member) bool { return m.DesktopID == got.DesktopID })
		switch got.Outcome {
		case pool.OutcomeNew:
			if !before[at].Idle() || before[at].Used || before[at].Isolated || before[at].Bound() {
				t.Fatalf("gives %+v", before[at])
			}
		case pool.OutcomeSame:
			if before[at].UserID != a.UserID {
				t.Fatalf("gives %s back what is %s's", a.UserID, before[at].UserID)
			}
		case pool.OutcomeFull:
			if n := idle(before); n > a.Ahead {
				t.Fatalf("is full with %d idle and %d ahead", n, a.Ahead)
			}
		default:
		}
	})
}

func TestTwoHundredSignInsForAHundredDesktops(t *testing.T) {
	a := pool.BindRequest{Pool: dynamicPool(), Members: readyMembers(100, nil)}
	owners := map[string]string{}
	for i := range 200 {
		a.UserID = fmt.Sprint("user-", i)
		got := pool.Bind(a, noon)
		if got.Outcome == pool.OutcomeFull {
			continue
		}
		if other, taken := owners[got.DesktopID]; taken || got.Outcome != pool.OutcomeNew {
			t.Fatalf("%s gets %+v, which %s has", a.UserID, got, other)
		}
		owners[got.DesktopID] = a.UserID
		at := slices.IndexFunc(a.Members, func(m desktop.Member) bool { return m.DesktopID == got.DesktopID })
		a.Members[at] = a.Members[at].AfterBinding(a.UserID, noon)
	}
	if len(owners) != 100 {
		t.Errorf("%d people have a desktop", len(owners))
	}
}

// poolLife is a pool in which people come and go, with what each person last had.
type poolLife struct {
	pool    pool.Pool
	members []desktop.Member
	now     time.Time
	left    map[string]time.Time // when each person was last connected
	dirty   map[string]string    // who used each desktop since its last reset
}

func (l *poolLife) at(id string) int {
	return slices.IndexFunc(l.members, func(m desktop.Member) bool { return m.DesktopID == id })
}

func (l *poolLife) Check(t *rapid.T) {
	owners := map[string]string{}
	for _, m := range l.members {
		if m.Bound() {
			if owners[m.UserID] != "" {
				t.Fatalf("%s has %s and %s", m.UserID, owners[m.UserID], m.DesktopID)
			}
			owners[m.UserID] = m.DesktopID
		}
		if l.dirty[m.DesktopID] != "" && m.Idle() {
			t.Fatalf("%s was used by %s and is idle without a reset", m.DesktopID, l.dirty[m.DesktopID])
		}
	}
}

func (l *poolLife) OpenPool(t *rapid.T) {
	user := rapid.SampledFrom([]string{"ann", "bob", "cat", "dan", "eve"}).Draw(t, "person")
	had := slices.IndexFunc(l.members, func(m desktop.Member) bool { return m.UserID == user })
	got := pool.Bind(pool.BindRequest{Pool: l.pool, Members: l.members, UserID: user}, l.now)
	inTime := l.pool.Type == pool.Static || l.now.Sub(l.left[user]) < time.Duration(l.pool.RetentionMinutes)*time.Minute
	if had >= 0 && inTime && (got.Outcome != pool.OutcomeSame || got.DesktopID != l.members[had].DesktopID) {
		t.Fatalf("%s returns in time to %s and gets %+v", user, l.members[had].DesktopID, got)
	}
	if had >= 0 && !inTime && got.Outcome == pool.OutcomeSame {
		t.Fatalf("%s returns too late and gets %+v", user, got)
	}
	if got.Ended != "" {
		l.members[l.at(got.Ended)] = l.members[l.at(got.Ended)].AfterRelease()
	}
	at := l.at(got.DesktopID)
	switch got.Outcome {
	case pool.OutcomeNew:
		if other := l.dirty[got.DesktopID]; other != "" {
			t.Fatalf("%s gets %s, which %s has used", user, got.DesktopID, other)
		}
		l.members[at] = l.members[at].AfterBinding(user, l.now)
		l.dirty[got.DesktopID] = user
	case pool.OutcomeSame:
		l.members[at] = l.members[at].AfterReturn(l.now)
	default:
		return
	}
	l.left[user] = l.now
	if rapid.IntRange(0, 4).Draw(t, "never connects") > 0 {
		l.members[at] = l.members[at].AfterLogin(desktop.LoginConnected, l.now)
	}
}

func (l *poolLife) Leave(t *rapid.T) {
	at := rapid.IntRange(0, len(l.members)-1).Draw(t, "desktop")
	if m := l.members[at]; m.Connected() {
		l.left[m.UserID] = l.now
		l.members[at] = m.AfterLogin(desktop.LoginDisconnected, l.now)
	}
}

func (l *poolLife) Pass(t *rapid.T) {
	l.now = l.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
	for _, m := range l.members {
		if m.Connected() {
			l.left[m.UserID] = l.now
		}
	}
}

func (l *poolLife) Tidy(t *rapid.T) {
	tidied := pool.Tidy(l.pool, rapid.Permutation(l.members).Draw(t, "order"), l.now)
	for _, d := range tidied {
		m := l.members[l.at(d.DesktopID)]
		if d.UserID != "" {
			if m.Connected() || l.pool.Type == pool.Static || l.now.Sub(l.left[m.UserID]) < time.Duration(l.pool.RetentionMinutes)*time.Minute {
				t.Fatalf("takes %s from %s, who was there at %v", m.DesktopID, m.UserID, l.left[m.UserID])
			}
			m = m.AfterRelease()
		}
		if d.Reset {
			m.Task = desktop.TaskRebuilding
		}
		l.members[l.at(d.DesktopID)] = m
	}
	if again := pool.Tidy(l.pool, l.members, l.now); len(again) > 0 {
		t.Fatalf("tidying again yields %+v", again)
	}
}

func (l *poolLife) Reset(t *rapid.T) {
	for i, m := range l.members {
		if m.Task == desktop.TaskRebuilding && rapid.Bool().Draw(t, "done") {
			m.Task, m.Login = workspace.NoTask, desktop.LoginRegistered
			l.members[i] = m.AfterReset(l.pool.ImageID, l.now)
			delete(l.dirty, m.DesktopID)
		}
	}
}

func TestPeopleComeAndGo(t *testing.T) {
	for _, of := range []pool.PoolType{pool.Dynamic, pool.Static} {
		t.Run(string(of), rapid.MakeCheck(func(t *rapid.T) {
			l := &poolLife{pool: dynamicPool(), members: readyMembers(rapid.IntRange(1, 5).Draw(t, "desktops"), nil), now: noon, left: map[string]time.Time{}, dirty: map[string]string{}}
			l.pool.Type = of
			t.Repeat(rapid.StateMachineActions(l))
		}))
	}
}

func TestTheTimeAwayCountsFromTheLastConnection(t *testing.T) {
	p := dynamicPool()
	m := readyMembers(1, nil)[0].AfterBinding("ann", noon)
	if got := p.BindingEnd(m); got != noon.Add(30*time.Minute) {
		t.Errorf("who never connects has until %v", got)
	}
	m = m.AfterLogin(desktop.LoginConnected, noon.Add(time.Minute))
	if got := p.BindingEnd(m); !got.IsZero() {
		t.Errorf("who is connected has until %v", got)
	}
	m = m.AfterLogin(desktop.LoginDisconnected, noon.Add(2*time.Hour)).AfterLogin(desktop.LoginUnregistered, noon.Add(3*time.Hour))
	if got := p.BindingEnd(m); got != noon.Add(2*time.Hour+30*time.Minute) {
		t.Errorf("who left at two has until %v", got)
	}
	if m = m.AfterLogin(desktop.LoginConnected, noon.Add(4*time.Hour)); !m.Disconnected.IsZero() {
		t.Errorf("who is back is noted as away since %v", m.Disconnected)
	}
}

func TestTidyLeavesADesktopThatAJobWorksOn(t *testing.T) {
	m := readyMembers(1, nil)[0].AfterBinding("ann", noon.Add(-time.Hour))
	m.Task = workspace.TaskRebooting
	if got := pool.Tidy(dynamicPool(), []desktop.Member{m}, noon); len(got) != 0 {
		t.Errorf("tidies %+v", got)
	}
	m.Task = workspace.TaskDeleting
	if got := pool.Tidy(dynamicPool(), []desktop.Member{m}, noon); len(got) != 1 || got[0].UserID != "ann" || got[0].Reset {
		t.Errorf("tidies %+v", got)
	}
}

func TestMayReset(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	for _, c := range []struct {
		name   string
		change func(*pool.Pool, *desktop.Member)
		past   []time.Time
		code   workspace.Code
		why    string
	}{
		{"once again after a day", nil, []time.Time{ago(24 * time.Hour), ago(time.Hour)}, "", ""},
		{"no oftener than the policy says", nil, []time.Time{ago(time.Hour), ago(23 * time.Hour), ago(25 * time.Hour)}, workspace.CodeRateLimited, "2 times in 24 hours; again in 1h0m0s"},
		{"at a time in full minutes", nil, []time.Time{ago(time.Second), ago(22*time.Hour + time.Second)}, workspace.CodeRateLimited, "again in 2h0m0s"},
		{"only when as few resets are left as the policy says", nil, []time.Time{ago(2 * time.Hour), ago(23 * time.Hour), ago(time.Hour)}, workspace.CodeRateLimited, "again in 22h0m0s"},
		{"only their own desktop", func(_ *pool.Pool, m *desktop.Member) { m.UserID = "bob" }, nil, workspace.CodeForbidden, "not yours"},
		{"not without a policy", func(p *pool.Pool, _ *desktop.Member) { p.Reset.Enabled = false }, nil, workspace.CodeForbidden, "only an administrator"},
		{"not while it is busy", func(_ *pool.Pool, m *desktop.Member) { m.Task = workspace.TaskRebooting }, nil, workspace.CodeConflict, "is busy (rebooting)"},
		{"not under maintenance", func(p *pool.Pool, _ *desktop.Member) { p.InMaintenance = true }, nil, workspace.CodeConflict, "maintenance"},
	} {
		t.Run("people may reset "+c.name, func(t *testing.T) {
			p, m := dynamicPool(), readyMembers(1, nil)[0].AfterBinding("ann", noon)
			p.Reset = pool.UserResetPolicy{Enabled: true, PerDay: 2}
			if c.change != nil {
				c.change(&p, &m)
			}
			err := pool.MayReset(p, m, "ann", c.past, noon)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			workspacetest.Refused(t, err, c.code, c.why)
		})
	}
	m := readyMembers(1, nil)[0].AfterBinding("ann", noon).AfterReset("gold-2", noon)
	if m.UserID != "ann" || !m.Used || m.ImageID != "gold-2" {
		t.Errorf("a reset by its person makes %+v", m)
	}
}
