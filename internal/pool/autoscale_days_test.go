package pool_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// simulatedPool is a pool in which people work in the daytime, on an engine that takes its time and fails for two hours of the third
// day. It lives in steps of a minute.
type simulatedPool struct {
	*rand.Rand
	pool.PoolSnapshot
	now    time.Time
	people []person
	ends   map[string]time.Time // when the work on a desktop ends
	fails  map[string]bool      // creations that will fail

	waited    []wait
	failed    int // creations
	acted     map[int]int
	lastGrown time.Time
	lastTaken time.Time
}

type person struct {
	name          string
	came          time.Time // since when they want a desktop; zero when they do not
	working       bool
	until, brk    time.Time // they go home; they go to lunch
	pausedMinutes int
}

type wait struct {
	at     time.Time
	lasted time.Duration
}

const administrators = 5 // desktops that the administrator made

func newSimulatedPool(seed uint64) *simulatedPool {
	o := &simulatedPool{
		Rand: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), // a Monday
		ends: map[string]time.Time{}, fails: map[string]bool{}, acted: map[int]int{},
	}
	o.Pool = pool.Pool{ID: "p", Name: "office", Type: pool.Dynamic, ImageID: "gold-1", RetentionMinutes: 30, Autoscaling: true,
		Policy: autoscale.Policy{Type: autoscale.AutoCreated, MaxAutoCreated: 70, MinIdle: 3, OnceCreated: 10, MinRetention: 7, IdleMinutes: new(60)}}
	o.Members = readyMembers(administrators, func(m *desktop.Member) { m.AutoCreated, m.IdleSince, m.ImageID = false, o.now, "gold-1" })
	for i := range 60 {
		o.people = append(o.people, person{name: fmt.Sprint("person-", i)})
	}
	return o
}

func (o *simulatedPool) outage() bool {
	return o.now.Day() == 4 && o.now.Hour() >= 9 && o.now.Hour() < 11
}

func (o *simulatedPool) minute(t *testing.T) {
	o.now = o.now.Add(time.Minute)
	o.engine()
	o.schedule()
	o.openPool()
	for _, d := range pool.Tidy(o.Pool, o.Members, o.now) {
		m := o.member(d.DesktopID)
		if d.UserID != "" {
			*m = m.AfterRelease()
		}
		if d.Reset {
			m.Task = desktop.TaskRebuilding
			o.ends[m.DesktopID] = o.now.Add(time.Minute)
		}
	}
	o.scale(t)
	o.check(t)
}

// engine ends the work that is due.
func (o *simulatedPool) engine() {
	var left []desktop.Member
	for _, m := range o.Members {
		if m.Task == workspace.NoTask || o.now.Before(o.ends[m.DesktopID]) {
			left = append(left, m)
			continue
		}
		task := m.Task
		m.Task, m.Updated = workspace.NoTask, o.now
		switch {
		case task == workspace.TaskDeleting:
			continue
		case task == workspace.TaskCreating:
			if o.fails[m.DesktopID] {
				m.Status = desktop.StatusError
				o.failed++
			} else {
				m.Status, m.Login = desktop.StatusActive, desktop.LoginRegistered
				m = m.AfterReset(o.Pool.ImageID, o.now)
			}
			o.Pool.Scale = o.Pool.Scale.AfterCreation(m.Created, !o.fails[m.DesktopID], o.now)
		case task == desktop.TaskRebuilding:
			m.Login = desktop.LoginRegistered
			m = m.AfterReset(o.Pool.ImageID, o.now)
		}
		left = append(left, m)
	}
	o.Members = left
}

// schedule lets people come in the morning, pause and go home.
func (o *simulatedPool) schedule() {
	weekday := o.now.Weekday() != time.Saturday && o.now.Weekday() != time.Sunday
	for i := range o.people {
		p := &o.people[i]
		switch {
		case p.came.IsZero() && weekday && o.now.Hour() == 8 && o.now.Minute() == 0:
			p.came = o.now.Add(time.Duration(o.IntN(120)) * time.Minute)
			p.brk = p.came.Add(time.Duration(180+o.IntN(60)) * time.Minute)
			p.until = p.came.Add(time.Duration(480+o.IntN(60)) * time.Minute)
			p.pausedMinutes = 10 + o.IntN(60) // some stay away for longer than the binding lasts
		case !p.came.IsZero() && !o.now.Before(p.until):
			o.disconnect(p.name)
			*p = person{name: p.name}
		case p.working && o.now.Equal(p.brk):
			o.disconnect(p.name)
			p.working, p.came = false, o.now.Add(time.Duration(p.pausedMinutes)*time.Minute)
		}
	}
}

func (o *simulatedPool) disconnect(user string) {
	for i, m := range o.Members {
		if m.UserID == user && m.Connected() {
			o.Members[i] = m.AfterLogin(desktop.LoginDisconnected, o.now)
		}
	}
}

// sit gives people desktops, those who have waited longest first.
func (o *simulatedPool) openPool() {
	var queue []*person
	for i := range o.people {
		if p := &o.people[i]; !p.came.IsZero() && !p.working && !o.now.Before(p.came) {
			queue = append(queue, p)
		}
	}
	slices.SortStableFunc(queue, func(a, b *person) int { return a.came.Compare(b.came) })
	o.Waiting = 0
	for _, p := range queue {
		s := pool.Bind(pool.BindRequest{Pool: o.Pool, Members: o.Members, UserID: p.name, Ahead: o.Waiting}, o.now)
		if s.Ended != "" {
			m := o.member(s.Ended)
			*m = m.AfterRelease()
		}
		switch s.Outcome {
		case pool.OutcomeNew:
			m := o.member(s.DesktopID)
			*m = m.AfterBinding(p.name, o.now).AfterLogin(desktop.LoginConnected, o.now)
		case pool.OutcomeSame:
			m := o.member(s.DesktopID)
			*m = m.AfterReturn(o.now).AfterLogin(desktop.LoginConnected, o.now)
		default:
			o.Waiting++
			continue
		}
		p.working = true
		o.waited = append(o.waited, wait{o.now, o.now.Sub(p.came)})
	}
}

func (o *simulatedPool) scale(t *testing.T) {
	d := pool.Autoscale(o.PoolSnapshot, o.now)
	for _, a := range d.Actions {
		o.acted[o.now.YearDay()]++
		switch {
		case a.Kind == autoscale.Create:
			if a.Rule == autoscale.RuleMinIdle && o.now.Sub(o.lastTaken) < autoscale.CoolDown {
				t.Fatalf("%v: makes spare desktops %v after deleting some", o.now, o.now.Sub(o.lastTaken))
			}
			o.lastGrown = o.now
		case a.Rule == autoscale.RuleSpare:
			if o.now.Sub(o.lastGrown) < autoscale.CoolDown {
				t.Fatalf("%v: deletes desktops %v after making some", o.now, o.now.Sub(o.lastGrown))
			}
			o.lastTaken = o.now
		}
	}
	o.PoolSnapshot = carriedOut(o.PoolSnapshot, d, o.now)
	for _, m := range o.Members {
		if _, known := o.ends[m.DesktopID]; m.Task == workspace.TaskCreating && !known {
			o.ends[m.DesktopID] = o.now.Add(2 * time.Minute)
			o.fails[m.DesktopID] = o.outage()
		}
		if m.Task == workspace.TaskDeleting && slices.Contains(taken(d, autoscale.Delete, ""), m.DesktopID) {
			o.ends[m.DesktopID] = o.now.Add(time.Minute)
		}
	}
}

func (o *simulatedPool) check(t *testing.T) {
	if n := autoCreated(o.Members); n > o.Pool.Policy.MaxAutoCreated {
		t.Fatalf("%v: %d desktops, the cap is %d", o.now, n, o.Pool.Policy.MaxAutoCreated)
	}
	owners := map[string]bool{}
	for _, m := range o.Members {
		if m.Bound() && owners[m.UserID] {
			t.Fatalf("%v: %s has two desktops", o.now, m.UserID)
		}
		owners[m.UserID] = true
		if m.Connected() && m.Leaving() {
			t.Fatalf("%v: deletes %s under %s", o.now, m.DesktopID, m.UserID)
		}
	}
}

func (o *simulatedPool) member(id string) *desktop.Member {
	return &o.Members[slices.IndexFunc(o.Members, func(m desktop.Member) bool { return m.DesktopID == id })]
}

// TestAPoolLivesForThreeWeeks plays 21 days.
func TestAPoolLivesForThreeWeeks(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			o := newSimulatedPool(seed)
			most := 0
			for range 21 * 24 * 60 {
				o.minute(t)
				most = max(most, len(o.Members))
				keep := o.Pool.Policy.MinRetention
				if o.now.Day() == 2 { // nobody has come yet, and a minimum to keep makes none
					keep = administrators
				}
				if night := o.now.Hour() == 5 && o.now.Minute() == 0; night && len(o.Members) != keep {
					t.Fatalf("%v: %d desktops through the night, %d are to stay", o.now, len(o.Members), keep)
				}
			}
			for _, w := range o.waited {
				sound := w.at.Day() != 4
				if sound && w.lasted > 5*time.Minute || w.lasted > 3*time.Hour {
					t.Errorf("%v: somebody waited for %v", w.at, w.lasted)
				}
			}
			if len(o.waited) < 15*60 || most < 60 {
				t.Errorf("%d arrivals and at most %d desktops: nobody came", len(o.waited), most)
			}
			t.Logf("%d arrivals, at most %d desktops, %d failed creations", len(o.waited), most, o.failed)
			if o.failed == 0 || o.failed > 40 {
				t.Errorf("%d creations failed during the outage", o.failed)
			}
			for _, sunday := range []int{8, 15, 22} {
				if n := o.acted[time.Date(2026, 3, sunday, 0, 0, 0, 0, time.UTC).YearDay()]; n > 0 {
					t.Errorf("acted %d times on Sunday the %d., when nothing happened", n, sunday)
				}
			}
		})
	}
}
