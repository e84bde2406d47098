package job_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/catalog"
	"carrel/internal/connection"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

const seatPool = "44444444-4444-4444-8444-444444444444"

// addSeats makes a pool that keeps itself as change says, by default DYNAMIC and without autoscaling, and lets people use it.
func (w *world) addSeats(change func(*pool.Pool), people ...signin.Visitor) {
	w.t.Helper()
	ctx := w.t.Context()
	subnets, err := w.service.Catalog.Subnets(ctx, project)
	w.must(err)
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		p := pool.Pool{
			ID: seatPool, ProjectID: project, Name: "seats", Type: pool.Dynamic, ProductID: product, ImageType: catalog.ImageGold,
			ImageID: image, Root: pool.PoolVolume{ID: workspace.NewID(), Type: "SAS", GB: 80},
			SubnetIDs: []string{subnets[0].ID}, EnterpriseID: "0", RetentionMinutes: 30, Created: tx.Now(), Updated: tx.Now(),
			History: []pool.PoolImage{{ImageID: image, Type: catalog.ImageGold, Since: tx.Now()}},
		}
		change(&p)
		var grants []pool.Grant
		for _, v := range people {
			grants = append(grants, pool.Grant{PoolID: p.ID, Type: pool.GrantUser, ObjectID: v.ID, Group: workspace.GroupDefault, Created: tx.Now()})
		}
		return pool.InsertPool(ctx, tx, p, grants)
	}))
}

// keeping is a policy that keeps n desktops idle.
func keeping(n int) func(*pool.Pool) {
	return func(p *pool.Pool) {
		p.Autoscaling = true
		p.Policy = pool.AutoscalePolicy{Type: pool.AutoCreated, MaxAutoCreated: 50, MinIdle: n}
	}
}

// onDemand is a policy that makes desktops for people who find none.
func onDemand(most int) func(*pool.Pool) {
	return func(p *pool.Pool) {
		p.Autoscaling = true
		p.Policy = pool.AutoscalePolicy{Type: pool.AccessCreated, MaxAutoCreated: most}
	}
}

// visitors are new people who are signed in.
func (w *world) visitors(n int) []signin.Visitor {
	w.t.Helper()
	ctx := w.t.Context()
	all := make([]signin.Visitor, n)
	for i := range all {
		name := fmt.Sprintf("visitor-%d", i)
		id, err := w.service.Users.CreateUser(ctx, user.CreateUser{Caller: workspace.Caller{ProjectID: project}, Name: name, Email: name + "@example.com"})
		w.must(err)
		u, err := w.service.Directory.User(ctx, project, id)
		w.must(err)
		all[i] = signin.Visitor{User: u, SignInHash: workspace.HashToken(name)}
		w.must(w.store.Update(ctx, func(tx *store.Tx) error {
			return signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: all[i].SignInHash, UserID: id, Created: tx.Now(), Expires: tx.Now().Add(1000 * time.Hour)})
		}))
	}
	return all
}

// tend runs a process that looks after pools, besides one that works, until the test ends.
func (w *world) tend(name string, s store.Transactions, e engine.Engine) (stop func()) {
	w.t.Helper()
	p := w.start(name, s, e)
	t := w.reconciler(s)
	w.must(t.Start(w.t.Context()))
	return func() {
		t.Stop(w.t.Context())
		p.kill()
	}
}

func (w *world) reconciler(s store.Transactions) *job.Reconciler {
	w.t.Helper()
	log := slog.New(slog.DiscardHandler)
	service := core.NewServices(core.Config{Store: s})
	meter, err := job.NewPoolMetrics(prometheus.NewRegistry(), service.Pools, log)
	w.must(err)
	return &job.Reconciler{Pools: service.Pools, Log: log, Meter: meter}
}

// withSeats runs a test with a pool, people who may use it, and a process that looks after it.
func withSeats(t *testing.T, change func(*pool.Pool), people int, test func(w *world, people []signin.Visitor)) {
	t.Helper()
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		visitors := w.visitors(people)
		w.addSeats(change, visitors...)
		defer w.tend("replica", w.store, w.sim)()
		test(w, visitors)
	})
}

// open opens the pool for a person.
func (w *world) open(v signin.Visitor) connection.OpenedPool {
	w.t.Helper()
	o, err := w.service.Connections.OpenPool(w.t.Context(), v, seatPool, "")
	w.must(err)
	return o
}

// members reads the pool's desktops.
func (w *world) members() []desktop.Member {
	w.t.Helper()
	var members []desktop.Member
	w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		members, err = desktop.Members(w.t.Context(), tx, seatPool)
		return err
	}))
	return members
}

// idle says whether n desktops of the pool are idle.
func (w *world) idle(n int) func() bool {
	return func() bool {
		return n == len(slices.DeleteFunc(w.members(), func(m desktop.Member) bool { return !m.Idle() }))
	}
}

// inside lists the accounts with a display in a desktop.
func (w *world) inside(desktopID string) []string {
	w.t.Helper()
	status, err := w.sim.Status(w.t.Context(), desktopID)
	w.must(err)
	var accounts []string
	for _, s := range status.Sessions {
		accounts = append(accounts, s.Account)
	}
	return accounts
}

// connect opens a display with a ticket and returns what closes it.
func (w *world) connect(v signin.Visitor, ticket string) (leave func()) {
	w.t.Helper()
	ctx := w.t.Context()
	t, err := w.service.Connections.Admit(ctx, ticket)
	w.must(err)
	c := desktop.Connection{ID: workspace.NewID(), DesktopID: t.DesktopID, UserID: v.ID, SignInHash: t.SignInHash, Gateway: "gateway"}
	w.must(w.store.View(ctx, func(tx *store.Tx) error {
		c.Opened, c.LeaseUntil = tx.Now(), tx.Now().Add(1000*time.Hour)
		return nil
	}))
	w.must(w.service.Connections.OpenConnection(ctx, t, c))
	return func() { w.must(w.service.Connections.CloseConnection(context.WithoutCancel(ctx), c.ID, c.DesktopID)) }
}

func TestOpeningAPool(t *testing.T) {
	t.Run("GivesARunningDesktopWithThePersonsDisplayInside", func(t *testing.T) {
		withSeats(t, keeping(2), 2, func(w *world, people []signin.Visitor) {
			w.until("two idle desktops", w.idle(2))

			ada := w.open(people[0])
			if ada.Outcome != pool.OutcomeNew || ada.Ticket == "" || ada.Pool.State != connection.PoolYours || ada.Pool.Desktop.ID != ada.DesktopID {
				t.Fatalf("opening gave %+v", ada)
			}
			if got := w.inside(ada.DesktopID); !slices.Equal(got, []string{"visitor-0"}) {
				t.Errorf("inside are %v", got)
			}
			if bob := w.open(people[1]); bob.Outcome != pool.OutcomeNew || bob.DesktopID == ada.DesktopID {
				t.Errorf("the next got %+v", bob.Assignment)
			}
			if again := w.open(people[0]); again.Outcome != pool.OutcomeSame || again.DesktopID != ada.DesktopID || again.Ticket == "" {
				t.Errorf("opening again gave %+v", again.Assignment)
			}
			w.until("two idle desktops again", w.idle(2))
		})
	})

	t.Run("KeepsTheDesktopForWhoReturnsInTimeAndResetsItForTheNext", func(t *testing.T) {
		withSeats(t, keeping(1), 2, func(w *world, people []signin.Visitor) {
			w.until("an idle desktop", w.idle(1))

			mine := w.open(people[0])
			leave := w.connect(people[0], mine.Ticket)
			w.pass(5 * time.Hour) // far longer than the retention: who is connected keeps it
			leave()
			w.pass(29 * time.Minute)
			again := w.open(people[0])
			if again.DesktopID != mine.DesktopID || again.Outcome != pool.OutcomeSame {
				t.Fatalf("after 29 minutes %+v", again.Assignment)
			}
			w.connect(people[0], again.Ticket)()
			w.pass(30*time.Minute + time.Second)
			w.until("the desktop's return", func() bool {
				m := w.members()
				return slices.ContainsFunc(m, func(m desktop.Member) bool { return m.DesktopID == mine.DesktopID && m.Idle() && !m.Used })
			})
			if got := w.inside(mine.DesktopID); len(got) > 0 {
				t.Errorf("the desktop went back with %v inside", got)
			}
			if err := w.service.Connections.MayConnect(w.t.Context(), signin.Ticket{DesktopID: mine.DesktopID, UserID: people[0].ID, SignInHash: people[0].SignInHash}); workspace.CodeOf(err) != workspace.CodeForbidden {
				t.Errorf("its former person may still connect: %v", err)
			}
		})
	})

	t.Run("MakesADesktopForWhoWaitsAndTellsHowFarItIs", func(t *testing.T) {
		withSeats(t, onDemand(2), 3, func(w *world, people []signin.Visitor) {

			for i, v := range people[:2] {
				o := w.open(v)
				if o.Outcome != pool.OutcomeWait || o.Pool.Wait == nil || o.Pool.Wait.Position != i+1 || o.Pool.Wait.Ready || o.Pool.Reason == "" {
					t.Fatalf("person %d was told %+v %+v", i, o.Assignment, o.Pool.Wait)
				}
				w.pass(time.Millisecond) // who came first is told by the time
			}
			if o := w.open(people[2]); o.Outcome != pool.OutcomeFull || o.Pool.State != connection.PoolFull || o.Pool.Reason == "" {
				t.Errorf("beyond the cap somebody was told %+v", o)
			}
			steps := map[string]bool{}
			w.until("a desktop for whoever waits longest", func() bool {
				p, err := w.service.Connections.MyPool(w.t.Context(), people[0].User, seatPool)
				w.must(err)
				steps[p.Wait.Step] = true
				return p.Wait.Ready
			})
			if len(steps) < 2 {
				t.Errorf("the steps they saw: %v", steps)
			}
			w.until("both desktops", w.idle(2))
			if o := w.open(people[2]); o.Outcome == pool.OutcomeNew {
				t.Error("somebody overtook two who wait")
			}
			for _, v := range people[:2] {
				if o := w.open(v); o.Outcome != pool.OutcomeNew || o.Ticket == "" {
					t.Errorf("who waited got %+v", o.Assignment)
				}
			}
		})
	})

	t.Run("StartsADesktopThatIsOff", func(t *testing.T) {
		withSeats(t, keeping(1), 1, func(w *world, people []signin.Visitor) {
			w.until("an idle desktop", w.idle(1))
			operate(desktop.OpStop)(w)
			w.until("rest", w.quiet)
			o := w.open(people[0])
			if o.Outcome != pool.OutcomeNew || !o.Start || o.Ticket != "" || o.Pool.Desktop.Why != connection.ObsStarting {
				t.Fatalf("opening gave %+v %+v", o.Assignment, o.Pool.Desktop)
			}
			w.until("rest", w.quiet)
			if got := w.inside(o.DesktopID); !slices.Equal(got, []string{"visitor-0"}) {
				t.Errorf("inside are %v", got)
			}
		})
	})

	t.Run("ShowsNothingOfSomebodyWhoWasDeletedDuringTheirOwnReset", func(t *testing.T) {
		inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
			people := w.visitors(1)
			w.addSeats(func(p *pool.Pool) {
				keeping(1)(p)
				p.Data = []pool.PoolVolume{{ID: workspace.NewID(), Type: "SSD", GB: 10}}
				p.Reset = pool.UserResetPolicy{Enabled: true, PerDay: 1}
			}, people...)
			defer w.tend("replica", w.store, w.sim)()
			w.until("an idle desktop", w.idle(1))
			ada := w.open(people[0])
			w.must(w.sim.WriteFile(w.t.Context(), ada.DesktopID, "/data/disk1/letter", "from Ada"))
			w.must(w.service.Connections.ResetMyDesktop(w.t.Context(), people[0], seatPool, ""))
			w.must(w.service.Users.DeleteUser(w.t.Context(), workspace.Caller{ProjectID: project}, people[0].ID))
			w.until("both desktops", w.idle(2))
			if _, there := w.sim.ReadFile(ada.DesktopID, "/data/disk1/letter"); there {
				t.Error("the desktop is idle with her letter on its data disk")
			}
			if got := w.inside(ada.DesktopID); len(got) > 0 {
				t.Errorf("inside are %v", got)
			}
		})
	})

	t.Run("IsPossibleAgainWhenItsPersonWasDeletedAfterTheirGatewayHadDied", func(t *testing.T) {
		withSeats(t, keeping(1), 1, func(w *world, people []signin.Visitor) {
			w.until("an idle desktop", w.idle(1))
			ada := w.open(people[0])
			ticket, err := w.service.Connections.Admit(w.t.Context(), ada.Ticket)
			w.must(err)
			w.must(w.service.Connections.OpenConnection(w.t.Context(), ticket, desktop.Connection{
				ID: "c", DesktopID: ada.DesktopID, UserID: ticket.UserID, SignInHash: ticket.SignInHash, Gateway: "dead",
				Opened: time.Now(), LeaseUntil: time.Now().Add(30 * time.Second),
			}))
			w.must(w.service.Users.DeleteUser(w.t.Context(), workspace.Caller{ProjectID: project}, people[0].ID))
			w.pass(time.Minute)
			_, err = w.service.Connections.SweepConnections(w.t.Context())
			w.must(err)
			w.until("both desktops", w.idle(2))
		})
	})

	t.Run("TellsStrangersThatThereIsNoSuchPool", func(t *testing.T) {
		inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
			people := w.visitors(1)
			w.addSeats(keeping(1))
			if _, err := w.service.Connections.OpenPool(w.t.Context(), people[0], seatPool, ""); workspace.CodeOf(err) != workspace.CodePoolNotFound {
				t.Errorf("a stranger was told %v", err)
			}
			if _, err := w.service.Connections.OpenPool(w.t.Context(), people[0], "nothing", ""); workspace.CodeOf(err) != workspace.CodePoolNotFound {
				t.Errorf("of no pool a stranger was told %v", err)
			}
		})
	})
}

func TestAccessToAPoolEndsAtOnce(t *testing.T) {
	for name, end := range map[string]func(w *world, v signin.Visitor){
		"WhenTheGrantIsRevoked": func(w *world, v signin.Visitor) {
			w.must(w.service.Pools.ChangeGrants(w.t.Context(), pool.ChangeGrants{
				Caller: workspace.Caller{ProjectID: project}, PoolID: seatPool, Action: pool.GrantRemove,
				Objects: []pool.Grant{{Type: pool.GrantUser, ObjectID: v.ID, Group: workspace.GroupDefault}},
			}))
		},
		"WhenThePersonIsDeleted": func(w *world, v signin.Visitor) {
			w.must(w.service.Users.DeleteUser(w.t.Context(), workspace.Caller{ProjectID: project}, v.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
				v := w.visitors(1)[0]
				w.addSeats(keeping(1), v)
				defer w.tend("replica", w.store, w.sim)()
				w.until("an idle desktop", w.idle(1))
				o := w.open(v)
				leave := w.connect(v, o.Ticket)
				end(w, v)
				w.pass(time.Second)
				if err := w.service.Connections.MayConnect(w.t.Context(), signin.Ticket{DesktopID: o.DesktopID, UserID: v.ID, SignInHash: v.SignInHash}); err == nil {
					t.Error("they may still connect")
				}
				if _, err := w.service.Connections.OpenPool(w.t.Context(), v, seatPool, ""); err == nil {
					t.Error("they may open the pool again")
				}
				leave() // as the gateway does when the grounds are gone
				w.until("the desktop's return", func() bool {
					return slices.ContainsFunc(w.members(), func(m desktop.Member) bool { return m.DesktopID == o.DesktopID && m.Idle() })
				})
				if got := w.inside(o.DesktopID); len(got) > 0 {
					t.Errorf("the desktop went back with %v inside", got)
				}
			})
		})
	}
}

func TestADesktopThatCannotBeMadeReadyIsTakenBack(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		v := w.visitors(1)[0]
		w.addSeats(keeping(2), v)
		stop := w.tend("setup", w.store, w.sim)
		w.until("idle desktops", w.idle(2))
		stop()
		deaf := enginetest.Around(w.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Await" {
				return engine.ErrUnavailable
			}
			return do()
		})
		stop = w.tend("replica", w.store, deaf)
		first := w.open(v) // it waits for as long as a person would
		if first.Outcome != pool.OutcomeNew || first.Ticket != "" || first.Pool.Desktop.Why != connection.ObsPreparing {
			t.Fatalf("opening gave %+v %+v", first.Assignment, first.Pool.Desktop)
		}
		w.until("the end of the attempts", func() bool {
			p, err := w.service.Connections.MyPool(w.t.Context(), v.User, seatPool)
			w.must(err)
			return p.Desktop == nil
		})
		stop()
		defer w.tend("replica", w.store, w.sim)()
		if next := w.open(v); next.Outcome != pool.OutcomeNew || next.DesktopID == first.DesktopID || next.Ticket == "" {
			t.Errorf("opening again gave %+v", next.Assignment)
		}
		w.until("the desktop's return", w.idle(3))
	})
}

func TestAnOrderThatIsRefusedIsToldAndTriedAgain(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		v := w.visitors(1)[0]
		w.addSeats(func(p *pool.Pool) {
			keeping(2)(p)
			p.ProductID = "gone"
			p.NamePolicyID = "gone"
		}, v)
		defer w.tend("replica", w.store, w.sim)()
		w.pass(30 * time.Second)
		var p pool.Pool
		var log []pool.PoolDecision
		w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
			if p, err = pool.ReadPool(w.t.Context(), tx, project, seatPool); err != nil {
				return err
			}
			log, _, err = pool.Decisions(w.t.Context(), tx, seatPool, pool.DecideScale, workspace.Page{Limit: 100})
			return err
		}))
		if p.Scale.Failures != 0 || p.Scale.Shortage == "" || len(log) < 1 || len(log) > 5 {
			t.Errorf("%d failures, shortage %q, %d entries in the log", p.Scale.Failures, p.Scale.Shortage, len(log))
		}
		refused := func(d pool.PoolDecision) bool {
			return slices.ContainsFunc(d.Reasons, func(r workspace.Reason) bool { return r.Rule == pool.RuleRefused })
		}
		if !slices.ContainsFunc(log, refused) {
			t.Errorf("the log does not tell: %+v", log)
		}
		if o := w.open(v); o.Outcome != pool.OutcomeWait || !strings.Contains(o.Pool.Reason, "no room for another desktop") {
			t.Errorf("who opens the pool is told %+v", o.Pool.Reason)
		}
	})
}

// TestANearlyFullSubnetGetsWhatItHasRoomFor: a pool that wants more desktops than its subnet has addresses makes as many as there are,
// says why not more, and goes on when there is room.
func TestANearlyFullSubnetGetsWhatItHasRoomFor(t *testing.T) {
	inWorld(t, sim.Config{Latency: sim.Realistic()}, func(w *world) {
		subnets, err := w.service.Catalog.Subnets(w.t.Context(), project)
		w.must(err)
		w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
			return catalog.InsertSubnet(w.t.Context(), tx, catalog.Subnet{
				ID: "small", ProjectID: project, VPCID: subnets[0].VPCID, Name: "small", CIDR: "10.1.200.0/29", Gateway: "10.1.200.1", Network: "net0",
			})
		}))
		w.addSeats(func(p *pool.Pool) {
			keeping(19)(p)
			p.SubnetIDs = []string{"small"}
		})
		defer w.tend("replica", w.store, w.sim)()
		const free = 3 // of eight: the network's, the gateway's and two more at its beginning, and the last are not given out
		w.until("as many desktops as there are addresses", w.idle(free))
		w.pass(time.Minute)
		var p pool.Pool
		var log []pool.PoolDecision
		read := func() {
			w.must(w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
				if p, err = pool.ReadPool(w.t.Context(), tx, project, seatPool); err != nil {
					return err
				}
				log, _, err = pool.Decisions(w.t.Context(), tx, seatPool, pool.DecideScale, workspace.Page{Limit: 100})
				return err
			}))
		}
		read()
		if p.Counts.Desktops != free || p.Scale.Failures != 0 || len(log) > 5 {
			t.Errorf("%d desktops, %d failures, %d entries in the log", p.Counts.Desktops, p.Scale.Failures, len(log))
		}
		told := func(r workspace.Reason) bool {
			return r.Rule == pool.RuleRefused && strings.Contains(r.Text, "3 of 19 desktops could be ordered") && strings.Contains(r.Text, "3 free addresses")
		}
		if !slices.ContainsFunc(log, func(d pool.PoolDecision) bool { return slices.ContainsFunc(d.Reasons, told) }) {
			t.Errorf("the log does not tell: %+v", log)
		}
		w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
			p.SubnetIDs = []string{"small", subnets[0].ID}
			return pool.SavePool(w.t.Context(), tx, p)
		}))
		w.until("the others, when there are addresses", w.idle(19))
	})
}
