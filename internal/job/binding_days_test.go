package job_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine/sim"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TestAPoolServesPeopleForDays plays two days of people who come, pause and go, through the real store, runner and reconciler, on an
// engine that takes its time and makes passing faults.
func TestAPoolServesPeopleForDays(t *testing.T) {
	if daysToPlay() == 0 {
		t.Skip("a day of people takes the race detector ten minutes; scripts/test plays three without it")
	}
	for seed := range uint64(1) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
				o := &poolDays{env: e, rand: rand.New(rand.NewPCG(seed, 3)), people: e.visitors(12), leave: map[int]func(){}, until: map[int]time.Time{}}
				e.addSharedPool(func(p *pool.Pool) {
					p.RetentionMinutes, p.Autoscaling = 20, true
					p.Policy = autoscale.Policy{
						Type: autoscale.AutoCreated, MaxAutoCreated: 10, MinIdle: 2, OnceCreated: 3, MinRetention: 2, IdleMinutes: new(45),
					}
				}, o.people...)
				stop := []func(){e.reconcile("one", e.store, e.sim), e.reconcile("two", e.store, e.sim)}
				for range daysToPlay() * 24 * 6 {
					o.tenMinutes()
				}
				o.check()
				for _, f := range stop {
					f()
				}
				t.Logf("%d times somebody got a desktop, %d times they waited, %d times there was none; at most %d desktops, %d in the end",
					o.bound, o.waited, o.full, o.most, len(e.members()))
				if o.bound < 20 || o.most < 6 || o.most > 10 {
					t.Error("nobody came, or the cap did not hold")
				}
			})
		})
	}
}

type poolDays struct {
	*env
	rand   *rand.Rand
	people []signin.Visitor
	leave  map[int]func() // of those who are connected
	until  map[int]time.Time
	hours  int

	bound, waited, full, most int
}

// tenMinutes lets some people come and some go, and time pass.
func (o *poolDays) tenMinutes() {
	o.t.Helper()
	day := o.hours / 6 % 24
	o.hours++
	for i, v := range o.people {
		now := time.Now()
		if leave := o.leave[i]; leave != nil {
			if now.After(o.until[i]) {
				leave()
				delete(o.leave, i)
			}
			continue
		}
		if day < 8 || day > 17 || o.rand.IntN(6) > 0 {
			continue
		}
		opened := o.open(v)
		switch {
		case opened.Outcome == pool.OutcomeFull:
			o.full++
		case opened.Outcome == pool.OutcomeWait:
			o.waited++
		case opened.Ticket != "":
			o.bound++
			o.leave[i] = o.connect(v, opened.Ticket)
			o.until[i] = now.Add(time.Duration(10+o.rand.IntN(120)) * time.Minute)
		}
		o.checkBindings()
	}
	o.pass(10 * time.Minute)
	o.most = max(o.most, len(o.members()))
	o.checkBindings()
}

// checkBindings fails when two people share a desktop, one has two, or somebody who is connected lost theirs.
func (o *poolDays) checkBindings() {
	o.t.Helper()
	of := map[string]desktop.Member{}
	auto := 0
	for _, m := range o.members() {
		if m.Bound() {
			if _, two := of[m.UserID]; two {
				o.t.Fatalf("%s has two desktops", m.UserID)
			}
			of[m.UserID] = m
		}
		if m.AutoCreated {
			auto++
		}
	}
	for i := range o.leave {
		if m, has := of[o.people[i].ID]; !has || !m.Connected() || m.Leaving() {
			o.t.Fatalf("%s works in %+v", o.people[i].Name, m)
		}
	}
	if auto > 10 {
		o.t.Fatalf("autoscaling made %d desktops", auto)
	}
}

// check looks at the night: everybody has gone, and what is left is idle, fresh and empty.
func (o *poolDays) check() {
	o.t.Helper()
	for _, m := range o.members() {
		if !m.Idle() || m.Used || len(o.inside(m.DesktopID)) > 0 {
			o.t.Errorf("through the night %+v", m)
		}
	}
	if n := len(o.members()); n != 2 {
		o.t.Errorf("%d desktops through the night, 2 are to stay", n)
	}
	var log []pool.PoolDecision
	o.must(o.store.View(o.t.Context(), func(tx *store.Tx) (err error) {
		log, _, err = pool.Decisions(o.t.Context(), tx, sharedPool, "", workspace.Page{Limit: 1000})
		return err
	}))
	for _, rule := range []string{autoscale.RuleMinIdle, autoscale.RuleSpare, "RELEASE", string(pool.OutcomeNew)} {
		if !slices.ContainsFunc(log, func(d pool.PoolDecision) bool {
			return slices.ContainsFunc(d.Reasons, func(r workspace.Reason) bool { return r.Rule == rule && r.Text != "" })
		}) {
			o.t.Errorf("the decision log of %d entries does not tell of %s", len(log), rule)
		}
	}
	o.checkWhole(2, desktop.StatusActive)
}
