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
		setUp func(w *world, v signin.Visitor)
		act   func(w *world, s *core.Services, v signin.Visitor)
		again bool // the person opens the pool once more in the end
	}{
		{
			name: "opening", setUp: func(*world, signin.Visitor) {}, again: true,
			act: func(w *world, s *core.Services, v signin.Visitor) {
				_, _ = s.Connections.OpenPool(w.t.Context(), v, seatPool, "") // the process may die meanwhile
			},
		},
		{
			name: "going back", act: func(*world, *core.Services, signin.Visitor) {},
			setUp: func(w *world, v signin.Visitor) {
				w.connect(v, w.open(v).Ticket)()
				w.until("rest", w.quiet)
				w.pass(30*time.Minute - time.Second)
			},
		},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(s.name, map[bool]string{false: " before", true: " after"}[after]), func(t *testing.T) {
				for n, died := 1, true; died && !t.Failed(); n += killEvery() {
					inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
						person := w.visitors(1)[0]
						w.addSeats(keeping(1), person)
						stop := w.tend("setup", w.store, w.sim)
						w.until("an idle desktop", w.idle(1))
						s.setUp(w, person)
						stop()

						m := newMortal(n, after)
						kill := w.tendMortal(m)
						opened := make(chan struct{})
						go func() {
							defer close(opened)
							s.act(w, core.NewServices(core.Config{Store: mortalStore{w.store, m}}), person)
						}()
						w.pass(2 * time.Second)
						w.until("the end of the process, or rest", func() bool {
							return m.dead() || w.quiet() && !slices.ContainsFunc(w.members(), func(m desktop.Member) bool { return needsCare(m) || m.Bound() && !s.again })
						})
						<-opened
						kill()
						died = m.dead()

						defer w.tend("replica", w.store, w.sim)()
						w.checkOneDesktop(person, s.again)
					})
				}
			})
		}
	}
}

func needsCare(m desktop.Member) bool { return m.Coming() || m.NeedsReset() }

// checkOneDesktop fails unless the person has one desktop with their display inside, or none if they do not open the pool, and all
// others are idle and empty.
func (w *world) checkOneDesktop(v signin.Visitor, opens bool) {
	w.t.Helper()
	mine := ""
	if opens {
		o := w.open(v)
		if o.Ticket == "" {
			w.t.Errorf("opening the pool again gave %+v", o.Assignment)
		}
		mine = o.DesktopID
	}
	w.until("rest", func() bool {
		return w.quiet() && !slices.ContainsFunc(w.members(), func(m desktop.Member) bool { return needsCare(m) || m.Bound() && !opens })
	})
	for _, m := range w.members() {
		accounts := w.inside(m.DesktopID)
		switch {
		case m.DesktopID == mine:
			if m.UserID != v.ID || !slices.Equal(accounts, []string{directory.AccountFor(v.Name)}) {
				w.t.Errorf("the person's desktop is %q's with %v inside", m.UserID, accounts)
			}
		case !m.Idle() || len(accounts) > 0:
			w.t.Errorf("another desktop is not idle and empty: %+v with %v inside", m, accounts)
		}
	}
	if !w.idle(1)() && opens {
		w.t.Error("there is not one idle desktop")
	}
	findings := w.audit()
	if len(findings) > 0 {
		w.t.Errorf("audit: %+v", findings)
	}
}

// tendMortal runs a process that looks after pools and works, and dies where m says.
func (w *world) tendMortal(m *mortal) (kill func()) {
	w.t.Helper()
	p := w.startMortal(m)
	log := slog.New(slog.DiscardHandler)
	service := core.NewServices(core.Config{Store: mortalStore{w.store, m}})
	meter, err := job.NewPoolMetrics(prometheus.NewRegistry(), service.Pools, log)
	w.must(err)
	t := &job.Reconciler{Pools: service.Pools, Log: log, Meter: meter}
	w.must(t.Start(w.t.Context()))
	return func() {
		t.Stop(w.t.Context())
		p.kill()
	}
}
