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
	"carrel/internal/pool/autoscale"
	"carrel/internal/quota"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

const sharedPool = "44444444-4444-4444-8444-444444444444"

// addSharedPool makes a pool that keeps itself as change says, by default DYNAMIC and without autoscaling, and lets people use it.
func (e *env) addSharedPool(change func(*pool.Pool), people ...signin.Visitor) {
	e.t.Helper()
	ctx := e.t.Context()
	subnets, err := e.service.Catalog.Subnets(ctx, project)
	e.must(err)
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		p := pool.Pool{
			ID: sharedPool, ProjectID: project, Name: "shared", Type: pool.Dynamic, ProductID: product, ImageType: catalog.ImageGold,
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
		p.Policy = autoscale.Policy{Type: autoscale.AutoCreated, MaxAutoCreated: 50, MinIdle: n}
	}
}

// onDemand is a policy that makes desktops for people who find none.
func onDemand(most int) func(*pool.Pool) {
	return func(p *pool.Pool) {
		p.Autoscaling = true
		p.Policy = autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: most}
	}
}

// visitors are new people who are signed in.
func (e *env) visitors(n int) []signin.Visitor {
	e.t.Helper()
	ctx := e.t.Context()
	all := make([]signin.Visitor, n)
	for i := range all {
		name := fmt.Sprintf("visitor-%d", i)
		id, err := e.service.Users.CreateUser(ctx, user.CreateUser{Caller: workspace.Caller{ProjectID: project}, Name: name, Email: name + "@example.com"})
		e.must(err)
		u, err := e.service.Directory.User(ctx, project, id)
		e.must(err)
		all[i] = signin.Visitor{User: u, SignInHash: workspace.HashToken(name)}
		e.must(e.store.Update(ctx, func(tx *store.Tx) error {
			return signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: all[i].SignInHash, UserID: id, Created: tx.Now(), Expires: tx.Now().Add(1000 * time.Hour)})
		}))
	}
	return all
}

// reconcile runs a process that looks after pools, besides one that works, until the test ends.
func (e *env) reconcile(name string, s store.Transactions, machines engine.Engine) (stop func()) {
	e.t.Helper()
	p := e.start(name, s, machines)
	t := e.reconciler(s)
	e.must(t.Start(e.t.Context()))
	return func() {
		t.Stop(e.t.Context())
		p.kill()
	}
}

func (e *env) reconciler(s store.Transactions) *job.Reconciler {
	e.t.Helper()
	log := slog.New(slog.DiscardHandler)
	service := core.NewServices(core.Config{Store: s})
	meter, err := job.NewPoolMetrics(prometheus.NewRegistry(), service.Pools, log)
	e.must(err)
	return &job.Reconciler{Pools: service.Reconciler, Log: log, Meter: meter}
}

// withSharedPool runs a test with a pool, people who may use it, and a process that looks after it.
func withSharedPool(t *testing.T, change func(*pool.Pool), people int, test func(e *env, people []signin.Visitor)) {
	t.Helper()
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		visitors := e.visitors(people)
		e.addSharedPool(change, visitors...)
		defer e.reconcile("replica", e.store, e.sim)()
		test(e, visitors)
	})
}

// open opens the pool for a person.
func (e *env) open(v signin.Visitor) connection.OpenedPool {
	e.t.Helper()
	o, err := e.service.Connections.OpenPool(e.t.Context(), v, sharedPool)
	e.must(err)
	return o
}

// members reads the pool's desktops.
func (e *env) members() []desktop.Member {
	e.t.Helper()
	var members []desktop.Member
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		members, err = desktop.Members(e.t.Context(), tx, sharedPool)
		return err
	}))
	return members
}

// idle says whether n desktops of the pool are idle.
func (e *env) idle(n int) func() bool {
	return func() bool {
		return n == len(slices.DeleteFunc(e.members(), func(m desktop.Member) bool { return !m.Idle() }))
	}
}

// inside lists the accounts with a display in a desktop.
func (e *env) inside(desktopID string) []string {
	e.t.Helper()
	status, err := e.sim.Status(e.t.Context(), desktopID)
	e.must(err)
	var accounts []string
	for _, s := range status.Sessions {
		accounts = append(accounts, s.Account)
	}
	return accounts
}

// connect opens a display with a ticket and returns what closes it.
func (e *env) connect(v signin.Visitor, ticket string) (leave func()) {
	e.t.Helper()
	ctx := e.t.Context()
	t, err := e.service.Connections.Admit(ctx, ticket)
	e.must(err)
	c := desktop.Connection{ID: workspace.NewID(), DesktopID: t.DesktopID, UserID: v.ID, SignInHash: t.SignInHash, Gateway: "gateway"}
	e.must(e.store.View(ctx, func(tx *store.Tx) error {
		c.Opened, c.LeaseUntil = tx.Now(), tx.Now().Add(1000*time.Hour)
		return nil
	}))
	e.must(e.service.Connections.OpenConnection(ctx, t, c))
	return func() { e.must(e.service.Connections.CloseConnection(context.WithoutCancel(ctx), c.ID, c.DesktopID)) }
}

func TestOpeningAPool(t *testing.T) {
	t.Run("GivesARunningDesktopWithThePersonsDisplayInside", func(t *testing.T) {
		withSharedPool(t, keeping(2), 2, func(e *env, people []signin.Visitor) {
			e.until("two idle desktops", e.idle(2))

			ada := e.open(people[0])
			if ada.Outcome != pool.OutcomeNew || ada.Ticket == "" || ada.Pool.State != connection.PoolYours || ada.Pool.Desktop.ID != ada.DesktopID {
				t.Fatalf("opening gave %+v", ada)
			}
			if got := e.inside(ada.DesktopID); !slices.Equal(got, []string{"visitor-0"}) {
				t.Errorf("inside are %v", got)
			}
			if bob := e.open(people[1]); bob.Outcome != pool.OutcomeNew || bob.DesktopID == ada.DesktopID {
				t.Errorf("the next got %+v", bob.BindDecision)
			}
			if again := e.open(people[0]); again.Outcome != pool.OutcomeSame || again.DesktopID != ada.DesktopID || again.Ticket == "" {
				t.Errorf("opening again gave %+v", again.BindDecision)
			}
			e.until("two idle desktops again", e.idle(2))
		})
	})

	t.Run("AnswersAtOnceWhenTheAccountIsThere", func(t *testing.T) {
		withSharedPool(t, keeping(1), 1, func(e *env, people []signin.Visitor) {
			e.until("an idle desktop", e.idle(1))
			e.open(people[0])
			sub, _, err := e.service.Work.ListSubJobs(e.t.Context(), workspace.SubJobQuery{
				ProjectID: project, Type: workspace.JobAttachPool, Page: workspace.Page{Limit: 1},
			})
			e.must(err)
			if late := time.Since(sub[0].Ended); late >= time.Millisecond { // the clock stands still while nobody sleeps
				t.Errorf("the answer came %v after the account was there", late)
			}
		})
	})

	t.Run("KeepsTheDesktopForWhoReturnsInTimeAndResetsItForTheNext", func(t *testing.T) {
		withSharedPool(t, keeping(1), 2, func(e *env, people []signin.Visitor) {
			e.until("an idle desktop", e.idle(1))

			hers := e.open(people[0])
			leave := e.connect(people[0], hers.Ticket)
			e.pass(5 * time.Hour) // far longer than the retention: who is connected keeps it
			leave()
			e.pass(29 * time.Minute)
			again := e.open(people[0])
			if again.DesktopID != hers.DesktopID || again.Outcome != pool.OutcomeSame {
				t.Fatalf("after 29 minutes %+v", again.BindDecision)
			}
			e.connect(people[0], again.Ticket)()
			e.pass(30*time.Minute + time.Second)
			e.until("the desktop's return", func() bool {
				m := e.members()
				return slices.ContainsFunc(m, func(m desktop.Member) bool { return m.DesktopID == hers.DesktopID && m.Idle() && !m.Used })
			})
			if got := e.inside(hers.DesktopID); len(got) > 0 {
				t.Errorf("the desktop went back with %v inside", got)
			}
			if err := e.service.Connections.MayConnect(e.t.Context(), signin.Ticket{DesktopID: hers.DesktopID, UserID: people[0].ID, SignInHash: people[0].SignInHash}); workspace.CodeOf(err) != workspace.CodeForbidden {
				t.Errorf("its former person may still connect: %v", err)
			}
		})
	})

	t.Run("MakesADesktopForWhoWaitsAndTellsHowFarItIs", func(t *testing.T) {
		withSharedPool(t, onDemand(2), 3, func(e *env, people []signin.Visitor) {

			for i, v := range people[:2] {
				o := e.open(v)
				if o.Outcome != pool.OutcomeWait || o.Pool.Wait == nil || o.Pool.Wait.Position != i+1 || o.Pool.Wait.Ready || o.Pool.Reason == "" {
					t.Fatalf("person %d was told %+v %+v", i, o.BindDecision, o.Pool.Wait)
				}
				e.pass(time.Millisecond) // who came first is told by the time
			}
			if o := e.open(people[2]); o.Outcome != pool.OutcomeFull || o.Pool.State != connection.PoolFull || o.Pool.Reason == "" {
				t.Errorf("beyond the cap somebody was told %+v", o)
			}
			steps := map[string]bool{}
			e.until("a desktop for whoever waits longest", func() bool {
				p, err := e.service.Connections.UserPool(e.t.Context(), people[0], sharedPool)
				e.must(err)
				steps[p.Wait.Step] = true
				return p.Wait.Ready
			})
			if len(steps) < 2 {
				t.Errorf("the steps they saw: %v", steps)
			}
			e.until("both desktops", e.idle(2))
			if o := e.open(people[2]); o.Outcome == pool.OutcomeNew {
				t.Error("somebody overtook two who wait")
			}
			for _, v := range people[:2] {
				if o := e.open(v); o.Outcome != pool.OutcomeNew || o.Ticket == "" {
					t.Errorf("who waited got %+v", o.BindDecision)
				}
			}
		})
	})

	t.Run("StartsADesktopThatIsOff", func(t *testing.T) {
		withSharedPool(t, keeping(1), 1, func(e *env, people []signin.Visitor) {
			e.until("an idle desktop", e.idle(1))
			operateAll(desktop.PowerStop)(e)
			e.until("rest", e.quiet)
			o := e.open(people[0])
			if o.Outcome != pool.OutcomeNew || !o.Start || o.Ticket != "" || o.Pool.Desktop.Why != connection.ObsStarting {
				t.Fatalf("opening gave %+v %+v", o.BindDecision, o.Pool.Desktop)
			}
			e.until("rest", e.quiet)
			if got := e.inside(o.DesktopID); !slices.Equal(got, []string{"visitor-0"}) {
				t.Errorf("inside are %v", got)
			}
		})
	})

	t.Run("ShowsNothingOfSomebodyWhoWasDeletedDuringTheirOwnReset", func(t *testing.T) {
		inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
			people := e.visitors(1)
			e.addSharedPool(func(p *pool.Pool) {
				keeping(1)(p)
				p.Data = []pool.PoolVolume{{ID: workspace.NewID(), Type: "SSD", GB: 10}}
				p.Reset = pool.UserResetPolicy{Enabled: true, PerDay: 1}
			}, people...)
			defer e.reconcile("replica", e.store, e.sim)()
			e.until("an idle desktop", e.idle(1))
			ada := e.open(people[0])
			e.must(e.sim.WriteFile(e.t.Context(), ada.DesktopID, "/data/disk1/letter", "from Ada"))
			e.must(e.service.Connections.ResetUserDesktop(e.t.Context(), people[0], sharedPool))
			e.must(e.service.Users.DeleteUser(e.t.Context(), workspace.Caller{ProjectID: project}, people[0].ID))
			e.until("both desktops", e.idle(2))
			if _, there := e.sim.ReadFile(ada.DesktopID, "/data/disk1/letter"); there {
				t.Error("the desktop is idle with her letter on its data disk")
			}
			if got := e.inside(ada.DesktopID); len(got) > 0 {
				t.Errorf("inside are %v", got)
			}
		})
	})

	t.Run("IsPossibleAgainWhenItsPersonWasDeletedAfterTheirGatewayHadDied", func(t *testing.T) {
		withSharedPool(t, keeping(1), 1, func(e *env, people []signin.Visitor) {
			e.until("an idle desktop", e.idle(1))
			ada := e.open(people[0])
			ticket, err := e.service.Connections.Admit(e.t.Context(), ada.Ticket)
			e.must(err)
			e.must(e.service.Connections.OpenConnection(e.t.Context(), ticket, desktop.Connection{
				ID: "c", DesktopID: ada.DesktopID, UserID: ticket.UserID, SignInHash: ticket.SignInHash, Gateway: "dead",
				Opened: time.Now(), LeaseUntil: time.Now().Add(30 * time.Second),
			}))
			e.must(e.service.Users.DeleteUser(e.t.Context(), workspace.Caller{ProjectID: project}, people[0].ID))
			e.pass(time.Minute)
			_, err = e.service.Connections.SweepConnections(e.t.Context())
			e.must(err)
			e.until("both desktops", e.idle(2))
		})
	})

	t.Run("TellsUnknownUsersThatThereIsNoSuchPool", func(t *testing.T) {
		inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
			people := e.visitors(1)
			e.addSharedPool(keeping(1))
			if _, err := e.service.Connections.OpenPool(e.t.Context(), people[0], sharedPool); workspace.CodeOf(err) != workspace.CodePoolNotFound {
				t.Errorf("an unknown user was told %v", err)
			}
			if _, err := e.service.Connections.OpenPool(e.t.Context(), people[0], "nothing"); workspace.CodeOf(err) != workspace.CodePoolNotFound {
				t.Errorf("of no pool an unknown user was told %v", err)
			}
		})
	})
}

func TestAccessToAPoolEndsAtOnce(t *testing.T) {
	for name, end := range map[string]func(e *env, v signin.Visitor){
		"WhenTheGrantIsRevoked": func(e *env, v signin.Visitor) {
			e.must(e.service.Pools.ChangeGrants(e.t.Context(), pool.ChangeGrants{
				Caller: workspace.Caller{ProjectID: project}, PoolID: sharedPool, Action: pool.GrantRemove,
				Objects: []pool.Grant{{Type: pool.GrantUser, ObjectID: v.ID, Group: workspace.GroupDefault}},
			}))
		},
		"WhenThePersonIsDeleted": func(e *env, v signin.Visitor) {
			e.must(e.service.Users.DeleteUser(e.t.Context(), workspace.Caller{ProjectID: project}, v.ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
				v := e.visitors(1)[0]
				e.addSharedPool(keeping(1), v)
				defer e.reconcile("replica", e.store, e.sim)()
				e.until("an idle desktop", e.idle(1))
				o := e.open(v)
				leave := e.connect(v, o.Ticket)
				end(e, v)
				e.pass(time.Second)
				if err := e.service.Connections.MayConnect(e.t.Context(), signin.Ticket{DesktopID: o.DesktopID, UserID: v.ID, SignInHash: v.SignInHash}); err == nil {
					t.Error("they may still connect")
				}
				if _, err := e.service.Connections.OpenPool(e.t.Context(), v, sharedPool); err == nil {
					t.Error("they may open the pool again")
				}
				leave() // as the gateway does when the grounds are gone
				e.until("the desktop's return", func() bool {
					return slices.ContainsFunc(e.members(), func(m desktop.Member) bool { return m.DesktopID == o.DesktopID && m.Idle() })
				})
				if got := e.inside(o.DesktopID); len(got) > 0 {
					t.Errorf("the desktop went back with %v inside", got)
				}
			})
		})
	}
}

func TestADesktopThatCannotBeMadeReadyIsTakenBack(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		v := e.visitors(1)[0]
		e.addSharedPool(keeping(2), v)
		stop := e.reconcile("setup", e.store, e.sim)
		e.until("idle desktops", e.idle(2))
		stop()
		deaf := enginetest.Around(e.sim, func(c enginetest.Call, do func() error) error {
			if c.Method == "Await" {
				return engine.ErrUnavailable
			}
			return do()
		})
		stop = e.reconcile("replica", e.store, deaf)
		first := e.open(v) // it waits for as long as a person would
		if first.Outcome != pool.OutcomeNew || first.Ticket != "" || first.Pool.Desktop.Why != connection.ObsPreparing {
			t.Fatalf("opening gave %+v %+v", first.BindDecision, first.Pool.Desktop)
		}
		e.until("the end of the attempts", func() bool {
			p, err := e.service.Connections.UserPool(e.t.Context(), v, sharedPool)
			e.must(err)
			return p.Desktop == nil
		})
		stop()
		defer e.reconcile("replica", e.store, e.sim)()
		if next := e.open(v); next.Outcome != pool.OutcomeNew || next.DesktopID == first.DesktopID || next.Ticket == "" {
			t.Errorf("opening again gave %+v", next.BindDecision)
		}
		e.until("the desktop's return", e.idle(3))
	})
}

func TestAnOrderThatIsRefusedIsToldAndTriedAgain(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		v := e.visitors(1)[0]
		e.addSharedPool(func(p *pool.Pool) {
			keeping(2)(p)
			p.ProductID = "gone"
			p.NamePolicyID = "gone"
		}, v)
		defer e.reconcile("replica", e.store, e.sim)()
		e.pass(30 * time.Second)
		var p pool.Pool
		var log []pool.PoolDecision
		e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
			if p, err = pool.ReadPool(e.t.Context(), tx, project, sharedPool); err != nil {
				return err
			}
			log, _, err = pool.Decisions(e.t.Context(), tx, sharedPool, pool.DecideScale, workspace.Page{Limit: 100})
			return err
		}))
		if p.Scale.Failures != 0 || p.Scale.Shortage == "" || len(log) < 1 || len(log) > 5 {
			t.Errorf("%d failures, shortage %q, %d entries in the log", p.Scale.Failures, p.Scale.Shortage, len(log))
		}
		refused := func(d pool.PoolDecision) bool {
			return slices.ContainsFunc(d.Reasons, func(r workspace.Reason) bool { return r.Rule == autoscale.RuleRefused })
		}
		if !slices.ContainsFunc(log, refused) {
			t.Errorf("the log does not tell: %+v", log)
		}
		if o := e.open(v); o.Outcome != pool.OutcomeWait || !strings.Contains(o.Pool.Reason, "no capacity for another desktop") {
			t.Errorf("who opens the pool is told %+v", o.Pool.Reason)
		}
	})
}

// TestANearlyFullSubnetGetsWhatItHasRoomFor: a pool that wants more desktops than its subnet has addresses makes as many as there are,
// says why not more, and goes on when there is capacity.
func TestANearlyFullSubnetGetsWhatItHasRoomFor(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		subnets, err := e.service.Catalog.Subnets(e.t.Context(), project)
		e.must(err)
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			return catalog.InsertSubnet(e.t.Context(), tx, catalog.Subnet{
				ID: "small", ProjectID: project, VPCID: subnets[0].VPCID, Name: "small", CIDR: "10.1.200.0/29", Gateway: "10.1.200.1", Network: "net0",
			})
		}))
		e.addSharedPool(func(p *pool.Pool) {
			keeping(19)(p)
			p.SubnetIDs = []string{"small"}
		})
		defer e.reconcile("replica", e.store, e.sim)()
		const free = 3 // of eight: the network's, the gateway's and two more at its beginning, and the last are not given out
		e.until("as many desktops as there are addresses", e.idle(free))
		e.pass(time.Minute)
		var p pool.Pool
		var log []pool.PoolDecision
		read := func() {
			e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
				if p, err = pool.ReadPool(e.t.Context(), tx, project, sharedPool); err != nil {
					return err
				}
				log, _, err = pool.Decisions(e.t.Context(), tx, sharedPool, pool.DecideScale, workspace.Page{Limit: 100})
				return err
			}))
		}
		read()
		if p.Counts.Desktops != free || p.Scale.Failures != 0 || len(log) > 5 {
			t.Errorf("%d desktops, %d failures, %d entries in the log", p.Counts.Desktops, p.Scale.Failures, len(log))
		}
		told := func(r workspace.Reason) bool {
			return r.Rule == autoscale.RuleRefused && strings.Contains(r.Text, "3 of 19 desktops could be ordered") && strings.Contains(r.Text, "3 free addresses")
		}
		if !slices.ContainsFunc(log, func(d pool.PoolDecision) bool { return slices.ContainsFunc(d.Reasons, told) }) {
			t.Errorf("the log does not tell: %+v", log)
		}
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			p.SubnetIDs = []string{"small", subnets[0].ID}
			return pool.SavePool(e.t.Context(), tx, p)
		}))
		e.until("the others, when there are addresses", e.idle(19))
	})
}

// TestAPoolGrowsAsFarAsTheQuotaAllows: a pool that wants more desktops than the project may have makes as many as it may, says why not more with the
// figures, and goes on when it may.
func TestAPoolGrowsAsFarAsTheQuotaAllows(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		set := func(n int64) {
			e.must(e.service.Quotas.Set(e.t.Context(), workspace.System("account", "", "test"), project, quota.Change{quota.Desktops: &n}))
		}
		set(3)
		e.addSharedPool(keeping(8))
		defer e.reconcile("replica", e.store, e.sim)()
		e.until("as many desktops as the quota allows", e.idle(3))
		e.pass(time.Minute)
		var p pool.Pool
		var log []pool.PoolDecision
		e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
			if p, err = pool.ReadPool(e.t.Context(), tx, project, sharedPool); err != nil {
				return err
			}
			log, _, err = pool.Decisions(e.t.Context(), tx, sharedPool, pool.DecideScale, workspace.Page{Limit: 100})
			return err
		}))
		if p.Counts.Desktops != 3 || p.Scale.Failures != 0 || len(log) > 5 {
			t.Errorf("%d desktops, %d failures, %d entries in the log", p.Counts.Desktops, p.Scale.Failures, len(log))
		}
		told := func(r workspace.Reason) bool {
			return r.Rule == autoscale.RuleRefused && strings.Contains(r.Text, "the project may have 3 desktops and has ")
		}
		if !slices.ContainsFunc(log, func(d pool.PoolDecision) bool { return slices.ContainsFunc(d.Reasons, told) }) {
			t.Errorf("the log does not tell: %+v", log)
		}
		set(8)
		e.until("the others, when they are allowed", e.idle(8))
	})
}
