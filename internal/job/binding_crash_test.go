package job_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/signin"
)

// TestKilledAtAnyCallAPoolGivesEachPersonOneDesktop kills a process that looks after a pool at each of its calls to the store and
// the engine in turn, while somebody opens the pool or their time is up, and lets the next process go on.
func TestKilledAtAnyCallAPoolGivesEachPersonOneDesktop(t *testing.T) {
	for _, s := range []struct {
		name  string
		setUp func(e *env, v signin.Visitor)
		act   func(e *env, s *core.Services, v signin.Visitor)
		again bool // the person opens the pool once more in the end
	}{
		{
			name: "opening", setUp: func(*env, signin.Visitor) {}, again: true,
			act: func(e *env, s *core.Services, v signin.Visitor) {
				_, _ = s.Connections.OpenPool(e.t.Context(), v, sharedPool) // the process may die meanwhile
			},
		},
		{
			name: "going back", act: func(*env, *core.Services, signin.Visitor) {},
			setUp: func(e *env, v signin.Visitor) {
				e.connect(v, e.open(v).Ticket)()
				e.until("rest", e.quiet)
				e.pass(30*time.Minute - time.Second)
			},
		},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(s.name, map[bool]string{false: " before", true: " after"}[after]), func(t *testing.T) {
				for n, died := 1, true; died && !t.Failed(); n += killEvery() {
					inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
						person := e.visitors(1)[0]
						e.addSharedPool(keeping(1), person)
						stop := e.reconcile("setup", e.store, e.sim)
						e.until("an idle desktop", e.idle(1))
						s.setUp(e, person)
						stop()

						m := newKillable(n, after)
						kill := e.reconcileKillable(m)
						opened := make(chan struct{})
						go func() {
							defer close(opened)
							s.act(e, core.NewServices(core.Config{Store: killableStore{e.store, m}}), person)
						}()
						e.pass(2 * time.Second)
						e.until("the end of the process, or rest", func() bool {
							return m.dead() || e.quiet() && !slices.ContainsFunc(e.members(), func(m desktop.Member) bool { return needsCare(m) || m.Bound() && !s.again })
						})
						<-opened
						kill()
						died = m.dead()

						defer e.reconcile("replica", e.store, e.sim)()
						e.checkOneDesktop(person, s.again)
					})
				}
			})
		}
	}
}

func needsCare(m desktop.Member) bool { return m.Coming() || m.NeedsReset() }

// checkOneDesktop fails unless the person has one desktop with their display inside, or none if they do not open the pool, and all
// others are idle and empty.
func (e *env) checkOneDesktop(v signin.Visitor, opens bool) {
	e.t.Helper()
	hers := ""
	if opens {
		o := e.open(v)
		if o.Ticket == "" {
			e.t.Errorf("opening the pool again gave %+v", o.BindDecision)
		}
		hers = o.DesktopID
	}
	e.until("rest", func() bool {
		return e.quiet() && !slices.ContainsFunc(e.members(), func(m desktop.Member) bool { return needsCare(m) || m.Bound() && !opens })
	})
	for _, m := range e.members() {
		accounts := e.inside(m.DesktopID)
		switch {
		case m.DesktopID == hers:
			if m.UserID != v.ID || !slices.Equal(accounts, []string{directory.AccountFor(v.Name)}) {
				e.t.Errorf("the person's desktop is %q's with %v inside", m.UserID, accounts)
			}
		case !m.Idle() || len(accounts) > 0:
			e.t.Errorf("another desktop is not idle and empty: %+v with %v inside", m, accounts)
		}
	}
	if !e.idle(1)() && opens {
		e.t.Error("there is not one idle desktop")
	}
	findings := e.audit()
	if len(findings) > 0 {
		e.t.Errorf("audit: %+v", findings)
	}
}

// reconcileKillable runs a process that looks after pools and works, and dies where m says.
func (e *env) reconcileKillable(m *killable) (kill func()) {
	e.t.Helper()
	p := e.startKillable(m)
	log := slog.New(slog.DiscardHandler)
	service := core.NewServices(core.Config{Store: killableStore{e.store, m}})
	meter, err := job.NewPoolMetrics(prometheus.NewRegistry(), service.Pools, log)
	e.must(err)
	t := &job.Reconciler{Pools: service.Reconciler, Log: log, Meter: meter}
	e.must(t.Start(e.t.Context()))
	return func() {
		t.Stop(e.t.Context())
		p.kill()
	}
}
